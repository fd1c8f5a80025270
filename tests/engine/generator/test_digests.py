"""The hash of a checkpoint is that of its bytes, and is read once."""

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from engine.errors import ModelError
from engine.generator.digests import digest


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "x.pkl"
    path.write_bytes(b"weights")
    os.utime(path, (1e9, 1e9))
    return path


def test_it_is_the_hash_of_the_bytes_with_what_comes_before(file: Path) -> None:
    assert digest(file) == sha256(b"weights").hexdigest()
    assert digest(file, b"config") == sha256(b"configweights").hexdigest()
    assert digest(file) == sha256(b"weights").hexdigest()


def test_a_file_that_stays_as_it_is_is_not_read_again(file: Path, tmp_path: Path) -> None:
    held = file.stat()
    digest(file)
    (note,) = (tmp_path / "cache" / "digests").iterdir()
    note.write_text(json.dumps(json.loads(note.read_text()) | {"sha256": "a" * 64}))
    assert digest(file) == "a" * 64
    with file.open("r+b") as same:  # other bytes behind the same size, number and time of writing
        same.write(b"WEIGHTS")
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns))
    assert digest(file) == sha256(b"WEIGHTS").hexdigest()


def test_a_cache_that_cannot_be_written_costs_only_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENZ_CACHE", f"{file}/nowhere")
    assert digest(file) == sha256(b"weights").hexdigest()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in tmp_path / "pipe", Path(os.devnull):
        with pytest.raises(ModelError, match="no ordinary file"):
            digest(path)


def test_a_file_of_this_moment_is_read_again(file: Path) -> None:
    for text in (b"one", b"two"):
        file.write_bytes(text)
        assert digest(file) == sha256(text).hexdigest()


@pytest.mark.parametrize("note", [b"", b"{}", b"[]", b"null", b'{"state": 1, "sha256": 2}', b"\xff"])
def test_a_damaged_note_is_nothing(note: bytes, file: Path, tmp_path: Path) -> None:
    digest(file)
    (held,) = (tmp_path / "cache" / "digests").iterdir()
    held.write_bytes(note)
    assert digest(file) == sha256(b"weights").hexdigest()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gone.pkl: cannot be read"):
        digest(tmp_path / "gone.pkl")

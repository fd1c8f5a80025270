"""What is handed over in place of a checkpoint is told by its contents, with what to do about it."""

import os
from pathlib import Path

import pytest

from engine.errors import ModelError
from engine.generator.foreign.read import read
from tests.engine.generator.foreign.forge import loaded, refusal

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
STRANGERS = {
    b"": "it is empty; download",
    LFS: "git lfs pull",
    b"<!DOCTYPE html><html>Not found</html>": "web page",
    b"\n  <html lang=en>": "web page",
    b"<?xml version='1.0'?>": "web page",
    b"\x1f\x8b\x08\0": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a": "rar",
    b"x" * 257 + b"ustar\0": "tar",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"\x89PNG\r\n": "a picture",
    b"\x93NUMPY\1\0": "numpy array",
    b"PK\5\6" + bytes(18): "empty zip",
    b'\x10\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}': "safetensors file already",
    b'{"architectures": []}': "JSON",
    b"PK\3\4 not much of it": "end is missing",
    b"hello, this is a text": "opcode 0x68|memo|no pickle",
    bytes(100): "no pickle opcode",
}


@pytest.mark.parametrize("data", STRANGERS)
def test_a_stranger_is_told_by_its_first_bytes(data: bytes) -> None:
    said = refusal(data)
    assert any(part in said for part in STRANGERS[data].split("|")), said


def test_a_suffix_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(b"\x80\x03}.")
    assert read(path) == {}
    assert loaded(b"N.") is None


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(ModelError, match=rf"^{path.name}: refused: it is no"):
            read(path)

"""Renderings on disk: made once, gone on with after a kill, made anew when what makes them has changed."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from engine.studio.tulip import data
from engine.studio.tulip.folders import reserve

PART = 2
SEED = 4


class Killed(Exception):  # noqa: N818
    """Ends the making of data from within."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "PART", PART)


def make(folder: Path, count: int = 3 * PART, kill_at: int | None = None) -> data.Data:
    def told(done: int, of: int) -> None:
        assert 0 <= done <= of == -(-count // PART) * PART
        if done == kill_at:
            raise Killed

    return data.make(folder, SEED, count, 1, told)


def mark(folder: Path, first: int) -> None:
    """Make the first picture of a part one that is surely not rendered so."""
    pictures = np.load(folder / "pictures.npy", mmap_mode="r+")
    pictures[first] = 7


def marked(found: data.Data) -> list[int]:
    return [i for i, picture in enumerate(found.pictures) if (picture == 7).all()]


def test_latents_of_a_seed_begin_alike_whatever_their_number() -> None:
    assert np.array_equal(data.latents(SEED, 4), data.latents(SEED, 9)[:4])
    assert not np.array_equal(data.latents(SEED, 4), data.latents(SEED + 1, 4))


def test_a_count_is_rounded_up_to_whole_parts(tmp_path: Path) -> None:
    found = make(tmp_path, PART + 1)
    assert found.x.shape == (2 * PART, 19)
    assert found.pictures.shape == (2 * PART, 128, 128, 3) and found.maps.shape == (2 * PART, 128, 128, 5)
    assert len({picture.tobytes() for picture in found.pictures}) == 2 * PART


def test_what_was_made_before_a_kill_is_kept_and_the_rest_is_made(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        make(tmp_path, kill_at=2 * PART)
    mark(tmp_path, 0)
    found = make(tmp_path)
    assert marked(found) == [0]
    whole = make(tmp_path / "other")
    assert np.array_equal(found.pictures[1:], whole.pictures[1:]) and np.array_equal(found.maps, whole.maps)


def test_whole_data_are_opened_as_they_are(tmp_path: Path) -> None:
    make(tmp_path)
    mark(tmp_path, PART)
    assert marked(make(tmp_path)) == [PART]


@pytest.mark.parametrize("changed", [{"teacher": "0123456789abcdef"}, {"seed": 5}, {"count": 8}])
def test_what_another_teacher_seed_or_number_made_is_made_anew(tmp_path: Path, changed: dict[str, object]) -> None:
    make(tmp_path)
    mark(tmp_path, 0)
    note = tmp_path / "data.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), **changed}))
    reserve(tmp_path, SEED, 3 * PART)
    assert marked(make(tmp_path)) == []


@pytest.mark.parametrize("note", ["", "[]", '{"done": [0', "\x00"])
def test_data_whose_note_is_cut_are_made_anew(tmp_path: Path, note: str) -> None:
    make(tmp_path)
    mark(tmp_path, 0)
    (tmp_path / "data.json").write_text(note)
    assert marked(make(tmp_path)) == []


def test_a_cut_array_is_made_anew_when_its_room_is_reserved(tmp_path: Path) -> None:
    make(tmp_path)
    with (tmp_path / "maps.npy").open("r+b") as file:
        file.truncate(1000)
    reserve(tmp_path, SEED, 3 * PART)
    found = make(tmp_path)
    assert len(found.maps) == 3 * PART and all(picture.any() for picture in found.maps)


def test_a_folder_that_holds_no_arrays_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "maps.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match="cannot hold the renderings.*--data"):
        make(tmp_path)


def test_the_teacher_is_named_by_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    name = data.teacher()
    assert len(name) == 16 and name == data.teacher()
    monkeypatch.setattr(data, "_TEACHER", (("factors.py",), ("geometry.py",)))
    assert data.teacher() != name

"""A state on disk is whole or not there, and one that is not of this training is refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from engine.errors import InputError
from engine.studio.tulip import checkpoint
from engine.studio.tulip.checkpoint import KIND, Progress, load, save
from tests.engine.studio.tulip.small import files_of_at_most

GROUPS = {"net": {"a.weight": torch.arange(6.0).view(2, 3)}, "m": {"a.weight": torch.ones(2, 3), "b": torch.zeros(1)}}
PROGRESS = Progress(7, 112, 3.5, 2.25, 2)
ABOUT = {"teacher": "abcd", "seed": 3}


def written(path: Path, note: object = None, **tensors: torch.Tensor) -> Path:
    text = note if isinstance(note, str) else json.dumps(note)
    save_file(tensors or {"net/a": torch.zeros(1)}, path, {KIND: text})
    return path


def note(**changed: Any) -> dict[str, Any]:
    progress = {"steps": 7, "samples": 112, "core_s": 3.5, "wall_s": 2.25, "starts": 2}
    return {"kind": KIND, **ABOUT, "progress": progress, **changed}


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "state", GROUPS, PROGRESS, ABOUT)
    groups, progress = load(tmp_path / "state", ABOUT)
    assert progress == PROGRESS and groups.keys() == GROUPS.keys()
    for group, tensors in GROUPS.items():
        assert all(torch.equal(groups[group][name], t) for name, t in tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize(("name", "value"), [("teacher", "efgh"), ("seed", 4)])
def test_a_state_of_another_teacher_or_seed_is_refused(tmp_path: Path, name: str, value: object) -> None:
    save(tmp_path / "state", GROUPS, PROGRESS, ABOUT)
    with pytest.raises(
        InputError, match=f"state was trained with another {name}: {ABOUT[name]!r}; now {value!r}.*--out"
    ):
        load(tmp_path / "state", {**ABOUT, name: value})


@given(st.data())
def test_a_cut_or_changed_file_is_refused_or_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "state"
    save(path, GROUPS, PROGRESS, ABOUT)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del whole[data.draw(st.integers(0, len(whole) - 1)) :]
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    try:
        groups, progress = load(path, ABOUT)
    except InputError as error:
        assert str(path) in str(error) and "--out" in str(error)
    else:
        assert isinstance(progress, Progress) and all(isinstance(name, str) for name in groups)


@pytest.mark.parametrize(
    "wrong",
    [None, [], {}, {"kind": "other"}, "no json", "[" * 100_000, note(progress=None), note(progress={"steps": 1})],
    ids=repr,
)  # fmt: skip
def test_a_foreign_file_is_refused(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(InputError, match="state (is no checkpoint of a training|does not say how far).*--out"):
        load(written(tmp_path / "state", wrong), ABOUT)


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", -1), ("samples", 1.5), ("samples", True), ("core_s", float("nan")), ("wall_s", "1"), ("starts", 1e300)],
)
def test_an_absurd_progress_is_refused(tmp_path: Path, name: str, value: object) -> None:
    changed = note(progress={**note()["progress"], name: value})
    with pytest.raises(InputError, match="does not say how far the training was"):
        load(written(tmp_path / "state", changed), ABOUT)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = written(tmp_path / "state", note(), **{"net/a": torch.tensor([1.0, value])})
    with pytest.raises(InputError, match="state holds numbers that are none, in 'net/a'"):
        load(path, ABOUT)


def test_a_folder_or_nothing_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="no checkpoint of a training"):
            load(path, ABOUT)


def test_a_full_disk_is_said_and_the_former_state_stays(tmp_path: Path) -> None:
    path = tmp_path / "state"
    save(path, GROUPS, PROGRESS, ABOUT)
    large = {"net": {"a": torch.ones(50_000)}}
    with files_of_at_most(100_000), pytest.raises(InputError, match="state cannot be written: .*saved before is whole"):
        save(path, large, Progress(9), ABOUT)
    assert load(path, ABOUT)[1] == PROGRESS
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    with files_of_at_most(100_000), pytest.raises(InputError, match="nothing was saved before"):
        save(tmp_path / "other", large, PROGRESS, ABOUT)


def test_a_folder_that_went_away_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none/state cannot be written"):
        save(tmp_path / "none" / "state", GROUPS, PROGRESS, ABOUT)


def test_the_remedy_names_the_option() -> None:
    assert "--out" in checkpoint.REMEDY

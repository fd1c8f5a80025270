"""What cannot end well is said before the work, in a sentence, and leaves nothing behind."""

import sys
from pathlib import Path

import numpy as np
import pytest

import engine.cli

OUT = ("--model", "tulip", "--threads", "1", "-o", "x.safetensors")
STEER = ("steer", *OUT, "--edit", "zoom", "--steps", "100000")
ASSESS = ("assess", *OUT, "--assessor", "brightness", "--steps", "100000")
COMPONENTS = ("components", *OUT, "--samples", "10000000")
COMPASS = ("compass", *OUT, "--more", "1,2", "--less", "3,4", "--samples", "10000000")


@pytest.mark.parametrize("words", [STEER, ASSESS, COMPONENTS, COMPASS], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("more", "said"),
    [(("--name", "a b"), "--name: the name 'a b"), ((), "x.png: is a folder; name a file in it")],
    ids=["name", "picture"],
)
def test_a_name_and_a_picture_that_cannot_be(
    words: tuple[str, ...], more: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if not more:
        (tmp_path / "x.png").mkdir()
    refused(said, (*words, *more), tmp_path, monkeypatch, capsys)


def test_layers_that_there_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused("--layers 50: tulip has 0 to 9", (*STEER, "--layers", "3,50"), tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    "words",
    [COMPONENTS, (*ASSESS, "--space", "w"), (*STEER, "--space", "w"), (*COMPASS, "--space", "w")],
    ids=lambda words: words[0],
)
def test_what_lies_in_another_space_and_cannot_be_left_alone(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "--without hue: hue lies in z and what is learned in w; learn in z"
    refused(said, (*words, "--without", "hue"), tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--more", "1"), "--more 1: 1 example; give at least 2 a side"),
        (("--more", "w.npy"), "w.npy[0] lies in w and this compass compares z"),
    ],
)
def test_piles_that_cannot_be_compared(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    np.save(tmp_path / "w.npy", np.zeros((2, 160)))
    refused(said, (*COMPASS, *words), tmp_path, monkeypatch, capsys)


def test_one_name_for_each_class_leaves_room_for_the_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused("1 to 64 characters", (*ASSESS, "--each-class", "--name", "a" * 62), tmp_path, monkeypatch, capsys)


def test_a_sheet_or_pages_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.png").mkdir()
    (tmp_path / "file").touch()
    sheet = ("sheet", "--model", "tulip", "--assessor", "hue", "-o", "x.png", "--pool", "100000")
    refused("x.png: is a folder", sheet, tmp_path, monkeypatch, capsys)
    bank = Path(__file__).resolve().parents[4] / "presets" / "vocabulary" / "words.safetensors"
    refused("cannot be made", (str(bank), "--pages", "file/pages"), tmp_path, monkeypatch, capsys, verb="inspect")


def refused(
    said: str, words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], verb: str = "learn",
) -> None:  # fmt: skip
    before = sorted(folder.rglob("*"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["latenz", verb, *words])
    assert engine.cli.run() == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert sorted(folder.rglob("*")) == before

"""`latenz learn vocabulary` as its users meet it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import engine.cli
from engine.generator.catalog import model_directions, model_info
from engine.latent.directions import Direction, Directions
from engine.studio.learn.bank import keep

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latenz", "learn", "vocabulary", *words])
        code = engine.cli.run()
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Three of the tulip's directions with different names."""
    info = model_info("tulip")
    shown = [Direction(f"way_{i}", d.vector) for i, d in enumerate(list(model_directions("tulip"))[:3])]
    keep(tmp_path / "ways.safetensors", Directions(), shown, info)
    return tmp_path / "ways.safetensors"


ASKED = ("--model", "tulip", "-o", "words.safetensors", "--bank", "ways.safetensors", "--threads", "1", "--side", "16")


def test_first_a_sheet_then_words(run: Run, bank: Path, tmp_path: Path) -> None:
    (tmp_path / "words_sheet" / "strips").mkdir(parents=True)  # what is left where the drawing was cut off
    code, _, said = run(*ASKED)
    assert code == 0 and "words_sheet/index.html" in said
    code, _, said = run(*ASKED)
    assert code == 2 and "no word in those of 3 directions" in said
    rows = "".join(f"way_{i},opening petals\n" for i in range(3))
    (tmp_path / "words_sheet" / "ada.csv").write_text(f"id,description\n{rows}")
    code, told, said = run(*ASKED, "--json")
    assert code == 0, said
    assert [word["word"] for word in json.loads(told)["vocabularies"][0]["words"]] == ["open", "petal"]
    words = Directions.load(tmp_path / "words.safetensors").check(model_info("tulip"))
    assert words.names == ("open", "petal")
    assert words["open"].measures["directions"] == 3
    assert all(word.pace is not None and word.safe is not None for word in words)
    assert (tmp_path / "words.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "tulip"), "-o is missing"),
        (("-o", "x.safetensors"), "--model is missing"),
        (("--model", "tulip", "-o", "x.safetensors", "--described", "a.csv"), "--described needs --bank"),
        (("directions", "--model", "tulip", "-o", "x.safetensors", "--space", "q"), "--space q: give z or w"),
        (("directions", "--model", "tulip", "-o", "x.safetensors", "--layer", "b5"), "b5"),
        (("sheet", "--model", "tulip", "-o", "s", "--bank", "none.safetensors"), "none.safetensors"),
        (("--seed", "5", "sheet", "--model", "tulip", "-o", "s", "--bank", "b"), "--seed stands before sheet"),
        ((*ASKED, "--described", "none.csv"), "none.csv: cannot be read"),
        ((*ASKED, "--language", "zz", "--described", "none.csv"), "--language zz"),
    ],
)
def test_wrong_input_is_told_in_a_line(run: Run, bank: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    before = sorted(tmp_path.iterdir())
    code, _, told = run(*words)
    assert code == 2
    assert said in told and len(told.strip().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_groups_that_nobody_named_are_not_made_up(run: Run, bank: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,description\nway_0,open\n")
    code, _, told = run(*ASKED, "--described", "a.csv", "--by-group")
    assert code == 2 and "no row of these sheets names a group" in told


def test_groups_whose_names_become_one_are_refused_before_the_work(run: Run, bank: Path, tmp_path: Path) -> None:
    rows = "".join(f"way_{i},open,{group},{group}\n" for i in range(3) for group in ("a b", "a_b"))
    (tmp_path / "a.csv").write_text(f"id,description,annotator,group\n{rows}")
    before = sorted(tmp_path.iterdir())
    code, _, told = run(*ASKED, "--described", "a.csv", "--by-group")
    assert code == 2 and 'two directions are called "a_b.open"' in told
    assert sorted(tmp_path.iterdir()) == before

"""Laws of measuring all ways to learn: in order, each part once, and what is done is kept."""

import math
import sys
from pathlib import Path

import pytest

import engine.cli
from engine.errors import InputError
from engine.studio.figures import Bar, Row
from engine.studio.learn.measure import PARTS, Rows, measure
from engine.studio.learn.work import Stopped, Tell, quiet


def part(name: str, runs: list[str]) -> Rows:
    def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
        runs.append(name)
        tell("looking", 1, 2)
        return [Row(f"{name} of {seed}", "x", 0.5, Bar(low=0.25), ceiling=math.inf), Row("told", "", math.nan)]

    return rows


def test_all_parts_come_in_order_and_nothing_is_left_behind(tmp_path: Path) -> None:
    runs: list[str] = []
    report = measure(tmp_path / "r.json", seed=3, parts={name: part(name, runs) for name in ("b", "a")})
    assert runs == ["b", "a"] and [row.measure for row in report.rows] == ["b of 3", "told", "a of 3", "told"]
    assert report.kind == "latenz.directions.report" and report.passed and not list(tmp_path.iterdir())


def test_only_some_parts_are_run_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    runs: list[str] = []
    parts = {name: part(name, runs) for name in ("one", "two")}
    assert len(measure(tmp_path / "r", ["two"], parts=parts).rows) == 2 and runs == ["two"]
    with pytest.raises(InputError, match='--only tow: no part "tow"; did you mean "two"'):
        measure(tmp_path / "r", ["tow"], parts=parts)


def test_a_run_that_was_stopped_goes_on_with_the_next_part(tmp_path: Path) -> None:
    runs: list[str] = []
    parts = {name: part(name, runs) for name in ("one", "two", "three")}
    with pytest.raises(Stopped):
        measure(tmp_path / "r", parts=parts, stop=lambda: "two" in runs)
    assert runs == ["one", "two"]
    again = measure(tmp_path / "r", parts=parts)
    assert runs == ["one", "two", "two", "three"] and len(again.rows) == 6
    first = again.rows[0]
    assert first == Row("one of 0", "x", 0.5, Bar(low=0.25), ceiling=math.inf), "kept rows are as they were measured"
    assert math.isnan(again.rows[1].value)


def test_parts_of_another_seed_are_not_gone_on_with(tmp_path: Path) -> None:
    runs: list[str] = []
    parts = {name: part(name, runs) for name in ("one", "two")}
    with pytest.raises(Stopped):
        measure(tmp_path / "r", parts=parts, stop=lambda: "two" in runs)
    measure(tmp_path / "r", parts=parts, seed=1)
    assert runs == ["one", "two", "one", "two"]


def test_every_part_is_there() -> None:
    from engine.studio.learn import figures

    folder = Path(figures.__file__).parent
    assert [name for name in PARTS if not (folder / f"{name}.py").is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "compas"), 'did you mean "compass"'),
        (("--report", "gone.md"), "gone.md"),
        (("--seed", "-1"), "seed"),
    ],
)
def test_mistakes_are_told_before_anything_is_measured(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATENZ_WORK", str(tmp_path / "work"))
    monkeypatch.setattr(sys, "argv", ["latenz", "learn", "measure", *arguments])
    assert engine.cli.run() == 2
    assert said in capsys.readouterr().err


@pytest.mark.real
def test_orthogonalising_sets_apart_what_leaned() -> None:
    from engine.studio.learn.figures import combine

    found = combine.rows(5, 1, quiet, drawn=160)
    assert [row.of for row in found] == ["bloom", "stripes", "hue", "size", "sway", "worst pair"]
    assert all(row.passed for row in found)
    assert all(row.ceiling is not None and row.ceiling < row.value for row in found[:-1])

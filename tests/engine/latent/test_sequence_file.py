"""What stands beside a sequence is read within bounds, whoever wrote it."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.latent.sequence_file import KIND, VERSION, read_facts


def facts(folder: Path, **more: object) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps({"latenz": KIND, "version": VERSION, **more}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "fps"), [(25, 25), ("25", 25), (29.97, Fraction(2997, 100)), ("30000/1001", Fraction(30000, 1001))]
)
def test_a_rate_is_a_number_or_a_fraction(tmp_path: Path, said: object, fps: Fraction) -> None:
    found = read_facts(facts(tmp_path, fps=said))
    assert found is not None and found.fps == fps


@pytest.mark.parametrize("said", ["1e999999999", "0", "1/0", "-25", "nan", "", float("inf"), None, [25], "9" * 30])
def test_a_rate_that_is_none_is_refused_at_once(tmp_path: Path, said: object) -> None:
    with pytest.raises(InputError, match=r"a\.json: not what latenz writes beside a sequence"):
        read_facts(facts(tmp_path, fps=said))


@pytest.mark.parametrize(
    "more",
    [
        {"marks": [{"frame": float("inf"), "name": "x"}]}, {"marks": [{"frame": float("nan"), "name": "x"}]},
        {"marks": [{"name": "x"}]}, {"marks": 3}, {"psi": float("nan")}, {"psi": 10**400}, {"seed": 1.5},
        {"proxy": "../a.mp4"}, {"proxy": "/etc/passwd"},
        {"marks": [{"frame": 10**400, "name": "x"}]}, {"marks": [{"frame": 0, "name": "\ud800"}]},
        {"model": "\udfff"}, {"snapshots": ["\ud800"]},
    ],
)  # fmt: skip
def test_facts_that_nobody_wrote_are_refused(tmp_path: Path, more: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"a\.json: not what latenz writes beside a sequence"):
        read_facts(facts(tmp_path, **more))


def test_no_file_has_no_facts(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "a.json") is None

"""What is measured of many directions is kept when it is cut off, and comes back as it was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.latent.directions import Direction
from engine.latent.pace import Pace
from engine.studio.learn.measured import measured_each
from engine.studio.learn.work import Stopped
from tests.engine.studio.learn.analytic import DIM, Analytic

WAYS = [Direction(f"way_{i}", row) for i, row in enumerate(np.eye(DIM)[:4])]


def measure(direction: Direction) -> Direction:
    """Facts of its own for each; the last has neither pace nor safe range."""
    i = int(direction.name[-1])
    if i == 3:
        return direction
    return replace(
        direction, sigma=1.0 + i, safe=(-1.0 - i, 2.0), pace=Pace(np.arange(-1.0, 2.0), np.arange(-1.0, 2.0) * (1 + i))
    )


def cut_off(subject: Analytic, out: Path) -> tuple[list[str], Callable[[Direction], Direction]]:
    """What was asked for before a run was stopped after two, and what goes on to count."""
    asked: list[str] = []

    def counted(direction: Direction) -> Direction:
        asked.append(direction.name)
        return measure(direction)

    with pytest.raises(Stopped):
        measured_each(subject, out, WAYS, counted, stop=lambda: len(asked) == 2)
    return asked, counted


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    subject, out = Analytic(), tmp_path / "bank.safetensors"
    asked, counted = cut_off(subject, out)
    found = measured_each(subject, out, WAYS, counted)
    assert asked == ["way_0", "way_1", "way_2", "way_3"] and not list(tmp_path.iterdir())
    for direction, whole in zip(found, map(measure, WAYS), strict=True):
        assert (direction.name, direction.sigma, direction.safe) == (whole.name, whole.sigma, whole.safe)
        assert (direction.pace is None) == (whole.pace is None)
        if direction.pace is not None and whole.pace is not None:
            assert np.array_equal(direction.pace.arc, whole.pace.arc)


def test_facts_of_other_directions_are_not_taken(tmp_path: Path) -> None:
    subject, out = Analytic(), tmp_path / "bank.safetensors"
    asked, counted = cut_off(subject, out)
    measured_each(subject, out, [replace(WAYS[0], vector=np.ones(DIM)), *WAYS[1:]], counted)
    assert asked == ["way_0", "way_1", "way_0", "way_1", "way_2", "way_3"]

"""Where directions are judged: at places of their own for every seed, and the verdict does not hang on those."""

from dataclasses import replace

import pytest
import torch

from engine.studio.learn.edits import EDITS
from engine.studio.learn.steer import Lesson, Plan, held_out, judged
from tests.engine.studio.learn.analytic import Analytic

BRIGHTER = replace(EDITS["brightness"], range=(-0.5, 0.5))


@pytest.fixture(scope="module")
def subject() -> Analytic:
    torch.set_num_threads(1)
    return Analytic()


@pytest.fixture(scope="module")
def lesson(subject: Analytic) -> Lesson:
    found = Lesson(subject, BRIGHTER, Plan(steps=40))
    while found.step < 40:
        found.learn()
    return found


@pytest.mark.parametrize("seed", [0, 4, 7, 8])
def test_the_safe_range_of_an_even_way_is_even_wherever_it_is_looked_at(
    subject: Analytic, lesson: Lesson, seed: int
) -> None:
    assert judged(subject, BRIGHTER, lesson.walk, "brighter", seed, 4).direction.safe == (-2.0, 2.0)


def test_every_seed_has_held_out_places(subject: Analytic) -> None:
    first, last = (held_out(subject, 4, seed).z for seed in (0, 2**32 - 1))
    assert not torch.equal(first, last) and torch.isfinite(last).all()

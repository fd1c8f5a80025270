"""A training small enough for a test: eight flowers, three levels, a few channels."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch

from engine.generator.tulip.factors import factors_of
from engine.studio.tulip.data import Data, latents, sample
from engine.studio.tulip.train import Moment, Plan, Training

CHANNELS = (8, 32, 8)
PLAN = Plan(samples=24, batch=4, workers=2, seed=3, channels=CHANNELS)


@cache
def renderings() -> Data:
    x = latents(1, 8)
    pairs = [sample(values) for values in factors_of(x)]
    return Data(x, np.stack([p for p, _ in pairs]), np.stack([m for _, m in pairs]))


def trained(folder: Path, plan: Plan = PLAN, steps: int | None = None) -> Training:
    """A training in a folder that is there, run to its end, or for so many steps of this start."""
    folder.mkdir(exist_ok=True)
    training = Training(folder, renderings(), plan)
    training.run(lambda moment: None, _after(steps) if steps is not None else lambda: False)
    return training


def _after(steps: int) -> Callable[[], bool]:
    asked = iter([False] * (steps + 1))  # once before the first step, and once before each
    return lambda: next(asked, True)


def moments(training: Training) -> list[Moment]:
    told: list[Moment] = []
    training.run(told.append)
    return told


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As a full disk: no file of this process may grow beyond so many bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)

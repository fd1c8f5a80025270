"""Scores in deviations: what one more of each is worth among the model's own pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.studio.learn.assessors import Wish

LEAST_CHANGE = 1e-6  # of a score's size: a deviation below this is none


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What one deviation of each score is: its spread among the model's own pictures.

    base : (places, assessors) the scores of the places as they are; turn : (assessors,) the period of angles, else 0
    """

    base: Tensor
    mean: Tensor
    deviation: Tensor
    turn: Tensor

    @classmethod
    def of(cls, base: Tensor, wishes: Sequence[Wish]) -> "Scale":
        """From scores. InputError for an assessor that says the same of every picture."""
        turn = base.new_tensor([w.assessor.turn for w in wishes])
        mean = base.mean(0)
        for k, period in enumerate(turn.tolist()):
            if period:
                angle = base[:, k] * (2 * math.pi / period)
                mean[k] = torch.atan2(angle.sin().mean(), angle.cos().mean()) * period / (2 * math.pi)
        deviation = wrapped(base - mean, turn).square().mean(0).sqrt()
        for k, wish in enumerate(wishes):
            if float(deviation[k]) <= LEAST_CHANGE * max(1e-6, float(base[:, k].abs().max())):
                raise InputError(
                    f"assessor {wish.assessor.name} gives {base[0, k].item():g} for all of {len(base)} pictures; "
                    "it must tell the model's pictures apart"
                )
        return cls(base, mean, deviation, turn)

    def change(self, scores: Tensor, base: Tensor) -> Tensor:
        """From one score to another, in deviations."""
        return wrapped(scores - base, self.turn) / self.deviation


def shares(wishes: Sequence[Wish]) -> NDArray[np.float64]:
    """Of the assessors' changes in the whole: 1 where all change as they were asked to."""
    weights = np.array([w.weight for w in wishes])
    return np.asarray(weights / (weights**2).sum())


def combined(wishes: Sequence[Wish], scale: Scale, pictures: Tensor) -> Tensor:
    """What a direction of these wishes raises, (n,): all scores in deviations from the mean, weighted."""
    found = scores(wishes, pictures)
    return scale.change(found, scale.mean) @ torch.from_numpy(shares(wishes)).to(found)


def scores(wishes: Sequence[Wish], pictures: Tensor) -> Tensor:
    """(n, assessors) of pictures."""
    return torch.stack([w.assessor.score(pictures) for w in wishes], 1)


def wrapped(change: Tensor, turn: Tensor) -> Tensor:
    """A change of an angle the short way round; others as they are."""
    period = turn.clamp_min(1e-9)
    return torch.where(turn > 0, torch.remainder(change + period / 2, period) - period / 2, change)

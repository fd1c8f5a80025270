"""How well a direction brings what it was learned for: measured at places that it was not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.latent.directions import Direction
from engine.studio.learn.assessors import Wish
from engine.studio.learn.scores import Scale, scores, shares
from engine.studio.learn.subject import Sample, Subject
from engine.studio.tulip.metrics import spearman

Array = NDArray[np.float64]

PLACES, STEPS = 96, 9
RANDOM_STEPS = 2
IN_ORDER = 0.95  # Spearman's, from where on a place counts as monotone, as everywhere here
APART = 7919  # added to the seed of learning: other places


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What the score does along a direction, in deviations for each deviation asked for.

    alphas : (steps,) asked for; changes : (places, steps) of the score, from that at alpha 0
    each : the slope of each assessor's own score, in the order of the wishes
    """

    alphas: Array
    changes: Array
    each: tuple[float, ...]

    @property
    def slope(self) -> float:
        """The mean of the places' slopes: 1 brings what was asked for."""
        return float(_slopes(self.alphas, self.changes).mean())

    @property
    def r2(self) -> float:
        """How straight the score goes: of each place's own line, averaged. A place where nothing changes counts 0."""
        centred = self.changes - self.changes.mean(1, keepdims=True)
        line = _slopes(self.alphas, self.changes)[:, None] * (self.alphas - self.alphas.mean())
        whole = (centred**2).sum(1)
        left = ((centred - line) ** 2).sum(1)
        return float(np.where(whole > 1e-12, 1 - left / np.maximum(whole, 1e-12), 0.0).mean())

    @property
    def monotone(self) -> float:
        """The share of places in order: Spearman's rank correlation of alpha and score is at least 0.95."""
        return float((spearman(self.changes, self.alphas) >= IN_ORDER).mean())


def followed(
    subject: Subject, direction: Direction, wishes: Sequence[Wish], scale: Scale, per_deviation: float,
    sample: Sample, reach: float, steps: int = STEPS, still: Tensor | None = None,
) -> Followed:  # fmt: skip
    """Move places along a direction as a show does, and read the scores.

    still : the scores of the places where they are, if they are known
    per_deviation : how many sigma of the direction are to bring one deviation; reach : alphas from -reach to reach
    """
    alphas = np.linspace(-reach, reach, steps)
    if still is None:
        still = scored(subject, subject.w(sample), wishes)
    amounts = (alphas * per_deviation).tolist()
    moved = [scale.change(scored(subject, w, wishes), still) for w in subject.along(sample, direction, amounts)]
    each = torch.stack(moved, 1).cpu().double().numpy()  # (places, steps, assessors)
    slopes = [float(_slopes(alphas, each[..., k]).mean()) for k in range(len(wishes))]
    return Followed(alphas, each @ shares(wishes), tuple(slopes))


def random_slope(
    subject: Subject, direction: Direction, wishes: Sequence[Wish], scale: Scale, per_deviation: float,
    sample: Sample, reach: float, seed: int, count: int,
) -> float:  # fmt: skip
    """The mean size of the slope along directions of chance, as long as this one and of the same space and layers.

    Of `count` directions it is known to a share of about 0.75 / sqrt(count). Of few places it is too large: what the
    places differ by does not average out.
    """
    numbers, found = np.random.default_rng(seed), []
    still = scored(subject, subject.w(sample), wishes)
    for _ in range(count):
        vector = numbers.standard_normal(len(direction.vector))
        other = Direction("chance", vector, direction.space, direction.sigma, direction.layers)
        found.append(followed(subject, other, wishes, scale, per_deviation, sample, reach, RANDOM_STEPS, still).slope)
    return float(np.abs(found).mean())


def scored(subject: Subject, w: Tensor, wishes: Sequence[Wish]) -> Tensor:
    """(n, assessors) of the pictures of w, without gradients."""
    pictures = subject.pictures(w).clone()
    with torch.no_grad():
        return scores(wishes, pictures)


def held_out(subject: Subject, seed: int, count: int = PLACES, class_: int | None = None) -> Sample:
    """Places that were not learned from; of one class, where one is named."""
    sample = subject.sample(count, (seed + APART) % 2**32)
    if class_ is None or sample.classes is None:
        return sample
    classes = torch.zeros_like(sample.classes)
    classes[:, class_] = 1.0
    return Sample(sample.z, classes)


def _slopes(alphas: Array, changes: Array) -> Array:
    """Of each row's own line, (places,)."""
    a = alphas - alphas.mean()
    return np.asarray(changes @ a / (a @ a))

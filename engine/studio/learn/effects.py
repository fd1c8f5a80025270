"""Emergent factors: what every measure of a picture does along a direction, whatever it was learned for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.latent.directions import Direction
from engine.studio.learn.measures import MEASURES, Measure
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet
from engine.studio.tulip.metrics import spearman

Array = NDArray[np.float64]

AMOUNTS = tuple(np.linspace(-2.5, 2.5, 11).tolist())  # in sigma
PLACES = 16
SPREAD = 192  # of the model's own pictures, for the deviation of each measure
STILL = 1e-9  # of a deviation: a measure that moves less does not move


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What one measure does along a direction, in deviations of the model's own pictures.

    per_sigma : the slope of the mean over the places, signed
    spearman : the mean over the places of the rank correlation of the measure with the amount
    agree : share of the places whose own slope has the sign of the mean one
    curve, band : of each amount the mean of the change since 0, and its deviation over the places
    """

    measure: Measure
    per_sigma: float
    spearman: float
    agree: float
    curve: Array
    band: Array


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The deviation of each measure over a model's own pictures; of an angle about its circular mean."""

    of: Mapping[str, float]

    @classmethod
    def measured(cls, subject: Subject, seed: int, count: int = SPREAD) -> "Spread":
        """From places of a seed of their own."""
        pictures = subject.pictures(subject.w(subject.sample(count, (seed + 1) % 2**32)))
        return cls({name: _deviation(measure, _scores(measure, pictures)) for name, measure in MEASURES.items()})


def effects(
    subject: Subject, direction: Direction, spread: Spread, *, seed: int = 0, places: int = PLACES,
    amounts: Sequence[float] = AMOUNTS, tell: Tell = quiet,
) -> list[Effect]:  # fmt: skip
    """Each measure along a direction at places of a seed, those that change most first."""
    sample = subject.sample(places, seed)
    rows: dict[str, list[Array]] = {name: [] for name in MEASURES}
    for i, w in enumerate(subject.along(sample, direction, amounts)):
        tell(f"measuring {direction.name}", i, len(amounts))
        pictures = subject.pictures(w)
        for name, measure in MEASURES.items():
            rows[name].append(_scores(measure, pictures))
    found = [
        effect(measure, np.array(amounts), np.array(rows[name]), spread.of[name]) for name, measure in MEASURES.items()
    ]
    return sorted(found, key=lambda one: -abs(one.per_sigma))


def effect(measure: Measure, amounts: Array, scores: Array, deviation: float) -> Effect:
    """From scores (amounts, places). An angle is followed on its way round."""
    if measure.turn:
        scores = np.unwrap(scores, period=measure.turn, axis=0)
    change = (scores - scores[np.abs(amounts).argmin()]) / max(deviation, STILL)
    change = np.where(deviation > STILL, change, 0.0)
    centred = amounts - amounts.mean()
    slopes = centred @ change / (centred @ centred)
    mean = float(slopes.mean())
    ranks = spearman(change.T, np.broadcast_to(amounts, change.T.shape))
    agree = float((np.sign(slopes) == np.sign(mean)).mean()) if mean else 0.0
    return Effect(measure, mean, float(ranks.mean()), agree, change.mean(1), change.std(1))


def _scores(measure: Measure, pictures: Tensor) -> Array:
    return np.asarray(measure.of(pictures).cpu().double().numpy())


def _deviation(measure: Measure, scores: Array) -> float:
    if not measure.turn:
        return float(scores.std())
    circle = np.exp(2j * np.pi * scores / measure.turn)
    away = np.angle(circle / circle.mean()) / (2 * np.pi) * measure.turn if abs(circle.mean()) > 0 else scores
    return float(np.sqrt(np.mean(np.square(away))))

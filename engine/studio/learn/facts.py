"""The facts of a direction: how long one sigma of it is, how fast the eye goes along it, how far it can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.latent.board import AMOUNT_SIGMA
from engine.latent.directions import Direction
from engine.latent.pace import Pace
from engine.studio.learn.perceived import distance, seen
from engine.studio.learn.subject import Sample, Subject

Array = NDArray[np.float64]
Follows = Callable[[Tensor], Tensor]  # pictures (n, 3, h, w) in 0..1 -> one number for each, (n,)

PLACES = 12
STEP_SIGMA = 0.5
MIDDLE_SIGMA = 1.0  # the middle of a direction: so far either way
SAMPLES_W = 1024  # for the spread of w, which draws nothing
SAMPLES = 256  # pictures for what a model draws of itself: three quarters of them to learn it, the rest to judge
CELLS = 4  # a side: mean colours and edges of so many parts of a picture are what is looked at
QUANTILE = 0.99
WITHIN = 0.75  # of the places have to lie there
HALF = 0.5  # of the slope in the middle
NOTHING = 1 / 255  # a way that no byte would show
SKIPS = 0.1  # of the mean: where less is seen to change, a fader goes on no faster than ten times as fast
MOVES = 0.1  # of the change in the middle; less is standing still


def completed(
    subject: Subject, direction: Direction, *, seed: int = 0, places: int = PLACES, follows: Follows | None = None
) -> Direction:
    """The direction with its sigma, its pace and its safe range, measured at the model's own places of `seed`.

    In z those places are spread along the direction as the model spreads them (see `spread_along`).

    sigma : in z 1, in w the standard deviation of the model's own w along it, over the layers that it moves; of a
        direction that bends it is part of its shape and stays
    pace : the mean over the places of the visible way from amount 0 to -4..4, in steps of half a sigma; None for a
        direction along which nothing is seen to change
    safe : with `follows`, the amounts about 0 up to where, at half of the places or fewer, the attribute still goes
        the way it goes in the middle and at least half as fast: "the picture follows". Without, up to where the
        pictures of less than three quarters of the places still look like the model's own (see `Typical`), or
        where they change less than a tenth as fast as in the middle: "nothing odd is seen", which is less to claim
    """
    direction = replace(direction, sigma=sigma_of(subject, direction, seed))
    amounts = np.arange(-AMOUNT_SIGMA, AMOUNT_SIGMA + STEP_SIGMA / 2, STEP_SIGMA)
    sample = spread_along(subject.sample(places, seed), direction)
    pictures = [subject.pictures(w) for w in subject.along(sample, direction, amounts.tolist())]
    looked = [seen(drawn) for drawn in pictures]
    moved = np.array([distance(a, b).cpu().numpy() for a, b in zip(looked, looked[1:], strict=False)], np.float64)
    if follows is not None:
        scores = np.array([follows(drawn).detach().cpu().numpy() for drawn in pictures], np.float64)
        good = following(amounts, scores)
    else:
        typical = typical_of(subject, seed)
        good = np.array([typical.holds(drawn).mean() >= WITHIN for drawn in pictures]) & _moving(amounts, moved)
    return replace(direction, pace=pace_of(amounts, moved.mean(1)), safe=about_zero(amounts, good))


def spread_along(sample: Sample, direction: Direction) -> Sample:
    """The places, moved along a direction in z so that they stand where the quantiles of a normal distribution do.

    A dozen places that are drawn lean to one side by a third of a sigma; these do not, and are as likely otherwise.
    For a direction in w they stay: only the model knows how places are spread there.
    """
    if direction.space == "w":
        return sample
    count = len(sample)
    wanted = torch.tensor([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)]).to(sample.z)
    vector = torch.from_numpy(np.array(direction.vector)).to(sample.z)
    return Sample(sample.z + (wanted - sample.z @ vector)[:, None] * vector, sample.classes)


def sigma_of(subject: Subject, direction: Direction, seed: int = 0) -> float:
    """How far the model's own latents spread along a direction. See `completed`."""
    if direction.curve is not None:
        return direction.sigma
    if direction.space == "z":
        return 1.0
    with torch.inference_mode():
        w = subject.w(subject.sample(SAMPLES_W, seed)).cpu().double()
    layers = list(range(w.shape[1]) if direction.layers is None else direction.layers)
    spread = (w[:, layers] @ torch.from_numpy(np.array(direction.vector))).var(0).mean().sqrt().item()
    return spread if spread > 0.0 else direction.sigma


def pace_of(amounts: Array, moved: Array) -> Pace | None:
    """The pace from the visible change between amounts that follow each other (n - 1,); None where there is none."""
    total = float(moved.sum())
    if not (np.isfinite(total) and total > NOTHING):
        return None
    rising = np.maximum(moved, SKIPS * total / len(moved))
    arc = np.concatenate([[0.0], np.cumsum(rising)])
    middle = int(np.abs(amounts).argmin())
    return Pace(np.where(np.arange(len(amounts)) == middle, 0.0, amounts), arc - arc[middle])


def following(amounts: Array, scores: Array) -> NDArray[np.bool_]:
    """Whether an attribute (amounts, places) still follows, for each amount.

    It does where its slope, over half a sigma either way, has the sign that it has in the middle and at least half of
    the size, at more than half of the places. Places where the attribute hardly moves in the middle (under a tenth of
    what it does at the median place) or is no number say nothing.
    """
    centred = np.abs(amounts) <= MIDDLE_SIGMA + 1e-9
    a = amounts[centred] - amounts[centred].mean()
    middle = a @ scores[centred] / (a @ a)
    tells = np.isfinite(middle)
    tells[tells] = np.abs(middle[tells]) > 0.1 * np.median(np.abs(middle[tells])) if tells.any() else False
    if not tells.any():
        return np.zeros(len(amounts), np.bool_)
    scores, middle = scores[:, tells], middle[tells]
    reach = max(1, round(0.5 / float(np.diff(amounts).min())))
    low, high = np.arange(len(amounts)) - reach, np.arange(len(amounts)) + reach
    low, high = np.maximum(low, 0), np.minimum(high, len(amounts) - 1)
    slopes = (scores[high] - scores[low]) / (amounts[high] - amounts[low])[:, None]
    with np.errstate(invalid="ignore"):
        return np.asarray((slopes / middle >= HALF).mean(1) > 0.5)


def about_zero(amounts: Array, good: NDArray[np.bool_]) -> tuple[float, float]:
    """The amounts from 0 on, either way, up to the last one that is good without a gap; (0, 0) where 0 is not."""
    middle = int(np.abs(amounts).argmin())
    if not good[middle]:
        return 0.0, 0.0
    low = high = middle
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return min(float(amounts[low]), 0.0), max(float(amounts[high]), 0.0)


def _moving(amounts: Array, moved: Array) -> NDArray[np.bool_]:
    """Whether the picture still changes on the way to each amount from its neighbour nearer to 0."""
    rate = moved.mean(1)
    between = 0.5 * (amounts[1:] + amounts[:-1])
    enough = rate > MOVES * rate[np.abs(between) <= MIDDLE_SIGMA].mean()
    middle = int(np.abs(amounts).argmin())
    return np.concatenate([enough[:middle], [True], enough[middle:]])


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """What a model's own pictures look like: mean colours and edges of 4 x 4 parts of each, as one Gaussian.

    far : the distance (Mahalanobis) that 99 of 100 of its own pictures, others than the Gaussian was fitted to, keep
    It knows nothing of what pictures show: what is odd only in its shapes, it does not see.
    """

    mean: Tensor
    whiten: Tensor
    far: float

    def holds(self, pictures: Tensor) -> NDArray[np.bool_]:
        """Which of the pictures lie within."""
        return np.asarray((self._distances(features(pictures)) <= self.far).cpu().numpy())

    def _distances(self, found: Tensor) -> Tensor:
        away: Tensor = (found - self.mean) @ self.whiten
        far: Tensor = torch.linalg.vector_norm(away, dim=1)
        return far

    @classmethod
    def of(cls, pictures: Tensor) -> "Typical":
        """From a model's own pictures."""
        found = features(pictures)
        fitted, judged = found[: 3 * len(found) // 4], found[3 * len(found) // 4 :]
        mean = fitted.mean(0)
        spread = torch.cov(fitted.T)
        ridge = 0.02 * spread.diagonal().mean() * torch.eye(len(spread)).to(spread)
        values, vectors = torch.linalg.eigh(spread + ridge)
        typical = cls(mean, vectors * values.clamp(min=1e-12).rsqrt(), 0.0)
        return replace(typical, far=float(typical._distances(judged).quantile(QUANTILE)))


def features(pictures: Tensor) -> Tensor:
    """(n, 64): of each of 4 x 4 parts the mean colour and the mean strength of edges."""
    looked = seen(pictures).cpu().double()  # there are devices without float64
    across = functional.pad(torch.diff(looked, dim=-1), (0, 1, 0, 0))
    down = functional.pad(torch.diff(looked, dim=-2), (0, 0, 0, 1))
    edges = (across.square() + down.square()).mean(1, keepdim=True).sqrt()
    return functional.adaptive_avg_pool2d(torch.cat([looked, 2.0 * edges], 1), CELLS).flatten(1)


_known: WeakKeyDictionary[Subject, dict[tuple[int, int], Typical]] = WeakKeyDictionary()


def typical_of(subject: Subject, seed: int = 0) -> Typical:
    """What this model's own pictures look like, drawn once for each seed and size."""
    found = _known.setdefault(subject, {})
    key = seed, subject.side
    if key not in found:
        with torch.inference_mode():
            found[key] = Typical.of(subject.pictures(subject.w(subject.sample(SAMPLES, (seed + 1) % 2**32))))
    return found[key]

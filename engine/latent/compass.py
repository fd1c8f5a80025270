"""A compass: places sorted into two piles tell the way from the one to the other (Schwettmann et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

Array = NDArray[np.float64]
Method = Literal["svm", "means"]
Layers = tuple[int, ...] | None

LEAST = 2  # examples a side: with one, there is none left to judge by
SOFTNESS = 0.1  # C of the machine: whitened examples are about sqrt(axes) long, so few of them reach it
FOLDS = 64  # machines that judge at most: of more examples than that, several are left out at a time
PASSES, ENOUGH = 300, 1e-4  # over all examples; the largest step of a pass that ends it
DOUBT = 0.05  # guessing that does as well this often says that the sorting says nothing
SAME = 1e-6  # places nearer than this, in sigma, are one


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """The few axes in which places are compared: six examples say nothing in 512 dimensions, and enough in 20.

    rows : (k, features) orthonormal; mean : (features,); scale : (k,) spread of the model's own places along each
    layers : of each row, the layers that it is seen on; empty: all, for every row
    back : (k, dim) what one sigma along each axis is in the latent space, where features are not latents themselves
    """

    rows: Array
    mean: Array
    scale: Array
    layers: tuple[Layers, ...] = ()
    back: Array | None = None

    def __post_init__(self) -> None:
        k, features = self.rows.shape if self.rows.ndim == 2 else (0, 0)
        fits = self.mean.shape == (features,) and self.scale.shape == (k,) and len(self.layers) in (0, k)
        if not (k and fits and (self.back is None or self.back.shape[0] == k)):
            raise ModelError(f"axes of {self.rows.shape}, {self.mean.shape}, {self.scale.shape} do not fit each other")
        if not all(np.isfinite(a).all() for a in (self.rows, self.mean, self.scale)) or not (self.scale > 0).all():
            raise ModelError("axes must be finite, and their scales above 0")

    def __len__(self) -> int:
        return len(self.rows)

    def coordinates(self, places: Array) -> Array:
        """places (n, features) -> (n, k) in sigma."""
        return np.asarray((places - self.mean) @ self.rows.T / self.scale)

    def way(self, normal: Array) -> Array:
        """The step in latent space, (dim,), that goes along `normal` (k,), in sigma of each axis."""
        return np.asarray(normal @ (self.rows * self.scale[:, None] if self.back is None else self.back))

    def sigma(self, vector: Array) -> float:
        """The spread of the model's places along a unit vector of latents within the axes; 1 in z."""
        return 1.0 if self.back is not None else float(np.linalg.norm(self.scale * (self.rows @ vector)))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a sorting says.

    vector : (dim,) unit, from `less` to `more`; sigma : the model's spread along it
    normal, bias : of the plane between the piles in the axes: more lies where normal . x + bias > 0, normal unit
    accuracy : balanced, each example judged by what the others say; chance : what guessing gets
    luck : how often guessing does as well; margin : how far the nearest example is from the plane, in sigma, negative
    when it lies on the wrong side
    warning : a sentence, when the sorting says nothing; else empty
    """

    vector: Array
    sigma: float
    normal: Array
    bias: float
    accuracy: float
    chance: float
    luck: float
    margin: float
    warning: str = ""

    def score(self, axes: Axes, places: Array) -> Array:
        """How far each of places (n, features) is on the side of `more`, in sigma."""
        return np.asarray(axes.coordinates(places) @ self.normal + self.bias)


def learn(more: Array, less: Array, axes: Axes, method: Method = "svm") -> Found:
    """The way from `less` (m, features) to `more` (n, features), both at least two; ModelError for what cannot be one.

    method : "svm", a linear soft-margin support vector machine; "means", the difference of the piles' means within
    their covariance, shrunk towards the model's own
    """
    x, side = sorted_examples(more, less, axes)
    normal, bias = plane(x, side, method)
    vector = axes.way(normal)
    length = float(np.linalg.norm(vector))
    if not length > 0.0:
        raise ModelError("the two piles lie on top of each other; sort pictures that differ")
    vector = vector / length
    right = judged(x, side, method)
    n, m = len(more), len(less)
    accuracy = (right[:n].mean() + right[n:].mean()) / 2.0
    luck = luck_of(int(right[:n].sum()), n, int(right[n:].sum()), m)
    return Found(
        vector, axes.sigma(vector), normal, bias, float(accuracy), 0.5, luck, float((side * (x @ normal + bias)).min()),
        warning_of(int(right.sum()), n + m, luck),
    )  # fmt: skip


def sorted_examples(more: Array, less: Array, axes: Axes) -> tuple[Array, Array]:
    """Both piles in the axes, (n + m, k), and their sides, 1 and -1. ModelError for piles that cannot be told apart."""
    for pile, name in ((more, "more"), (less, "less")):
        if pile.ndim != 2 or pile.shape[1] != axes.rows.shape[1]:
            raise ModelError(f"{name}: places of shape {pile.shape}; the axes take n x {axes.rows.shape[1]}")
        if len(pile) < LEAST:
            raise ModelError(
                f"{name}: {len(pile)} example{'s' if len(pile) != 1 else ''}; give at least {LEAST} a side, better six"
            )
        if not np.isfinite(pile).all():
            raise ModelError(f"{name}: example {int(np.argmin(np.isfinite(pile).all(1))) + 1} is not finite")
    x = axes.coordinates(np.concatenate([more, less]).astype(np.float64))
    apart = np.abs(x[: len(more), None] - x[None, len(more) :]).max(2)
    if (apart < SAME).any():
        i, j = np.argwhere(apart < SAME)[0]
        raise ModelError(f"more {i + 1} and less {j + 1} are the same place; it can lie on one side only")
    return x, np.concatenate([np.ones(len(more)), -np.ones(len(less))])


def plane(x: Array, side: Array, method: Method = "svm") -> tuple[Array, float]:
    """The plane between examples (n, k): its unit normal and its bias."""
    normals, biases = _machines(x, side, np.ones((1, len(x)))) if method == "svm" else _means(x, side)
    return _unit(normals, biases)


def way_of(axes: Axes, x: Array, side: Array) -> Array:
    """One sigma of the direction that examples in the axes (n, k) tell by their means, (dim,); zeros for none."""
    nowhere = np.zeros(axes.rows.shape[1])
    if min(np.count_nonzero(side > 0), np.count_nonzero(side < 0)) < LEAST:
        return nowhere
    try:
        normal, _ = plane(x, side, "means")
    except ModelError:  # both piles have one middle
        return nowhere
    vector = axes.way(normal)
    vector = vector / np.linalg.norm(vector)
    return np.asarray(axes.sigma(vector) * vector)


def judged(x: Array, side: Array, method: Method = "svm", rows: Sequence[int] | None = None) -> NDArray[np.bool_]:
    """Of each example, whether the others say rightly on which side it lies.

    rows : these alone; all of them at once where they are few, for a live show in turns
    """
    asked = list(range(len(x)) if rows is None else rows)
    if method == "svm":
        fold = np.arange(len(asked)) % FOLDS
        kept = np.ones((min(len(asked), FOLDS), len(x)))
        kept[fold, asked] = 0.0
        normals, biases = (found[fold] for found in _machines(x, side, kept))
    else:
        others = [np.arange(len(x)) != i for i in asked]
        parts = [_means(x[keep], side[keep]) for keep in others]
        normals, biases = np.concatenate([n for n, _ in parts]), np.concatenate([b for _, b in parts])
    said = np.einsum("fk,fk->f", normals, x[asked]) + biases
    return np.asarray(said * side[asked] > 0.0)


def luck_of(right_more: int, more: int, right_less: int, less: int) -> float:
    """How often a coin for each example gets a balanced accuracy at least as high: a sum over two binomials."""
    of_more, of_less = _coins(more), _coins(less)
    at_least = np.append(np.cumsum(of_less[::-1])[::-1], 0.0)  # so many of less, or more of them
    score = right_more / more + right_less / less - 1e-9
    wanted = np.searchsorted(np.arange(less + 1) / less, score - np.arange(more + 1) / more)
    return min(float(of_more @ at_least[wanted]), 1.0)


def _coins(n: int) -> Array:
    """How likely 0, 1, ..., n heads of n coins are, (n + 1,)."""
    i = np.arange(n)
    return np.asarray(np.exp(np.append(0.0, np.cumsum(np.log((n - i) / (i + 1.0)))) - n * log(2.0)))


def warning_of(right: int, of: int, luck: float) -> str:
    """A sentence for people where guessing does as well as the sorting; else empty."""
    if luck <= DOUBT:
        return ""
    return (
        f"the sorting says little: judged by the others, {right} of {of} examples land on their own side, and tossing "
        f"a coin does as well {100 * luck:.0f} times in 100; sort more pictures, or clearer ones"
    )


def _machines(x: Array, side: Array, kept: Array) -> tuple[Array, Array]:
    """Soft-margin machines, one for each row of `kept` (machines, n; 1 or 0): normals (machines, k), biases.

    Dual coordinate descent (Hsieh et al. 2008) with the bias as one more axis; all machines step together. The smaller
    pile weighs as much as the larger.
    """
    counts = np.where(side > 0, (side > 0).sum(), (side < 0).sum())
    most = kept * (SOFTNESS * len(x) / (2.0 * counts))
    signed = side[:, None] * np.concatenate([x, np.ones((len(x), 1))], 1)
    inner = signed @ signed.T
    alpha, gradient = np.zeros_like(most), -np.ones_like(most)
    for _ in range(PASSES):
        longest = 0.0
        for i, own in enumerate(inner.diagonal().tolist()):
            step = alpha[:, i] - gradient[:, i] / own
            np.minimum(np.maximum(step, 0.0, out=step), most[:, i], out=step)
            step -= alpha[:, i]
            alpha[:, i] += step
            gradient += step[:, None] * inner[i]
            longest = max(longest, float(np.abs(step).max()) * own)
        if longest < ENOUGH:
            break
    weights = alpha @ signed
    return weights[:, :-1], weights[:, -1]


def _means(x: Array, side: Array) -> tuple[Array, Array]:
    """The difference of the means, turned by the covariance within the piles.

    That covariance is shrunk towards that of the model's own places, which is 1 in all axes, as far as so few examples
    ask for (Ledoit and Wolf 2004).
    """
    more, less = x[side > 0], x[side < 0]
    middle = more.mean(0), less.mean(0)
    within = np.concatenate([more - middle[0], less - middle[1]])
    n, k = within.shape
    covariance = within.T @ within / n
    far = float(np.square(covariance - np.eye(k)).sum())
    unsure = float((np.square(within).sum(1) ** 2).sum() / n**2 - np.square(covariance).sum() / n)
    shrunk = min(1.0, unsure / far) if far > 0.0 else 1.0
    normal = np.linalg.solve((1.0 - shrunk) * covariance + shrunk * np.eye(k), middle[0] - middle[1])
    return normal[None], np.array([-normal @ (middle[0] + middle[1]) / 2.0])


def _unit(normals: Array, biases: Array) -> tuple[Array, float]:
    length = float(np.linalg.norm(normals[0]))
    if not length > 0.0:
        raise ModelError("the two piles lie on top of each other; sort pictures that differ")
    return normals[0] / length, float(biases[0]) / length

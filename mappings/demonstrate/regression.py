"""From a few places to where every control stood there: ridge, kernel ridge and nearest poses, all in closed form.

Each takes standardised places (poses, signals) and what stood there (poses, controls), says what stands at any other
place, and how far it misses each pose when it is taught by the others alone.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
RIDGE = 1e-2  # added to the squares of the signals, in spreads
NOISE = 1e-3  # added to the kernel's diagonal: what a pose may be missed by, so that two that disagree are averaged
NEIGHBOURS = 5
_TINY = 1e-9
_SAME = 1e-6  # distances below are one place: what is left of subtracting squares


class Regression(Protocol):
    """What all three are."""

    def predict(self, z: F64, out: F64) -> None:
        """What stands at the place z, (signals,), into out, (controls,). Allocates nothing of size."""

    def left_out(self) -> F64:
        """By how much the others miss each pose, (poses, controls)."""


class Ridge:
    """A flat map, as good as squares allow (Hoerl & Kennard 1970): the picture turns steadily with each signal."""

    def __init__(self, z: F64, y: F64) -> None:
        centre, self._mean = z.mean(0), y.mean(0)
        moved, changed = z - centre, y - self._mean
        inverse = np.linalg.inv(moved.T @ moved + RIDGE * np.eye(z.shape[1]))
        self._weights = np.ascontiguousarray(inverse @ (moved.T @ changed))
        self._offset = self._mean - centre @ self._weights
        # A pose's pull on its own prediction (the hat matrix' diagonal) gives all leave-one-out errors at once.
        pull = np.einsum("ij,jk,ik->i", moved, inverse, moved, optimize=True) + 1.0 / len(z)
        self._left: F64 = (changed - moved @ self._weights) / np.maximum(1.0 - pull, _TINY)[:, None]

    def predict(self, z: F64, out: F64) -> None:
        """See Regression."""
        np.dot(z, self._weights, out=out)
        out += self._offset

    def left_out(self) -> F64:
        """See Regression. Exact up to how little `RIDGE` pulls on the means."""
        return self._left


class _Distances:
    """How far a place is from each of some places, without allocating."""

    def __init__(self, z: F64) -> None:
        self._z = np.ascontiguousarray(z)
        self._squares: F64 = np.einsum("ij,ij->i", z, z)
        self._from: F64 = np.zeros(len(z))

    def between(self) -> F64:
        """(places, places)"""
        squares = self._squares[:, None] + self._squares - 2.0 * (self._z @ self._z.T)
        distances: F64 = np.sqrt(np.maximum(squares, 0.0))
        return distances

    def to(self, z: F64) -> F64:
        """(places,), the same array each time."""
        distances = self._from
        np.dot(self._z, z, out=distances)
        distances *= -2.0
        distances += self._squares
        distances += z.dot(z)
        np.maximum(distances, 0.0, out=distances)
        np.sqrt(distances, out=distances)
        return distances


class KernelRidge:
    """A soft hill around each pose, as wide as the poses are apart (the median), through every pose.

    The hills are Matern's of order 3/2: they pass through poses as they are where Gaussian ones of this width, too
    smooth for what hands teach, must be pulled off them and swing between (Rasmussen & Williams 2006, 4.2).
    The level that they stand on is free, as in kriging with an unknown mean: poses that agree are believed
    everywhere, and far from all poses their mean stands.
    """

    def __init__(self, z: F64, y: F64) -> None:
        self._distances = _Distances(z)
        apart = self._distances.between()
        others = apart[apart > _SAME]
        middle = len(others) // 2
        self._per_width = math.sqrt(3.0) / (float(np.partition(others, middle)[middle]) if middle else 1.0)
        apart *= self._per_width
        kernel = (1.0 + apart) * np.exp(-apart)
        kernel.flat[:: len(z) + 1] = 1.0 + NOISE
        inverse = np.linalg.inv(kernel)
        share = inverse.sum(0)
        total = float(share.sum())
        self._offset: F64 = share @ y / total
        inverse -= np.outer(share, share / total)
        self._weights = np.ascontiguousarray(inverse @ y)
        # Leave-one-out errors from the diagonal of the whole system's inverse (Cawley & Talbot 2004).
        self._left: F64 = self._weights / np.maximum(np.diagonal(inverse), _TINY)[:, None]
        self._hills: F64 = np.zeros(len(z))

    def predict(self, z: F64, out: F64) -> None:
        """See Regression. Far from every pose it is their weighted mean."""
        apart, hills = self._distances.to(z), self._hills
        apart *= self._per_width
        np.negative(apart, out=hills)
        np.exp(hills, out=hills)
        apart += 1.0
        hills *= apart
        np.dot(hills, self._weights, out=out)
        out += self._offset

    def left_out(self) -> F64:
        """See Regression. Exact, with the width as it is."""
        return self._left


class Nearest:
    """The nearest poses, weighted by how near they are (Shepard 1968; Renka 1988).

    A pose fades in and out: where another takes its place among the nearest, neither weighs anything.
    """

    def __init__(self, z: F64, y: F64) -> None:
        self._distances = _Distances(z)
        self._stood = np.ascontiguousarray(y)
        self._left: F64 = np.zeros_like(y)
        if len(z) > 1:
            apart = self._distances.between()
            np.fill_diagonal(apart, np.inf)
            weights = _closeness(apart)
            self._left = y - weights @ y / weights.sum(1, keepdims=True)

    def predict(self, z: F64, out: F64) -> None:
        """See Regression."""
        weights = _closeness(self._distances.to(z))
        np.dot(weights, self._stood, out=out)
        out /= weights.sum()

    def left_out(self) -> F64:
        """See Regression. Exact."""
        return self._left


def _closeness(apart: F64) -> F64:
    """Weights along the last axis from distances; infinite ones weigh nothing."""
    others = np.isfinite(apart).sum(-1).max() if apart.ndim > 1 else apart.shape[-1]
    if others <= NEIGHBOURS:
        weights: F64 = (apart + _TINY) ** -2.0
        return weights
    reach = np.partition(apart, NEIGHBOURS, -1)[..., NEIGHBOURS, None]
    # The last term decides where all are equally far away, and is lost beside the others everywhere else.
    weights = (np.maximum(1.0 - apart / (reach + _TINY), 0.0) / (apart + _TINY)) ** 2
    weights += _TINY / (apart * apart + _TINY)
    return weights


METHODS: dict[str, type[Ridge] | type[KernelRidge] | type[Nearest]] = {
    "ridge": Ridge,
    "kernel": KernelRidge,
    "nearest": Nearest,
}

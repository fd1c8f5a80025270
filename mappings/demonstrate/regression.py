"""From a few places to where every control stood there: ridge, kernel ridge and nearest poses, all in closed form.

Each takes standardised places (poses, signals) and what stood there (poses, controls), says what stands at any other
place, and how far it misses each pose when it is taught by the others alone.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
RIDGE = 1e-2  # added to the squares of the signals, in spreads
NOISE = 1e-3  # added to the kernel's diagonal: what a pose may be missed by, so that two that disagree are averaged
NEIGHBOURS = 5
_TINY = 1e-9


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


class KernelRidge:
    """A soft hill around each pose, as wide as the poses are apart (the median), through every pose.

    The level that the hills stand on is free, as in kriging with an unknown mean: poses that agree are believed
    everywhere, and far from all poses their mean stands.
    """

    def __init__(self, z: F64, y: F64) -> None:
        self._places = np.ascontiguousarray(z)
        self._squares = np.einsum("ij,ij->i", z, z)
        apart = np.maximum(self._squares[:, None] + self._squares - 2.0 * (z @ z.T), 0.0)
        between = apart[apart > _TINY]
        self._gain = -0.5 / (float(np.median(between)) if between.size else 1.0)
        kernel = np.exp(self._gain * apart)
        kernel.flat[:: len(z) + 1] += NOISE
        inverse = np.linalg.inv(kernel)
        share = inverse.sum(0)
        total = float(share.sum())
        self._offset: F64 = share @ y / total
        inverse -= np.outer(share, share / total)
        self._weights = np.ascontiguousarray(inverse @ y)
        # Leave-one-out errors from the diagonal of the whole system's inverse (Cawley & Talbot 2004).
        self._left: F64 = self._weights / np.maximum(np.diagonal(inverse), _TINY)[:, None]
        self._near = np.zeros(len(z))

    def predict(self, z: F64, out: F64) -> None:
        """See Regression. Far from every pose it is their weighted mean."""
        near = self._near
        np.dot(self._places, z, out=near)
        near *= -2.0
        near += self._squares
        near += z.dot(z)
        np.maximum(near, 0.0, out=near)
        near *= self._gain
        np.exp(near, out=near)
        np.dot(near, self._weights, out=out)
        out += self._offset

    def left_out(self) -> F64:
        """See Regression. Exact, with the width as it is."""
        return self._left


class Nearest:
    """The nearest poses, weighted by how near they are (Shepard 1968; Renka 1988).

    A pose fades in and out: where another takes its place among the nearest, neither weighs anything.
    """

    def __init__(self, z: F64, y: F64) -> None:
        self._places = np.ascontiguousarray(z)
        self._squares = np.einsum("ij,ij->i", z, z)
        self._stood = np.ascontiguousarray(y)
        self._apart = np.zeros(len(z))
        self._left: F64 = np.zeros_like(y)
        distances = np.sqrt(np.maximum(self._squares[:, None] + self._squares - 2.0 * (z @ z.T), 0.0))
        np.fill_diagonal(distances, np.inf)
        if len(z) > 1:
            weights = _closeness(distances)
            self._left = y - weights @ y / weights.sum(1, keepdims=True)

    def predict(self, z: F64, out: F64) -> None:
        """See Regression."""
        apart = self._apart
        np.dot(self._places, z, out=apart)
        apart *= -2.0
        apart += self._squares
        apart += z.dot(z)
        np.maximum(apart, 0.0, out=apart)
        np.sqrt(apart, out=apart)
        weights = _closeness(apart)
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

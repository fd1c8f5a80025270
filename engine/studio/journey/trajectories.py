"""Ways from key to key, in blocks: along great circles, along a smooth curve, or on springs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.latent import sphere
from engine.studio.journey.pair import Rows
from engine.studio.pace import Array, Block, mixed

BLOCK = 256  # frames made at a time


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """What a trajectory passes, and when.

    source, weights : rows of a sequence and their class weights, or None; numbers : (k,) those that are keys
    at : (k,) frames of the trajectory, rising from 0; count : its frames in all, more than at[-1]
    closed : behind the last key it goes back to the first, which is reached at frame `count`
    """

    source: Rows
    weights: Rows | None
    numbers: NDArray[np.intp]
    at: NDArray[np.intp]
    count: int
    closed: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, i: NDArray[np.intp]) -> Array:
        """The latents of keys i (n,), which go round where it is closed, and stop at the ends where not: (n, ...)."""
        return np.asarray(self.source[self._of(i)], np.float64)

    def classes(self, i: NDArray[np.intp]) -> Array | None:
        """Their class weights, (n, classes), not negative and 1 in sum."""
        return None if self.weights is None else normalised(np.asarray(self.weights[self._of(i)], np.float64))

    def _of(self, i: NDArray[np.intp]) -> NDArray[np.intp]:
        return self.numbers[i % len(self) if self.closed else np.clip(i, 0, len(self) - 1)]

    @property
    def ends(self) -> NDArray[np.intp]:
        """(k,) the frame at which the leg from each key ends."""
        return np.append(self.at[1:], self.count)

    def positions(self, frames: Array) -> Array:
        """How far frames are along the keys, in keys: constant speed on each leg. An open end holds."""
        at, keys = self.at.astype(np.float64), np.arange(float(len(self)))
        if self.closed:
            at, keys = np.append(at, self.count), np.append(keys, len(self))
        return np.asarray(np.interp(frames, at, keys))

    def timed(self, at: NDArray[np.intp], count: int) -> "Keys":
        """The same keys at other times."""
        return replace(self, at=at, count=count)


def normalised(weights: Array) -> Array:
    """Class weights (n, classes) that are not negative and add up to 1; where nothing is left, all alike."""
    positive = np.maximum(weights, 0.0)
    total = positive.sum(-1, keepdims=True)
    return np.where(total > 0.0, positive / np.where(total > 0.0, total, 1.0), 1.0 / weights.shape[-1])


def by_slerp(keys: Keys) -> Iterator[Block]:
    """At constant speed on each leg: a great circle for z, a straight line for w."""
    for first in range(0, keys.count, BLOCK):
        frames = np.arange(first, min(first + BLOCK, keys.count), dtype=np.float64)
        yield straight(keys, keys.positions(frames))


def by_curve(keys: Keys) -> Iterator[Block]:
    """Through each key without a kink: Catmull-Rom, on the shell for z."""
    for first in range(0, keys.count, BLOCK):
        frames = np.arange(first, min(first + BLOCK, keys.count), dtype=np.float64)
        yield curved(keys, keys.positions(frames))


def straight(keys: Keys, positions: Array) -> Block:
    """The latents at positions (n,), in keys, on the straight ways between them."""
    first = positions.astype(np.intp)
    part = positions - first
    classes, into = keys.classes(first), keys.classes(first + 1)
    if classes is not None and into is not None:
        classes = normalised(classes + part[:, None] * (into - classes))
    return mixed(keys.rows(first), keys.rows(first + 1), part), classes


def curved(keys: Keys, positions: Array) -> Block:
    """The latents at positions (n,), in keys, on the curve through them: chords of unit points, put back on the shell,
    and the logarithms of their lengths.
    """
    first = positions.astype(np.intp)
    near = first[:, None] + np.arange(-1, 3)
    shares = _catmull_rom(positions - first)
    points, classes = keys.rows(near), keys.classes(near)
    weights = None if classes is None else normalised(np.einsum("nk,nkc->nc", shares, classes))
    if points.ndim > 3:
        return np.einsum("nk,nk...->n...", shares, points), weights
    radii = sphere.norm(points)
    if not (radii > 0.0).all():
        return np.einsum("nk,nkd->nd", shares, points), weights
    units = sphere.normalise(np.einsum("nk,nkd->nd", shares, points / radii))
    return units * np.exp(np.einsum("nk,nkd->nd", shares, np.log(radii))), weights


def _catmull_rom(t: Array) -> Array:
    """How much of the key before, of both of the leg and of the key behind is in the point at t (n,): (n, 4)."""
    before, behind = t * (-0.5 + t * (1.0 - 0.5 * t)), t * t * (-0.5 + 0.5 * t)
    here, there = 1.0 + t * t * (-2.5 + 1.5 * t), t * (0.5 + t * (2.0 - 1.5 * t))
    return np.stack([before, here, there, behind], -1)

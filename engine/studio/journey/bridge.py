"""Bridges over gaps: how the latents get from the last frame before one to the first behind it."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError
from engine.latent import sphere
from engine.latent.spring import transition
from engine.studio.journey.cut import Cut
from engine.studio.journey.trajectories import normalised
from engine.studio.pace import Array, mixed

Gap = Literal["hold", "spring", "slerp"]
GAPS: tuple[Gap, ...] = ("hold", "spring", "slerp")

LEAP = 0.2  # radians, or of the length of w: a larger step in one frame is a cut and has no speed
FREQUENCY_HZ = 0.6  # of the springs, as of a show's; no slower than arrives
_ARRIVES = 9.0  # radians of a critical spring: what is left then is a thousandth


def parse_gap(text: str) -> Gap:
    """How gaps are crossed, checked."""
    for known in GAPS:
        if text == known:
            return known
    raise InputError(f"--gap {text}: give {', '.join(GAPS)}{nearest(text, GAPS)}")


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """From frame `first` to `last` - 1: (m, ...) latents near both ends, two before the gap and two behind it."""

    first: int
    last: int
    ends: Array
    classes: Array | None
    springs: bool
    fps: float

    def rows(self, frames: NDArray[np.intp]) -> tuple[Array, Array | None]:
        """The latents of frames of the gap (n, ...), and their class weights."""
        steps = self.last - self.first + 1
        gone = frames - self.first + 1.0
        part = gone / steps
        if self.springs:
            part = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)  # starts and ends at rest
        classes = None
        if self.classes is not None:
            classes = normalised(self.classes[1] + part[:, None] * (self.classes[2] - self.classes[1]))
        if not self.springs:
            n = len(frames)
            return mixed(np.repeat(self.ends[1:2], n, 0), np.repeat(self.ends[2:3], n, 0), part), classes
        omega = max(_ARRIVES / steps, 2.0 * math.pi * FREQUENCY_HZ / self.fps)
        swing = [np.array([transition(omega, 1.0, float(t)).xv for t in time]) for time in (gone, steps - gone)]
        round_ = self.ends.ndim == 2 and bool((sphere.norm(self.ends) > 0.0).all())
        return (self._on_shell if round_ else self._straight)(part, swing[0], swing[1]), classes

    def _straight(self, part: Array, out: Array, back: Array) -> Array:
        """Straight, and what is left of the speed of either end."""
        before, a, b, behind = self.ends
        speeds = [_slow(a - before, float(np.linalg.norm(a))), _slow(behind - b, float(np.linalg.norm(b)))]
        part, out, back = (x.reshape(-1, *[1] * a.ndim) for x in (part, out, back))
        return np.asarray(a + part * (b - a) + out * speeds[0] - back * speeds[1])

    def _on_shell(self, part: Array, out: Array, back: Array) -> Array:
        """The same on the sphere, lengths apart: speeds are tangents, carried along the great circle."""
        part, out, back = part[:, None], out[:, None], back[:, None]
        radii = np.log(sphere.norm(self.ends))
        before, a, b, behind = self.ends / np.exp(radii)
        way = sphere.log(a, b)
        home = -sphere.transport(a, way, way)
        leaves, comes = _slow(-sphere.log(a, before)), _slow(sphere.log(b, behind))
        carried = sphere.transport(a, part * way, out * leaves)
        carried -= sphere.transport(b, (1.0 - part) * home, back * comes)
        point = sphere.exp(a, part * way)
        unit = sphere.exp(point, sphere.tangent(point, carried))
        lengths = radii[1] + part * (radii[2] - radii[1])
        lengths = lengths + out * _slow(radii[1] - radii[0]) - back * _slow(radii[3] - radii[2])
        return np.asarray(unit * np.exp(lengths))


def spans(gap: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(k, 2) first and last + 1 of each gap (n,) that has something on both sides, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gap, [False]]).astype(np.int8))).reshape(-1, 2)
    return edges[(edges[:, 0] > 0) & (edges[:, 1] < len(gap))]


def bridge(first: int, last: int, gap: NDArray[np.bool_], cut: Cut, fps: Fraction, springs: bool) -> Bridge:
    """The bridge over frames `first` to `last` - 1 of a cut, in which gaps are held."""
    near = np.array([max(first - 2, 0), first - 1, last, min(last + 1, len(gap) - 1)])
    near = np.where(gap[near], [first - 1, first - 1, last, last], near)  # one frame alone has no speed
    rows, classes = cut.rows(near)
    weights = None if classes is None else classes.astype(np.float64)
    return Bridge(first, last, rows.astype(np.float64), weights, springs, float(fps))


def _slow(step: Array, length: float = 1.0) -> Array:
    """A step, or none where it is a leap."""
    return step if float(np.linalg.norm(step)) <= LEAP * length else np.zeros_like(step)

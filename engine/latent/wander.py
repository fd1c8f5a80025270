"""Wandering: an Ornstein-Uhlenbeck walk that is the same at every frame rate."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KNOTS = 8  # a walk forgets itself (by 1/e) in this many knots
_FORGOTTEN = 160  # exp(-160 / KNOTS) = 2e-9: older knots have left no trace
_KEEP = math.exp(-1.0 / KNOTS)
_FRESH = math.sqrt(1.0 - _KEEP * _KEEP)
_ANGLE = math.acos(_KEEP)
_SINE = math.sin(_ANGLE)


class Wander:
    """A stationary walk with the spread of its noise at every moment.

    noise : what is drawn for knot number k, always the same for the same k

    The walk is exact at knots, `KNOTS` of them in the time it takes to forget itself (1 / (2 pi rate) seconds). Between
    two knots it takes the great circle of their correlation, so its spread is one there too. It depends on how far it
    has gone and not on how the steps were cut: 30 and 144 frames a second wander alike.
    """

    def __init__(self, noise: Callable[[int], Array]) -> None:
        self._noise = noise
        self.phase = 0.0  # knots gone
        self._knot = 0
        self._from = noise(0)
        self._to = self._after(self._from, 1)

    def step(self, rate_hz: float, dt_s: float) -> Array:
        """Go on for `dt_s` at `rate_hz`, and say where the walk is: zero mean, the spread of the noise."""
        self.phase += KNOTS * 2.0 * math.pi * rate_hz * dt_s
        knot = math.floor(self.phase)
        if knot > self._knot + _FORGOTTEN:
            self._knot = knot - _FORGOTTEN
        while self._knot < knot:
            self._knot += 1
            self._from, self._to = self._to, self._after(self._to, self._knot + 1)
        part = self.phase - knot
        a = math.sin((1.0 - part) * _ANGLE) / _SINE
        b = math.sin(part * _ANGLE) / _SINE
        return a * self._from + b * self._to

    def _after(self, here: Array, knot: int) -> Array:
        return _KEEP * here + _FRESH * self._noise(knot)

    def state(self) -> dict[str, Array]:
        """Where the walk is."""
        return {"phase": np.array([self.phase]), "from": self._from, "to": self._to}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from a state of the same size."""
        self.phase = float(state["phase"][0])
        self._knot = math.floor(self.phase)
        self._from, self._to = state["from"], state["to"]

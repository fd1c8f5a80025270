"""Class weights that journeys and pools carry along, on springs as the points are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.latent import spring
from engine.latent.levels import Spring

Array = NDArray[np.float64]

_STILL = 1e-6  # nearer is the same mixture


class Shares:
    """Weights of all classes for each voice, (voices, classes), 0 or more.

    A row adds up to 1 where its voice carries weights and to 0 where it does not: then what hands say holds alone.
    Springs swing over no edge: they are damped critically at least.
    """

    def __init__(self, voices: int, classes: int) -> None:
        self._x = np.zeros((voices, classes))
        self._v = np.zeros_like(self._x)
        self._goal = np.zeros_like(self._x)
        self._still = [True] * voices

    @property
    def now(self) -> Array:
        """A new array of the weights."""
        return np.maximum(self._x, 0.0)

    def begin(self, goals: Sequence[Array | None]) -> None:
        """Stand at the goals."""
        for i, goal in enumerate(goals):
            self._goal[i] = 0.0 if goal is None else goal
        self._x, self._v = self._goal.copy(), np.zeros_like(self._goal)

    def step(
        self, goals: Sequence[Array | None], moves: Sequence[bool], springs: Sequence[Spring], dts_s: Sequence[float]
    ) -> bool:
        """Carry each voice towards its goal by its spring; whether any moved.

        moves : of each voice, whether its goal went where it is in a straight line, and did not leap
        """
        moved = False
        for i, (goal, spring_, dt_s) in enumerate(zip(goals, springs, dts_s, strict=True)):
            wanted = np.zeros(self._x.shape[1]) if goal is None else goal
            way = wanted - self._goal[i]
            goes = np.count_nonzero(way) > 0
            if goes:
                self._still[i] = False
            if self._still[i]:
                continue
            speed = way / dt_s if goes and moves[i] and dt_s > 0.0 else None
            self._goal[i] = wanted
            omega, damping = spring_.omega, max(spring_.damping, 1.0)
            self._x[i], self._v[i] = spring.step(
                self._x[i], self._v[i], wanted, omega, damping, dt_s, goal_velocity=speed
            )
            rest = np.abs(self._x[i] - wanted).max() + np.abs(self._v[i]).max()
            if speed is None and rest < _STILL:
                self._x[i], self._v[i], self._still[i] = wanted, 0.0, True
            moved = True
        return moved

    def state(self) -> dict[str, Array]:
        """Where all is, how it moves and where to, (3, voices, classes)."""
        return {"shares": np.array([self._x, self._v, self._goal])}

    def restore(self, state: Array) -> None:
        """Go on from a state of the same size."""
        self._x, self._v, self._goal = np.array(state)
        self._still = [False] * len(self._still)

"""The spring that lives on the sphere: it pulls along great circles and never leaves the shell.

    D v / dt = omega^2 log_p(goal) - 2 damping omega v

Everything that happens in a step happens in the span of the point, its velocity and the goal. So a step is worked out
on a few numbers in a frame of that span, and only then written out in all d.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.latent import frame, sphere
from engine.latent.frame import FLAT, INSTANT_S, STRAIGHT_BACK, Gram, Row

Array = NDArray[np.float64]

_NUDGE_RAD = 1e-3
_NOWHERE = ((math.nan, math.nan), (math.nan, math.nan))
_REST = 1e-12  # radians a second: slower is standing


def spring_step(
    p: Array,
    v: Array,
    goal: Array,
    omega: ArrayLike,
    damping: ArrayLike,
    dt_s: float,
    *,
    goal_before: Array | None = None,
    follow: ArrayLike = True,
) -> tuple[Array, Array]:
    """Carry points and their velocities over `dt_s` by springs along the sphere.

    p, v : (..., d) unit points, and tangents there in radians a second
    goal : (..., d) where the goals stand at the end of the step
    omega, damping : scalars or (...): radians a second, ratio
    goal_before : where the goals stood at its start, when they move; None: where they are
    follow : bool or (...): True damps against the moving goal (no lag), False against the room
        (2 damping / omega seconds behind)

    The step is solved exactly in the tangent space at p. The sphere is curved, so at its end the goal lies a little off
    where the tangent space has it; that error, grown in a straight line over the step, is answered by the same exact
    spring. Exact on one great circle, second order in dt elsewhere, stable for any dt >= 0.
    |p| = 1 and <p, v> = 0 hold to rounding. A goal straight behind is reached by the way already under way.
    """
    shape, d = p.shape[:-1], p.shape[-1]
    bodies = Bodies(math.prod(shape), d)
    bodies.particles[:, 0], bodies.particles[:, 1] = p.reshape(-1, d), v.reshape(-1, d)
    bodies.goals[:] = goal.reshape(-1, d)
    moves = goal_before is not None and dt_s > INSTANT_S
    if goal_before is not None:
        bodies.befores[:] = goal_before.reshape(-1, d)
    springs = list(zip(_each(omega, shape), _each(damping, shape), strict=True))
    grams = bodies.grams(moves)
    if not grams:
        return np.full_like(p, np.nan), np.full_like(v, np.nan)
    moved = bodies.step(grams, springs, _each(follow, shape), _each(dt_s, shape))
    return moved[:, 0].reshape(p.shape), moved[:, 1].reshape(p.shape)


def _each(value: ArrayLike, shape: tuple[int, ...]) -> list[float]:
    """One number for each body."""
    array = np.broadcast_to(np.asarray(value, np.float64), shape)
    listed: list[float] = array.ravel().tolist()
    return listed


class Bodies:
    """Room for the vectors of n bodies, laid out once: what is written into the slots is what the next step reads.

    particles : (n, 2, d) points and velocities; goals, befores : (n, d), of any length but 0
    """

    def __init__(self, n: int, d: int) -> None:
        vectors = np.zeros((n, 4, d))
        self.particles, self.goals, self.befores = vectors[:, :2], vectors[:, 2], vectors[:, 3]
        self._still, self._moving = vectors[:, :3], vectors
        self._vectors = self._still

    def grams(self, moves: bool) -> list[Gram]:
        """The inner products of each body's vectors, with the goals before when goals move.

        Goals straight behind turn a little, to where the point is going. An empty list when a goal is 0 or not finite.
        """
        self._vectors = vectors = self._moving if moves else self._still
        # Without the point's own column this is no product of a matrix with itself, which BLAS does half as fast.
        grams: list[Gram] = (vectors @ vectors[:, 1:].transpose(0, 2, 1)).tolist()
        if not all(0.0 < gram[2][1] < math.inf and 0.0 < gram[-1][-1] < math.inf for gram in grams):
            return []
        for i, gram in enumerate(grams):
            if gram[0][1] < 0.0 and 1.0 + gram[0][1] / math.sqrt(gram[2][1]) < STRAIGHT_BACK:
                p, v = vectors[i, 0], vectors[i, 1]
                speed, radius = math.sqrt(gram[1][0]), math.sqrt(gram[2][1])
                ahead = v / speed if speed > 0.0 else sphere.some_tangent(p)
                vectors[i, 2] = radius * sphere.normalise(vectors[i, 2] / radius + _NUDGE_RAD * ahead)
                grams[i] = (vectors[i] @ vectors[i, 1:].T).tolist()
        return grams

    def step(
        self,
        grams: Sequence[Gram],
        springs: Sequence[tuple[float, float]],
        follow: Sequence[float],
        dts_s: Sequence[float],
    ) -> Array:
        """Each particle so long later, (n, 2, d), from what `grams` gave, by springs of (omega, damping)."""
        rows = [
            frame.step(frame.Frame(gram), frame.pull_of(omega, damping, dt_s, bool(holds), len(gram) == 4))
            for gram, (omega, damping), holds, dt_s in zip(grams, springs, follow, dts_s, strict=True)
        ]
        moved = np.array(rows) @ self._vectors
        ends = (moved @ moved[:, :1].transpose(0, 2, 1)).tolist()
        return np.asarray(np.array([_closed(qq, qv) for (qq,), (qv,) in ends]) @ moved)


def _closed(qq: float, qv: float) -> tuple[Row, Row]:
    """What takes the rounding out of a new point and its velocity: length 1, and no part of the velocity along it."""
    return ((1.0 / math.sqrt(qq), 0.0), (-qv / qq, 1.0)) if qq > 0.0 else _NOWHERE


def at_rest(gram: Gram) -> bool:
    """Whether a body whose goal stands still has arrived, as far as its inner products can tell."""
    if gram[1][0] > _REST * _REST:
        return False
    c = gram[0][1] / math.sqrt(gram[2][1])
    return c > 0.0 and 1.0 - c * c <= FLAT * FLAT

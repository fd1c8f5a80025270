"""Damped springs in closed form: any damping, any step, no explosion."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_NEAR_CRITICAL = 1e-4  # below this the trigonometric forms lose digits and a series is exact


class Transition(NamedTuple):
    """One exact step: x' = xx x + xv v, v' = vx x + vv v, with x the displacement from the goal."""

    xx: float
    xv: float
    vx: float
    vv: float


@lru_cache(maxsize=1024)
def transition(omega: float, damping: float, dt_s: float) -> Transition:
    """The matrix exponential of a damped spring over `dt_s` seconds.

    omega : radians a second, >= 0 (0 drifts freely); damping : ratio >= 0, 1 is critical.
    Two half steps are one step; a step of hours is finite. Holden, "Spring-It-On", gives the same forms.
    """
    angle = omega * dt_s
    s = (damping * damping - 1.0) * angle * angle
    if abs(s) < _NEAR_CRITICAL:
        decay = math.exp(-damping * angle)
        c = decay * (1.0 + s / 2.0 + s * s / 24.0)
        d = decay * dt_s * (1.0 + s / 6.0 + s * s / 120.0)
    elif damping < 1.0:
        decay = math.exp(-damping * angle)
        ring = omega * math.sqrt(1.0 - damping * damping)
        c = decay * math.cos(ring * dt_s)
        d = decay * math.sin(ring * dt_s) / ring
    else:
        root = math.sqrt(damping * damping - 1.0)
        # -1 / (damping + root) is root - damping without the cancellation
        slow = math.exp(-angle / (damping + root))
        fast = math.exp(-angle * (damping + root))
        c = 0.5 * (slow + fast)
        d = 0.5 * (slow - fast) / (omega * root)
    drag = damping * omega
    return Transition(c + d * drag, d, -d * omega * omega, c - d * drag)


def transitions(omega: ArrayLike, damping: ArrayLike, dt_s: float) -> Array:
    """`transition` for each element of two arrays that broadcast: (4, ...). For one spring a band, not one a number."""
    omegas, dampings = np.broadcast_arrays(np.asarray(omega, np.float64), np.asarray(damping, np.float64))
    rows = [transition(w, z, dt_s) for w, z in zip(omegas.ravel().tolist(), dampings.ravel().tolist(), strict=True)]
    return np.array(rows, np.float64).T.reshape(4, *omegas.shape)


def step(
    x: Array,
    v: Array,
    goal: ArrayLike,
    omega: ArrayLike,
    damping: ArrayLike,
    dt_s: float,
    *,
    goal_velocity: Array | None = None,
    follow: bool = True,
    out: tuple[Array, Array] | None = None,
) -> tuple[Array, Array]:
    """Carry `x` and `v` over `dt_s` towards `goal`, exactly.

    goal : where the goal stands at the end of the step
    omega, damping : scalars, or arrays that broadcast against x
    goal_velocity : how fast the goal came there in a straight line; None is a goal that stands still
    follow : the damper holds on to the moving goal, so there is no lag; False: to the room, so the point
        trails 2 damping / omega seconds behind
    out : two arrays like x to write into (they may be x and v themselves)
    """
    xx, xv, vx, vv = _coefficients(omega, damping, dt_s)
    end: Array = np.asarray(goal, np.float64)
    start = end
    if goal_velocity is not None:
        start = end - goal_velocity * dt_s
        v = v - goal_velocity
        if not follow:
            behind = _lag_s(omega, damping) * goal_velocity
            start, end = start - behind, end - behind
    away = x - start
    x1 = np.multiply(xx, away, out=out[0] if out else None)
    x1 += xv * v
    x1 += end
    v1 = np.multiply(vv, v, out=out[1] if out else None)
    v1 += vx * away
    if goal_velocity is not None:
        v1 += goal_velocity
    return x1, v1


def _coefficients(omega: ArrayLike, damping: ArrayLike, dt_s: float) -> Transition | Array:
    if isinstance(omega, float | int) and isinstance(damping, float | int):
        return transition(omega, damping, dt_s)
    return transitions(omega, damping, dt_s)


def _lag_s(omega: ArrayLike, damping: ArrayLike) -> Array:
    """How far a spring trails a ramp; a spring of frequency 0 pulls at nothing, so it has no lag to speak of."""
    omegas = np.asarray(omega, np.float64)
    return np.where(omegas > 0.0, 2.0 * np.asarray(damping, np.float64) / np.where(omegas > 0.0, omegas, 1.0), 0.0)

"""The unit sphere: logarithm, exponential, transport, and a spring that never leaves it.

Points and tangents are (..., d) float64; the last axis is the space. Formulas as in Manopt and geomstats.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.latent import spring

Array = NDArray[np.float64]

_TINY = 1e-300
_ANTIPODAL = 1e-9  # |sin| of an angle so close to pi that the way there has no direction


def dot(a: Array, b: Array) -> Array:
    """The inner product over the last axis, kept as (..., 1)."""
    return np.asarray(np.einsum("...i,...i->...", a, b))[..., None]


def norm(a: Array) -> Array:
    """The length over the last axis, kept as (..., 1)."""
    return np.sqrt(dot(a, a))


def normalise(a: Array) -> Array:
    """The point of the sphere in the direction of `a`; what has no direction becomes the first axis."""
    length = norm(a)
    if (length > 0.0).all():
        return a / length
    pole = np.zeros(a.shape[-1])
    pole[0] = 1.0
    return np.where(length > 0.0, a / np.where(length > 0.0, length, 1.0), pole)


def log(p: Array, g: Array) -> Array:
    """The tangent at `p` that leads to `g`; its length is the angle between them, 0 to pi.

    For a goal exactly opposite every way is as short: the one along the axis where p is smallest is taken, always.
    """
    c = dot(p, g)
    u = g - c * p
    s = norm(u)
    if ((s < _ANTIPODAL) & (c < 0.0)).any():
        away = np.where((s < _ANTIPODAL) & (c < 0.0), _some_tangent(p), 0.0)
        u = np.where(away.any(-1, keepdims=True), away, u)
        s_unit = norm(u)
        return np.asarray(u * (np.arctan2(s, c) / np.maximum(s_unit, _TINY)))
    # atan2, not acos: accurate at both ends
    return np.asarray(u * (np.arctan2(s, c) / np.maximum(s, _TINY)))


def exp(p: Array, xi: Array) -> Array:
    """Where the great circle from `p` along the tangent `xi` ends; renormalised, so errors never add up."""
    angle = norm(xi)
    q = np.cos(angle) * p + np.sinc(angle / np.pi) * xi
    return np.asarray(q / norm(q))


def transport(p: Array, xi: Array, w: Array) -> Array:
    """Carry the tangent `w` from `p` along `xi` without turning it."""
    angle = norm(xi)
    e = xi / np.maximum(angle, _TINY)
    along = dot(e, w)
    return np.asarray(w + along * ((np.cos(angle) - 1.0) * e - np.sin(angle) * p))


def tangent(p: Array, w: Array) -> Array:
    """The part of `w` that touches the sphere at `p`."""
    return np.asarray(w - dot(p, w) * p)


def slerp(a: Array, b: Array, t: ArrayLike) -> Array:
    """The point at fraction `t` of the way from `a` to `b`, at constant speed.

    How latent films are usually cut: each leg starts and stops dead. The spring mends that.
    """
    return exp(a, np.asarray(t, np.float64) * log(a, b))


def angle(a: Array, b: Array) -> Array:
    """The angle between points in radians, (...)."""
    return np.asarray(norm(log(a, b))[..., 0])


def spring_step(
    p: Array,
    v: Array,
    goal: Array,
    omega: ArrayLike,
    damping: ArrayLike,
    dt_s: float,
    *,
    goal_before: Array | None = None,
    follow: bool = True,
) -> tuple[Array, Array]:
    """Carry a point and its velocity over `dt_s` by a spring along the sphere.

    p, v : (..., d) a point, and a tangent there in radians a second
    omega, damping : scalars, or (..., 1)
    goal_before : where the goal stood at the start of the step, when it moves; None: it stood at `goal`
    follow : as in `spring.step`

    D v / dt = omega^2 log_p(goal) - 2 damping omega v, solved exactly in the tangent space at p. The sphere is curved, so
    at the end the goal lies a little off where the tangent space has it; that error, grown in a straight line over the
    step, is answered by the same exact spring. Exact on one great circle, second order in dt elsewhere, stable for any
    dt. |p| = 1 and <p, v> = 0 hold to rounding.
    """
    ahead = log(p, goal)
    velocity = None
    if goal_before is not None and dt_s > 0.0:
        velocity = (ahead - log(p, goal_before)) / dt_s
    at_rest = np.zeros_like(p)
    xi, v1 = spring.step(at_rest, v, ahead, omega, damping, dt_s, goal_velocity=velocity, follow=follow)
    if dt_s > 0.0:
        off = _transport_back(p, xi, log(exp(p, xi), goal)) + xi - ahead
        bend, bend_v = spring.step(
            at_rest, at_rest, off, omega, damping, dt_s, goal_velocity=off / dt_s, follow=False
        )
        xi, v1 = xi + bend, v1 + bend_v
    q = exp(p, xi)
    return q, tangent(q, transport(p, xi, v1))


def _transport_back(p: Array, xi: Array, w: Array) -> Array:
    """The inverse of `transport`: from the end of `xi` back to `p`."""
    angle = norm(xi)
    e = xi / np.maximum(angle, _TINY)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(w + dot(cos * e - sin * p, w) * ((1.0 - cos) * e + sin * p))


def _some_tangent(p: Array) -> Array:
    axis = np.zeros_like(p)
    np.put_along_axis(axis, np.abs(p).argmin(-1, keepdims=True), 1.0, -1)
    return tangent(p, axis)

"""The unit sphere: logarithm, exponential, parallel transport, slerp.

Points and tangents are (..., d) float64; the last axis is the space. Formulas as in Manopt and geomstats.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
        away = np.where((s < _ANTIPODAL) & (c < 0.0), some_tangent(p), 0.0)
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


def some_tangent(p: Array) -> Array:
    """A tangent at `p` that is always the same for the same `p`: along the axis where p is smallest."""
    axis = np.zeros_like(p)
    np.put_along_axis(axis, np.abs(p).argmin(-1, keepdims=True), 1.0, -1)
    return tangent(p, axis)

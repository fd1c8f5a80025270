"""The spring that lives on the sphere: it pulls along great circles and never leaves the shell.

    D v / dt = omega^2 log_p(goal) - 2 damping omega v

Everything that happens in a step happens in the span of the point, its velocity and the goal. So a step is worked out
on a few numbers in a frame of that span, and only then written out in all d.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.latent import sphere
from engine.latent.spring import Transition, transition

Array = NDArray[np.float64]

_STRAIGHT_BACK = 1e-12  # 1 + cos of an angle so close to pi that the way to the goal has no safe direction
_NUDGE_RAD = 1e-3
INSTANT_S = 1e-9  # in less time nothing turns, and no speed can be told from two places
_FLAT = 1e-7  # what leaves a plane by less than this lies in it: its direction would be rounding


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
    moves = goal_before is not None and dt_s > INSTANT_S
    vectors = np.empty((*shape, 4 if moves else 3, d))
    vectors[..., 0, :], vectors[..., 1, :], vectors[..., 2, :] = p, v, goal
    if moves:
        vectors[..., 3, :] = goal_before
    vectors = vectors.reshape(-1, vectors.shape[-2], d)
    grams = _grams(vectors)
    rows = [
        _step(_Frame(gram), transition(w, z, dt_s), 2.0 * z / w if w > 0.0 else 0.0, dt_s, bool(holds))
        for gram, w, z, holds in zip(
            grams, _each(omega, shape), _each(damping, shape), _each(follow, shape), strict=True
        )
    ]
    moved = np.ascontiguousarray((np.array(rows) @ vectors).transpose(1, 0, 2))
    q = moved[0] / sphere.norm(moved[0])
    v1 = sphere.tangent(q, moved[1])
    return q.reshape(p.shape), v1.reshape(p.shape)


def _each(value: ArrayLike, shape: tuple[int, ...]) -> list[float]:
    """One number for each body."""
    if isinstance(value, bool | float | int):
        return [float(value)] * math.prod(shape)
    array = np.asarray(value)
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    listed: list[float] = array.ravel().tolist()
    return listed


def _grams(vectors: Array) -> list[list[list[float]]]:
    """The inner products of each body's vectors. Goals straight behind move a little, to where the point is going."""
    grams: list[list[list[float]]] = np.einsum("bid,bjd->bij", vectors, vectors).tolist()
    behind = [i for i, gram in enumerate(grams) if 1.0 + gram[0][2] < _STRAIGHT_BACK]
    for i in behind:
        p, v = vectors[i, 0], vectors[i, 1]
        speed = math.sqrt(grams[i][1][1])
        ahead = v / speed if speed > 0.0 else sphere.some_tangent(p)
        vectors[i, 2] = sphere.normalise(vectors[i, 2] + _NUDGE_RAD * ahead)
        grams[i] = (vectors[i] @ vectors[i].T).tolist()
    return grams


class _Frame:
    """An orthonormal frame (point, e1, e2, e3) of the span of (point, velocity, goal, goal before)."""

    __slots__ = ("before", "c", "goal", "speed")

    def __init__(self, gram: list[list[float]]) -> None:
        """From the inner products of the vectors; what lies in the span of those before it gets no axis."""
        self.speed = speed = math.sqrt(gram[1][1])
        self.c = c = gram[0][2]
        a = gram[1][2] / speed if speed > 0.0 else 0.0
        b = _rest(gram[2][2] - c * c - a * a)
        self.goal = (a, b)
        self.before: tuple[float, float, float, float] | None = None
        if len(gram) == 4:
            c0 = gram[0][3]
            a0 = gram[1][3] / speed if speed > 0.0 else 0.0
            b0 = (gram[2][3] - c * c0 - a * a0) / b if b > 0.0 else 0.0
            self.before = (c0, a0, b0, _rest(gram[3][3] - c0 * c0 - a0 * a0 - b0 * b0))

    def write(self, w: float, x: float, y: float, z: float) -> list[float]:
        """w point + x e1 + y e2 + z e3 as coefficients of the vectors themselves."""
        a, b = self.goal
        row = []
        if self.before is not None:
            c0, a0, b0, d0 = self.before
            k = z / d0 if d0 > 0.0 else 0.0
            w, x, y = w - k * c0, x - k * a0, y - k * b0
            row = [k]
        k = y / b if b > 0.0 else 0.0
        w, x = w - k * self.c, x - k * a
        return [w, x / self.speed if self.speed > 0.0 else 0.0, k, *row]


def _rest(square: float) -> float:
    return math.sqrt(square) if square > _FLAT * _FLAT else 0.0


def _step(frame: _Frame, m: Transition, lag_s: float, dt_s: float, follow: bool) -> tuple[list[float], list[float]]:
    """The new point and velocity as coefficients. Tangents are (x, y, z) in the frame; the point is at the origin."""
    stretch = _angle_over_sine(frame.c)
    gx, gy = frame.goal[0] * stretch, frame.goal[1] * stretch
    ux = uy = uz = 0.0
    if frame.before is not None:
        c0, a0, b0, d0 = frame.before
        stretch = _angle_over_sine(c0)
        ux, uy, uz = (gx - a0 * stretch) / dt_s, (gy - b0 * stretch) / dt_s, -d0 * stretch / dt_s
    # Relative to the goal (minus the lag when the damper holds on to the room), which moves at u and ends at g.
    behind_s = 0.0 if follow else lag_s
    ex, ey, ez = gx - behind_s * ux, gy - behind_s * uy, -behind_s * uz
    away_s = behind_s + dt_s
    rx, ry, rz = away_s * ux - gx, away_s * uy - gy, away_s * uz
    vx, vy, vz = frame.speed - ux, -uy, -uz
    x, y, z = m.xx * rx + m.xv * vx + ex, m.xx * ry + m.xv * vy + ey, m.xx * rz + m.xv * vz + ez
    vx, vy, vz = m.vx * rx + m.vv * vx + ux, m.vx * ry + m.vv * vy + uy, m.vx * rz + m.vv * vz + uz
    if dt_s > INSTANT_S:
        ox, oy, oz = _off(frame, x, y, z, gx, gy)
        bend = 1.0 + ((m.xx - 1.0) * lag_s - m.xv) / dt_s
        bend_v = (1.0 + m.vx * lag_s - m.vv) / dt_s
        x, y, z = x + bend * ox, y + bend * oy, z + bend * oz
        vx, vy, vz = vx + bend_v * ox, vy + bend_v * oy, vz + bend_v * oz
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return frame.write(1.0, 0.0, 0.0, 0.0), frame.write(0.0, vx, vy, vz)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y, z = x / angle, y / angle, z / angle
    along = x * vx + y * vy + z * vz
    turn = along * (cos - 1.0)
    return (
        frame.write(cos, sin * x, sin * y, sin * z),
        frame.write(-along * sin, vx + turn * x, vy + turn * y, vz + turn * z),
    )


def _off(frame: _Frame, x: float, y: float, z: float, gx: float, gy: float) -> tuple[float, float, float]:
    """Where the goal lies from the end of (x, y, z), carried back to its start, less where flat space has it."""
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return 0.0, 0.0, 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    ex, ey, ez = x / angle, y / angle, z / angle
    a, b = frame.goal
    forward = ex * a + ey * b
    c = cos * frame.c + sin * forward
    if 1.0 + c < _STRAIGHT_BACK:
        return 0.0, 0.0, 0.0
    stretch = _angle_over_sine(c)
    # Across the motion the goal's components stay as they are; along it, the frame has turned by the angle.
    along = cos * forward - sin * frame.c - forward
    return (
        stretch * (a + along * ex) + x - gx,
        stretch * (b + along * ey) + y - gy,
        stretch * along * ez + z,
    )


def _angle_over_sine(c: float) -> float:
    """theta / sin theta from cos theta: smooth at 0, where it is 1, so the square root loses nothing there."""
    s2 = (1.0 - c) * (1.0 + c)
    if s2 <= 1e-15:
        return 1.0
    s = math.sqrt(s2)
    return math.atan2(s, c) / s

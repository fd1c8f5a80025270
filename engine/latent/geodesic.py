"""The spring that lives on the sphere: it pulls along great circles and never leaves the shell.

    D v / dt = omega^2 log_p(goal) - 2 damping omega v

Everything that happens in a step happens in the span of the point, its velocity and the goal. So a step is worked out
on a few numbers in a frame of that span, and only then written out in all d.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.latent import sphere
from engine.latent.spring import Transition, transition

Array = NDArray[np.float64]
Gram = list[list[float]]  # of point, velocity, goal (and goal before) with all of them but the point
Row = tuple[float, ...]

_STRAIGHT_BACK = 1e-12  # 1 + cos of an angle so close to pi that the way to the goal has no safe direction
_NUDGE_RAD = 1e-3
_NOWHERE = ((math.nan, math.nan), (math.nan, math.nan))
_DRIFTING = 1e-100  # radians a second: a spring this slow trails nothing, and its lag would overflow
INSTANT_S = 1e-9  # in less time nothing turns, and no speed can be told from two places
_REST = 1e-12  # radians a second: slower is standing
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
    moved = bodies.step(grams, springs, _each(follow, shape), dt_s)
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
            if gram[0][1] < 0.0 and 1.0 + gram[0][1] / math.sqrt(gram[2][1]) < _STRAIGHT_BACK:
                p, v = vectors[i, 0], vectors[i, 1]
                speed, radius = math.sqrt(gram[1][0]), math.sqrt(gram[2][1])
                ahead = v / speed if speed > 0.0 else sphere.some_tangent(p)
                vectors[i, 2] = radius * sphere.normalise(vectors[i, 2] / radius + _NUDGE_RAD * ahead)
                grams[i] = (vectors[i] @ vectors[i, 1:].T).tolist()
        return grams

    def step(
        self, grams: Sequence[Gram], springs: Sequence[tuple[float, float]], follow: Sequence[float], dt_s: float
    ) -> Array:
        """The particles `dt_s` later, (n, 2, d), from what `grams` gave, by springs of (omega, damping)."""
        rows = [
            _step(_Frame(gram), transition(w, z, dt_s), 2.0 * z / w if w > _DRIFTING else 0.0, dt_s, bool(holds))
            for gram, (w, z), holds in zip(grams, springs, follow, strict=True)
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
    return c > 0.0 and 1.0 - c * c <= _FLAT * _FLAT


class _Frame:
    """An orthonormal frame (point, e1, e2, e3) of the span of (point, velocity, goal, goal before)."""

    __slots__ = ("a", "b", "before", "c", "radius", "radius_before", "speed")

    def __init__(self, gram: Gram) -> None:
        """From the inner products of the vectors; what lies in the span of those before it gets no axis."""
        point, velocity, goal = gram[0], gram[1], gram[2]
        self.speed = speed = math.sqrt(velocity[0])
        self.radius = radius = math.sqrt(goal[1])
        self.c = c = point[1] / radius
        self.a = a = velocity[1] / (speed * radius) if speed > 0.0 else 0.0
        self.b = b = _rest(1.0 - c * c - a * a)
        self.before: tuple[float, float, float, float] | None = None
        self.radius_before = 1.0
        if len(gram) == 4:
            self.radius_before = radius_before = math.sqrt(gram[3][2])
            c0 = point[2] / radius_before
            a0 = velocity[2] / (speed * radius_before) if speed > 0.0 else 0.0
            b0 = (goal[2] / (radius * radius_before) - c * c0 - a * a0) / b if b > 0.0 else 0.0
            self.before = (c0, a0, b0, _rest(1.0 - c0 * c0 - a0 * a0 - b0 * b0))

    def write(self, w: float, x: float, y: float, z: float) -> Row:
        """w point + x e1 + y e2 + z e3 as coefficients of the vectors themselves."""
        row: Row = ()
        if self.before is not None:
            c0, a0, b0, d0 = self.before
            k = z / d0 if d0 > 0.0 else 0.0
            w, x, y = w - k * c0, x - k * a0, y - k * b0
            row = (k / self.radius_before,)
        k = y / self.b if self.b > 0.0 else 0.0
        w, x = w - k * self.c, x - k * self.a
        return (w, x / self.speed if self.speed > 0.0 else 0.0, k / self.radius, *row)


def _rest(square: float) -> float:
    return math.sqrt(square) if square > _FLAT * _FLAT else 0.0


def _step(frame: _Frame, m: Transition, lag_s: float, dt_s: float, follow: bool) -> tuple[Row, Row]:
    """The new point and velocity as coefficients. Tangents are (x, y, z) in the frame; the point is at the origin."""
    stretch = _angle_over_sine(frame.c)
    gx, gy = frame.a * stretch, frame.b * stretch
    ux = uy = uz = 0.0
    if frame.before is not None:
        c0, a0, b0, d0 = frame.before
        stretch = _angle_over_sine(c0)
        ux, uy, uz = (gx - a0 * stretch) / dt_s, (gy - b0 * stretch) / dt_s, -d0 * stretch / dt_s
    xx, xv, vx, vv = m
    # Relative to the goal (minus the lag when the damper holds on to the room), which moves at u and ends at g.
    behind_s = 0.0 if follow else lag_s
    ex, ey, ez = gx - behind_s * ux, gy - behind_s * uy, -behind_s * uz
    away_s = behind_s + dt_s
    rx, ry, rz = away_s * ux - gx, away_s * uy - gy, away_s * uz
    sx, sy, sz = frame.speed - ux, -uy, -uz
    x, y, z = xx * rx + xv * sx + ex, xx * ry + xv * sy + ey, xx * rz + xv * sz + ez
    sx, sy, sz = vx * rx + vv * sx + ux, vx * ry + vv * sy + uy, vx * rz + vv * sz + uz
    if dt_s > INSTANT_S:
        ox, oy, oz = _off(frame, x, y, z, gx, gy)
        bend = 1.0 + ((xx - 1.0) * lag_s - xv) / dt_s
        bend_v = (1.0 + vx * lag_s - vv) / dt_s
        x, y, z = x + bend * ox, y + bend * oy, z + bend * oz
        sx, sy, sz = sx + bend_v * ox, sy + bend_v * oy, sz + bend_v * oz
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return frame.write(1.0, 0.0, 0.0, 0.0), frame.write(0.0, sx, sy, sz)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y, z = x / angle, y / angle, z / angle
    along = x * sx + y * sy + z * sz
    turn = along * (cos - 1.0)
    return (
        frame.write(cos, sin * x, sin * y, sin * z),
        frame.write(-along * sin, sx + turn * x, sy + turn * y, sz + turn * z),
    )


def _off(frame: _Frame, x: float, y: float, z: float, gx: float, gy: float) -> tuple[float, float, float]:
    """Where the goal lies from the end of (x, y, z), carried back to its start, less where flat space has it."""
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return 0.0, 0.0, 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    ex, ey, ez = x / angle, y / angle, z / angle
    a, b = frame.a, frame.b
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

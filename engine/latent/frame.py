"""One body's step on the sphere, worked out on a few numbers in a frame of the span where everything happens."""

import math
from functools import lru_cache
from typing import NamedTuple

from engine.latent.spring import transition

Gram = list[list[float]]  # of point, velocity, goal (and goal before) with all of them but the point
Row = tuple[float, ...]

STRAIGHT_BACK = 1e-12  # 1 + cos of an angle so close to pi that the way to the goal has no safe direction
INSTANT_S = 1e-9  # in less time nothing turns, and no speed can be told from two places
FLAT = 1e-7  # what leaves a plane by less than this lies in it: its direction would be rounding
_DRIFTING = 1e-100  # radians a second: a spring this slow trails nothing, and its lag would overflow


class Pull(NamedTuple):
    """A spring's step in the tangent space: what a place, its velocity and its error at the end are made of."""

    goal: float
    before: float
    velocity: float
    goal_v: float
    before_v: float
    velocity_v: float
    off: float
    off_v: float


@lru_cache(maxsize=1024)
def pull_of(omega: float, damping: float, dt_s: float, follow: bool, moves: bool) -> Pull:
    """The step of a spring whose goal goes in a straight line from `before` to `goal`, or stands still.

    The spring is solved relative to the goal (minus the lag when the damper holds on to the room), which moves at
    u = (goal - before) / dt and ends at goal. `off` answers an error of the goal that grows from 0 over the step.
    """
    xx, xv, vx, vv = transition(omega, damping, dt_s)
    if dt_s <= INSTANT_S:
        return Pull(1.0 - xx, 0.0, xv, -vx, 0.0, vv, 0.0, 0.0)
    lag_s = 2.0 * damping / omega if omega > _DRIFTING else 0.0
    behind_s = 0.0 if follow else lag_s
    moved = (xx * (behind_s + dt_s) - xv - behind_s) / dt_s if moves else 0.0
    moved_v = (vx * (behind_s + dt_s) - vv + 1.0) / dt_s if moves else 0.0
    off = 1.0 + ((xx - 1.0) * lag_s - xv) / dt_s
    off_v = (1.0 + vx * lag_s - vv) / dt_s
    return Pull(1.0 - xx + moved, -moved, xv, moved_v - vx, -moved_v, vv, off, off_v)


class Frame:
    """An orthonormal frame (point, e1, e2, e3) of the span of (point, velocity, goal, goal before).

    goal is (c, a, b, 0) in it and goal before (c0, a0, b0, d0); `per` are the inverses of the lengths that axes were
    made from, 0 for an axis that there is not.
    """

    __slots__ = ("a", "b", "before", "c", "per_b", "per_d0", "per_goal", "per_before", "per_speed", "speed")

    def __init__(self, gram: Gram) -> None:
        """From the inner products of the vectors; what lies in the span of those before it gets no axis."""
        point, velocity, goal = gram[0], gram[1], gram[2]
        self.speed = speed = math.sqrt(velocity[0])
        self.per_speed = per_speed = 1.0 / speed if speed > 0.0 else 0.0
        self.per_goal = per_goal = 1.0 / math.sqrt(goal[1])
        self.c = c = point[1] * per_goal
        self.a = a = velocity[1] * per_speed * per_goal
        self.b = b = _rest(1.0 - c * c - a * a)
        self.per_b = per_b = 1.0 / b if b > 0.0 else 0.0
        self.before: tuple[float, float, float, float] | None = None
        if len(gram) == 4:
            self.per_before = per_before = 1.0 / math.sqrt(gram[3][2])
            c0 = point[2] * per_before
            a0 = velocity[2] * per_speed * per_before
            b0 = (goal[2] * per_goal * per_before - c * c0 - a * a0) * per_b
            d0 = _rest(1.0 - c0 * c0 - a0 * a0 - b0 * b0)
            self.per_d0 = 1.0 / d0 if d0 > 0.0 else 0.0
            self.before = (c0, a0, b0, d0)

    def write(self, w: float, x: float, y: float, z: float) -> Row:
        """w point + x e1 + y e2 + z e3 as coefficients of the vectors themselves."""
        if self.before is None:
            k = y * self.per_b
            return (w - k * self.c, (x - k * self.a) * self.per_speed, k * self.per_goal)
        c0, a0, b0, _ = self.before
        h = z * self.per_d0
        k = (y - h * b0) * self.per_b
        return (
            w - h * c0 - k * self.c,
            (x - h * a0 - k * self.a) * self.per_speed,
            k * self.per_goal,
            h * self.per_before,
        )


def _rest(square: float) -> float:
    return math.sqrt(square) if square > FLAT * FLAT else 0.0


def step(frame: Frame, pull: Pull) -> tuple[Row, Row]:
    """The new point and velocity as coefficients. Tangents are (x, y, z) in the frame; the point is at the origin."""
    goal, before, velocity, goal_v, before_v, velocity_v, off, off_v = pull
    stretch = _angle_over_sine(frame.c)
    gx, gy = frame.a * stretch, frame.b * stretch
    speed = frame.speed
    x, y, z = goal * gx + velocity * speed, goal * gy, 0.0
    vx, vy, vz = goal_v * gx + velocity_v * speed, goal_v * gy, 0.0
    if frame.before is not None:
        c0, a0, b0, d0 = frame.before
        stretch = _angle_over_sine(c0)
        a0, b0, d0 = a0 * stretch, b0 * stretch, d0 * stretch
        x, y, z = x + before * a0, y + before * b0, before * d0
        vx, vy, vz = vx + before_v * a0, vy + before_v * b0, before_v * d0
    if off != 0.0:
        ox, oy, oz = _off(frame, x, y, z, gx, gy)
        x, y, z = x + off * ox, y + off * oy, z + off * oz
        vx, vy, vz = vx + off_v * ox, vy + off_v * oy, vz + off_v * oz
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


def _off(frame: Frame, x: float, y: float, z: float, gx: float, gy: float) -> tuple[float, float, float]:
    """Where the goal lies from the end of (x, y, z), carried back to its start, less where flat space has it."""
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return 0.0, 0.0, 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    ex, ey, ez = x / angle, y / angle, z / angle
    a, b = frame.a, frame.b
    forward = ex * a + ey * b
    c = cos * frame.c + sin * forward
    if 1.0 + c < STRAIGHT_BACK:
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

"""Keys on springs: each draws in turn, and the velocity never jumps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.latent import geodesic, sphere, spring
from engine.studio.journey.trajectories import BLOCK, Keys, normalised
from engine.studio.pace import Array, Block

ARRIVED = 4.6  # exp(-4.6) is 0.01
FORGOTTEN = 20.0  # exp(-20): what a closed way still knows of how it was entered


@dataclass(frozen=True, slots=True)
class Pull:
    """How springs pull.

    frequency_hz : None: of each leg, so that it is gone when the next begins: but for 1 % of it with a damping of 0.7,
        for 6 % with 1
    damping : ratio; 1 is critical, less swings past the keys
    """

    frequency_hz: float | None = None
    damping: float = 0.7

    def omega(self, leg_s: float) -> float:
        """Radians a second on a leg of so many seconds."""
        if self.frequency_hz is not None:
            return 2.0 * math.pi * self.frequency_hz
        return ARRIVED / (leg_s * self.rate)

    @property
    def rate(self) -> float:
        """How quickly a spring of 1 radian a second forgets where it was, to 1/e, in 1/s."""
        over = self.damping * self.damping - 1.0
        return self.damping if over <= 0.0 else 1.0 / (self.damping + math.sqrt(over))


def by_spring(keys: Keys, fps: float, pull: Pull) -> Iterator[Block]:
    """From rest at the first key; at each key's time the next one begins to draw.

    z keeps to the shell by the geodesic spring; lengths and class weights have critical springs of the same frequency,
    which never leave the range of the keys. A closed way is entered long enough before, so that it ends as it began.
    InputError for a z of length 0, which has no direction.
    """
    weighted = keys.weights is not None
    first = -_legs_before(keys, fps, pull) if keys.closed else 0
    body = _Bodies(keys, first)
    ends, starts = keys.ends, keys.at
    rows: list[Array] = []
    weights: list[Array] = []
    if first == 0:
        rows.append(body.row())
        weights.extend([body.classes()] if weighted else [])
    for leg in range(first, len(keys)):
        own = leg % len(keys)
        frames = int(ends[own] - starts[own])
        if keys.closed or own < len(keys) - 1:  # behind an open end the last spring goes on
            body.draw(leg + 1, pull.omega(frames / fps), pull.damping)
        for frame in range(frames):
            body.step(1.0 / fps)
            last = leg == len(keys) - 1 and frame == frames - 1
            if leg < 0 and not (leg == -1 and frame == frames - 1) or last:
                continue
            rows.append(body.row())
            weights.extend([body.classes()] if weighted else [])
            if len(rows) == BLOCK:
                yield np.array(rows), np.array(weights) if weighted else None
                rows, weights = [], []
    if rows:
        yield np.array(rows), np.array(weights) if weighted else None


def _legs_before(keys: Keys, fps: float, pull: Pull) -> int:
    """How many legs before the first key a closed way is entered."""
    left, legs, lengths = FORGOTTEN, 0, (keys.ends - keys.at) / fps
    while left > 0.0 and legs < 100 * len(keys):
        legs += 1
        leg_s = float(lengths[-legs % len(keys)])
        left -= pull.rate * pull.omega(leg_s) * leg_s
    return legs


class _Bodies:
    """The point, its length and its class weights, each on its spring."""

    def __init__(self, keys: Keys, key: int) -> None:
        self._keys, self._on_shell = keys, keys.source.ndim == 2
        self._goal, self._log, self._weights = self._key(key)
        self._at, self._v = self._goal, np.zeros_like(self._goal)
        self._log_at, self._log_v = self._log, np.zeros_like(self._log)
        self._weights_at, self._weights_v = self._weights, np.zeros_like(self._weights)
        self._omega = self._damping = 1.0

    def _key(self, key: int) -> tuple[Array, Array, Array]:
        """The direction of a key, or its w; the logarithm of its length; its class weights."""
        number = np.array([key])
        row, classes = self._keys.rows(number)[0], self._keys.classes(number)
        weights = np.zeros(0) if classes is None else classes[0]
        if not self._on_shell:
            return row, np.zeros(0), weights
        length = sphere.norm(row)
        if not length > 0.0:
            raise InputError("a key whose z is 0 has no direction to be drawn to; leave it out, or use --way slerp")
        return row / length, np.log(length), weights

    def draw(self, key: int, omega: float, damping: float) -> None:
        """From now on this key draws."""
        self._goal, self._log, self._weights = self._key(key)
        self._omega, self._damping = omega, damping

    def step(self, dt_s: float) -> None:
        """Go on."""
        move = geodesic.spring_step if self._on_shell else spring.step
        self._at, self._v = move(self._at, self._v, self._goal, self._omega, self._damping, dt_s)
        critical = max(1.0, self._damping)
        self._log_at, self._log_v = spring.step(self._log_at, self._log_v, self._log, self._omega, critical, dt_s)
        if self._weights.size:
            self._weights_at, self._weights_v = spring.step(
                self._weights_at, self._weights_v, self._weights, self._omega, critical, dt_s
            )

    def row(self) -> Array:
        """Where the point is."""
        return self._at * np.exp(self._log_at) if self._on_shell else self._at

    def classes(self) -> Array:
        """What weight each class has."""
        return normalised(self._weights_at)

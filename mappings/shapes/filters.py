"""Shapes that follow their signal through time. All but one-euro and delay are exact for any length of step."""

import math
from collections.abc import Sequence

import numpy as np

from mappings.shapes.grammar import DELAY_S
from mappings.shapes.kernel import F64, Memory, Op, Rows, Tick, Times, column

GAP_S = 1.0  # one-euro begins anew where its signal paused for longer
GRAIN_S = 0.002  # a step of the signals loop; what a delay's memory is laid out for
SIGMAS = 8.0  # what a z-score is clipped to
_SLOWEST_BPM = 30.0


class Smooth(Memory):
    """One pole: comes 63 % of the way in T. y -> x + (y - x) e^(-dt/T)."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._times = Times(ops)
        self._y: F64 = np.zeros(len(ops))
        self._keep = self._y

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = x[rows]

    def _step(self, x: F64, tick: Tick) -> None:
        if self._times.changed(tick):
            self._keep = np.exp(-tick.dt_s / self._times.seconds(tick))
        y = self._y
        np.subtract(y, x, out=y)
        np.multiply(y, self._keep, out=y)
        np.add(x, y, out=x)
        y[:] = x


class Attack(Memory):
    """One pole with a time on the way up and another on the way down."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._up, self._down = Times(ops, 0), Times(ops, 1)
        self._y: F64 = np.zeros(len(ops))
        self._keep_down = self._more_up = self._y

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = x[rows]

    def _step(self, x: F64, tick: Tick) -> None:
        changed = self._up.changed(tick), self._down.changed(tick)
        if any(changed):
            self._keep_down = np.exp(-tick.dt_s / self._down.seconds(tick))
            self._more_up = np.exp(-tick.dt_s / self._up.seconds(tick)) - self._keep_down
        y = self._y
        np.subtract(y, x, out=y)
        np.multiply(y, self._keep_down + self._more_up * (y < 0), out=y)
        np.add(x, y, out=x)
        y[:] = x


class OneEuro(Memory):
    """Casiez, Roussel, Vogel 2012: still when the signal is still, quick when it is quick.

    A signal that stands first in its route is filtered at its own times, so that Te is the true time between
    two messages; after another filter every step is a sample.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        mincutoff, beta, dcutoff = (column(ops, i) for i in range(3))
        self._omega, self._omega_per_speed = 2 * math.pi * mincutoff, 2 * math.pi * beta
        self._tau = 1 / (2 * math.pi * dcutoff)
        self._inputs: Rows = np.array([op.inputs[0] if op.inputs else 0 for op in ops], np.intp)
        self._every_step: Rows = np.array([i for i, op in enumerate(ops) if not op.inputs], np.intp)
        self._y, self._x, self._speed, self._last_s = (np.zeros(len(ops)) for _ in range(4))

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = self._x[rows] = x[rows]
        self._speed[rows] = 0.0
        self._last_s[rows] = self._sampled_s(tick)[rows]

    def _sampled_s(self, tick: Tick) -> F64:
        sampled_s = tick.times_s.take(self._inputs)
        if self._every_step.size:
            sampled_s[self._every_step] = tick.now_s
        return sampled_s

    def _step(self, x: F64, tick: Tick) -> None:
        sampled_s = self._sampled_s(tick)
        te = np.maximum(sampled_s - self._last_s, 0.0)  # 0 where nothing new came: every gain below is then 0
        longest_s = te.max()
        speed, y = self._speed, self._y
        if longest_s == 0.0:
            x[:] = y
            return
        self._last_s = sampled_s
        measured = (x - self._x) / np.maximum(te, 1e-9)
        self._x[:] = x
        speed += (measured - speed) * (te / (te + self._tau))
        turn = te * (self._omega + self._omega_per_speed * np.abs(speed))
        y += (x - y) * (turn / (1 + turn))
        if longest_s > GAP_S:
            paused = te > GAP_S
            y[paused], speed[paused] = x[paused], 0.0
        x[:] = y


class Agc(Memory):
    """x over its recent peak: -1..1. The peak rises at once and halves in a half-life of quiet."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._times = Times(ops)
        self._floor = column(ops, 0)
        self._peak: F64 = np.zeros(len(ops))
        self._keep = self._peak

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._peak[rows] = 0.0

    def _step(self, x: F64, tick: Tick) -> None:
        if self._times.changed(tick):
            self._keep = np.exp2(-tick.dt_s / self._times.seconds(tick))
        peak = self._peak
        np.multiply(peak, self._keep, out=peak)
        np.maximum(peak, np.abs(x), out=peak)
        np.divide(x, np.maximum(peak, self._floor), out=x)


class ZScore(Memory):
    """How many standard deviations x is from its recent mean; both fade with a half-life (West 1979).

    Until a half-life has passed all that was seen counts alike, so that the beginning does not stick.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._times = Times(ops)
        self._mean, self._variance, self._seen_s = (np.zeros(len(ops)) for _ in range(3))
        self._gain = self._keep = self._mean
        self._youngest_s = self._young_s = 0.0

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._mean[rows] = x[rows]
        self._variance[rows] = self._seen_s[rows] = 0.0
        self._youngest_s = 0.0

    def _step(self, x: F64, tick: Tick) -> None:
        if self._times.changed(tick):
            half_life_s = self._times.seconds(tick)
            self._keep = np.exp2(-tick.dt_s / half_life_s)
            self._gain = -np.expm1(-math.log(2) * tick.dt_s / half_life_s)
            self._young_s = 2 * float(half_life_s.max())
        gain, keep = self._gain, self._keep
        # After two half-lives an equal share of what was seen is always less than `gain`.
        if self._youngest_s <= self._young_s and tick.dt_s > 0:
            self._youngest_s += tick.dt_s
            self._seen_s += tick.dt_s
            gain = np.maximum(gain, tick.dt_s / self._seen_s)
            keep = 1 - gain
        mean = self._mean
        off = x - mean
        way = gain * off
        mean += way
        self._variance = keep * (self._variance + way * off)
        # Rounding of a large steady signal is not deviation.
        np.divide(off - way, np.sqrt(self._variance) + 1e-9 * np.abs(mean) + 1e-12, out=x)
        np.minimum(x, SIGMAS, out=x)
        np.maximum(x, -SIGMAS, out=x)


class Delay(Memory):
    """x as it was T ago, up to 30 s; before that, its first value.

    The past is one stretch of memory, written forwards; at its end the newer half moves to the front.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._times = Times(ops)
        slowest = Times(ops).seconds(Tick(bpm=_SLOWEST_BPM))
        self._steps = math.ceil(min(float(slowest.max()), DELAY_S) / GRAIN_S) + 2
        self._x: F64 = np.zeros((2 * self._steps, len(ops)))
        self._at_s: F64 = np.zeros(2 * self._steps)
        self._rows = np.arange(len(ops))
        self._n = 0
        self._ago_s = slowest

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._x[:, rows] = x[rows]

    def _step(self, x: F64, tick: Tick) -> None:
        if self._times.changed(tick):
            self._ago_s = self._times.seconds(tick)
        if self._n == len(self._at_s):
            for past in (self._x, self._at_s):
                past[: self._steps] = past[self._steps :]
            self._n = self._steps
        self._at_s[self._n], self._x[self._n] = tick.now_s, x
        self._n += 1
        # A microsecond of tolerance, so that rounding of the clock does not make it stutter by a step.
        at = self._at_s[: self._n].searchsorted(tick.now_s + 1e-6 - self._ago_s, side="right") - 1
        x[:] = self._x[np.maximum(at, 0), self._rows]


class Accumulate(Memory):
    """The sum of x over time, x being a speed a second: round and round in 0..1."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._y: F64 = np.zeros(len(ops))

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = 0.0

    def _step(self, x: F64, tick: Tick) -> None:
        np.multiply(x, tick.dt_s, out=x)
        np.add(self._y, x, out=x)
        self._keep_inside(x)
        self._y[:] = x

    def _keep_inside(self, x: F64) -> None:
        np.subtract(x, np.floor(x), out=x)


class AccumulateClipped(Accumulate):
    """The sum of x over time that stops at 0 and 1."""

    def _keep_inside(self, x: F64) -> None:
        np.minimum(x, 1.0, out=x)
        np.maximum(x, 0.0, out=x)

"""Shapes that open, close, hold and fire: gates, holds, envelopes, counters."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mappings.expr import BOUND
from mappings.shapes.kernel import F64, Kernel, Memory, Op, Rows, Tick, Times, column

OPEN = 0.5  # a signal above is "on" to `hold while` and to triggers behind a gate
_LONG_AGO_S = 1e9


class Gate(Memory):
    """1 from where x reaches `on` until it falls to `off` (below it, when the two are one), else 0."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._on, self._off = column(ops, 0), column(ops, 1)
        self._open: NDArray[np.bool_] = np.zeros(len(ops), np.bool_)

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._open[rows] = False

    def _step(self, x: F64, tick: Tick) -> None:
        is_open = self._open
        np.logical_and(is_open, x > self._off, out=is_open)
        np.logical_or(is_open, x >= self._on, out=is_open)
        x[:] = is_open


class HoldTime(Memory):
    """Takes a new value, then keeps it for T whatever comes."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._times = Times(ops)
        self._y, self._age_s = np.zeros(len(ops)), np.zeros(len(ops))
        self._least_s = self._y

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows], self._age_s[rows] = x[rows], -tick.dt_s  # 0 once this step is counted

    def _step(self, x: F64, tick: Tick) -> None:
        if self._times.changed(tick):
            self._least_s = self._times.seconds(tick) - 1e-6  # rounding of the clock costs no step
        self._age_s += tick.dt_s
        take = (self._age_s >= self._least_s) & (x != self._y)
        np.copyto(self._y, x, where=take)
        np.copyto(self._age_s, 0.0, where=take)
        x[:] = self._y


class HoldWhile(Memory):
    """Follows x, but stands still while another signal is above 0.5."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._gates: Rows = np.array([op.inputs[0] for op in ops], np.intp)
        self._y: F64 = np.zeros(len(ops))

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = x[rows]

    def _step(self, x: F64, tick: Tick) -> None:
        np.copyto(self._y, x, where=tick.values.take(self._gates) <= OPEN)
        x[:] = self._y


class HoldUntil(Memory):
    """Stands still; takes x when an event fires it."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._y: F64 = np.zeros(len(ops))
        self._take: NDArray[np.bool_] = np.zeros(len(ops), np.bool_)
        self._any = False

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = x[rows]

    def _fire(self, row: int, value: float) -> None:
        self._take[row] = self._any = True

    def firing(self, row: int) -> Callable[[float], None]:
        return partial(self._fire, row)

    def _step(self, x: F64, tick: Tick) -> None:
        if self._any:
            np.copyto(self._y, x, where=self._take)
            self._take[:] = self._any = False
        x[:] = self._y


class HoldUntilBeat(Memory):
    """Stands still; takes x at each beat."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._y: F64 = np.zeros(len(ops))

    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None:
        self._y[rows] = x[rows]

    def _step(self, x: F64, tick: Tick) -> None:
        if self._crossed(tick):
            self._y[:] = x
        else:
            x[:] = self._y

    def _crossed(self, tick: Tick) -> bool:
        return tick.crossed_beat


class HoldUntilBar(HoldUntilBeat):
    """Stands still; takes x at each bar."""

    def _crossed(self, tick: Tick) -> bool:
        return tick.crossed_bar


class Trigger(Kernel):
    """Fired by events, or by the rising edges of the gate before it. An event of value 0 is a button let go."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._y: F64 = np.zeros(len(ops))
        self._edges: Rows = np.array([i for i, op in enumerate(ops) if op.edges], np.intp)
        self._was: NDArray[np.bool_] = np.ones(len(ops), np.bool_)  # a gate open from the start is no edge

    def prime(self, rows: Rows) -> None:
        self._was[rows] = False
        self._reset(np.intersect1d(rows, self._edges).astype(np.intp))

    def firing(self, row: int) -> Callable[[float], None]:
        return partial(self._fire, row)

    def step(self, x: F64, tick: Tick) -> None:
        if self._edges.size:
            high = x > OPEN
            rose = high & ~self._was
            self._was = high
            if rose.any():
                for row in self._edges[rose[self._edges]].tolist():
                    self._fire(row, 1.0)
        self._advance(x, tick)

    @abstractmethod
    def _fire(self, row: int, value: float) -> None: ...

    def _advance(self, x: F64, tick: Tick) -> None:
        x[:] = self._y

    def _reset(self, rows: Rows) -> None:
        self._y[rows] = 0.0


class Envelope(Trigger):
    """Up to the event's value in a straight line, held, then an exponential fall (63 % in the release time).

    Fired again on its way it goes on from where it is. Exact for any step length.
    """

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._attack, self._hold, self._release = (Times(ops, i) for i in range(3))
        self._instant = np.array([op.times[0].s + op.times[0].beats + op.times[0].bars == 0 for op in ops], np.float64)
        self._start, self._peak = np.zeros(len(ops)), np.zeros(len(ops))
        self._age_s: F64 = np.full(len(ops), _LONG_AGO_S)
        self._per_attack = self._held_s = self._per_release = self._start
        self._hangs = any(times.hangs for times in (self._attack, self._hold, self._release))
        self._begun = False
        self._since_s = self._slowest_s = 0.0  # since any row was fired; the longest attack
        self._fired: list[tuple[int, float]] = []

    def _fire(self, row: int, value: float) -> None:
        self._fired.append((row, min(abs(value), 1.0)))

    def _reset(self, rows: Rows) -> None:
        super()._reset(rows)
        self._start[rows] = self._peak[rows] = 0.0

    def _advance(self, x: F64, tick: Tick) -> None:
        if not self._begun or (self._hangs and tick.tempo_changed):
            self._begun = True
            attack_s = self._attack.seconds(tick)
            self._slowest_s = float(attack_s.max())
            self._per_attack = 1 / attack_s
            self._held_s = attack_s + self._hold.seconds(tick)
            self._per_release = 1 / self._release.seconds(tick)
        self._age_s += tick.dt_s
        self._since_s += tick.dt_s
        if self._fired:
            now = self._shape()
            for row, peak in self._fired:
                self._start[row], self._peak[row], self._age_s[row] = now[row], peak, 0.0
            self._fired.clear()
            self._since_s = 0.0
        x[:] = self._shape()

    def _shape(self) -> F64:
        """Where each row stands at its age."""
        fall = np.exp(np.minimum((self._held_s - self._age_s) * self._per_release, 0.0))
        if self._since_s > self._slowest_s:
            return np.asarray(self._peak * fall)
        rise = np.minimum(self._age_s * self._per_attack + self._instant, 1.0)
        return np.asarray((self._start + (self._peak - self._start) * rise) * fall)


class Toggle(Trigger):
    """0 and 1 by turns."""

    def _fire(self, row: int, value: float) -> None:
        self._y[row] = 1.0 - self._y[row]


class Count(Trigger):
    """Counts events round and round: N even steps from 0 to 1."""

    def __init__(self, ops: Sequence[Op]) -> None:
        super().__init__(ops)
        self._steps = [int(op.numbers[0]) for op in ops]
        self._counts = [0] * len(ops)

    def _fire(self, row: int, value: float) -> None:
        self._counts[row] = (self._counts[row] + 1) % self._steps[row]
        self._y[row] = self._counts[row] / (self._steps[row] - 1)

    def _reset(self, rows: Rows) -> None:
        super()._reset(rows)
        for row in rows.tolist():
            self._counts[row] = 0


class Set(Trigger):
    """The last event's value."""

    def _fire(self, row: int, value: float) -> None:
        self._y[row] = min(max(value, -BOUND), BOUND)

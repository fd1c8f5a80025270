"""Shapes without memory: straight lines, curves, steps, expressions."""

from collections.abc import Sequence

import numpy as np

from mappings.expr import BOUND
from mappings.shapes.kernel import F64, Kernel, Op, Tick, column


class Affine(Kernel):
    """x -> scale * x + offset, then clipped. `range`, `clip`, `invert` and a route's range all fold into it."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._scale, self._offset, self._low, self._high = (column(ops, i) for i in range(4))

    def step(self, x: F64, tick: Tick) -> None:
        np.multiply(x, self._scale, out=x)
        np.add(x, self._offset, out=x)
        np.minimum(x, self._high, out=x)
        np.maximum(x, self._low, out=x)


def affine(scale: float = 1.0, offset: float = 0.0, low: float = -BOUND, high: float = BOUND) -> Op:
    """A straight line with two ends."""
    return Op("affine", (scale, offset, low, high))


def fold(first: Op, then: Op) -> Op:
    """Two straight lines with ends as one."""
    a, b, low, high = first.numbers
    scale, offset, least, most = then.numbers
    ends = sorted((scale * low + offset, scale * high + offset))
    low, high = (min(max(end, least), most) for end in ends)
    return affine(a * scale, b * scale + offset, low, high)


class Power(Kernel):
    """x^P for x in 0..1."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._power = column(ops, 0)

    def step(self, x: F64, tick: Tick) -> None:
        np.power(x, self._power, out=x)


class Exponential(Kernel):
    """(e^(Kx) - 1) / (e^K - 1) for x in 0..1: slow at first, where K is above 0."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._k = column(ops, 0)
        self._scale = 1 / np.expm1(self._k)

    def step(self, x: F64, tick: Tick) -> None:
        np.multiply(x, self._k, out=x)
        np.expm1(x, out=x)
        np.multiply(x, self._scale, out=x)


class Logarithm(Kernel):
    """log(1 + Kx) / log(1 + K) for x in 0..1: fast at first."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._k = column(ops, 0)
        self._scale = 1 / np.log1p(self._k)

    def step(self, x: F64, tick: Tick) -> None:
        np.multiply(x, self._k, out=x)
        np.log1p(x, out=x)
        np.multiply(x, self._scale, out=x)


class Table(Kernel):
    """Straight lines between points; flat beyond the first and the last."""

    def __init__(self, ops: Sequence[Op]) -> None:
        longest = max(len(op.numbers) for op in ops) // 2
        self._rows = np.arange(len(ops))
        # A shorter table ends in points at infinity that no x reaches.
        self._inner: F64 = np.full((len(ops), longest - 2), np.inf)
        self._x, self._y, self._slope = (np.zeros((len(ops), longest - 1)) for _ in range(3))
        self._low, self._high = (np.array([op.numbers[i] for op in ops]) for i in (0, -2))
        for row, op in enumerate(ops):
            xs, ys = np.array(op.numbers[0::2]), np.array(op.numbers[1::2])
            n = len(xs) - 1
            self._inner[row, : n - 1] = xs[1:-1]
            self._x[row, :n], self._y[row, :n] = xs[:-1], ys[:-1]
            self._slope[row, :n] = np.diff(ys) / np.diff(xs)

    def step(self, x: F64, tick: Tick) -> None:
        np.minimum(x, self._high, out=x)
        np.maximum(x, self._low, out=x)
        at = (x[:, None] >= self._inner).sum(axis=1)
        x -= self._x[self._rows, at]
        x *= self._slope[self._rows, at]
        x += self._y[self._rows, at]
        np.minimum(x, BOUND, out=x)
        np.maximum(x, -BOUND, out=x)


class Quantise(Kernel):
    """The nearest of N equal steps from 0 to 1, for x in 0..1."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._most = column(ops, 0) - 1

    def step(self, x: F64, tick: Tick) -> None:
        np.multiply(x, self._most, out=x)
        np.add(x, 0.5, out=x)
        np.floor(x, out=x)
        np.divide(x, self._most, out=x)


class Scale(Kernel):
    """The nearest value of a list; halfway goes up."""

    def __init__(self, ops: Sequence[Op]) -> None:
        longest = max(len(op.numbers) for op in ops)
        self._rows = np.arange(len(ops))
        self._between: F64 = np.full((len(ops), longest - 1), np.inf)
        self._levels: F64 = np.zeros((len(ops), longest))
        for row, op in enumerate(ops):
            levels = np.array(op.numbers)
            self._between[row, : len(levels) - 1] = (levels[:-1] + levels[1:]) / 2
            self._levels[row, : len(levels)] = levels

    def step(self, x: F64, tick: Tick) -> None:
        x[:] = self._levels[self._rows, (x[:, None] >= self._between).sum(axis=1)]


class Expr(Kernel):
    """Expressions, one after the other."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._formulas = [(i, op.formula, op.inputs) for i, op in enumerate(ops) if op.formula is not None]

    def step(self, x: F64, tick: Tick) -> None:
        inputs: list[float] = tick.values.tolist()
        own: list[float] = x.tolist()
        t_s, beat, bpm = tick.t_s, tick.beat, tick.bpm
        for i, formula, reads in self._formulas:
            own[i] = formula.evaluate([own[i], t_s, beat, bpm, *[inputs[k] for k in reads]])
        x[:] = own

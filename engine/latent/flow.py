"""Curves at the speed of a frame: a point goes along one without its many numbers being touched at every step."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.latent.curve import LONGEST, Curve

Array = NDArray[np.float64]


class Flow:
    """What `Curve.moved` does, in the space of the curve's hidden numbers.

    A point on the way is s (x + t way + second @ c): s, t and c (hidden,) say where it is, and everything that a step
    looks at, the hidden numbers and the length, follows from them and from products that are known beforehand. So the
    point itself is read once and made once, however many steps there are.
    """

    def __init__(self, curve: Curve, way: Array) -> None:
        self._curve, self._way = curve, way
        self._first = np.ascontiguousarray(curve.first.T)  # (dim, hidden)
        self._second = np.ascontiguousarray(curve.second.T)  # (hidden, dim)
        self._first_way = way @ self._first
        self._first_second = self._second @ self._first  # (hidden, hidden)
        self._second_second = self._second @ curve.second
        self._second_way = self._second @ way
        self._way_way = float(way @ way)

    def moved(self, x: Array, amount: Array) -> Array:
        """x (n, dim) carried by amount (n,) of sigma; x itself where there is nothing to do."""
        longest = float(np.abs(amount).max(initial=0.0))
        if longest == 0.0:
            return x
        steps = max(1, math.ceil(longest / LONGEST))
        h = (amount / steps)[:, None]
        shell, bias = self._curve.shell, self._curve.bias
        start = x @ self._first
        s, t, c = np.ones_like(h), np.zeros_like(h), np.zeros_like(start)
        if shell:
            x_x, x_way, x_second = (x * x).sum(1, keepdims=True), (x @ self._way)[:, None], x @ self._second.T
        for _ in range(steps):
            hidden = s * (start + t * self._first_way + c @ self._first_second)
            bend = np.tanh(hidden + bias)
            half = hidden + 0.5 * h * (self._first_way + bend @ self._first_second)
            t = t + h / s
            c = c + h / s * np.tanh(half + bias)
            if shell:
                square = x_x + (2.0 * t) * (x_way + (c @ self._second_way)[:, None]) + t * t * self._way_way
                square += (c * (2.0 * x_second + c @ self._second_second)).sum(1, keepdims=True)
                s = np.sqrt(x_x / np.maximum(square, 1e-24))
        moved = x + t * self._way + c @ self._second
        return s * moved if shell else moved

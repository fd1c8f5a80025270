"""Curves: directions that bend. A small network says at every place which way is on (Jahanian et al. 2020)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

Array = NDArray[np.float64]

LONGEST = 0.5  # of a step along a curve, in sigma
MOST_HIDDEN = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How a direction bends: dx/dt = vector + second @ tanh(first @ x + bias), t in sigma.

    The released non-linear walk is a two-layer network that steps eps by eps and scales its result back to the length
    of z. This is the same as a flow: any amount, fractions too, forwards and backwards, and -t leads back from t.

    first : (hidden, dim); bias : (hidden,); second : (dim, hidden), in units of sigma
    shell : the point keeps its distance from the middle (z); False for w, which is no sphere
    """

    first: Array
    bias: Array
    second: Array
    shell: bool = True

    def __post_init__(self) -> None:
        hidden = len(self.bias)
        for name in ("first", "bias", "second"):
            array = np.array(getattr(self, name), np.float64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        dim = self.first.shape[-1]
        fits = self.bias.ndim == 1 and self.first.shape == (hidden, dim) and self.second.shape == (dim, hidden)
        if not (fits and 0 < hidden <= MOST_HIDDEN):
            raise ModelError(
                f"a curve of {self.first.shape}, {self.bias.shape} and {self.second.shape}; "
                f"give (hidden, dim), (hidden,) and (dim, hidden), hidden at most {MOST_HIDDEN}"
            )
        if not all(np.isfinite(array).all() for array in (self.first, self.bias, self.second)):
            raise ModelError("a curve holds numbers that are not finite")

    @property
    def dim(self) -> int:
        """Of the points it moves."""
        return int(self.first.shape[1])

    def moved(self, x: Array, way: Array, amount: Array) -> Array:
        """x (n, dim) carried by amount (n,) of sigma along the curve whose straight part is way (dim,), one sigma long.

        Midpoint steps of at most half a sigma; all rows take as many as the longest needs.
        """
        longest = float(np.abs(amount).max(initial=0.0))
        if longest == 0.0:
            return x
        steps = max(1, int(np.ceil(longest / LONGEST)))
        h = (np.asarray(amount, np.float64) / steps)[:, None]
        length = np.linalg.norm(x, axis=-1, keepdims=True)
        for _ in range(steps):
            half = x + 0.5 * h * self._onward(x, way)
            x = x + h * self._onward(half, way)
            if self.shell:
                x = x * (length / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12))
        return x

    def _onward(self, x: Array, way: Array) -> Array:
        return np.asarray(way + np.tanh(x @ self.first.T + self.bias) @ self.second.T)

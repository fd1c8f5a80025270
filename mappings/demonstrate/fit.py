"""One small regression for all controls, over those signals that have moved."""

import numpy as np
from numpy.typing import NDArray

from mappings.demonstrate.regression import F64, METHODS, Regression

STILL = 0.01  # a signal that moved less between the poses than this share of all it ever did says nothing
SAME = 1e-9  # ... and so does one that moved less than this share of its own size, ...
LEAST = 1e-12  # ... or by less than this
BEYOND = 0.5  # how far past the poses a signal still counts, in the poses' own range
ENOUGH = 4  # poses from which on an error can be told


class Fit:
    """All signals to all controls, taught by poses.

    columns : which signals it looks at; those that stood still in all poses say nothing. (signals,) of them
    error : (controls,) how far the others miss a pose, root mean square over the poses; None below four poses
    """

    def __init__(self, method: str, x: F64, y: F64, seen: F64) -> None:
        """
        method : a name of METHODS
        x : (poses, signals), NaN where a signal had not come: there it counts as on average
        y : (poses, controls), finite; at least one pose
        seen : (signals, 2), the least and the greatest that each signal has ever been
        """
        columns, low, high = _moved(x, seen)
        self.columns: NDArray[np.intp] = columns
        known = x[:, columns]
        missing = np.isnan(known)
        counts = np.maximum((~missing).sum(0), 1)
        self._centre: F64 = np.where(missing, 0.0, known).sum(0) / counts
        moved = np.where(missing, 0.0, known - self._centre)
        # The spread, but at least a quarter of the range: one pose apart from all others is not blown up.
        spread = np.maximum(np.sqrt((moved * moved).sum(0) / counts), 0.25 * (high - low))
        self._per = 1.0 / spread
        self._low, self._high = low - BEYOND * (high - low), high + BEYOND * (high - low)
        self._z: F64 = np.zeros(len(columns))
        self._mean: F64 = y.mean(0)
        self._model: Regression | None = METHODS[method](moved * self._per, y) if len(columns) else None
        left = self._model.left_out() if self._model is not None else y - self._mean
        self.error: F64 | None = np.sqrt(np.mean(left * left, 0)) if len(y) >= ENOUGH else None

    def predict(self, x: F64, out: F64) -> None:
        """Where the controls stand while the signals of `columns` stand at x; x stays, out (controls,) is filled."""
        if self._model is None:
            out[:] = self._mean
            return
        z = self._z
        np.maximum(x, self._low, out=z)
        np.minimum(z, self._high, out=z)
        z -= self._centre
        z *= self._per
        self._model.predict(z, out)


def _moved(x: F64, seen: F64) -> tuple[NDArray[np.intp], F64, F64]:
    """The signals that moved between the poses, and the ends between which they did."""
    missing = np.isnan(x)
    low = np.where(missing, np.inf, x).min(0)
    high = np.where(missing, -np.inf, x).max(0)
    came = low <= high
    low, high = np.where(came, low, 0.0), np.where(came, high, 0.0)
    range_, size = high - low, np.maximum(np.abs(low), np.abs(high))
    columns = np.flatnonzero((range_ > np.maximum(SAME * size, LEAST)) & (range_ > STILL * (seen[:, 1] - seen[:, 0])))
    return columns, low[columns], high[columns]

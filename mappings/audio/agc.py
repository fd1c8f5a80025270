"""Levels relative to what was usual lately: 1.0 is the recent average, below 0.7 is quiet, above 1.3 is loud."""

import numpy as np
from numpy.typing import NDArray

CEILING = 4.0
AVERAGE_S = 6.0
FLOOR = 1e-4  # amplitude; a band with less than this in it is empty and not raised


class Agc:
    """Divides each band by its own running average.

    While the gate is shut the averages stand still: silence is not raised.

    Law: every result is in 0..CEILING, and scaling the input scales no result once the average has followed.
    """

    def __init__(self, bands: int, hop_s: float) -> None:
        self.averages: NDArray[np.float64] = np.zeros(bands)
        self.values: NDArray[np.float64] = np.zeros(bands)
        self._divisor: NDArray[np.float64] = np.zeros(bands)
        self._slowest = hop_s / AVERAGE_S
        self._fastest = min(1.0, 10 * hop_s)  # the first average forms from about a tenth of a second
        self._heard = 0

    def step(self, amplitudes: NDArray[np.floating], is_open: bool) -> NDArray[np.float64]:
        """The bands relative to their averages (a view, overwritten by the next step)."""
        if is_open:
            self._heard += 1
            rate = max(self._slowest, min(self._fastest, 1.0 / self._heard)) if self._heard > 1 else 1.0
            np.subtract(amplitudes, self.averages, out=self._divisor)
            self._divisor *= rate
            self.averages += self._divisor
        np.maximum(self.averages, FLOOR, out=self._divisor)
        np.divide(amplitudes, self._divisor, out=self.values)
        return np.minimum(self.values, CEILING, out=self.values)

"""Momentary loudness as ITU-R BS.1770 has it: K-weighted power over the last 400 ms, no gate."""

import math

import numpy as np
from numpy.typing import NDArray

from mappings.audio.filters import Biquad, k_weighting

WINDOW_S = 0.4
FLOOR_LUFS = -100.0
LONGEST = 256  # samples filtered at once: the matrix grows with the square


class Loudness:
    """Streams hops of one length; every channel counts fully, as left and right do in the standard."""

    def __init__(self, rate_hz: float, hop: int, channels: int) -> None:
        parts = next(n for n in range(1, hop + 1) if hop % n == 0 and hop // n <= LONGEST)
        self._hop, self._part = hop, hop // parts
        self._step = _block_form(k_weighting(rate_hz), self._part)
        self._column: NDArray[np.float64] = np.zeros((self._part + 4, channels))  # samples, then the filters' state
        self._out: NDArray[np.float64] = np.zeros((self._part + 4, channels))
        self._powers: NDArray[np.float64] = np.zeros(round(WINDOW_S * rate_hz / hop))
        self._at = 0

    def step(self, block: NDArray[np.float32]) -> float:
        """LUFS of the 400 ms that end with this hop. block : (hop, channels)."""
        power, part = 0.0, self._part
        for start in range(0, self._hop, part):
            self._column[:part] = block[start : start + part]
            np.matmul(self._step, self._column, out=self._out)
            self._column[part:] = self._out[part:]
            weighted = self._out[:part].ravel()
            power += float(weighted.dot(weighted))
        self._powers[self._at] = power / self._hop
        self._at = (self._at + 1) % len(self._powers)
        power = float(np.add.reduce(self._powers)) / len(self._powers)
        return max(FLOOR_LUFS, -0.691 + 10 * math.log10(power)) if power > 1e-12 else FLOOR_LUFS


def _block_form(sections: tuple[Biquad, ...], hop: int) -> NDArray[np.float64]:
    """The cascade as one matrix: (block, state) in, (filtered block, next state) out.

    A recursion sample by sample is slow in numpy; the same filter over a whole block is one product.
    """
    size = hop + 2 * len(sections)
    columns = np.eye(size)  # run every unit vector through the recursion at once
    signal = columns[:hop].copy()
    state = columns[hop:].copy()
    for n in range(hop):
        x = signal[n]
        for k, ((b0, b1, b2), (_, a1, a2)) in enumerate(sections):  # direct form II transposed
            y = b0 * x + state[2 * k]
            state[2 * k] = b1 * x - a1 * y + state[2 * k + 1]
            state[2 * k + 1] = b2 * x - a2 * y
            x = y
        signal[n] = x
    return np.concatenate((signal, state))

"""How fast the music is: every tempo's case, kept up to date hop by hop and judged now and then.

A tempo is as good as the onset curve's autocorrelation at its period times the size of the curve's Fourier component
at its rate. A period twice too long has no component at its rate, one twice too short no autocorrelation: only the true
one has both (Peeters, "Template-based estimation of time-varying tempo", 2007). A log-normal prior around 120 bpm and a
bonus for the present tempo settle the rest.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOW_BPM, HIGH_BPM = 50.0, 220.0
GRID = 0.01  # ratio of neighbouring tempi
PRIOR_BPM, PRIOR_OCTAVES = 120.0, 0.9
MEMORY_S = 3.0  # time constant of what is remembered
STAY = 0.35  # bonus of the present tempo ...
NEAR = 0.04  # ... and of those around it, as a ratio
CERTAIN = 0.6  # share of the curve's power that repeats, from which confidence is full
ENOUGH = 0.3  # remembered power below which confidence fades: nothing is heard

_KERNEL = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)  # beats are not exact to the hop


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best tempo now, and how much of the music keeps to it."""

    period_s: float
    confidence: float  # 0..1


class Tempogram:
    """Correlation and components of an onset curve with exponential memory."""

    def __init__(self, hop_s: float, low_bpm: float = LOW_BPM, high_bpm: float = HIGH_BPM) -> None:
        octaves = math.log2(high_bpm / low_bpm)
        self._bpms = low_bpm * 2 ** np.linspace(0, octaves, 2 + round(octaves * math.log(2) / GRID))
        self._prior = np.exp(-0.5 * (np.log2(self._bpms / PRIOR_BPM) / PRIOR_OCTAVES) ** 2)
        self._lags = 60 / self._bpms / hop_s
        self._turn = np.exp((-1 / MEMORY_S + 2j * np.pi * self._bpms / 60) * hop_s)
        self._keep = math.exp(-hop_s / MEMORY_S)
        self._fair = np.exp(60 / self._bpms / MEMORY_S)  # a long lag has been remembered for less
        self._waves: NDArray[np.complex128] = np.zeros(len(self._bpms), np.complex128)
        self.lags = math.ceil(self._lags[0]) + len(_KERNEL)  # hops of the past that `step` needs
        self._correlation: NDArray[np.float64] = np.zeros(self.lags)
        self._product: NDArray[np.float64] = np.zeros(self.lags)
        self._grid = np.arange(self.lags)

    def step(self, past: NDArray[np.float64]) -> None:
        """One hop. past : (at least `lags`,), the onset curve, newest first."""
        newest = past[0]
        self._waves *= self._turn
        self._correlation *= self._keep
        if newest > 0.0:
            self._waves += newest
            np.multiply(past[: self.lags], newest, out=self._product)
            self._correlation += self._product

    def best(self, present_bpm: float | None) -> Candidate | None:
        """The best tempo, given the one that is being followed; None when nothing was heard."""
        half = len(_KERNEL) // 2
        both_sides = np.concatenate((self._correlation[half:0:-1], self._correlation))
        smooth = np.convolve(both_sides, _KERNEL, "same")[half:]
        power = float(smooth[0])
        if power <= 1e-9:
            return None
        repeats = np.interp(self._lags, self._grid, smooth) * self._fair
        score = repeats * np.abs(self._waves) * self._prior
        if present_bpm is not None:
            score *= 1 + STAY * np.exp(-0.5 * (np.log(self._bpms / present_bpm) / NEAR) ** 2)
        at = int(np.argmax(score))
        bpm = float(self._bpms[at] * (self._bpms[1] / self._bpms[0]) ** peak_offset(score, at))
        chance = float(repeats.mean())  # what a curve without a beat would repeat
        share = (float(repeats[at]) - chance) / max(power - chance, 1e-9)
        heard = min(1.0, float(self._correlation[0]) / ENOUGH)
        return Candidate(60 / bpm, heard * min(1.0, max(0.0, share / CERTAIN)))


def peak_offset(values: NDArray[np.float64], at: int) -> float:
    """Where between samples a peak lies (-0.5..0.5), by the parabola through it and its neighbours."""
    if not 0 <= at < len(values) - 1:
        return 0.0
    left, centre, right = float(values[at - 1]), float(values[at]), float(values[at + 1])
    bend = left - 2 * centre + right
    return min(0.5, max(-0.5, 0.5 * (left - right) / bend)) if bend < 0 else 0.0

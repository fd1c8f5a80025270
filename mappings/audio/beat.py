"""Where the beat is: a causal tracker whose phase is predicted, so that it does not lag the music.

The onset curve of the last seconds is folded over the period that the tempogram finds; a phase-locked oscillator
follows the fold's peak. Between its looks, and after the music has stopped, the oscillator simply runs on.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mappings.audio.tempogram import HIGH_BPM, LOW_BPM, NEAR, PRIOR_BPM, Tempogram, peak_offset

SLICE_S = 0.05  # tempo and phase are looked at in turn, one each slice
LEVEL_S = 1.0  # time constant of the curve's own mean, which is taken off
USUAL = 0.1  # nepers; rises well below this are no music
HISTORY_S = 8.0
FOLD_S = 3.5  # time constant of what the fold remembers
FOLD_BINS = 128
WIDTH_S = 0.012  # smoothing of the fold
LATENCY_S = 0.0085  # from an event to the peak it makes in the curve, measured with clicks
FIRST = 0.3  # confidence that starts the oscillator
PATIENCE = 8  # looks that must disagree before the oscillator gives up its tempo ...
PHASE_PATIENCE = 6  # ... or its phase
FAR = 0.12  # beats; further off, the fold disagrees
PULL, TEMPO_PULL = 0.25, 0.02  # of the loop, per look


class BeatTracker:
    """Phase, tempo and confidence of an onset curve, hop by hop; the work of one hop is small and bounded."""

    def __init__(self, hop_s: float, low_bpm: float = LOW_BPM, high_bpm: float = HIGH_BPM) -> None:
        self.period_s = 60.0 / min(high_bpm, max(low_bpm, PRIOR_BPM))
        self.phase = (
            0.0  # in the beat, at the end of the last hop; a little below 0 when a beat that began is put later
        )
        self.confidence = 0.0
        self.locked = False  # a tempo has been found
        self._hop_s = hop_s
        self._tempogram = Tempogram(hop_s, low_bpm, high_bpm)
        self._size = max(round(HISTORY_S / hop_s), self._tempogram.lags)
        self._past: NDArray[np.float64] = np.zeros(2 * self._size)  # newest first, from _head on
        self._head = self._size
        ages_s = np.arange(self._size) * hop_s
        self._fade = np.exp(-ages_s / FOLD_S)
        self._since_s = ages_s + LATENCY_S
        self._mean = 0.0
        self._usual = USUAL
        self._slice = max(1, round(SLICE_S / hop_s))
        self._hops = 0
        self._tempo_disagrees = 0
        self._phase_disagrees = PHASE_PATIENCE

    @property
    def bpm(self) -> float:
        """The tempo."""
        return 60.0 / self.period_s

    def step(self, curve: float) -> None:
        """One hop of the onset curve (nepers, 0 or more)."""
        self._take(curve)
        self._tempogram.step(self._past[self._head : self._head + self._size])
        self.phase += self._hop_s / self.period_s
        self._hops += 1
        turn = self._hops % (2 * self._slice)
        if turn == 0:
            self._look_at_tempo()
        elif turn == self._slice and self.locked:
            self._look_at_phase()
        if self.phase >= 1.0:
            self.phase -= 1.0

    def _take(self, curve: float) -> None:
        """Level the curve and keep it."""
        self._mean += (curve - self._mean) * self._hop_s / LEVEL_S
        rise = max(0.0, curve - self._mean)
        self._usual = max(rise, USUAL, self._usual * (1 - 0.07 * self._hop_s))  # half-life 10 s
        if self._head == 0:
            self._past[self._size :] = self._past[: self._size]
            self._head = self._size
        self._head -= 1
        self._past[self._head] = rise / self._usual

    def _look_at_tempo(self) -> None:
        best = self._tempogram.best(self.bpm if self.locked else None)
        if best is None:
            self.confidence *= 0.9
            return
        self.confidence += (best.confidence - self.confidence) * 0.2
        if not self.locked:
            if best.confidence > FIRST:
                self.locked = True
                self.period_s = best.period_s
            return
        ratio = best.period_s / self.period_s
        if abs(math.log(ratio)) < NEAR:
            self._tempo_disagrees = 0
            self.period_s *= ratio**0.1
            return
        self._tempo_disagrees += 1
        if self._tempo_disagrees >= PATIENCE:
            self._tempo_disagrees = 0
            self.period_s = best.period_s
            self._phase_disagrees = PHASE_PATIENCE  # the phase of another tempo is worth nothing

    def _look_at_phase(self) -> None:
        fold = self._fold()
        if fold is None:
            return
        stray = -(np.arange(FOLD_BINS) + 0.5) / FOLD_BINS - self.phase
        stray -= np.round(stray)
        searching = self._phase_disagrees >= PHASE_PATIENCE
        if not searching:
            fold *= 1 + 0.5 * np.exp(-0.5 * (stray / 0.08) ** 2)
        at = int(np.argmax(fold))
        error = float(stray[at]) - peak_offset(fold, at) / FOLD_BINS
        if searching:
            self.phase = (self.phase + error) % 1.0
            self._phase_disagrees = 0
        elif abs(error) > FAR:
            self._phase_disagrees += 1
        else:
            self._phase_disagrees = 0
            self.phase += PULL * error
            self.period_s *= 1 - TEMPO_PULL * error

    def _fold(self) -> NDArray[np.float64] | None:
        """The recent curve over one period, back from now: (FOLD_BINS,); None when there is nothing in it."""
        beats_ago = self._since_s / -self.period_s
        bins = ((beats_ago - np.floor(beats_ago)) * FOLD_BINS).astype(np.int64) % FOLD_BINS
        heard = self._past[self._head : self._head + self._size] * self._fade
        fold = np.bincount(bins, weights=heard, minlength=FOLD_BINS)
        if fold.sum() < 1e-6:
            return None
        harmonics = np.arange(FOLD_BINS // 2 + 1)
        blur = np.exp(-0.5 * (2 * np.pi * harmonics * WIDTH_S / self.period_s) ** 2)
        return np.fft.irfft(np.fft.rfft(fold) * blur, FOLD_BINS)

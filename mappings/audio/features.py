"""Everything the show hears, one hop of 5 ms at a time: levels by name, onsets, beats."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mappings.audio.agc import Agc
from mappings.audio.beat import BeatTracker
from mappings.audio.filters import BANDS
from mappings.audio.loudness import Loudness
from mappings.audio.onset import Onsets
from mappings.audio.spectrum import Spectrum, hann, log_position
from mappings.audio.tempogram import HIGH_BPM, LOW_BPM

HOP_S = 0.005
GATE = 10 ** (-60 / 20)  # below this amplitude nothing is heard
USUAL_S = 6.0
FLOOR_DB = -120.0
CLIP = 8.0  # samples beyond +18 dB are no sound
SILENCE_AFTER_S = 0.5
LOW_WEIGHT = 0.15  # of the low bands in the beat's curve: drums that carry the beat are low
LOUD_AGAIN = 2.0  # how far above the gate silence ends


SOUND_COLUMNS = 512


class Name(NamedTuple):
    """A level's address below the source's own, its unit, and where it rests when the source is lost."""

    address: str
    unit: str = ""
    rest: float = 0.0


def names(bands: int = BANDS) -> tuple[Name, ...]:
    """The levels in the order of `Features.levels`."""
    return (
        Name("rms"),
        Name("rms_db", "db", FLOOR_DB),
        Name("peak"),
        Name("loudness_lufs", "lufs", -100.0),
        Name("silence", "", 1.0),
        Name("centroid"),
        Name("centroid_hz", "hz"),
        Name("rolloff"),
        Name("rolloff_hz", "hz"),
        Name("flatness"),
        Name("flux"),
        Name("low"),
        Name("mid"),
        Name("high"),
        *(Name(f"mel/{n}") for n in range(1, bands + 1)),
        *(Name(f"chroma/{n}") for n in range(1, 13)),
    )


class Features:
    """Streams hops of one rate and number of channels.

    After each `step`: `levels` in the order of `names`, `onset` (strength, or 0) and `beats`.
    Every level is finite and bounded whatever comes in.
    """

    def __init__(
        self,
        rate_hz: int,
        channels: int,
        *,
        bands: int = BANDS,
        sensitivity: float = 1.0,
        gain_db: float = 0.0,
        low_bpm: float = LOW_BPM,
        high_bpm: float = HIGH_BPM,
    ) -> None:
        self.hop = round(rate_hz * HOP_S)
        self.hop_s = self.hop / rate_hz
        self.nonfinite = 0  # hops with samples that are no numbers
        self.onset = 0.0
        self.levels: NDArray[np.float64] = np.zeros(len(names(bands)))
        self.spectrum = Spectrum(rate_hz, bands)
        self.beats = BeatTracker(self.hop_s, low_bpm, high_bpm)
        n_fft, n_onset = self.spectrum.n_fft, self.spectrum.n_fft // 2
        self._loudness = Loudness(rate_hz, self.hop, channels)
        self._agc = Agc(3 + bands, self.hop_s)
        self._onsets = Onsets(rate_hz, self.hop, n_onset, sensitivity)
        self._gain = np.float32(10 ** (gain_db / 20))
        self._block: NDArray[np.float32] = np.zeros((self.hop, channels), np.float32)
        self._mix: NDArray[np.float32] = np.full(channels, 1 / channels, np.float32)
        self._past: NDArray[np.float32] = np.zeros(n_fft, np.float32)
        self._short_window = hann(n_onset) * np.float32(4 / n_onset)  # a full-scale sine has magnitude 1
        self._short: NDArray[np.float32] = np.zeros(n_onset, np.float32)
        self._short_complex: NDArray[np.complex64] = np.zeros(n_onset // 2 + 1, np.complex64)
        self._short_magnitudes: NDArray[np.float32] = np.zeros(n_onset // 2 + 1, np.float32)
        self._amplitudes: NDArray[np.float64] = np.zeros(3 + bands)
        self._usual = GATE
        self._heard = 0
        self._silent_s = SILENCE_AFTER_S

    def step(self, block: NDArray[np.float32]) -> None:
        """Hear one hop. block : (hop, channels)."""
        self._take(block)
        spectrum, levels = self.spectrum, self.levels
        spectrum.step(self._past)
        loud = self._measure_level()
        levels[3] = self._loudness.step(self._block)
        self._describe(loud)
        self._compare()
        self._onset_and_beat(loud)

    def sound(self) -> NDArray[np.float32]:
        """(2, 512) in 0..1 for effects: the spectrum, even in Hz over 80 dB, and the wave, centred at 0.5."""
        bins = self.spectrum.magnitudes[1:]
        peaks = bins[: len(bins) // SOUND_COLUMNS * SOUND_COLUMNS].reshape(SOUND_COLUMNS, -1).max(1)
        full = self.spectrum.n_fft / 4  # a sine at full scale under a Hann window
        level = 1.0 + np.log10(np.maximum(peaks / full, 1e-4)) / 4.0
        both: NDArray[np.float32] = np.stack([level, 0.5 + 0.5 * self._past[-SOUND_COLUMNS:]]).astype(np.float32)
        return both.clip(0.0, 1.0)

    def _take(self, block: NDArray[np.float32]) -> None:
        np.multiply(block, self._gain, out=self._block)
        np.clip(self._block, -CLIP, CLIP, out=self._block)
        if not math.isfinite(float(self._block.sum())):
            np.nan_to_num(self._block, copy=False)
            self.nonfinite += 1
        past, hop = self._past, self.hop
        past[:-hop] = past[hop:]
        np.matmul(self._block, self._mix, out=past[-hop:])

    def _measure_level(self) -> float:
        """Root mean square and peak of the last 21 ms; the amplitude without any constant, which the gate looks at."""
        short = self._past[-len(self._short) :]
        rms = math.sqrt(float(short.dot(short)) / len(short))
        levels = self.levels
        levels[0] = rms
        levels[1] = max(FLOOR_DB, 20 * math.log10(rms)) if rms > 1e-7 else FLOOR_DB
        levels[2] = max(float(short.max()), -float(short.min()))
        loud = math.sqrt(float(self.spectrum.bands.sum()))
        if loud > GATE * LOUD_AGAIN or (loud > GATE and self._silent_s < SILENCE_AFTER_S):
            self._silent_s = 0.0
        else:
            self._silent_s += self.hop_s
        levels[4] = 1.0 if self._silent_s >= SILENCE_AFTER_S else 0.0
        return loud

    def _describe(self, loud: float) -> None:
        """The frame's colour; at rest when there is nothing to describe."""
        spectrum, levels = self.spectrum, self.levels
        if loud < GATE:
            levels[5:10] = 0.0
            levels[-12:] = 0.0
            return
        levels[6] = spectrum.centroid_hz()
        levels[5] = log_position(levels[6])
        levels[8] = spectrum.rolloff_hz()
        levels[7] = log_position(levels[8])
        levels[9] = spectrum.flatness()
        levels[-12:] = spectrum.pitch_classes()

    def _compare(self) -> None:
        """The bands against their own recent averages, which rests between notes belong to and silence does not."""
        self._amplitudes[:3] = self.spectrum.bands
        self._amplitudes[3:] = self.spectrum.mel
        np.sqrt(self._amplitudes, out=self._amplitudes)
        self.levels[11:-12] = self._agc.step(self._amplitudes, self.levels[4] == 0.0)

    def _onset_and_beat(self, loud: float) -> None:
        if loud > GATE:
            self._heard += 1
            self._usual += (loud - self._usual) * max(1 / self._heard, self.hop_s / USUAL_S)
        np.multiply(self._past[-len(self._short) :], self._short_window, out=self._short)
        np.fft.rfft(self._short, out=self._short_complex)  # type: ignore[arg-type]  # as in spectrum
        np.abs(self._short_complex, out=self._short_magnitudes)
        onsets = self._onsets
        self.onset = onsets.step(self._short_magnitudes, 1 / max(self._usual, GATE))
        self.levels[10] = onsets.flux / onsets.largest
        self.beats.step(onsets.flux + LOW_WEIGHT * onsets.low_flux)

"""What a frame of sound is made of: power, bands, centroid, rolloff, flatness, chroma. Oracle: librosa."""

import math

import numpy as np
from numpy.typing import NDArray

from mappings.audio import filters

EDGES_HZ = (20.0, 250.0, 4_000.0, 20_000.0)  # low, mid, high, as MilkDrop divides them
ROLLOFF = 0.85
SMALLEST = 1e-10
LOG_SPAN = math.log(EDGES_HZ[-1] / EDGES_HZ[0])


class Spectrum:
    """The newest frame under a Hann window, and what can be said of it. Arrays are overwritten by the next `step`.

    magnitudes, powers : (n_fft / 2 + 1,), as `abs(librosa.stft(..., center=False))` and its square
    """

    def __init__(self, rate_hz: int, bands: int = filters.BANDS) -> None:
        self.n_fft = filters.fft_size(rate_hz)
        bins = self.n_fft // 2 + 1
        self._bin_hz = rate_hz / self.n_fft
        self._window = hann(self.n_fft)
        self._frame: NDArray[np.float32] = np.zeros(self.n_fft, np.float32)
        self._complex: NDArray[np.complex64] = np.zeros(bins, np.complex64)
        self._scratch: NDArray[np.float32] = np.zeros(bins, np.float32)
        self._frequencies_hz = (np.arange(bins) * self._bin_hz).astype(np.float32)
        self._edges = [min(bins - 1, math.ceil(edge / self._bin_hz)) for edge in EDGES_HZ]
        self._mel = filters.mel(rate_hz, bands)
        self._chroma = filters.chroma(rate_hz)
        self._to_power = 2.0 / (self.n_fft * float(np.sum(self._window.astype(np.float64) ** 2)))
        self.magnitudes: NDArray[np.float32] = np.zeros(bins, np.float32)
        self.powers: NDArray[np.float32] = np.zeros(bins, np.float32)
        self.mel: NDArray[np.float32] = np.zeros(bands, np.float32)
        self.chroma: NDArray[np.float32] = np.zeros(12, np.float32)
        self.bands: NDArray[np.float64] = np.zeros(
            3
        )  # mean square of low, mid, high; Parseval, so a sine gives a^2 / 2
        self._sum = 0.0

    def step(self, frame: NDArray[np.float32]) -> None:
        """Transform a frame of `n_fft` samples."""
        np.multiply(frame, self._window, out=self._frame)
        np.fft.rfft(self._frame, out=self._complex)  # type: ignore[arg-type]  # the stubs know only complex128
        np.abs(self._complex, out=self.magnitudes)
        np.multiply(self.magnitudes, self.magnitudes, out=self.powers)
        np.matmul(self._mel, self.powers, out=self.mel)
        np.matmul(self._chroma, self.powers, out=self.chroma)
        self._sum = float(np.add.reduce(self.magnitudes))
        low, mid, high, top = self._edges
        powers = self.powers
        # A Hann window lets a constant leak into bin 1 and no further; there it is taken back.
        leak = abs(self._complex[1] + 0.5 * self._complex[0]) ** 2 - powers[1] if low <= 1 else 0.0
        self.bands[0] = max(0.0, float(np.add.reduce(powers[low:mid])) + leak)
        self.bands[1] = np.add.reduce(powers[mid:high])
        self.bands[2] = np.add.reduce(powers[high:top])
        self.bands *= self._to_power

    def centroid_hz(self) -> float:
        """The mean frequency, weighted by magnitude; 0 for silence."""
        return float(self._frequencies_hz.dot(self.magnitudes)) / self._sum if self._sum > SMALLEST else 0.0

    def rolloff_hz(self) -> float:
        """The frequency below which 85 % of the magnitude lies; 0 for silence."""
        if self._sum <= SMALLEST:
            return 0.0
        np.cumsum(self.magnitudes, out=self._scratch)
        return float(np.searchsorted(self._scratch, ROLLOFF * self._scratch[-1])) * self._bin_hz

    def flatness(self) -> float:
        """Geometric over arithmetic mean of the power: 0 a tone, 1 noise (and silence)."""
        np.maximum(self.powers, np.float32(SMALLEST), out=self._scratch)
        mean = float(np.add.reduce(self._scratch)) / len(self._scratch)
        np.log(self._scratch, out=self._scratch)
        return min(1.0, math.exp(float(np.add.reduce(self._scratch)) / len(self._scratch)) / mean)

    def pitch_classes(self) -> NDArray[np.float32]:
        """Chroma with its largest class at 1; all 0 for silence."""
        largest = float(self.chroma.max())
        self.chroma *= 1 / largest if largest > SMALLEST else 0.0
        return self.chroma


def log_position(hz: float) -> float:
    """Where a frequency lies between 20 Hz (0) and 20 kHz (1), evenly by octaves."""
    return min(1.0, max(0.0, math.log(max(hz, 1e-3) / EDGES_HZ[0]) / LOG_SPAN))


def hann(size: int) -> NDArray[np.float32]:
    """Periodic, as for spectra."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)

"""Filter matrices: mel and chroma as librosa defines them, quarter-tone bands for onsets, K-weighting of BS.1770.

The matrices of the usual case (48 kHz, 2048 points, 24 mel bands) ship as librosa made them, in `filters_48000.npz`
(`python -m mappings.audio.filters` writes it). For any other rate or number of bands the same definitions are computed
here, so that a show never imports librosa.
"""

import functools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LOW_HZ, HIGH_HZ = 30.0, 16_000.0  # span of the mel bands
BANDS = 24
SHIPPED_HZ = 48_000
SHIPPED = Path(__file__).with_name("filters_48000.npz")

Matrix = NDArray[np.float32]


class Biquad(NamedTuple):
    """One second-order section, normalised to a0 = 1."""

    b: tuple[float, float, float]
    a: tuple[float, float, float]


def fft_size(rate_hz: float) -> int:
    """The power of two nearest to 43 ms: 2048 at 44.1 and 48 kHz."""
    return 1 << max(8, round(math.log2(rate_hz * 2048 / 48_000)))


def mel(rate_hz: int, bands: int = BANDS) -> Matrix:
    """Triangles of equal area, evenly spaced on Slaney's mel scale, as `librosa.filters.mel`.

    (bands, fft_size / 2 + 1)
    """
    shipped = _shipped(rate_hz)
    if shipped is not None and bands == BANDS:
        return shipped["mel"]
    n_fft = fft_size(rate_hz)
    frequencies = np.arange(n_fft // 2 + 1) * rate_hz / n_fft
    high_hz = min(HIGH_HZ, rate_hz / 2)
    edges = _mel_to_hz(np.linspace(_hz_to_mel(LOW_HZ), _hz_to_mel(high_hz), bands + 2))
    widths = np.diff(edges)
    ramps = edges[:, None] - frequencies[None, :]
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def chroma(rate_hz: int) -> Matrix:
    """The twelve pitch classes from C, tuned to A 440 Hz, as `librosa.filters.chroma` with tuning 0.

    (12, fft_size / 2 + 1)
    """
    shipped = _shipped(rate_hz)
    if shipped is not None:
        return shipped["chroma"]
    n_fft = fft_size(rate_hz)
    frequencies = np.arange(1, n_fft) * rate_hz / n_fft
    pitch = 12 * np.log2(frequencies / (440.0 / 16))
    pitch = np.concatenate(([pitch[0] - 18], pitch))  # bin 0 an octave and a half below bin 1
    widths = np.concatenate((np.maximum(np.diff(pitch), 1.0), [1.0]))
    distance = np.subtract.outer(pitch, np.arange(12.0)).T
    distance = np.remainder(distance + 6 + 120, 12) - 6
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0, keepdims=True))
    weights *= np.exp(-0.5 * ((pitch / 12 - 5) / 2) ** 2)  # octave 5 counts most
    return np.ascontiguousarray(np.roll(weights, -3, axis=0)[:, : n_fft // 2 + 1], dtype=np.float32)


def quarter_tones(rate_hz: int, n_fft: int) -> Matrix:
    """Overlapping triangles, 24 an octave from 27.5 Hz to 16 kHz, where the transform resolves them.

    (bands, n_fft / 2 + 1), as in Boeck and Widmer, 2013; each triangle sums to one.
    """
    centres_hz = 27.5 * 2 ** (np.arange(-1, 24 * 10) / 24)
    centres_hz = centres_hz[centres_hz <= min(16_000, rate_hz / 2 * 0.95)]
    bins = np.unique(np.round(centres_hz * n_fft / rate_hz).astype(int))
    bins = bins[bins > 0]
    weights = np.zeros((len(bins) - 2, n_fft // 2 + 1))
    for row, (left, centre, right) in enumerate(zip(bins[:-2], bins[1:-1], bins[2:], strict=True)):
        weights[row, left : centre + 1] = np.linspace(0, 1, centre - left + 1)
        weights[row, centre : right + 1] = np.linspace(1, 0, right - centre + 1)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def k_weighting(rate_hz: float) -> tuple[Biquad, Biquad]:
    """The two stages of ITU-R BS.1770, a head's shelf and a high-pass, for any rate from their analogue design."""
    gain, centre_hz, quality = 10 ** (3.999843853973347 / 20), 1681.974450955533, 0.7071752369554196
    k = np.tan(np.pi * centre_hz / rate_hz)
    mid = gain**0.4996667741545416
    a0 = 1 + k / quality + k * k
    shelf = Biquad(
        ((gain + mid * k / quality + k * k) / a0, 2 * (k * k - gain) / a0, (gain - mid * k / quality + k * k) / a0),
        (1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0),
    )
    centre_hz, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * centre_hz / rate_hz)
    a0 = 1 + k / quality + k * k
    return shelf, Biquad((1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0))


def _hz_to_mel(hz: float) -> float:
    """Slaney's scale: linear to 1 kHz, logarithmic above."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))


@functools.cache
def _shipped(rate_hz: int) -> dict[str, Matrix] | None:
    if rate_hz != SHIPPED_HZ or not SHIPPED.is_file():
        return None
    with np.load(SHIPPED, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _ship() -> None:
    """Let librosa make the shipped matrices."""
    import librosa

    n_fft = fft_size(SHIPPED_HZ)
    mel_matrix = librosa.filters.mel(sr=SHIPPED_HZ, n_fft=n_fft, n_mels=BANDS, fmin=LOW_HZ, fmax=HIGH_HZ)
    chroma_matrix = librosa.filters.chroma(sr=SHIPPED_HZ, n_fft=n_fft, tuning=0.0).astype(np.float32)
    with SHIPPED.open("wb") as file:
        np.savez_compressed(file, mel=mel_matrix, chroma=chroma_matrix)


if __name__ == "__main__":
    _ship()

"""Where something begins: log-spectral flux with a maximum filter, and a causal pick of its peaks.

After Boeck and Widmer, "Maximum filter vibrato suppression for onset detection" (SuperFlux, DAFx 2013), without
looking ahead.
"""

import numpy as np
from numpy.typing import NDArray

from mappings.audio.filters import quarter_tones

LAG = 2  # hops between the spectra compared
COMPRESSION = 30.0  # of band magnitudes relative to the usual level
REST_S = 0.06  # the shortest time between two onsets: at most 17 a second
PAST_MAX_S = 0.03
PAST_MEAN_S = 0.15
LIFT = 0.12  # nepers above the mean; what steady noise does not reach
MEMORY_S = 10.0  # half-life of the strongest onset, to which strengths are relative


class Onsets:
    """Flux and onsets, one hop at a time."""

    def __init__(self, rate_hz: int, hop: int, n_fft: int, sensitivity: float = 1.0) -> None:
        hop_s = hop / rate_hz
        self.flux = 0.0  # mean rise over the bands, nepers
        self.low_flux = 0.0  # the same over the bands below 250 Hz
        self.largest = 0.5  # flux lately, to hold others against
        self._strongest = self._lift = LIFT / max(sensitivity, 1e-3)
        self._filters = quarter_tones(rate_hz, n_fft)
        bands = len(self._filters)
        self._low_bands = max(
            1, int(np.count_nonzero(self._filters[:, : max(2, round(250 * n_fft / rate_hz))].any(axis=1)))
        )
        self._history: NDArray[np.float32] = np.zeros((LAG + 1, bands), np.float32)
        self._widest: NDArray[np.float32] = np.zeros(bands, np.float32)
        self._fluxes: NDArray[np.float64] = np.zeros(round(PAST_MEAN_S / hop_s))
        self._recent = round(PAST_MAX_S / hop_s)
        self._rest_hops = round(REST_S / hop_s)
        self._since = self._rest_hops
        self._forget = 0.5 ** (hop_s / MEMORY_S)
        self._at = 0

    def step(self, magnitudes: NDArray[np.float32], scale: float) -> float:
        """The strength 0..1 of an onset that begins in this hop, or 0.

        magnitudes : (n_fft / 2 + 1,), a full-scale sine is 1; scale : one over the usual level.
        """
        self._rise(magnitudes, scale)
        flux, fluxes = self.flux, self._fluxes
        n = len(fluxes)
        threshold = float(np.add.reduce(fluxes)) / n + self._lift
        recent = [fluxes[(self._at - k) % n] for k in range(1, self._recent + 1)]
        fluxes[self._at % n] = flux
        self._at += 1
        self._since += 1
        self.largest = max(self.largest * self._forget, flux, LIFT)
        self._strongest = max(self._strongest * self._forget, self._lift)
        if flux < threshold or flux < max(recent) or self._since < self._rest_hops:
            return 0.0
        self._since = 0
        self._strongest = max(self._strongest, flux)
        return flux / self._strongest

    def _rise(self, magnitudes: NDArray[np.float32], scale: float) -> None:
        """How far each band rose above the widest of its neighbours two hops ago."""
        now = self._history[self._at % (LAG + 1)]
        then = self._history[(self._at + 1) % (LAG + 1)]
        widest = self._widest
        np.copyto(widest, then)
        np.maximum(widest[1:], then[:-1], out=widest[1:])
        np.maximum(widest[:-1], then[1:], out=widest[:-1])
        np.matmul(self._filters, magnitudes, out=now)
        np.multiply(now, np.float32(COMPRESSION * scale), out=now)
        np.log1p(now, out=now)
        np.subtract(now, widest, out=widest)
        np.maximum(widest, 0, out=widest)
        self.flux = float(np.add.reduce(widest)) / len(widest)
        self.low_flux = float(np.add.reduce(widest[: self._low_bands])) / self._low_bands

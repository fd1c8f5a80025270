"""How far two ways of drawing the same latents differ: what a device's shortcuts are judged by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_SIGMA = 1e-4  # largest difference between two ways of computing the same fp32 arithmetic
# Root mean square of fp16 layers against fp32 ones, by family: about one of 255 levels. Measured with fp16 arithmetic
# on a processor, on small models: up to 2.0e-3, 7.6e-3, 2.8e-3 and 1.1e-3 in this order; the tulip as learned 5.5e-4.
HALF_SIGMA = {"stylegan2": 1.5e-2, "stylegan3": 1.5e-2, "biggan": 1.5e-2, "progan": 1.5e-2, "tulip": 1.5e-2}
LEVELS = 1  # of 255: a fused multiply-add may round a value over the edge between two levels


@dataclass(frozen=True, slots=True)
class Agreement:
    """Differences in standard deviations of the picture that is held true."""

    rms_sigma: float
    max_sigma: float
    finite: bool

    def same(self) -> bool:
        """Whether both are one arithmetic but for rounding."""
        return self.finite and self.max_sigma <= SAME_SIGMA

    def close(self, rms_sigma: float) -> bool:
        """Whether nobody can see the difference."""
        return self.finite and self.rms_sigma <= rms_sigma

    def __str__(self) -> str:
        if not self.finite:
            return "not all numbers are finite"
        return f"rms {self.rms_sigma:.1e}, largest {self.max_sigma:.1e} of the picture's deviation"


def compare(got: NDArray[np.float32], true: NDArray[np.float32]) -> Agreement:
    """How far `got` is from `true`. NaN or infinity in either is no agreement at all."""
    if not (np.isfinite(got).all() and np.isfinite(true).all()):
        return Agreement(np.inf, np.inf, False)
    sigma = max(float(true.std(dtype=np.float64)), 1e-6)
    apart = np.abs(got.astype(np.float64) - true)
    return Agreement(float(np.sqrt(np.square(apart).mean())) / sigma, float(apart.max()) / sigma, True)


def rgba_of(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(voices, 3, height, width) -> (voices, height, width, 4), by numpy: what a device's bytes are compared with."""
    levels = np.clip(picture * np.float32(127.5) + np.float32(128), 0, 255).astype(np.uint8)
    return np.pad(np.moveaxis(levels, 1, -1), [(0, 0)] * 3 + [(0, 1)], constant_values=255)


def levels_apart(got: NDArray[np.uint8], picture: NDArray[np.float32]) -> int:
    """The largest difference between a device's bytes and the bytes of its own picture."""
    return int(np.abs(got.astype(np.int16) - rgba_of(picture)).max())

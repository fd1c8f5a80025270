"""sRGB bytes and the light they stand for (IEC 61966-2-1)."""

import numpy as np
from numpy.typing import NDArray

# of each byte, 0..1
LINEAR = np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255.0])


def srgb(light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Linear light as bytes; what is below 0 or above 1 is clipped."""
    light = light.clip(0.0, 1.0)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255.0 * curved), np.uint8)

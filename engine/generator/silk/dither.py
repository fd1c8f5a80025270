"""A still dither: dark gradients on a large wall would show the steps of 8 bits without it."""

import numpy as np
from numpy.typing import NDArray


def dither(width: int, height: int) -> NDArray[np.float32]:
    """(height, width) in 0..1, to be added before rounding down: interleaved gradient noise (Jimenez 2014)."""
    x, y = np.arange(width) + 0.5, (np.arange(height) + 0.5)[:, None]
    noise = 52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1)
    return (noise % 1).astype(np.float32)

"""Maps and palettes that a tulip's network could draw, at random: for laws of the head and of its kernels."""

import numpy as np
from numpy.typing import NDArray

from engine.generator.tulip.maps import GLOSS, GROUND, LIGHT, MAPS, U, V

Array = NDArray[np.float32]


def maps(seed: int, height: int = 16, width: int = 16, contrast: float = 6.0) -> Array:
    """Smooth maps (MAPS, height, width): logits about so far apart, everything else in its range."""
    random = np.random.RandomState(seed)
    found = random.randn(MAPS, height, width)
    for _ in range(2):
        for axis in (1, 2):
            found = (found + np.roll(found, 1, axis) + np.roll(found, -1, axis)) / 3
    found /= found.std((1, 2), keepdims=True)
    found[:U] *= contrast
    found[U:V] = 0.5 + 0.3 * found[U:V]
    found[V:LIGHT] *= 0.6
    found[LIGHT:GLOSS] = 0.7 + 0.2 * found[LIGHT:GLOSS]
    found[GLOSS] = 0.05 * np.abs(found[GLOSS])
    found[GROUND:] = 0.15 + 0.1 * found[GROUND:]
    return found.astype(np.float32)


def palette(seed: int) -> Array:
    """(11,), each within 0..1."""
    return np.random.RandomState(seed).rand(11).astype(np.float32)

"""Silk's latent space: 16 named directions by construction, and the layers of w in which they act.

z is Gaussian with 128 entries. A fixed orthonormal basis splits it into one amount for each direction and 112 amounts
that compose the picture.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Z_DIM = 128
LAYERS = ("place", "form", "weave", "folds", "threads", "colour")
_DIRECTION_LAYER: Mapping[str, str] = {
    "drift_x": "place",
    "drift_y": "place",
    "scale": "place",
    "turn": "place",
    "twist": "place",
    "bloom": "form",
    "symmetry": "form",
    "warp": "form",
    "stripes": "weave",
    "relief": "folds",
    "filaments": "threads",
    "sheen": "threads",
    "hue": "colour",
    "light": "colour",
    "chroma": "colour",
    "contrast": "colour",
}
NAMES: tuple[str, ...] = tuple(_DIRECTION_LAYER)


def _basis() -> NDArray[np.float64]:
    """(128, 128) orthonormal rows: Sylvester's Hadamard matrix with seeded signs, exact on every machine."""
    rows = np.ones((1, 1))
    while len(rows) < Z_DIM:
        rows = np.block([[rows, rows], [rows, -rows]])
    signs = np.where(np.random.RandomState(1637).rand(Z_DIM) < 0.5, -1.0, 1.0)
    basis: NDArray[np.float64] = rows * signs / np.sqrt(Z_DIM)
    return basis


BASIS: NDArray[np.float64] = _basis()


def layer_of(name: str) -> int:
    """The layer of w in which the direction `name` acts."""
    return LAYERS.index(_DIRECTION_LAYER[name])

"""Silk: the built-in generator without weights. A coordinate network draws lit, threaded cloth at any size.

The latent z is Gaussian with 128 entries. A fixed orthonormal basis splits it into 16 named amounts (one for each
direction below) and 112 that compose the picture. Importing this module loads neither numba nor torch.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import Band, ModelInfo

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
    return rows * signs / np.sqrt(Z_DIM)


BASIS: NDArray[np.float64] = _basis()
DIRECTIONS: dict[str, NDArray[np.float64]] = {name: BASIS[i] for i, name in enumerate(NAMES)}
DIRECTION_LAYERS: dict[str, tuple[int, ...]] = {n: (LAYERS.index(layer),) for n, layer in _DIRECTION_LAYER.items()}

INFO = ModelInfo(
    name="silk",
    architecture="silk",
    z_dim=Z_DIM,
    w_dim=Z_DIM,
    num_ws=len(LAYERS),
    width=512,
    height=512,
    bands=(Band("coarse", 0, 2), Band("middle", 2, 4), Band("fine", 4, 6)),
    native=False,
    hash="silk-1",
    licence="Apache-2.0",
    provenance="No weights: fixed seeded constants, drawn by this program.",
)


def info(garden: int = 0) -> ModelInfo:
    """What silk is; every garden (a family of weights and palettes) has the same sizes."""
    return INFO if garden == 0 else replace(INFO, name=f"silk:{garden}", hash=f"silk-1:{garden}")


def directions(garden: int = 0) -> dict[str, NDArray[np.float64]]:
    """Silk's named directions: unit vectors in z, 1.0 is one sigma; the same in every garden."""
    return DIRECTIONS

"""What the tulip's network draws: smooth maps, and what they are made into a picture with.

Layers are numbered as in the renderer's `id`: 0 the ground, 1 to 6 petals, then stem, leaf, anther, filament.
"""

import numpy as np

LAYERS = ("ground", "petal1", "petal2", "petal3", "petal4", "petal5", "petal6", "stem", "leaf", "anther", "filament")
PETALS = 6
STEM, LEAF, ANTHER, FILAMENT = 7, 8, 9, 10

# Channels: a logit for each layer, u and v of each petal, light of each layer but the ground, gloss, the ground's RGB.
SPLIT = (len(LAYERS), PETALS, PETALS, len(LAYERS) - 1, 1, 3)
LOGITS, U, V, LIGHT, GLOSS, GROUND = (sum(SPLIT[:i]) for i in range(len(SPLIT)))
MAPS = sum(SPLIT)

# The phase of the flames of each petal: no two are alike. Linear RGB of what has no palette: stem, leaf, anther,
# filament.
PHASES = np.array([0.3, 2.1, 4.4, 1.2, 3.1, 5.3], np.float32)
FIXED = np.array([[0.26, 0.46, 0.20], [0.24, 0.50, 0.31], [0.20, 0.10, 0.16], [0.74, 0.74, 0.36]], np.float32)

# The palette: eleven numbers that colour all petals.
PALETTE = ("red", "green", "blue", "flame_red", "flame_green", "flame_blue",
           "stripes", "blotch", "picotee", "wilt", "feather")  # fmt: skip

EXPOSURE = 1.55  # of the filmic curve (1 - exp(-E x)) / (1 - exp(-E))
VIGNETTE = 0.28  # how much darker the corners are
GAMMA = 1 / 1.12


def vignette(width: int, height: int) -> np.ndarray:
    """Brightness (height, width) float32: 1 in the middle, 1 - VIGNETTE in the corners."""
    x = (np.arange(width) + 0.5) / width * 2 - 1
    y = (np.arange(height) + 0.5) / height * 2 - 1
    return (1 - VIGNETTE * np.clip((y[:, None] ** 2 + x[None] ** 2) / 2, 0, 1)).astype(np.float32)

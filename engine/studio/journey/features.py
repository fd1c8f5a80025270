"""What a picture looks like as numbers that can be compared: where which colours are, and which way edges run.

No network and no learned weights: the same picture gives the same numbers on every machine. Three groups, each looked
at on a picture of about 64 x 64 pixels in Oklab (Ottosson 2020), where equal distances look about equal:

    layout   the mean colour of 8 x 8 cells
    palette  how much of the picture is of which colour, wherever: 8 lightnesses, 8 x 8 of green-red and blue-yellow
    edges    how strong edges are in 8 directions, in 4 x 4 cells, and coarser: half the pixels in 2 x 2, a quarter in
             one (after Dalal and Triggs, "Histograms of Oriented Gradients", 2005)

Histograms are compared by their roots (Hellinger): a little of something new counts for more than more of the same.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.studio.light import LINEAR

Array = NDArray[np.float64]
Features = NDArray[np.float32]

SIDE = 64
CELLS, TONES, WAYS = 8, 8, 8
TINT = 0.2  # Oklab: what lies beyond it to either side counts as that
SCALES = ((1, 4), (2, 2), (4, 1))  # pixels averaged, cells

_LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip

GROUPS = (CELLS * CELLS * 3, TONES + TONES * TONES, WAYS * sum(cells * cells for _, cells in SCALES))
LENGTH = sum(GROUPS)


def features(picture: NDArray[np.uint8]) -> Features:
    """The numbers of a picture (height, width, 3) of sRGB: (LENGTH,)."""
    lab = _oklab(np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX)))
    layout = _pooled(lab, SIDE // CELLS).ravel()
    return np.concatenate([layout, _palette(lab), _edges(lab[..., 0])]).astype(np.float32)


def weights_of(found: Features) -> Features:
    """By what features (n, LENGTH) are multiplied so that each group counts alike: (LENGTH,).

    Over these, the mean square of each group from its own mean is 1 then.
    """
    spread = np.array([part.var(0).sum() for part in np.split(found, np.cumsum(GROUPS)[:-1], 1)])
    return np.repeat(1.0 / np.sqrt(np.maximum(spread, 1e-12)), GROUPS).astype(np.float32)


def distances(found: Features, other: Features) -> Features:
    """How far each of the features (n, LENGTH) is from one (LENGTH,): (n,)."""
    return np.asarray(np.sqrt(np.square(found - other).sum(-1)))


def _oklab(picture: NDArray[np.uint8]) -> Array:
    return np.asarray(np.cbrt(LINEAR[picture] @ _LMS.T) @ _LAB.T)


def _pooled(values: Array, cell: int) -> Array:
    """The means of cells, over the first two axes."""
    rows, columns = values.shape[0] // cell, values.shape[1] // cell
    return np.asarray(values.reshape(rows, cell, columns, cell, *values.shape[2:]).mean((1, 3)))


def _palette(lab: Array) -> Array:
    light = np.clip(lab[..., 0] * TONES, 0, TONES - 1).astype(np.intp).ravel()
    tint = np.clip((lab[..., 1:] / TINT + 1.0) * (TONES / 2), 0, TONES - 1).astype(np.intp).reshape(-1, 2)
    counts = (np.bincount(light, minlength=TONES), np.bincount(tint @ [TONES, 1], minlength=TONES * TONES))
    return np.sqrt(np.concatenate(counts) / len(light))


def _edges(light: Array) -> Array:
    found = []
    for step, cells in SCALES:
        small = _pooled(light, step)
        down, across = np.gradient(small)
        angle = np.arctan2(down, across) / np.pi % 1.0 * WAYS
        first = angle.astype(np.intp) % WAYS
        part, strength = angle - np.floor(angle), np.hypot(down, across)
        ways = np.zeros((*small.shape, WAYS))
        np.put_along_axis(ways, first[..., None], (strength * (1.0 - part))[..., None], -1)
        np.put_along_axis(ways, ((first + 1) % WAYS)[..., None], (strength * part)[..., None], -1)
        found.append(np.sqrt(_pooled(ways, small.shape[0] // cells)).ravel())
    return np.concatenate(found)

"""A canvas cut into tiles that lie between four points of the maps: what is the same in every frame. Numpy only.

Within a tile every map is one bilinear form with constant coefficients, so that its pixels can be worked on as one
vector, and whatever cannot be seen between those four points is left out for all of them.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.generator.silk.dither import dither
from engine.generator.tulip.dress import darkened
from engine.generator.tulip.maps import GAMMA

LANES = 16  # a tile's pixels are filled up to a multiple of this: the widest vector
WIDEST, TALLEST = 16, 8  # pixels of a tile
MOST = WIDEST * TALLEST

Taps = tuple[NDArray[np.int64], NDArray[np.float32]]  # of each pixel: the point before it, how far to the next it lies


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Tiles in rows and columns, and their pixels one tile after another.

    columns, rows : (tiles, 3) int32: the point of the maps before the tile, its first pixel, the pixel behind its last
    begins : (rows, columns) int32, where a tile's pixels begin in the others
    across, down : from the point before (0) to the next (1), of each pixel
    shade : what a pixel's brightness is multiplied by
    noise : dither, 0..1
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    begins: NDArray[np.int32]
    across: NDArray[np.float32]
    down: NDArray[np.float32]
    shade: NDArray[np.float32]
    noise: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Taps, columns: Taps, dark: float) -> Self:
        """Of a canvas whose pixels lie so between the points of the maps; dark : how much darker its corners are."""
        height, width = len(rows[0]), len(columns[0])
        across, down = _cut(columns[0], WIDEST), _cut(rows[0], TALLEST)
        order, begins = _order(across, down, width)
        y, x = np.divmod(order, width)
        shade = darkened(width, height, dark) ** np.float32(GAMMA)
        flat = (shade.ravel()[order], dither(width, height).ravel()[order])
        return cls(across, down, begins, columns[1][x], rows[1][y], *flat)


def _cut(points: NDArray[np.int64], longest: int) -> NDArray[np.int32]:
    """Tiles of one axis, from the point that lies before each pixel."""
    found, begin = [], 0
    for end in range(1, len(points) + 1):
        if end == len(points) or points[end] != points[begin] or end - begin == longest:
            found.append((points[begin], begin, end))
            begin = end
    return np.array(found, np.int32)


def _order(
    columns: NDArray[np.int32], rows: NDArray[np.int32], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Pixels (by their number in the picture) tile after tile, filled up with the tile's last; where each begins."""
    pieces, begins, at = [], np.zeros((len(rows), len(columns)), np.int32), 0
    for j, (_, top, bottom) in enumerate(rows):
        for i, (_, left, right) in enumerate(columns):
            pixels = (np.arange(top, bottom)[:, None] * width + np.arange(left, right)).ravel()
            padded = np.pad(pixels, (0, -len(pixels) % LANES), mode="edge")
            pieces.append(padded)
            begins[j, i] = at
            at += len(padded)
    return np.concatenate(pieces), begins

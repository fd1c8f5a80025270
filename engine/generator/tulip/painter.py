"""The tulip's pictures of one size on the processor: what the kernels need for it, made once. Numba.

Call `engine.paths.use_numba_cache` before importing this module.
"""

import numpy as np
from numba import config, get_num_threads, set_num_threads
from numpy.typing import NDArray

from engine.generator.tulip.dress import GARDEN, Dress
from engine.generator.tulip.kernels import CHUNKS, paint
from engine.generator.tulip.light import (
    BASE,
    BROWN,
    EDGE,
    FLAME,
    GLOSS,
    LIT,
    MARKS,
    PARAMETERS,
    ROW,
    ROWS,
    SHARP,
    SOIL,
    SOIL_BASE,
    THINGS,
)
from engine.generator.tulip.maps import MAPS
from engine.generator.tulip.tiles import Taps, Tiles

_NO_WORDS, _NO_NUMBERS = np.zeros((1, 1), np.uint32), np.zeros((3, 1, 1), np.float32)


class Painter:
    """All that one size needs, made once; `draw` allocates nothing of size after its first picture."""

    def __init__(self, rows: Taps, columns: Taps, shape: tuple[int, int], threads: int, dress: Dress = GARDEN) -> None:
        """rows, columns : where pixels lie in the maps. shape : height and width of the maps, in points, from 2 on."""
        tiles = Tiles.of(rows, columns, dress.vignette)
        self._dress = dress.arrays
        self._parameters = np.zeros(PARAMETERS, np.float32)
        self._maps: NDArray[np.float32] | None = None  # a copy of maps that do not lie in one piece, where they come
        self._forms = np.zeros((CHUNKS, MAPS + 1, 4, shape[1] + 8), np.float32)
        self._masks = np.zeros((CHUNKS, shape[1] + 8), np.int32)
        self._scratch = np.zeros((CHUNKS, ROWS * ROW), np.float32)
        self._words = np.zeros((CHUNKS, ROW), np.uint32)
        self._threads = min(threads, config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
        self._tiles = (tiles.columns, tiles.rows, tiles.begins, tiles.across, tiles.down, tiles.shade, tiles.noise)

    def draw(
        self, maps: NDArray[np.float32], palette: NDArray[np.float32], sharp: float, image: NDArray[np.uint8]
    ) -> None:
        """maps (MAPS, *shape), palette (11,) -> image (height, width, 4) uint8 RGBA."""
        self._paint(maps, palette, sharp, image.view(np.uint32)[..., 0], _NO_NUMBERS, False)

    def image(
        self, maps: NDArray[np.float32], palette: NDArray[np.float32], sharp: float, image: NDArray[np.float32]
    ) -> None:
        """maps (MAPS, *shape), palette (11,) -> image (3, height, width) float32, -1..1."""
        self._paint(maps, palette, sharp, _NO_WORDS, image, True)

    def _paint(
        self,
        maps: NDArray[np.float32],
        palette: NDArray[np.float32],
        sharp: float,
        words: NDArray[np.uint32],
        numbers: NDArray[np.float32],
        as_numbers: bool,
    ) -> None:
        if not maps.flags.c_contiguous:
            if self._maps is None:
                self._maps = np.empty(maps.shape, np.float32)
            np.copyto(self._maps, maps)
            maps = self._maps
        parameters(palette, sharp, self._dress, self._parameters)
        before = get_num_threads()
        set_num_threads(self._threads)
        try:
            paint(
                maps, self._parameters, *self._tiles, self._forms, self._masks, self._scratch, self._words,
                words, numbers, as_numbers,
            )  # fmt: skip
        finally:
            set_num_threads(before)


def parameters(
    palette: NDArray[np.float32], sharp: float, dress: dict[str, NDArray[np.float32]], p: NDArray[np.float32]
) -> None:
    """Fill p with what a picture is drawn from, the palette in its dress."""
    dyed = dress["petal"]
    p[BASE : BASE + 3], p[FLAME : FLAME + 3] = dyed @ palette[:3], dyed @ palette[3:6]
    p[EDGE : BROWN + 3] = dress["tips"].ravel()
    stripes, blotch, picotee, wilt, feather = palette[6:]
    wide = 0.11 + 0.28 * blotch
    p[MARKS : MARKS + 8] = (
        2.1 * stripes - 0.85, min(1.0, 4.0 * stripes), 0.12 + 0.50 * feather, blotch, 1 / (wide or 1e-6), picotee,
        0.7 * picotee, 0.75 * wilt * wilt,
    )  # fmt: skip
    p[GLOSS : GLOSS + 3], p[LIT : LIT + 2] = dress["gloss"], dress["light"]
    p[SOIL : SOIL + 9], p[SOIL_BASE : SOIL_BASE + 3] = dress["ground"].ravel(), dress["ground_base"]
    p[THINGS : THINGS + 12], p[SHARP] = dress["fixed"].ravel(), sharp

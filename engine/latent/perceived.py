"""How much the eye sees of a change from one picture to the next: a fast measure on frames as they are drawn.

The definition, here for frames of bytes and in `engine.studio.learn.perceived` for tensors: both pictures in sRGB,
gamma encoded, about even to the eye; averaged over square cells, 64 or a few more along the shorter side; their
difference there, over 2 x 2 and over 4 x 4 cells; the root of the mean square over all three, of 0..1. The coarser two
make a thing that moves count by how far it goes, for longer than one pixel. No network is asked.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = 64  # along the shorter side
SCALES = 3  # cells, 2 x 2 cells, 4 x 4 cells
MOST_PX = 4  # a cell's side at most: of larger pictures every second pixel is looked at, every third, ...
_RED_BLUE, _GREEN = np.uint32(0x00FF00FF), np.uint32(0x0000FF00)  # of a pixel as one number


class Grid(NamedTuple):
    """How a picture is averaged: every `step`th pixel of it, in cells of `cell` x `cell`, (rows, columns) of them."""

    step: int
    cell: int
    rows: int
    columns: int


def grid_of(height: int, width: int) -> Grid:
    """The cells of a picture; what is left over at its right and lower edge is not looked at."""
    step = max(1, -(-min(height, width) // (CELLS * MOST_PX)))
    height, width = -(-height // step), -(-width // step)
    cell = max(1, min(height, width) // CELLS)
    return Grid(step, cell, height // cell, width // cell)


class Eye:
    """Looks at one frame after the other, (height, width, 4) RGBA8, and says how far each is from the one before."""

    def __init__(self, height: int, width: int) -> None:
        self.grid = grid = grid_of(height, width)
        rows, columns, cell = grid.rows, grid.columns, grid.cell
        self._span = rows * cell, columns * cell
        self._part = np.zeros((rows, columns * cell), np.uint32)
        self._sums = np.zeros((2, rows, columns * cell), np.uint32)  # of red and blue, 16 bits each; of green
        self._cells = np.zeros((2, rows, columns), np.uint32)
        self._seen = np.zeros((2, rows, columns, 4), np.float32)  # this frame and the one before
        self._per_cell = np.float32(1.0 / (255.0 * cell * cell))
        self._looked = 0

    def look(self, frame: NDArray[np.uint8]) -> float | None:
        """The change since the frame before, of 0..1; None for the first one."""
        self._looked += 1
        here, before = self._seen[self._looked % 2], self._seen[1 - self._looked % 2]
        self._average(frame, here)
        return None if self._looked == 1 else _distance(np.subtract(here, before, out=before))

    def forget(self) -> None:
        """The next frame is the first one."""
        self._looked = 0

    def _average(self, frame: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
        """The mean of each cell: a pixel is one number, so that two channels are added at a time."""
        step, cell, rows, _ = self.grid
        pixels = frame.view(np.uint32)[::step, ::step, 0][: self._span[0], : self._span[1]]
        pixels = pixels.reshape(rows, cell, self._span[1])
        part, (red_blue, green) = self._part, self._sums
        np.bitwise_and(pixels[:, 0], _RED_BLUE, out=red_blue)
        np.bitwise_and(pixels[:, 0], _GREEN, out=green)
        for i in range(1, cell):
            np.add(red_blue, np.bitwise_and(pixels[:, i], _RED_BLUE, out=part), out=red_blue)
            np.add(green, np.bitwise_and(pixels[:, i], _GREEN, out=part), out=green)
        cells = self._cells
        cells[:] = self._sums[..., ::cell]
        for i in range(1, cell):
            np.add(cells, self._sums[..., i::cell], out=cells)
        np.multiply(cells[0].view(np.uint16).reshape(*out.shape[:2], 2), self._per_cell, out=out[..., :2])
        np.multiply(cells[1], self._per_cell / np.float32(256.0), out=out[..., 2], casting="unsafe")


def _distance(difference: NDArray[np.float32]) -> float:
    """The root mean square of a difference (rows, columns, 4), whose fourth channel is 0, over all scales."""
    squares = []
    while True:
        rows, columns = difference.shape[:2]
        flat = difference.ravel()
        squares.append(float(flat @ flat) / (3 * rows * columns))
        if len(squares) == SCALES or min(rows, columns) < 2:
            return sqrt(sum(squares) / len(squares))
        rows, columns = rows // 2 * 2, columns // 2 * 2
        pairs = difference[:rows, 0:columns:2] + difference[:rows, 1:columns:2]
        difference = np.float32(0.25) * (pairs[0::2] + pairs[1::2])

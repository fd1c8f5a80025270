"""Several models side by side: the same latents through each, every cell numbered and named."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.studio.journey.burn import MARGIN_PX, cover, font_of, legible, write
from engine.studio.journey.drawing import Drawing, Look, Rows

WIDEST_PX, HIGHEST_PX = 1920, 1080  # of a panel whose size nobody gave
STEP_PX, LEAST_PX = 16, 32
WIDE = 16 / 9  # about as many columns to rows
MOST = 256


class Panel:
    """Draws as a Drawing does.

    looks : of each model; the sizes in them are not looked at; size : of the whole, None is what fits a screen
    names : under which each is known; top_px : of the first row that is covered by something else
    """

    def __init__(
        self, looks: Sequence[Look], names: Sequence[str], columns: int = 0, size: tuple[int, int] | None = None,
        top_px: int = 0,
    ) -> None:  # fmt: skip
        self._columns, self._rows = layout(len(looks), columns)
        with ExitStack() as stack:
            first = Drawing(replace(looks[0], size=_cell(looks[0], self._columns, self._rows, size)))
            stack.callback(first.close)
            self._drawings = [first]
            for look in looks[1:]:
                drawing = Drawing(replace(look, size=first.size))
                stack.callback(drawing.close)
                self._drawings.append(drawing)
            self._close = stack.pop_all().close
        width, height = self._cell = first.size
        self.info, self.classes = first.info, first.classes
        self.size = size or (width * self._columns, height * self._rows)
        font = font_of(height)
        self._labels = [
            cover(text, font, min(width - 2 * MARGIN_PX, round(font.getlength(text)) + 8), 4)
            for text in (f"{n}  {legible(name)}" for n, name in enumerate(names, 1))
        ]
        self._top_px = top_px

    def each(self, rows: Rows, classes: Rows | None = None) -> Iterator[NDArray[np.uint8]]:
        """The picture (height, width, 3) of each row; equal rows behind one another are one array."""
        former: tuple[NDArray[np.uint8], ...] = ()
        whole = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for cells in zip(*(drawing.each(rows, classes) for drawing in self._drawings), strict=True):
            if not former or any(cell is not held for cell, held in zip(cells, former, strict=True)):
                whole, former = self._whole(cells), cells
            yield whole

    def _whole(self, cells: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        whole = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        width, height = self._cell
        left, top = (self.size[0] - width * self._columns) // 2, (self.size[1] - height * self._rows) // 2
        for i, (cell, label) in enumerate(zip(cells, self._labels, strict=True)):
            x, y = left + i % self._columns * width, top + i // self._columns * height
            whole[y : y + height, x : x + width] = cell
            write(whole, label, x + MARGIN_PX, max(y + MARGIN_PX, self._top_px))
        return whole

    @staticmethod
    def size_of(look: Look, count: int, columns: int, size: tuple[int, int] | None) -> tuple[int, int]:
        """Of the whole, before anything is opened."""
        across, down = layout(count, columns)
        width, height = _cell(look, across, down, size)
        return size or (width * across, height * down)

    @property
    def backend(self) -> str:
        """What draws."""
        return self._drawings[0].backend

    def close(self) -> None:
        """Give back what is held."""
        self._close()


def layout(count: int, columns: int = 0) -> tuple[int, int]:
    """Columns and rows of so many cells: none left empty where that gives a shape like a screen's (28 are 7 x 4)."""
    if not 1 <= count <= MOST:
        raise InputError(f"{count} models side by side; give 1 to {MOST}")
    if columns:
        return min(columns, count), -(-count // min(columns, count))

    def cost(across: int) -> tuple[float, int]:
        down = -(-count // across)
        empty = across * down - count
        return abs(np.log(across / down / WIDE)) + 2.0 * empty / count, across

    best = min(range(1, count + 1), key=cost)
    return best, -(-count // best)


def _cell(look: Look, columns: int, rows: int, size: tuple[int, int] | None) -> tuple[int, int]:
    """The size of a cell: of its share, in the model's own shape, even."""
    from engine.studio.journey.drawing import info_of

    info = info_of(look.model)
    room = size or (WIDEST_PX, HIGHEST_PX)
    scale = min(room[0] / columns / info.width, room[1] / rows / info.height)
    if size is None:
        scale = min(1.0, scale)
    step = STEP_PX if size is None else 2
    width, height = (int(side * scale + 1e-9) // step * step for side in (info.width, info.height))
    if min(width, height) < LEAST_PX:
        raise InputError(f"{columns} x {rows} models in {room[0]}x{room[1]}: cells too small; give a larger --size")
    return width, height

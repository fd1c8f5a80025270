"""A contact sheet of what was explored: a line for each place or journey, each picture with the frame that it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.paths import part_beside
from engine.studio.journey.burn import legible
from engine.studio.journey.drawing import Drawing
from engine.studio.journey.pair import Rows

COLUMNS, MOST_CELLS = 8, 512
LONGER_PX = 112  # of a picture
MARGIN, GAP, CAPTION, HEADING, TITLE = 24, 6, 18, 26, 40
PAPER, INK, GREY = (250, 248, 243), (40, 40, 48), (140, 136, 128)

Picture = NDArray[np.uint8]


class Sheet:
    """Lines of pictures, small; what is beyond MOST_CELLS of them is left out and said."""

    def __init__(self, drawing: Drawing, title: str) -> None:
        self._drawing, self._title = drawing, legible(title)
        width, height = drawing.size
        scale = min(1.0, LONGER_PX / max(width, height))
        self._cell = max(1, round(width * scale)), max(1, round(height * scale))
        self._lines: list[tuple[str, list[tuple[Image.Image, str]]]] = []
        self._cells = self._left_out = 0

    def line(self, heading: str, rows: Rows, classes: Rows | None, captions: Sequence[str]) -> None:
        """A line of pictures with a caption each; more than fit go on below."""
        room = max(0, MOST_CELLS - self._cells)
        self._left_out += max(0, len(rows) - room)
        rows, classes = rows[:room], None if classes is None else classes[:room]
        pictures = [self._small(picture) for picture in self._drawing.each(rows, classes)]
        self._cells += len(pictures)
        if pictures:
            self._lines.append((legible(heading), list(zip(pictures, captions, strict=False))))

    def save(self, path: Path) -> None:
        """Write the PNG."""
        width, height = self._cell
        columns = min(COLUMNS, max(len(cells) for _, cells in self._lines))
        deep = [HEADING + -(-len(cells) // columns) * (height + CAPTION + GAP) for _, cells in self._lines]
        sheet = Image.new("RGB", (2 * MARGIN + columns * (width + GAP) - GAP, 2 * MARGIN + TITLE + sum(deep)), PAPER)
        draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(11)
        more = f"; {self._left_out} more pictures are left out" if self._left_out else ""
        draw.text((MARGIN, MARGIN), self._title + more, INK, ImageFont.load_default(18))
        y = MARGIN + TITLE
        for (heading, cells), down in zip(self._lines, deep, strict=True):
            draw.text((MARGIN, y + 4), heading, INK, ImageFont.load_default(13))
            for i, (picture, caption) in enumerate(cells):
                x, top = MARGIN + i % columns * (width + GAP), y + HEADING + i // columns * (height + CAPTION + GAP)
                sheet.paste(picture, (x, top))
                draw.text((x + 1, top + height + 3), caption, GREY, small)
            y += down
        with part_beside(path) as part:
            sheet.save(part, "PNG", optimize=True)

    def _small(self, picture: Picture) -> Image.Image:
        return Image.fromarray(picture).resize(self._cell, Image.Resampling.BOX)

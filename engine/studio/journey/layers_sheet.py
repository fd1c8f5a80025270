"""A contact sheet of time paintings."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.paths import part_beside
from engine.studio.journey.burn import legible

MARGIN, GAP, CAPTION = 24, 6, 18  # in pixels
LONGER_PX, LEAST_PX = 320, 64  # of a still
MOST_PX = 12_000  # of the sheet
PAPER, GREY = (18, 18, 22), (150, 148, 144)
WIDE = 1.5  # columns to rows, about


def contact_sheet(stills: Sequence[Path], names: Sequence[str], out: Path) -> None:
    """Write a PNG of all stills, which are of one size, from left to right; the more there are, the smaller."""
    with Image.open(stills[0]) as first:
        width, height = first.size
    columns = max(1, min(len(stills), round(math.sqrt(len(stills) * WIDE * height / width))))
    rows = -(-len(stills) // columns)
    longest = max(LEAST_PX, min(LONGER_PX, MOST_PX // max(columns, rows) - GAP - CAPTION))
    scale = min(1.0, longest / max(width, height))
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    size = 2 * MARGIN + columns * (across + GAP) - GAP, 2 * MARGIN + rows * (down + CAPTION + GAP) - GAP
    sheet = Image.new("RGB", size, PAPER)
    draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for i, (path, name) in enumerate(zip(stills, names, strict=True)):
        x, y = MARGIN + i % columns * (across + GAP), MARGIN + i // columns * (down + CAPTION + GAP)
        with Image.open(path) as still:
            sheet.paste(still.resize((across, down), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 1, y + down + 3), legible(name)[: across // 6], GREY, small)
    with part_beside(out) as part:
        sheet.save(part, "PNG", optimize=True)

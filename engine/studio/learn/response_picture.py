"""What was learned by steering, as a picture: what the edit does, what the model does, and how far it follows."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.studio.learn.response import Response
from engine.studio.learn.steer import Steered, held_out
from engine.studio.learn.strips import FAINT, GREY, INK, MARK, PAPER, as_bytes, enlarged
from engine.studio.learn.subject import Subject

COLUMNS = 7
PLACES = 2
BAND, MEDIAN = (214, 226, 236), (32, 92, 148)
MARGIN, GAP, LABEL, HEADING, PLOT, BETWEEN = 24, 3, 52, 50, 300, 26  # all in pixels
LOW, HIGH = 0.1, 0.9  # quantiles of the band

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def picture(subject: Subject, found: Sequence[Steered], seed: int = 0, side: int = 96) -> Image.Image:
    """A block for each edit: pairs of rows, edit and model; beside them, what was done against what was asked.

    Its places are the first of those that it was judged at.
    """
    blocks = [_rows(subject, one, seed, side) for one in found]
    rows, columns, height, width = blocks[0].shape[:4] if blocks else (0, 0, 0, 0)
    down = rows * (height + GAP) + HEADING
    across = 2 * MARGIN + LABEL + columns * (width + GAP) + MARGIN + PLOT
    image = Image.new("RGB", (across, 2 * MARGIN + len(found) * (down + BETWEEN) - BETWEEN), PAPER)
    draw, top = ImageDraw.Draw(image), MARGIN
    for one, block in zip(found, blocks, strict=True):
        _head(draw, one, top, columns, width)
        for i, row in enumerate(block):
            y = top + HEADING + i * (height + GAP)
            draw.text((MARGIN, y + height // 2), "model" if i % 2 else "edit", GREY, _font(13), "lm")
            for j, cell in enumerate(row):
                image.paste(Image.fromarray(cell), (MARGIN + LABEL + j * (width + GAP), y))
        right = across - MARGIN
        plot(draw, (right - PLOT + 30, top + HEADING, right, top + down - 24), one.response, one.edit.unit)
        top += down + BETWEEN
    return image


def plot(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], found: Response, unit: str) -> None:
    """Done against asked: the median place, a band for eight places of ten, and upright marks at the limits."""
    left, top, right, bottom = box
    low, high = (float(np.quantile(found.asked, end)) for end in (0.0, 1.0))
    reach = high - low

    def at(asked: float, done: float) -> tuple[float, float]:
        share = (min(max(done, low), high) - low) / reach
        return left + (asked - low) / reach * (right - left), bottom - share * (bottom - top)

    bands = [np.quantile(found.done, q, axis=0) for q in (LOW, HIGH)]
    up, back = ([at(a, d) for a, d in zip(found.asked, band, strict=True)] for band in bands)
    draw.polygon(up + back[::-1], BAND)
    draw.rectangle(box, outline=FAINT)
    draw.line((at(low, low), at(high, high)), FAINT, 1)
    draw.line([at(a, d) for a, d in zip(found.asked, np.median(found.done, 0), strict=True)], MEDIAN, 3, "curve")
    for limit in found.limits:
        _dashes(draw, at(limit, 0.0)[0], top, bottom)
    inside = found.asked[found.inside]
    draw.line((at(inside[0], low), at(inside[-1], low)), MARK, 3)
    for value in (low, 0.0, high):
        draw.text((at(value, low)[0], bottom + 5), f"{value:g}", GREY, _font(11), "ma")
        draw.text((left - 4, at(low, value)[1]), f"{value:g}", GREY, _font(11), "rm")
    draw.text((right, bottom + 18), f"asked, {unit}", GREY, _font(11), "ra")
    draw.text((left, top - 16), f"done, {unit}", GREY, _font(11), "la")


def _rows(subject: Subject, one: Steered, seed: int, side: int) -> NDArray[np.uint8]:
    """(2 * places, columns, height, width, 3): edit and model in turn."""
    asked = one.response.asked
    chosen = np.linspace(0, len(asked) - 1, COLUMNS).round().astype(int)
    sample = held_out(subject, PLACES, seed)
    cells = []
    with torch.inference_mode():
        start = subject.pictures(subject.w(sample), side)
        for alpha in asked[chosen]:
            edited, mask = one.edit.apply(start, torch.full((PLACES,), float(alpha), device=start.device))
            amounts = torch.full((PLACES,), float(alpha) / one.response.per_sigma)
            drawn = subject.pictures(subject.moved(sample, one.direction, amounts), side)
            shown = torch.stack([edited * mask + 0.5 * (1 - mask), drawn], 1).flatten(0, 1)
            cells.append(enlarged(as_bytes(shown), side))
    return np.stack(cells, 1)


def _head(draw: ImageDraw.ImageDraw, one: Steered, top: int, columns: int, width: int) -> None:
    found, edit = one.response, one.edit
    asked = found.asked
    chosen = np.linspace(0, len(asked) - 1, columns).round().astype(int)
    low, high = found.limits
    text = f"follows from {low:.3g} to {high:.3g} {edit.unit}; one sigma is {found.per_sigma:.3g}"
    draw.text((MARGIN, top), one.direction.name, INK, _font(17))
    draw.text((MARGIN + LABEL + columns * (width + GAP), top + 4), text, GREY, _font(12), "ra")
    for j, alpha in enumerate(asked[chosen]):
        middle = MARGIN + LABEL + j * (width + GAP) + width // 2
        draw.text((middle, top + HEADING - 6), f"{alpha:+.3g}" if alpha else "0", GREY, _font(12), "ms")


def _dashes(draw: ImageDraw.ImageDraw, x: float, top: int, bottom: int) -> None:
    for y in range(top, bottom, 8):
        draw.line((x, y, x, min(y + 4, bottom)), INK, 1)


def _font(size: int) -> _Font:
    return ImageFont.load_default(size)

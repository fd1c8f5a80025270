"""Strips: what directions do, as a picture. A block for each, a place in each row, an amount in each column."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.latent.directions import Direction
from engine.paths import part_beside
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.words import runs
from engine.studio.learn.work import Tell, quiet

AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
PLACES = 3  # rows of a block where nobody says how many
SEED = 999  # of the places shown where nobody gives any
MOST_BYTES = 2_000_000  # of a picture that goes with a bank
MOST_PX = 1_500_000  # of all pictures of a sheet, so that it keeps within that
LEAST_SIDE = 48

PAPER, INK, GREY, FAINT, MARK = (250, 248, 243), (40, 40, 48), (136, 132, 124), (222, 217, 208), (196, 78, 42)
TALLEST = 6  # blocks in a single column
MARGIN, GAP, LABEL, HEADING, RULER, BETWEEN = 24, 3, 150, 30, 14, 18  # all in pixels


@dataclass(frozen=True, slots=True)
class Block:
    """What is shown of one direction.

    line : a few words under its name; pictures : (rows, columns, height, width, 3) uint8
    safe : amounts between which the picture follows, for the mark under the columns; None draws no mark
    """

    name: str
    line: str
    pictures: NDArray[np.uint8]
    safe: tuple[float, float] | None = None


def strips(
    subject: Subject,
    directions: Sequence[Direction],
    sample: Sample | None = None,
    amounts: Sequence[float] = AMOUNTS,
    side: int = 96,
    tell: Tell = quiet,
) -> Image.Image:
    """A block for each direction: a row for each place of the sample, a column for each amount in sigma.

    side : of each picture's shorter side, in pixels; none: places of a fixed seed
    """
    places = subject.sample(PLACES, SEED) if sample is None else sample
    found = []
    for i, direction in enumerate(directions):
        tell("drawing strips", i, len(directions))
        found.append(block(subject, direction, places, amounts, side))
    return sheet(found, amounts)


def save_strips(
    path: Path,
    subject: Subject,
    directions: Sequence[Direction],
    sample: Sample | None = None,
    amounts: Sequence[float] = AMOUNTS,
    side: int = 96,
    tell: Tell = quiet,
) -> None:
    """Write `strips` as a PNG of at most 2 MB: of many directions, pictures are drawn smaller."""
    rows = PLACES if sample is None else len(sample)
    fits = int((MOST_PX / max(1, len(directions) * rows * len(amounts))) ** 0.5)
    save(path, strips(subject, directions, sample, amounts, max(LEAST_SIDE, min(side, fits)), tell))


def block(subject: Subject, direction: Direction, places: Sample, amounts: Sequence[float], side: int) -> Block:
    """One direction's pictures, its name, and how it was found."""
    columns = [as_bytes(subject.pictures(w, side)) for w in subject.along(places, direction, amounts)]
    return Block(direction.name, told(direction), enlarged(np.stack(columns, 1), side), direction.safe)


def told(direction: Direction) -> str:
    """How it was found, how long it is, and what it moves: a few short words, a line each."""
    layers = "" if direction.layers is None else f"layers {runs(direction.layers)}"
    return "\n".join(filter(None, (direction.method, f"sigma {direction.sigma:.3g} in {direction.space}", layers)))


def as_bytes(pictures: torch.Tensor) -> NDArray[np.uint8]:
    """(n, 3, h, w) 0..1 -> (n, h, w, 3)."""
    return (pictures.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def enlarged(pictures: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Pictures (..., h, w, 3) of a model that draws small ones alone: each pixel as often as it fits into the side."""
    times = max(1, side // min(pictures.shape[-3:-1]))
    return pictures.repeat(times, -3).repeat(times, -2)


def sheet(blocks: Sequence[Block], amounts: Sequence[float], unit: str = "sigma") -> Image.Image:
    """Blocks under each other, amounts above them, under each a ruler with its safe range; many in two columns."""
    if len(blocks) <= TALLEST:
        return _column(blocks, amounts, unit)
    half = -(-len(blocks) // 2)
    left, right = _column(blocks[:half], amounts, unit), _column(blocks[half:], amounts, unit)
    image = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), PAPER)
    image.paste(left, (0, 0))
    image.paste(right, (left.width, 0))
    return image


def _column(blocks: Sequence[Block], amounts: Sequence[float], unit: str) -> Image.Image:
    columns = len(amounts)
    cells = [b.pictures.shape[2:4] for b in blocks] or [(0, 0)]
    height, width = max(h for h, _ in cells), max(w for _, w in cells)
    rows = [max(len(b.pictures) * (height + GAP), 62) + RULER for b in blocks]
    across = MARGIN + LABEL + columns * (width + GAP) - GAP + MARGIN
    down = MARGIN + HEADING + sum(rows) + BETWEEN * max(0, len(blocks) - 1) + MARGIN
    image = Image.new("RGB", (across, down), PAPER)
    draw = ImageDraw.Draw(image)
    middles = [MARGIN + LABEL + i * (width + GAP) + width // 2 for i in range(columns)]
    draw.text((MARGIN, MARGIN), unit, GREY, _font(13))
    for middle, amount in zip(middles, amounts, strict=True):
        draw.text((middle, MARGIN), f"{amount:+g}" if amount else "0", GREY, _font(13), anchor="ma")
    top = MARGIN + HEADING
    for one, row in zip(blocks, rows, strict=True):
        _draw_label(draw, top, one)
        for i, line in enumerate(one.pictures):
            for middle, picture in zip(middles, line, strict=True):
                image.paste(Image.fromarray(picture), (middle - width // 2, top + i * (height + GAP)))
        _draw_ruler(draw, top + row - RULER // 2, middles, amounts, one.safe)
        top += row + BETWEEN
    return image


def save(path: Path, image: Image.Image) -> None:
    """Write a sheet as a PNG, with as many colours as 2 MB hold."""
    with part_beside(path) as part:
        for colours in (0, 256, 128, 64, 32):
            shown = image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE) if colours else image
            shown.save(part, "PNG", optimize=True)
            if part.stat().st_size <= MOST_BYTES:
                break


def _draw_label(draw: ImageDraw.ImageDraw, top: int, one: Block) -> None:
    draw.text((MARGIN, top - 2), _fitted(one.name, 17), INK, _font(17))
    for i, line in enumerate(one.line.splitlines()[:3]):
        draw.text((MARGIN, top + 22 + 16 * i), _fitted(line, 12), GREY, _font(12))


def _draw_ruler(
    draw: ImageDraw.ImageDraw, y: int, middles: Sequence[int], amounts: Sequence[float],
    safe: tuple[float, float] | None,
) -> None:  # fmt: skip
    draw.line((middles[0], y, middles[-1], y), FAINT)
    rising = all(a < b for a, b in pairwise(amounts))
    if safe is not None and rising and len(middles) > 1:
        low, high = (int(round(float(np.interp(end, amounts, middles)))) for end in safe)
        draw.line((low, y, high, y), MARK, 3)


def _fitted(text: str, size: int) -> str:
    """As much of it as the column of labels holds."""
    font = _font(size)
    if font.getlength(text) <= LABEL - 8:
        return text
    while text and font.getlength(text + "...") > LABEL - 8:
        text = text[:-1]
    return text + "..."


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)

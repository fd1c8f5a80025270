"""The picture of a conform: the timeline as a bar of its sources' colours, where in them it is, and what it uses."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import InputError, printable
from engine.paths import check_output, part_beside
from engine.studio.journey.burn import legible
from engine.studio.journey.report import Report, Used
from engine.studio.journey.timeline import clock
from engine.studio.oklab import srgb
from engine.studio.strip import FAINT, INK, PAPER

WIDTH, MARGIN, TOP, BAR, WAY, USE, SPACE = 1440, 40, 96, 84, 190, 30, 44
MOST_SOURCES, MOST_MARKS = 12, 24
_GREY, _GROUND = (150, 146, 138), (238, 235, 228)
_HATCH = 9
_FIRST_HUE, _NEXT_HUE = 0.7, 2.39996  # radians; the golden angle keeps any number of hues apart
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)

Lab = NDArray[np.float64]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def check_picture(path: Path) -> None:
    """InputError for what is no name of a PNG."""
    check_output(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"--picture {path}: give a name that ends in .png")


def save_bar(report: Report, path: Path) -> None:
    """Write the picture as a PNG; it appears whole or not at all."""
    with part_beside(path) as part:
        bar_image(report).save(part, "PNG", optimize=True)


def bar_image(report: Report) -> Image.Image:
    """The picture of what came from where.

    Above: each column is a moment in the colour of its source, mixes are gradients, gaps hatched, marks named.
    In the middle: which frame of its source each moment shows; a slope is a speed, a fall is backwards.
    Below: a row for each source, the higher the more often a frame of it is used; the first 12.
    """
    shown, n = report.used[:MOST_SOURCES], len(report.plan)
    height = TOP + BAR + SPACE + WAY + SPACE + len(shown) * (USE + 26) + MARGIN
    image = Image.new("RGB", (WIDTH, height), PAPER)
    draw, font, small = ImageDraw.Draw(image), ImageFont.load_default(19), ImageFont.load_default(13)
    long = f"{n} frames at {float(report.fps):g} fps, {clock(n, report.fps)}"
    draw.text((MARGIN, 18), f"{_short(report.project)}  into  {_short(report.out)}", INK, font)
    draw.text((WIDTH - MARGIN - draw.textlength(long, small), 24), long, _GREY, small)
    colours = {used.media: _colour(i) for i, used in enumerate(report.used)}
    _bar(image, report, colours)
    _marks(draw, report, small)
    _ticks(draw, report, small)
    _way(image, draw, report, colours, small)
    top = TOP + BAR + SPACE + WAY + SPACE
    for used in shown:
        _use(image, draw, used, colours[used.media], top, small)
        top += USE + 26
    return image


def _colour(number: int) -> Lab:
    hue = _FIRST_HUE + number * _NEXT_HUE
    return np.array([0.66 - 0.09 * (number % 2), 0.125 * np.cos(hue), 0.125 * np.sin(hue)])


def _edges(n: int, width: int) -> NDArray[np.intp]:
    """The frames that each of `width` columns begins with, at least one frame each."""
    return np.minimum(np.arange(width) * n // width, n - 1)


def _bar(image: Image.Image, report: Report, colours: dict[int, Lab]) -> None:
    """The mean colour of each column's frames."""
    plan, width = report.plan, WIDTH - 2 * MARGIN
    lab = np.zeros((len(plan), 3))
    for media, colour in colours.items():
        lab += (plan.weight * (plan.media == media)).sum(0)[:, None] * colour
    seen = (~plan.gap).astype(np.float64)
    begins = _edges(len(plan), width)
    total = _sums(seen, begins)
    columns = srgb(_sums(lab, begins) / np.maximum(total, 1e-9)[:, None])
    pixels = np.repeat(columns[None], BAR, 0)
    gone = np.broadcast_to(total == 0.0, (BAR, width))
    hatch = (np.arange(BAR)[:, None] + np.arange(width)) % _HATCH < 1
    pixels[gone] = PAPER
    pixels[gone & hatch] = _GREY
    image.paste(Image.fromarray(np.ascontiguousarray(pixels)), (MARGIN, TOP))


def _sums(values: NDArray[np.float64], begins: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of what lies from each beginning to the next; of one frame where columns share it."""
    return np.asarray(np.add.reduceat(values, begins, 0))


def _marks(draw: ImageDraw.ImageDraw, report: Report, font: _Font) -> None:
    """A tick for each mark, its name where there is room."""
    free = 0.0
    for mark in report.marks[:MOST_MARKS]:
        x = _x(mark.frame, len(report.plan))
        draw.line((x, TOP - 12, x, TOP + BAR), INK)
        name = _short(mark.name, 28)
        if x >= free and x + draw.textlength(name, font) < WIDTH - 8:
            draw.text((x + 4, TOP - 21), name, INK, font)
            free = x + draw.textlength(name, font) + 14


def _ticks(draw: ImageDraw.ImageDraw, report: Report, font: _Font) -> None:
    """The time under the bar."""
    n, fps = len(report.plan), report.fps
    each = next((t for t in _TICKS_S if n / fps / t <= 12), _TICKS_S[-1] * max(1, round(n / fps / 170_000)))
    for i in range(int(n / fps / each) + 1):
        frame = round(i * each * fps)
        x = _x(frame, n)
        draw.line((x, TOP + BAR, x, TOP + BAR + 6), _GREY)
        text = clock(frame, fps)
        if x + draw.textlength(text, font) < WIDTH - MARGIN:
            draw.text((x + 4, TOP + BAR + 4), text, _GREY, font)


def _way(
    image: Image.Image, draw: ImageDraw.ImageDraw, report: Report, colours: dict[int, Lab], font: _Font
) -> None:  # fmt: skip
    """A point for each column and source: how far into it the edit is there."""
    plan, top, width = report.plan, TOP + BAR + SPACE, WIDTH - 2 * MARGIN
    for part, name in ((0, "end"), (1, "start")):
        y = top + part * WAY
        draw.line((MARGIN, y, WIDTH - MARGIN, y), FAINT)
        draw.text((MARGIN, y + 2 if part else y - 18), name, _GREY, font)
    canvas = np.asarray(image).copy()
    steps = max(1, len(plan) // (4 * width))
    frames = np.unique(np.concatenate([np.arange(0, len(plan), steps), _edges(len(plan), 2 * width)]))
    xs = np.clip(MARGIN + (frames + 0.5) * width / len(plan), MARGIN, WIDTH - MARGIN - 1).astype(np.intp)
    half = max(1, min(4, round(width / len(plan) / 2)))
    for layer in range(len(plan.media)):
        for used in report.used:
            own = (plan.media[layer, frames] == used.media) & (plan.weight[layer, frames] > 0.02)
            place = plan.frame[layer, frames[own]] / max(len(used.times) - 1, 1)
            ys = (top + WAY - 3 - place * (WAY - 6)).astype(np.intp)
            colour, weight = srgb(colours[used.media]), plan.weight[layer, frames[own]][:, None]
            for dx in range(-half, half + 1):
                for dy in (-1, 0, 1):
                    at = ys + dy, np.clip(xs[own] + dx, MARGIN, WIDTH - MARGIN - 1)
                    canvas[at] = np.minimum(canvas[at], (colour * weight + np.array(PAPER) * (1.0 - weight)))
    image.paste(Image.fromarray(canvas))


def _use(
    image: Image.Image, draw: ImageDraw.ImageDraw, used: Used, colour: Lab, top: int, font: _Font
) -> None:  # fmt: skip
    """How often the frames of a source are used, from its first to its last; heights are logarithms."""
    width, rows = WIDTH - 2 * MARGIN, len(used.times)
    kept = int((used.times > 0.0).sum())
    often = f"{kept} of {rows} frames used, at most {used.times.max():.4g} times"
    fill = tuple(srgb(colour).tolist())
    draw.rectangle((MARGIN, top + 3, MARGIN + 10, top + 13), fill)
    draw.text((MARGIN + 17, top), _short(used.source.pair.path.name, 60), INK, font)
    draw.text((WIDTH - MARGIN - draw.textlength(often, font), top), often, _GREY, font)
    begins = _edges(rows, width)
    most = np.maximum.reduceat(used.times, begins)
    draw.rectangle((MARGIN, top + 18, WIDTH - MARGIN - 1, top + 18 + USE - 1), _GROUND)
    tall = np.ceil(np.log1p(most) / max(np.log1p(most.max()), 1e-9) * USE).astype(np.intp)
    bars = np.arange(USE)[::-1, None] < tall
    pixels = np.where(bars[..., None], srgb(colour), np.array(_GROUND, np.uint8))
    image.paste(Image.fromarray(pixels.astype(np.uint8)), (MARGIN, top + 18))


def _x(frame: int, n: int) -> float:
    return MARGIN + frame / n * (WIDTH - 2 * MARGIN)


def _short(text: str, most: int = 60) -> str:
    text = legible(printable(text))
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"

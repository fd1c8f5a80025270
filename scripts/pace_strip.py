"""Draws `docs/img/pace.png`: what is seen of each frame of a minute of wandering, without pace and with it."""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.studio.learn.figures.pace import FPS, RUN_IN_S, WALK_S, walked
from engine.studio.pace import unevenness, worst

WIDTH, HEIGHT, EDGE = 1280, 190, 16
GROUND, INK, DIM = (16, 17, 20), (225, 225, 230), (90, 92, 100)
COLOURS = (232, 140, 90), (96, 190, 160)


def main() -> None:
    """Walk twice, draw both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img/pace.png"))
    args = parser.parse_args()
    found = [walked(args.seed, pace, RUN_IN_S + WALK_S)[0][RUN_IN_S * FPS :] for pace in (0.0, 1.0)]
    top = max(float(changes.max()) for changes in found)
    sheet = Image.new("RGB", (WIDTH, 2 * HEIGHT), GROUND)
    for i, (changes, colour) in enumerate(zip(found, COLOURS, strict=True)):
        strip(sheet, i * HEIGHT, changes, top, colour, f"/motion/pace {i}")
    sheet.quantize(64).save(args.out, optimize=True)


def strip(
    sheet: Image.Image, y: int, changes: NDArray[np.float64], top: float, colour: tuple[int, int, int], name: str
) -> None:
    """One walk: a line for each frame, as high as what is seen of it; a thin line at the mean."""
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    low, room = y + HEIGHT - EDGE, HEIGHT - 3.2 * EDGE
    columns = np.linspace(EDGE, WIDTH - EDGE, len(changes))
    for x, change in zip(columns.tolist(), changes.tolist(), strict=True):
        draw.line((x, low, x, low - room * change / top), colour)
    mean = low - room * float(changes.mean()) / top
    draw.line((EDGE, mean, WIDTH - EDGE, mean), INK)
    draw.line((EDGE, low, WIDTH - EDGE, low), DIM)
    text = f"{name}    varies by {100 * unevenness(changes):.0f} %, worst frame {worst(changes):.1f} x the median"
    draw.text((EDGE, y + 10), text, INK, font)
    draw.text((WIDTH - EDGE, y + 10), f"{len(changes) / FPS:.0f} s", DIM, font, anchor="ra")


if __name__ == "__main__":
    main()

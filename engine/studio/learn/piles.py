"""What was sorted and what was learned from it, as one picture."""

from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

from engine.latent.directions import Direction
from engine.studio.learn.strips import GAP, GREY, INK, LABEL, MARGIN, PAPER, as_bytes, enlarged, save, strips
from engine.studio.learn.subject import Subject

SIDE = 84  # pixels of each picture's shorter side
MOST = 14  # pictures of a pile that are shown, in rows of seven like the strips above them
COLUMNS = 7


def save_piles(path: Path, subject: Subject, direction: Direction, more: torch.Tensor, less: torch.Tensor) -> None:
    """Write the strips of a direction, and under them the two piles it was learned from: w (n, num_ws, w_dim) each."""
    above = strips(subject, [direction], side=SIDE)
    below = [_pile(subject, name, w, above.width) for name, w in (("more", more), ("less", less))]
    image = Image.new("RGB", (above.width, above.height + sum(part.height for part in below)), PAPER)
    top = 0
    for part in (above, *below):
        image.paste(part, (0, top))
        top += part.height
    save(path, image)


def _pile(subject: Subject, name: str, w: torch.Tensor, width: int) -> Image.Image:
    pictures = enlarged(as_bytes(subject.pictures(w[:MOST], SIDE)), SIDE)
    height, across = pictures.shape[1:3]
    rows = -(-len(pictures) // COLUMNS)
    image = Image.new("RGB", (width, rows * (height + GAP) + MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, 0), name, INK, ImageFont.load_default(17))
    count = f"{len(w)} examples" if len(w) <= MOST else f"{len(w)} examples, {MOST} shown"
    draw.text((MARGIN, 24), count, GREY, ImageFont.load_default(12))
    for i, picture in enumerate(pictures):
        row, column = divmod(i, COLUMNS)
        place = MARGIN + LABEL + column * (across + GAP), row * (height + GAP)
        image.paste(Image.fromarray(picture), place)
    return image

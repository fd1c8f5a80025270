"""The contact sheet of a generation: its parents on top, the children below, each with the id to choose it by."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.paths import part_beside
from engine.studio.breed.family import Node
from engine.studio.breed.portraits import Portraits

PAPER, INK, GREY, RULE = (18, 18, 22), (236, 232, 224), (150, 148, 144), (58, 58, 66)
SIDE, LEAST_SIDE, MOST_PX = 168, 64, 8000
MARGIN, GAP, CAPTION, HEADING, BETWEEN = 28, 8, 22, 62, 26
WIDE = 1.5  # columns to rows, about
NARROWEST = 4  # columns, so that the title fits


def save_sheet(
    out: Path, parents: Sequence[Node], children: Sequence[Node], portraits: Portraits, title: tuple[str, str]
) -> None:
    """Write the PNG. title : a line, and a smaller one"""
    names = [node.id for node in parents]
    columns = max(len(set(names)), NARROWEST, round(math.sqrt(len(children) * WIDE)))
    side = max(LEAST_SIDE, min(SIDE, MOST_PX // columns - GAP))
    width, height = portraits.drawing.size
    scale = side / max(width, height)
    cell = max(1, round(width * scale)), max(1, round(height * scale))
    down = cell[1] + CAPTION + GAP
    above = down + BETWEEN if parents else 0
    rows = -(-len(children) // columns)
    size = 2 * MARGIN + columns * (cell[0] + GAP) - GAP, 2 * MARGIN + HEADING + above + rows * down - GAP
    sheet = Image.new("RGB", size, PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    most = (size[0] - 2 * MARGIN) // 10
    draw.text((MARGIN, MARGIN - 6), title[0] if len(title[0]) <= most else f"{title[0][: most - 1]}…", INK,
              ImageFont.load_default(20))  # fmt: skip
    draw.text((MARGIN, MARGIN + 22), title[1][: most + most // 2], GREY, font)

    def place(nodes: Sequence[Node], top: int, captions: Sequence[str]) -> None:
        for i, (node, caption) in enumerate(zip(nodes, captions, strict=True)):
            x, y = MARGIN + i % columns * (cell[0] + GAP), top + i // columns * down
            sheet.paste(portraits.small(node, cell), (x, y))
            draw.text((x + 1, y + cell[1] + 4), caption[: max(5, cell[0] // 7)], INK, font)

    top = MARGIN + HEADING
    if parents:
        once = list({node.id: node for node in parents}.values())
        place(once, top, [f"{node.id}  {node.source}".strip() for node in once])
        y = top + above - BETWEEN // 2 - GAP // 2
        draw.line((MARGIN, y, size[0] - MARGIN, y), RULE)
    place(children, top + above, [_caption(node) for node in children])
    with part_beside(out) as part:
        sheet.save(part, "PNG", compress_level=6)


def _caption(node: Node) -> str:
    """The id; of a child of several, what it has of each in percent; of one from outside, from where."""
    if node.recipe is None:
        return f"{node.id}  {node.source}".strip()
    made = node.recipe
    if len(made.parents) == 1:
        return node.id
    shares = made.weights
    if made.layers:
        shares = tuple(made.layers.count(n) / len(made.layers) for n in range(len(made.parents)))
    return f"{node.id}  {' : '.join(f'{100 * share:.0f}' for share in shares)}"

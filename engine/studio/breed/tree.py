"""The family tree as a picture: those who were chosen, generation below generation, and the newest children."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.paths import part_beside
from engine.studio.breed.family import Family, Node
from engine.studio.breed.portraits import Portraits
from engine.studio.oklab import srgb

PAPER, INK, GREY = (18, 18, 22), (236, 232, 224), (128, 126, 122)
SIDE, MARGIN, GAP, CAPTION, BETWEEN, LABEL = 104, 28, 12, 20, 96, 74
MOST_ACROSS, MOST_DOWN = 16, 24
FINE = 3  # lines are drawn so many times as large
THIN, THICK = 1.2, 4.2  # of a line, in pixels

Point = tuple[float, float]


def save_tree(out: Path, family: Family, portraits: Portraits) -> None:
    """Write the PNG: lines from parents to children, thicker for those that gave more.

    Who was never chosen is only shown in the newest generation; of many in a row the newest, of many rows the lowest.
    """
    rows, left_out = generations(family)
    width = LABEL + 2 * MARGIN + max(map(len, rows)) * (SIDE + GAP) - GAP
    height = 2 * MARGIN + len(rows) * (SIDE + CAPTION) + (len(rows) - 1) * BETWEEN
    at = _places(rows, width)
    tree = _lines([node for row in rows for node in row], at, _colours(rows), (width, height))
    draw, small = ImageDraw.Draw(tree), ImageFont.load_default(12)
    chosen = {parent for node in family.nodes.values() for parent in node.parents}
    colours = _colours(rows)
    for row, more in zip(rows, left_out, strict=True):
        top = round(at[row[0].id][1])
        number = max(node.generation for node in row)
        draw.text((MARGIN, top + SIDE / 2 - 16), f"{number}", INK, ImageFont.load_default(22))
        if more:
            draw.text((MARGIN, top + SIDE / 2 + 10), f"+ {more}", GREY, small)
        for node in row:
            _portrait(tree, draw, node, at[node.id], portraits, colours[node.id] if node.id in chosen else None)
    with part_beside(out) as part:
        tree.save(part, "PNG", compress_level=6)


def generations(family: Family) -> tuple[list[list[Node]], list[int]]:
    """Who is shown, by generation, ordered so that few lines cross; and how many of each are not.

    Who came from outside later stands one generation above the first child.
    """
    nodes = list(family.nodes.values())
    last = max(node.generation for node in nodes)
    level = {node.id: node.generation for node in nodes}
    first: dict[str, int] = {}
    for node in nodes:
        for parent in node.parents:
            first[parent] = min(first.get(parent, last), node.generation)
    for node in nodes:
        if node.recipe is None and node.id in first:  # who came later stands above the first child
            level[node.id] = first[node.id] - 1
    rows: list[list[Node]] = []
    left_out: list[int] = []
    for generation in range(last + 1):
        kept = [node for node in nodes if level[node.id] == generation and node.id in first]
        if generation == last:
            kept += [node for node in nodes if level[node.id] == last and node.id not in first]
        if kept:
            rows.append(kept[-MOST_ACROSS:])
            own = sum(node.generation == generation for node in nodes)
            elsewhere = sum(node.generation == generation and level[node.id] > generation for node in nodes)
            late = sum(node.generation < generation for node in rows[-1])
            left_out.append(own - elsewhere - len(rows[-1]) + late)
    rows, left_out = rows[-MOST_DOWN:], left_out[-MOST_DOWN:]
    children: dict[str, list[str]] = {}
    for node in (node for row in rows for node in row):
        for parent in node.parents:
            children.setdefault(parent, []).append(node.id)
    for order in (range(1, len(rows)), range(len(rows) - 2, -1, -1), range(1, len(rows))):
        for i in order:
            near = {node.id: node.parents for node in rows[i]} if order.step > 0 else children
            at = _places(rows, 0)
            rows[i] = sorted(rows[i], key=lambda node, near=near, at=at: _middle(node, near, at))  # type: ignore[misc]
    return rows, left_out


def _middle(node: Node, near: Mapping[str, Sequence[str]], at: Mapping[str, Point]) -> float:
    """Where those are on average that it is joined with."""
    places = [at[other][0] for other in near.get(node.id, ()) if other in at]
    return sum(places) / len(places) if places else at[node.id][0]


def _places(rows: Sequence[Sequence[Node]], width: int) -> dict[str, Point]:
    """Left top of each; every row in the middle."""
    found: dict[str, Point] = {}
    for i, row in enumerate(rows):
        left = (width + LABEL - len(row) * (SIDE + GAP) + GAP) / 2
        top = MARGIN + i * (SIDE + CAPTION + BETWEEN)
        found |= {node.id: (left + j * (SIDE + GAP), top) for j, node in enumerate(row)}
    return found


def _colours(rows: Sequence[Sequence[Node]]) -> dict[str, tuple[int, int, int]]:
    """A colour for each, of one lightness, around the circle in its row."""
    found = {}
    for i, row in enumerate(rows):
        turns = (np.arange(len(row)) + 0.31 * i) / max(len(row), 3) + 0.12
        lab = np.stack([np.full(len(row), 0.76), 0.1 * np.cos(2 * np.pi * turns), 0.1 * np.sin(2 * np.pi * turns)], 1)
        for node, (red, green, blue) in zip(row, srgb(lab).tolist(), strict=True):
            found[node.id] = red, green, blue
    return found


def _lines(
    nodes: Sequence[Node], at: Mapping[str, Point], colours: Mapping[str, tuple[int, int, int]], size: tuple[int, int]
) -> Image.Image:
    """Curves from the foot of each parent to the head of its child."""
    large = Image.new("RGB", (size[0] * FINE, size[1] * FINE), PAPER)
    draw = ImageDraw.Draw(large)
    for node in nodes:
        if node.recipe is None:
            continue
        for parent, share in zip(node.parents, _shares(node), strict=True):
            if parent in at and share > 0.0:
                foot = at[parent][0] + SIDE / 2, at[parent][1] + SIDE + CAPTION
                head = at[node.id][0] + SIDE / 2, at[node.id][1] - 2
                line = [(x * FINE, y * FINE) for x, y in _curve(foot, head)]
                draw.line(line, colours[parent], round((THIN + (THICK - THIN) * share) * FINE), "curve")
    return large.resize(size, Image.Resampling.BOX)


def _shares(node: Node) -> tuple[float, ...]:
    """What it has of each parent."""
    made = node.recipe
    if made is None:
        return ()
    if made.layers:
        return tuple(made.layers.count(n) / len(made.layers) for n in range(len(made.parents)))
    return made.weights


def _curve(a: Point, b: Point) -> list[Point]:
    """A cubic curve that leaves straight down and arrives straight down."""
    t = np.linspace(0.0, 1.0, 48)
    ease = t * t * (3.0 - 2.0 * t)
    return list(zip((a[0] + (b[0] - a[0]) * ease).tolist(), (a[1] + (b[1] - a[1]) * t).tolist(), strict=True))


def _portrait(
    tree: Image.Image, draw: ImageDraw.ImageDraw, node: Node, at: Point, portraits: Portraits,
    colour: tuple[int, int, int] | None,
) -> None:  # fmt: skip
    """One with a rounded picture and its id; who was chosen has a frame of the colour of its lines."""
    left, top = round(at[0]), round(at[1])
    picture = portraits.small(node, (SIDE, SIDE))
    x, y = left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2
    tree.paste(picture, (x, y))
    if colour is not None:
        draw.rectangle((x - 2, y - 2, x + picture.width + 1, y + picture.height + 1), None, colour, 2)
    box = draw.textbbox((0, 0), node.id, ImageFont.load_default(12))
    draw.text((left + (SIDE - box[2]) / 2, top + SIDE + 3), node.id, INK, ImageFont.load_default(12))

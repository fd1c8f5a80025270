"""Pictures to judge the tulip by: many at random, sweeps beside the renderer's, its masks, and how one is made."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from engine.generator.tulip.factors import COUNT, NAMES
from engine.generator.tulip.maps import LAYERS, LIGHT, PETALS, U, V
from engine.studio.tulip.data import latents
from engine.studio.tulip.painters import Learned, Painter

Sheet = NDArray[np.uint8]  # (height, width, 3)

SEED = 999  # of flowers that were never taught
FRAMES = 9  # of a sweep, from -2 to 2
PAPER, INK = (250, 248, 243), (40, 40, 48)
LABEL_PX = 92  # of the column of names beside sweeps
# A flower that shows all it can do: half open, seen a little from above, with flames.
SHOWN = {"bloom": 0.35, "pitch": 0.4, "zoom": 0.2, "light": -0.5, "hue": 0.4, "saturation": 0.6, "value": 0.6,
         "stripes": 0.0, "stripe_hue": -0.6, "blotch": -0.6, "picotee": -1.0, "wilt": -1.2, "ground": 0.3}  # fmt: skip
# Of layers: ground, six petals, stem, leaf, anther, filament.
COLOURS = np.array([
    [24, 26, 34], [214, 64, 84], [236, 118, 58], [246, 190, 66], [178, 74, 160], [104, 92, 206], [66, 150, 214],
    [98, 140, 70], [52, 108, 78], [60, 36, 52], [206, 206, 120],
], np.uint8)  # fmt: skip


def grid(painter: Painter, rows: int, columns: int, side: int, seed: int = SEED) -> Sheet:
    """Flowers at random, rows x columns of them, one after the other as the seed gives them: none is picked."""
    pictures = _bytes(painter.pictures(latents(seed, rows * columns), side))
    return np.concatenate([_row(pictures[i * columns : (i + 1) * columns]) for i in range(rows)])


def sweeps(learned: Painter, renderer: Painter, names: tuple[str, ...], side: int) -> Sheet:
    """Of each factor nine frames from -2 to 2: the network's, and under them the renderer's, with the name beside."""
    parts = []
    for name in names:
        x = np.repeat(shown()[None], FRAMES, 0)
        x[:, NAMES.index(name)] = np.linspace(-2, 2, FRAMES)
        frames = np.concatenate([_row(_bytes(painter.pictures(x, side))) for painter in (learned, renderer)])
        parts.append(np.concatenate([_label(name, LABEL_PX, 2 * side), frames], 1))
    return np.concatenate(parts)


def dissection(learned: Painter, renderer: Painter, count: int, side: int) -> Sheet:
    """Flowers; what layer their maps say that each pixel is; and what it is in the renderer."""
    x = latents(SEED, count)
    mine, theirs = learned.scene(x, side), renderer.scene(x, side)
    return np.concatenate([_row(_bytes(mine.pictures)), *(_row(COLOURS[s.layers.numpy()]) for s in (mine, theirs))])


def compared(learned: Painter, renderer: Painter, count: int, side: int) -> Sheet:
    """Flowers at random by the network, and the same under them by the renderer."""
    x = latents(SEED, count)
    return np.concatenate([_row(_bytes(painter.pictures(x, side))) for painter in (learned, renderer)])


def making(learned: Learned, side: int) -> Sheet:
    """How one is made: the layers, u and v of the petals, the light, as the network draws them; the picture."""
    x = shown()[None]
    maps = torch.nn.functional.interpolate(learned.maps(x), size=(side, side), mode="bilinear", align_corners=False)[0]
    layers = maps[: len(LAYERS)].argmax(0)
    petal = ((layers >= 1) & (layers <= PETALS)).float()
    which = (layers - 1).clamp(0, PETALS - 1)[None]
    u = maps[U : U + PETALS].gather(0, which)[0] * petal
    v = (0.5 + 0.5 * maps[V : V + PETALS].gather(0, which)[0]) * petal
    light = maps[LIGHT : LIGHT + len(LAYERS) - 1].gather(0, (layers - 1).clamp(min=0)[None])[0] * (layers > 0) / 1.5
    greys = [_bytes(grey.expand(1, 3, -1, -1))[0] for grey in (u, v, light)]
    titles = "which layer is seen", "u: base to tip", "v: across", "light", "picture"
    panels = [COLOURS[layers.numpy()], *greys, _bytes(learned.pictures(x, side))[0]]
    headings = np.concatenate([_label(title, side, 24) for title in titles], 1)
    return np.concatenate([headings, np.concatenate(panels, 1)])


def shown() -> NDArray[np.float64]:
    """x (19,) of the flower that sweeps start from."""
    x = np.zeros(COUNT)
    for name, value in SHOWN.items():
        x[NAMES.index(name)] = value
    return x


def _bytes(pictures: Tensor) -> Sheet:
    return (pictures.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _row(pictures: Sheet) -> Sheet:
    return np.concatenate(list(pictures), 1)


def _label(text: str, width: int, height: int) -> Sheet:
    image = Image.new("RGB", (width, height), PAPER)
    ImageDraw.Draw(image).text((6, height / 2), text, INK, ImageFont.load_default(14), anchor="lm")
    return np.asarray(image)

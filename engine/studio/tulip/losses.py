"""What the tulip's network is taught: to draw the renderer's maps, and through the head its picture.

Only the layer that is seen at a pixel is supervised there. Losses are taken where the pixels of the picture are, which
are twice as fine as the maps: on a window of them, so that a step costs no more than the maps themselves.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.generator.tulip.head import Head, developed
from engine.generator.tulip.maps import ANTHER, PETALS, SPLIT
from engine.generator.tulip.trunk import Trunk, double
from engine.studio.tulip.reduce import GLOSS_SPAN, LIGHT_SPAN

LOWER = 0.3  # weight of the maps of the last level but one
PETAL_WEIGHT, STAMEN_WEIGHT = 3.0, 3.0  # of their pixels in the picture, the rest weighing 1


@dataclass(frozen=True, slots=True)
class Window:
    """Which of the picture's pixels are looked at, as many as the maps have: every other one, or a close-up.

    first : row and column of the first. stride : 2 or 1
    """

    row: int
    column: int
    stride: int

    @classmethod
    def draw(cls, side: int, random: torch.Generator) -> "Window":
        """A random one for maps of this side: as often every other pixel as a close-up."""
        stride, row, column = (int(torch.randint(high, (1,), generator=random)) for high in (2, side + 1, side + 1))
        if stride == 0:
            return cls(row % 2, column % 2, 2)
        return cls(row - row % 2, column - column % 2, 1)

    def of_picture(self, picture: Tensor, side: int) -> Tensor:
        """(..., 2 side, 2 side) -> (..., side, side)."""
        rows = slice(self.row, self.row + self.stride * side, self.stride)
        return picture[..., rows, slice(self.column, self.column + self.stride * side, self.stride)]

    def of_maps(self, maps: Tensor) -> Tensor:
        """(n, c, side, side) -> what it is at those pixels when it is doubled, (n, c, side, side)."""
        side = maps.shape[-1]
        padded = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
        if self.stride == 1:
            row, column, half = self.row // 2, self.column // 2, side // 2 + 2
            near = padded[..., row : row + half, column : column + half]
            return double(near)[..., 2:-2, 2:-2]
        rows = 0.75 * maps + 0.25 * padded[..., 2 * self.row : 2 * self.row + side, 1:-1]
        beside = padded[..., 1:-1, 2 * self.column : 2 * self.column + side]
        corner = padded[..., 2 * self.row : 2 * self.row + side, 2 * self.column : 2 * self.column + side]
        return 0.75 * rows + 0.25 * (0.75 * beside + 0.25 * corner)


@dataclass(frozen=True, slots=True)
class Batch:
    """w of the mapping is made by the caller. pictures (n, 3, 128, 128) in 0..1, maps (n, 5, 128, 128) uint8, palettes
    (n, 11)."""

    pictures: Tensor
    maps: Tensor
    palettes: Tensor


def loss(trunk: Trunk, head: Head, w: Tensor, batch: Batch, levels: int, window: Window) -> Tensor:
    """The sum that is made small: maps at the top two of so many levels, picture at the top, palette."""
    pyramid = trunk.pyramid(w, levels)
    low, top = pyramid[-2], pyramid[-1]
    step = batch.maps.shape[-1] // low.shape[-1]
    at = (window.row % step, window.column % step)
    total: Tensor = LOWER * map_loss(low, batch.maps[..., at[0] :: step, at[1] :: step])
    side = top.shape[-1]
    pictures, maps = batch.pictures, batch.maps
    if side * 2 < maps.shape[-1]:
        k = maps.shape[-1] // (side * 2)
        pictures = functional.avg_pool2d(pictures, k)
        maps = maps[..., at[0] % k :: k, at[1] % k :: k]
    seen, target = window.of_maps(top), window.of_picture(maps, side)
    total = total + map_loss(seen, target)
    palette = trunk.palette(w[:, -1])
    linear = head.linear(seen, palette, 1.0)
    shade = functional.interpolate(head.vignette[None, None], size=(2 * side, 2 * side), mode="area")[0, 0]
    drawn = developed(linear, window.of_picture(shade, side))
    total = total + picture_loss(drawn, window.of_picture(pictures, side), target[:, 0])
    missed = palette - batch.palettes
    total = total + 2.0 * missed.square().mean() + 0.6 * missed.abs().mean()
    return total


def map_loss(maps: Tensor, target: Tensor) -> Tensor:
    """maps (n, MAPS, h, w), target (n, 5, h, w) uint8 of `data.Data.maps`: which layer, and that layer's numbers."""
    logits, u, v, light, gloss, _ = maps.split(SPLIT, 1)  # type: ignore[no-untyped-call]
    layer = target[:, 0].long()
    of = target[:, 1:].float() / 255
    petal = ((layer >= 1) & (layer <= PETALS)).float()
    thing = (layer >= 1).float()
    petals, things = petal.sum() + 1, thing.sum() + 1
    which, what = (layer - 1).clamp(0, PETALS - 1)[:, None], (layer - 1).clamp(min=0)[:, None]
    total: Tensor = 0.5 * functional.cross_entropy(logits, layer)
    total = total + ((u.gather(1, which)[:, 0] - of[:, 0]).abs() * petal).sum() / petals
    total = total + ((v.gather(1, which)[:, 0] - (of[:, 1] * 2 - 1)).abs() * petal).sum() / petals
    total = total + 0.6 * ((light.gather(1, what)[:, 0] - of[:, 2] * LIGHT_SPAN).abs() * thing).sum() / things
    total = total + 0.6 * ((gloss[:, 0] - of[:, 3] * GLOSS_SPAN).abs() * petal).sum() / petals
    return total


def picture_loss(drawn: Tensor, wanted: Tensor, layer: Tensor) -> Tensor:
    """Difference of pixels and of their steps to the next, absolute, of -1..1; petals and stamens weigh more."""
    petal = ((layer >= 1) & (layer <= PETALS)).float()
    stamen = (layer >= ANTHER).float()
    weight = (1 + (PETAL_WEIGHT - 1) * petal + (STAMEN_WEIGHT - 1) * stamen)[:, None]
    missed = drawn - wanted
    total = 2 * (missed.abs() * weight).mean()
    across, down = missed[..., 1:] - missed[..., :-1], missed[..., 1:, :] - missed[..., :-1, :]
    total = total + 2 * (across.abs() * weight[..., 1:]).mean()
    return total + 2 * (down.abs() * weight[..., 1:, :]).mean()

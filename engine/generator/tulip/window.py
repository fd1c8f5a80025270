"""Where the tulip's square picture lies on a canvas that is not square, and how its maps go on around it. Numpy only.

Outside of the square all maps but the ground's are held as they are at its edge, while the ground's logit grows, so
that a leaf that the edge cuts ends in a tip. The ground itself is folded back, ever slower, so that what lies behind
the flower, which nothing taught, is not reached: held, it would be streaks.
"""

from dataclasses import dataclass
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.generator.spec import Canvas
from engine.generator.tulip.maps import GROUND, MAPS

FADE = 24.0  # logits by which the ground wins over the length of one side of the square
REACH = 0.3  # of the side: how far the ground is folded back at most
SIDES = 4  # further out than so many sides of the square nothing changes: the ground has won and is folded back


@dataclass(frozen=True, slots=True)
class Window:
    """A square on the canvas, in pixels; with fit "crop" it reaches beyond it."""

    left: int
    top: int
    side: int

    @classmethod
    def of(cls, canvas: Canvas) -> Self:
        """The whole flower, standing on the lower edge, with ground at its sides or above it.

        With fit "crop" the flower is enlarged until it covers the canvas.
        """
        width, height = canvas.width, canvas.height
        if canvas.fit == "crop":
            side = max(width, height)
            return cls((width - side) // 2, (height - side) // 2, side)
        side = min(width, height)
        return cls((width - side) // 2, height - side, side)

    def columns(self, width: int, points: int) -> "Axis":
        """How the columns of a canvas show maps of so many points a side: `Surround`, then bilinear between points."""
        return Axis.of(self.left, self.side, width, points)

    def rows(self, height: int, points: int) -> "Axis":
        """How its rows do."""
        return Axis.of(self.top, self.side, height, points)


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Along one axis: maps of `points` points become longer ones, and the canvas is sampled from those.

    held : (length,) int64, the point that each one of the longer maps repeats: of all maps but the ground's
    folded : (points, length) float32, what a row of the ground is multiplied by, from the right, to become longer
    fade : (length,) float32, what the ground's logit gains; of two axes both
    place : (pixels of the canvas,) float64, where each lies in the longer maps, 0 to length - 1

    The length is at most 2 SIDES + 1 times `points`, however long the canvas is.
    """

    held: NDArray[np.int64]
    folded: NDArray[np.float32]
    fade: NDArray[np.float32]
    place: NDArray[np.float64]

    @classmethod
    def of(cls, first: int, side: int, pixels: int, points: int) -> Self:
        """first : the canvas's pixel where the square begins, which is `side` pixels long."""
        place = (np.arange(pixels) + 0.5 - first) * points / side - 0.5
        most = SIDES * points
        before = min(most, ceil(-place[0])) if first > 0 else 0
        after = min(most, ceil(place[-1]) - points + 1) if first + side < pixels else 0
        point = np.arange(-before, points + after)
        held = point.clip(0, points - 1)
        outside = np.abs(point - held) / points
        reached = REACH * (1 - np.exp(-outside / REACH)) * points
        source = np.where(point < held, reached, held - reached)
        folded = np.maximum(0, 1 - np.abs(source - np.arange(points)[:, None]))
        place = (place + before).clip(0, len(point) - 1)
        return cls(held, folded.astype(np.float32), (FADE * outside).astype(np.float32), place)

    @property
    def plain(self) -> bool:
        """Whether the longer maps are the maps."""
        return len(self.held) == len(self.folded)

    def taps(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The point below each pixel of the canvas (at most length - 2), and how far it is from there to the next."""
        below = np.minimum(self.place.astype(np.int64), len(self.held) - 2)
        return below, (self.place - below).astype(np.float32)


class Surround:
    """Makes maps (MAPS, points, points) the longer ones (MAPS, rows, columns), in its own memory."""

    def __init__(self, rows: Axis, columns: Axis) -> None:
        self._rows, self._columns = rows, columns
        self._plain = rows.plain and columns.plain
        self._from = rows.held[:, None] * len(columns.folded) + columns.held
        self._fade = rows.fade[:, None] + columns.fade
        length = len(columns.held)
        self._maps = np.zeros((MAPS, len(rows.held), length), np.float32)
        self._wide = np.zeros((MAPS - GROUND, len(rows.folded), length), np.float32)  # the ground, folded one way

    def __call__(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Valid until the next call; the maps themselves where there is nothing around them."""
        if self._plain:
            return maps
        longer = self._maps
        np.take(maps[:GROUND].reshape(GROUND, -1), self._from, 1, longer[:GROUND], "clip")
        longer[0] += self._fade
        np.matmul(maps[GROUND:], self._columns.folded, self._wide)
        np.matmul(self._rows.folded.T, self._wide, longer[GROUND:])
        return longer

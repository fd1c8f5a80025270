"""Where the tulip's square picture lies on a canvas that is not square."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.generator.spec import Canvas

FADE = 24.0  # logits by which the ground wins over the length of one side of the square, outside of it


@dataclass(frozen=True, slots=True)
class Window:
    """A square on the canvas, in pixels; it may reach beyond it. Around it the maps' edges go on.

    The middle of pixel x lies at (x + 0.5 - left) / side of the maps' width, within 0..1 or held at its end.
    """

    left: int
    top: int
    side: int

    @classmethod
    def of(cls, canvas: Canvas) -> Self:
        """The whole flower in the middle, whose ground goes on at the sides; with fit "crop" it fills the canvas."""
        width, height = canvas.width, canvas.height
        side = max(width, height) if canvas.fit == "crop" else min(width, height)
        return cls((width - side) // 2, (height - side) // 2, side)

    def fade(self, width: int, height: int) -> NDArray[np.float32]:
        """What the ground's logit gains outside of the square (height, width): a leaf that it cuts ends in a tip.

        Nothing below it, where the stem goes on.
        """
        x, y = np.arange(width) + 0.5 - self.left, np.arange(height) + 0.5 - self.top
        beside = np.maximum(0, np.maximum(-x, x - self.side))
        above = np.maximum(0, -y)
        return (FADE / self.side * (beside + above[:, None])).astype(np.float32)

"""A picture of how far a training is: flowers it never sees, as the renderer draws them and, below, the network."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.head import Head
from engine.generator.tulip.trunk import resized
from engine.stage.outputs.picture import save_png
from engine.studio.tulip.data import SIDE, latents, sample
from engine.studio.tulip.student import Student

SEED = 20_717  # no data are made of it
COLUMNS, ROWS = 8, 4
BATCH = 8


class Grid:
    """The same flowers each time; the renderer's are drawn once."""

    def __init__(self) -> None:
        self._x = latents(SEED, COLUMNS * ROWS)
        self._wanted = np.stack([sample(values)[0] for values in factors_of(self._x)])

    def save(self, student: Student, path: Path) -> None:
        """Write it as a PNG that appears whole. InputError where it cannot be written."""
        save_png(path, self.picture(student))

    def picture(self, student: Student) -> NDArray[np.uint8]:
        """(2 ROWS x 128, COLUMNS x 128, 3) uint8."""
        drawn = np.concatenate([pictures(student, self._x[i : i + BATCH]) for i in range(0, len(self._x), BATCH)])
        rows = np.stack([a.reshape(ROWS, COLUMNS, SIDE, SIDE, 3) for a in (self._wanted, drawn)], 1)
        return rows.transpose(0, 1, 3, 2, 4, 5).reshape(2 * ROWS * SIDE, COLUMNS * SIDE, 3)


@torch.no_grad()
def pictures(student: Student, x: NDArray[np.float32], side: int = SIDE) -> NDArray[np.uint8]:
    """What the network draws for Gaussian x (n, 19): (n, side, side, 3) uint8."""
    w = student.w(torch.from_numpy(x))
    maps = resized(student.synthesis(w), side, side)
    drawn = Head(side, side)(maps, student.synthesis.palette(w[:, -1]), torch.tensor(1.0))
    found: NDArray[np.uint8] = (drawn * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return found

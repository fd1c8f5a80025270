"""A sequence at another rate: frames between its own, the latents interpolated and never the pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.studio.arrays import load_npy
from engine.studio.pace import between

Rows = NDArray[np.floating]

BLOCK = 16  # rows read together


class Rated:
    """A sequence seen at a rate of its own; mapped from the disk.

    rows : .npy; classes : .npy of class weights, or None; own, rate : frames a second as it is, and as it is wanted
    """

    def __init__(self, rows: Path, classes: Path | None, own: Fraction, rate: Fraction) -> None:
        self._rows = load_npy(rows)
        self._classes = None if classes is None else load_npy(classes)
        self._step = own / rate
        self.frames = frames_at(len(self._rows), own, rate)

    def blocks(self, first: int, last: int) -> Iterator[tuple[Rows, Rows | None]]:
        """Rows, with their class weights, of frames `first` to `last` - 1, some at a time."""
        for start in range(first, last, BLOCK):
            at = [min(i * self._step, Fraction(len(self._rows) - 1)) for i in range(start, min(start + BLOCK, last))]
            yield self._at(at)

    def _at(self, at: list[Fraction]) -> tuple[Rows, Rows | None]:
        low = np.array([int(place) for place in at])
        part = np.array([float(place - int(place)) for place in at])
        span = slice(int(low[0]), int(low[-1]) + 2)  # whole lengths of the file are read once, in order
        rows = np.array(self._rows[span])
        classes = None if self._classes is None else np.array(self._classes[span])
        low -= span.start
        high = np.minimum(low + 1, len(rows) - 1)
        found = rows[low]
        # What stands still, or lies on a frame, is that frame itself to the last bit.
        moving = (part > 0.0) & (rows[low] != rows[high]).reshape(len(low), -1).any(1)
        if moving.any():
            found[moving] = between(rows, (low + part)[moving])
        if classes is None:
            return found, None
        mixed = classes[low] + part[:, None].astype(classes.dtype) * (classes[high] - classes[low])
        return found, mixed


def frames_at(count: int, own: Fraction, rate: Fraction) -> int:
    """How many frames last as long at another rate."""
    return max(1, round(count * rate / own))

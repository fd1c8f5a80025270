"""A sequence at another rate: frames between its own, the latents interpolated and never the pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.latent.trajectory import Leg
from engine.studio.arrays import load_npy

Rows = NDArray[np.floating]

BLOCK = 16  # rows read together


class Rated:
    """A sequence seen at a rate of its own; mapped from the disk.

    rows : .npy; classes : .npy of class weights, or None; own, rate : frames a second as it is, and as it is wanted
    """

    def __init__(self, rows: Path, classes: Path | None, own: Fraction, rate: Fraction) -> None:
        self._rows = load_npy(rows)
        self._classes = None if classes is None else load_npy(classes)
        self._step, self._own_fps = own / rate, float(own)
        self.frames = frames_at(len(self._rows), own, rate)

    def blocks(self, first: int, last: int) -> Iterator[tuple[Rows, Rows | None]]:
        """Rows, with their class weights, of frames `first` to `last` - 1, some at a time."""
        for start in range(first, last, BLOCK):
            at = [min(i * self._step, Fraction(len(self._rows) - 1)) for i in range(start, min(start + BLOCK, last))]
            yield self._at(at)

    def _at(self, at: list[Fraction]) -> tuple[Rows, Rows | None]:
        """As a show plays them: what comes before a cut stays until it. Rows on a frame are that frame to the bit."""
        span = slice(int(at[0]), int(at[-1]) + 2)
        rows = np.array(self._rows[span])
        classes = None if self._classes is None else np.array(self._classes[span])
        low = [int(place) - span.start for place in at]
        found, mixed = rows[low], None if classes is None else classes[low]
        for i, (first, place) in enumerate(zip(low, at, strict=True)):
            if (part := float(place % 1)) == 0.0:
                continue
            shares = None if classes is None else (classes[first], classes[first + 1])
            leg = Leg(rows[first], rows[first + 1], self._own_fps, shares)
            found[i] = leg.at(part)
            if mixed is not None:
                mixed[i] = leg.classes_at(part)
        return found, mixed


def frames_at(count: int, own: Fraction, rate: Fraction) -> int:
    """How many frames last as long at another rate."""
    return max(1, round(count * rate / own))

"""Whether numbers are finite: of one frame at the price of one small call, of an hour of them in flat memory."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.mapped import let_go

BLOCK_BYTES = 4 << 20


def all_finite(array: NDArray[Any]) -> bool:
    """Whether every number is finite. A sum of squares tells nearly always; where that overflows, each is looked at."""
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def first_endless(rows: NDArray[np.floating]) -> int | None:
    """The number of the first row that holds a number that is not finite as float32; None where all are.

    Read in blocks: a mapped file of any length takes no more memory than one of them.
    """
    block = max(1, BLOCK_BYTES // max(1, rows[:1].nbytes))
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        with np.errstate(over="ignore"):
            fine = np.isfinite(part.astype(np.float32, copy=False))
        if not fine.all():
            return first + int(fine.reshape(len(part), -1).all(1).argmin())
        let_go(rows)
    return None

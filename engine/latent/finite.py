"""Whether numbers are finite, at the price of one small call."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def all_finite(array: NDArray[Any]) -> bool:
    """Whether every number is finite. A sum of squares tells nearly always; where that overflows, each is looked at."""
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())

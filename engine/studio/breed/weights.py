"""Class weights as text and back, and numbers that strangers wrote."""

import math
from typing import Any

import numpy as np

from engine.studio.pace import Array


def weights_by_number(classes: Array) -> dict[str, float]:
    """Class weights as they are kept in text."""
    return {str(n): float(classes[n]) for n in np.flatnonzero(classes)}


def read_weights(data: Any, count: Any) -> Array | None:
    """Class weights (count,) of what `weights_by_number` gave. ValueError for what is none."""
    if data is None:
        return None
    if type(count) is not int or not 0 < count <= 1 << 16:
        raise ValueError("a number of classes that no model has")
    weights = np.zeros(count)
    for number, weight in data.items():
        at = int(number)
        if not 0 <= at < count:
            raise ValueError(f"class {at} of {count}")
        weights[at] = read_number(weight, -1e3, 1e3)
    return weights


def read_number(value: Any, low: float, high: float) -> float:
    """The number, when it lies there. ValueError for anything else."""
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{str(value)[:40]} where a number from {low:g} to {high:g} stands")
    return float(value)

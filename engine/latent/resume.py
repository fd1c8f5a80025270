"""Whether a state that was written down fits the motion that is to go on from it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

State = Mapping[str, NDArray[np.generic]]

_OPTIONAL = (
    "goals.caught.", "goals.wander.", "goals.shares.", "drawn", "amounts", "loops.", "radius", "compass.", "shares",
)  # fmt: skip


def fits(mine: State, other: State) -> bool:
    """True when `other` has all that `mine` has, of the same shapes, and nothing in it is not finite."""
    if not all(np.isfinite(array).all() for array in other.values() if array.dtype.kind == "f"):
        return False
    for key, array in mine.items():
        found = other.get(key)
        if key.startswith(_OPTIONAL):
            continue
        if found is None or found.shape != array.shape or found.dtype.kind != array.dtype.kind:
            return False
    return _parts_fit(mine, other)


def _parts_fit(mine: State, other: State) -> bool:
    """The parts whose number may differ: caught places, walks, what was drawn last, amounts."""
    voices, rows, dim = mine["goals.point"].shape
    for voice in range(voices):
        caught = other.get(f"goals.caught.{voice}")
        if caught is None or caught.shape[1:] != (rows, dim) or caught.dtype.kind != "f":
            return False
        ends = [other.get(f"goals.wander.{voice}.{key}") for key in ("from", "to")]
        phase = other.get(f"goals.wander.{voice}.phase")
        walk = [phase, *ends]
        if any(part is not None for part in walk):
            if phase is None or phase.shape != (1,) or any(end is None or end.shape != (rows, dim) for end in ends):
                return False
    drawn, psi = other.get("drawn"), other.get("drawn_psi")
    if (drawn is None) != (psi is None):
        return False
    if drawn is not None and psi is not None and (drawn.shape != (voices, rows, dim) or psi.shape != (1,)):
        return False
    mixed, found = mine.get("shares"), other.get("shares")
    if mixed is not None and found is not None and found.shape != mixed.shape:
        return False
    points = [value for key, value in other.items() if key.startswith("goals.shares.")]
    if mixed is not None and any(value.shape != mixed.shape[-1:] for value in points):
        return False
    names, amounts, velocity = (other.get(f"amounts{key}") for key in ("_names", "", "_velocity"))
    if names is None or amounts is None or velocity is None:
        return False
    return names.ndim == 1 and amounts.shape == velocity.shape == (voices, len(names))

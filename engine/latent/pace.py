"""Pace of a direction: how far the eye goes for each sigma of it, so that equal moves can make equal changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pace:
    """The perceptual length of a direction, measured (Karras et al. 2019 call it path length).

    amounts : (n,) in sigma, rising, with 0 among them; arc : (n,) the visible way to each from 0, rising, 0 at 0
    """

    amounts: Array
    arc: Array

    def __post_init__(self) -> None:
        amounts, arc = (np.array(a, np.float64) for a in (self.amounts, self.arc))
        good = amounts.ndim == 1 and amounts.shape == arc.shape and 3 <= len(amounts) <= 257
        if not (good and (np.diff(amounts) > 0).all() and (np.diff(arc) > 0).all() and (arc[amounts == 0.0] == 0).all()
                and (amounts == 0.0).any()):  # fmt: skip
            raise ModelError("a pace needs 3 to 257 rising amounts, 0 among them, and a rising arc that is 0 there")
        for name, array in (("amounts", amounts), ("arc", arc)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def per_sigma(self) -> float:
        """Visible change of one sigma, on average over the measured range."""
        return float((self.arc[-1] - self.arc[0]) / (self.amounts[-1] - self.amounts[0]))

    def amount(self, fader: float) -> float:
        """The amount in sigma that a fader at so many sigma stands for when equal moves are to look equal.

        The ends of the measured range stay where they are; beyond them a fader is in sigma again.
        """
        low, high = float(self.amounts[0]), float(self.amounts[-1])
        if not low < fader < high:
            return fader
        arc = fader / (high if fader > 0 else low) * float(self.arc[-1] if fader > 0 else self.arc[0])
        return float(np.interp(arc, self.arc, self.amounts))

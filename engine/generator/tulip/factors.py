"""The tulip's factors: what was varied when it was taught, by name and range. Numpy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that the renderer varies: low + (high - low) Phi(x) for a Gaussian x."""

    name: str
    low: float
    high: float
    about: str
    colour: bool = False  # reaches the petals through the palette alone


FACTORS = (
    Factor("bloom", 0.0, 1.0, "from a closed bud to an open cup"),
    Factor("curl", 0.1, 0.9, "how far open petals bend outwards"),
    Factor("wilt", 0.0, 0.75, "petals droop, and brown at their tips"),
    Factor("pitch", 0.22, 0.72, "the camera looks from the side, or down into the cup"),
    Factor("zoom", 0.2, 0.8, "the flower comes nearer"),
    Factor("sway", 0.25, 0.75, "the stem leans from right to left"),
    Factor("yaw", 0.0, 1.0, "the flower turns on its stem, 8 degrees either way"),
    Factor("leaves", 0.0, 1.0, "leaves lie low, or reach up"),
    Factor("light", 0.05, 0.95, "the sun moves from left to right"),
    Factor("hue", 0.0, 1.0, "petals from violet through red to yellow", True),
    Factor("saturation", 0.0, 1.0, "petals from pale to deep", True),
    Factor("value", 0.0, 1.0, "petals from dark to bright", True),
    Factor("stripes", 0.0, 1.0, "petals from plain through flamed to all in the colour of the flames", True),
    Factor("stripe_hue", 0.0, 1.0, "flames from white to coloured", True),
    Factor("feather", 0.0, 1.0, "flames from broad to feathered", True),
    Factor("blotch", 0.0, 1.0, "a yellow blotch at the base of the petals", True),
    Factor("picotee", 0.0, 1.0, "a pale edge around the petals", True),
    Factor("ground_hue", 0.0, 1.0, "the ground from teal through violet to red"),
    Factor("ground", 0.0, 1.0, "the ground from night to dusk"),
)
NAMES = tuple(factor.name for factor in FACTORS)
COUNT = len(FACTORS)


def factors_of(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """Gaussian x (n, COUNT) -> factors in their ranges (n, COUNT)."""
    low, high = np.array([f.low for f in FACTORS]), np.array([f.high for f in FACTORS])
    return np.asarray(low + (high - low) * share(np.asarray(x, np.float64)), np.float32)


def share(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phi(x), the share of a Gaussian below x."""
    return 0.5 * (1 + erf(x / np.sqrt(2)))


def erf(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The error function within 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    a = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.copysign(1 - a * np.exp(-x * x), x)

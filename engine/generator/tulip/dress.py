"""What the tulip's head does with colours: the garden it was taught in, and other looks. Numpy only.

A dress changes numbers that are few and smooth (colours, the light, the ground), never the shapes: masks, directions
and everything that was measured hold in all of them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.spec import Spec
from engine.generator.tulip.maps import FIXED, VIGNETTE, vignette

Rows = tuple[tuple[float, ...], ...]

BLANK: Rows = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
TIPS = np.array([[0.99, 0.93, 0.80], [0.93, 0.78, 0.16], [0.42, 0.26, 0.12]], np.float32)  # edge, blotch, brown


@dataclass(frozen=True, slots=True)
class Dress:
    """One look. All colours are linear RGB.

    fixed : colours (4, 3) of stem, leaf, anther, filament
    petal : matrix (3, 3) that every colour of the petals goes through
    ground : matrix (3, 3) that the ground goes through; ground_base : a colour added to it
    light : what the brightness of everything but the ground is multiplied by, and what is added to that
    gloss : colour of the gloss on the petals, 1 as it is
    vignette : how much darker the corners are
    """

    name: str
    about: str
    fixed: Rows = tuple(tuple(map(float, row)) for row in FIXED)
    petal: Rows = BLANK
    ground: Rows = BLANK
    ground_base: tuple[float, float, float] = (0.0, 0.0, 0.0)
    light: tuple[float, float] = (1.0, 0.0)
    gloss: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = VIGNETTE

    @property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """fixed (4, 3), petal (3, 3), tips (3, 3), ground (3, 3), ground_base (3,), light (2,), gloss (3,): float32.

        tips : the colours of a petal that have no place in the palette, as they look in this dress: those of its pale
        edge, of its blotch and of wilting
        """
        found = {
            name: np.array(getattr(self, name), np.float32)
            for name in ("fixed", "petal", "ground", "ground_base", "light", "gloss")
        }
        return found | {"tips": TIPS @ found["petal"].T}


def darkened(width: int, height: int, dark: float) -> NDArray[np.float32]:
    """Brightness (height, width) of a picture whose corners are so much darker."""
    usual = vignette(width, height)
    if dark == VIGNETTE:
        return usual
    return np.asarray(1 - (1 - usual) * np.float32(dark / VIGNETTE), np.float32)


GARDEN = Dress("garden", "by day, as it was taught")
NIGHT = Dress(
    "night",
    "moonlight: silver and blue flowers that glow a little, before a ground that is nearly black",
    fixed=((0.07, 0.16, 0.19), (0.06, 0.15, 0.20), (0.30, 0.34, 0.46), (0.46, 0.56, 0.72)),
    petal=((0.34, 0.19, 0.08), (0.17, 0.50, 0.13), (0.33, 0.36, 0.60)),
    ground=((0.05, 0.03, 0.02), (0.03, 0.07, 0.06), (0.10, 0.12, 0.16)),
    ground_base=(0.002, 0.004, 0.011),
    light=(0.90, 0.02),
    gloss=(0.9, 1.2, 1.7),
    vignette=0.45,
)
HERBARIUM = Dress(
    "herbarium",
    "pressed on paper that has aged: browned petals, olive leaves, light from everywhere",
    fixed=((0.34, 0.31, 0.14), (0.31, 0.30, 0.15), (0.20, 0.12, 0.07), (0.52, 0.42, 0.20)),
    petal=((0.66, 0.15, 0.03), (0.13, 0.54, 0.04), (0.07, 0.13, 0.38)),
    ground=((0.10, 0.03, 0.02), (0.05, 0.08, 0.02), (0.04, 0.04, 0.06)),
    ground_base=(0.78, 0.69, 0.50),
    light=(0.42, 0.40),
    gloss=(0.15, 0.13, 0.10),
    vignette=0.16,
)
STILL_LIFE = Dress(
    "still_life",
    "a Dutch still life: candle-light on deep greens, before umber",
    fixed=((0.15, 0.22, 0.07), (0.10, 0.19, 0.08), (0.10, 0.05, 0.04), (0.62, 0.50, 0.20)),
    petal=((1.05, 0.16, 0.02), (0.02, 0.86, 0.04), (0.02, 0.06, 0.58)),
    ground=((0.28, 0.20, 0.14), (0.155, 0.125, 0.07), (0.07, 0.055, 0.055)),
    ground_base=(0.014, 0.008, 0.004),
    light=(1.30, -0.16),
    gloss=(1.4, 1.1, 0.7),
    vignette=0.55,
)
DRESSES = (GARDEN, NIGHT, HERBARIUM, STILL_LIFE)  # by number: `tulip:1` is the night


def dressed(spec: Spec, dress: int) -> Spec:
    """The specification with a dress. ModelError for one that it cannot wear."""
    if not dress:
        return spec
    dress_name(spec, dress)
    worn: Spec = replace(spec, dress=dress)  # type: ignore[type-var]
    return worn


def dress_name(spec: Spec, dress: int) -> str:
    """What a tulip's dress is called. ModelError for another model, and for a number that has none."""
    if not hasattr(spec, "dress"):
        raise ModelError(f"a dress is for the tulip; this is {spec.family}")
    if not 0 <= dress < len(DRESSES):
        raise ModelError(f"dress {dress}: a tulip has 0 to {len(DRESSES) - 1}")
    return DRESSES[dress].name

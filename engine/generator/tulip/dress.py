"""What the tulip's head does with colours: the garden it was taught in, and other looks. Numpy only.

A dress changes numbers that are few and smooth (colours, the light, the ground), never the shapes: masks, directions
and everything that was measured hold in all of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


GARDEN = Dress("garden", "as it was taught")
DRESSES = (GARDEN,)

"""The maps that a perfect network would draw: the renderer's own buffers, as the head takes them.

What the head makes of them is the ceiling of every measurement: all that it misses, it misses by itself. Call
`engine.paths.use_numba_cache` before importing this module.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.tulip.maps import GLOSS, GROUND, LAYERS, LIGHT, MAPS, PETALS, U, V
from engine.studio.tulip.ground import palette
from engine.studio.tulip.renderer import developed, render

CERTAIN = 100.0  # the logit of the layer that is seen; the others have 0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Of one tulip.

    maps : (MAPS, side, side) float32. palette : (11,) float32
    picture : (side, side, 3) float32 in 0..1, of one ray a pixel
    """

    maps: NDArray[np.float32]
    palette: NDArray[np.float32]
    picture: NDArray[np.float32]


def truth(factors: NDArray[np.float32], side: int) -> Truth:
    """Of these factors (19,); side : pixels, a multiple of 8. ValueError as `renderer.render`."""
    drawn = render(factors, side)
    maps = np.zeros((MAPS, side, side), np.float32)
    for layer in range(len(LAYERS)):
        here = drawn.ids == layer
        maps[layer][here] = CERTAIN
        if layer > 0:
            maps[LIGHT + layer - 1][here] = drawn.light[here]
        if 1 <= layer <= PETALS:
            maps[U + layer - 1][here], maps[V + layer - 1][here] = drawn.u[here], drawn.v[here]
    maps[GLOSS] = drawn.gloss
    maps[GROUND:] = np.where(drawn.ids == 0, drawn.linear.transpose(2, 0, 1), 0)
    return Truth(maps, palette(factors), developed(drawn.linear, side))

"""The tulip's second pass on the processor: what `deferred.TulipMaps` draws becomes a picture. Numpy and numba."""

import numpy as np
from numpy.typing import NDArray

from engine.generator.plan import Inputs
from engine.generator.spec import Canvas
from engine.generator.tulip.dress import DRESSES
from engine.generator.tulip.maps import MAPS, PALETTE
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.window import Surround, Window
from engine.paths import use_numba_cache


class TulipFinisher:
    """Maps with their palette behind them -> pictures of one size, in the dress of the specification."""

    backend = "numba"

    def __init__(self, spec: TulipSpec, canvas: Canvas, threads: int) -> None:
        use_numba_cache()
        from engine.generator.tulip.painter import Painter

        window = Window.of(canvas)
        rows, columns = window.rows(canvas.height, spec.maps_side), window.columns(canvas.width, spec.maps_side)
        self._surround = Surround(rows, columns)
        shape = (len(rows.held), len(columns.held))
        self._painter = Painter(rows.taps(), columns.taps(), shape, threads, DRESSES[spec.dress])

    def draw(self, maps: NDArray[np.float32], inputs: Inputs, out: NDArray[np.uint8]) -> None:
        self._painter.draw(self._surround(maps[:MAPS]), palette_of(maps), float(inputs["sharp"]), out)

    def image(self, maps: NDArray[np.float32], inputs: Inputs, out: NDArray[np.float32]) -> None:
        self._painter.image(self._surround(maps[:MAPS]), palette_of(maps), float(inputs["sharp"]), out)


def palette_of(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """The palette (11,) that lies in the plane behind the maps."""
    palette: NDArray[np.float32] = maps[MAPS].reshape(-1)[: len(PALETTE)]
    return palette

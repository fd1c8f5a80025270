"""Pictures in two passes on the processor: a network draws smooth maps, compiled code finishes them at full size.

The maps come from any plan of voices (frozen, OpenVINO, changing while it plays), as if they were a picture of many
channels.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.generator.plan import Finisher, Inputs, Plan
from engine.generator.plans.live import LivePlan
from engine.generator.plans.voices import VoicePlan
from engine.generator.spec import Canvas


class DeferredPlan(Plan):
    """The maps of each voice, then their finish. Warm from the start: the finisher is compiled when this is made."""

    device = "cpu"
    separable = True

    def __init__(
        self, maps: VoicePlan | LivePlan, finisher: Finisher, inputs: Inputs, voices: int, canvas: Canvas
    ) -> None:
        """inputs : any that the plan takes, to draw once with."""
        self._maps, self._finisher, self._voices, self._canvas = maps, finisher, voices, canvas
        self.draw_voice(inputs, 0, np.zeros((1, canvas.height, canvas.width, 4), np.uint8))

    @property
    def backend(self) -> str:  # type: ignore[override]
        """What draws the maps just now, and what finishes them."""
        return f"{self._maps.backend} + {self._finisher.backend}"

    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        for voice in range(self._voices):
            self.draw_voice(inputs, voice, out)

    def draw_voice(self, inputs: Inputs, voice: int, out: NDArray[np.uint8]) -> None:
        self._maps.lend(inputs, voice, lambda maps: self._finisher.draw(maps, inputs, out[voice]))

    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        image = np.empty((self._voices, 3, self._canvas.height, self._canvas.width), np.float32)
        for voice in range(self._voices):
            self._maps.lend(inputs, voice, partial(self._finish, inputs, image[voice]))
        return image

    def _finish(self, inputs: Inputs, out: NDArray[np.float32], maps: NDArray[np.float32]) -> None:
        self._finisher.image(maps, inputs, out)

    def notes(self) -> dict[str, object]:
        return self._maps.notes()

    def close(self) -> None:
        self._maps.close()

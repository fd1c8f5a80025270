"""Plans that draw their voices one after another: one compiled model of one picture fits any number of voices."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.plan import Inputs, Plan
from engine.generator.spec import Canvas
from engine.paths import use_numba_cache

Use = Callable[[NDArray[np.float32]], None]  # what is done with a picture (channels, height, width) while it is there


@dataclass(frozen=True, slots=True)
class Port:
    """One input of a model of one picture: what `synthesis.Slot` says, without torch."""

    name: str
    shape: tuple[int, ...]
    shared: bool = False

    def memory(self) -> NDArray[np.float32]:
        """Where its numbers lie from frame to frame."""
        return np.zeros(self.shape if self.shared else (1, *self.shape), np.float32)


class VoicePlan(Plan):
    """Copies each voice's numbers into static inputs and lets a model of one picture draw."""

    device = "cpu"
    separable = True

    def __init__(self, ports: Sequence[Port], voices: int, canvas: Canvas) -> None:
        use_numba_cache()
        from engine.generator.plans.frame import to_rgba

        self._to_rgba = to_rgba
        self.ports = tuple(ports)
        self._feeds = [port.memory() for port in ports]
        self._voices, self._canvas = voices, canvas

    @abstractmethod
    def _infer(self) -> NDArray[np.float32]:
        """The picture (channels, height, width) of what the feeds hold, valid until the next call."""

    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        for voice in range(self._voices):
            self.draw_voice(inputs, voice, out)

    def draw_voice(self, inputs: Inputs, voice: int, out: NDArray[np.uint8]) -> None:
        self._feed(inputs, voice)
        self._to_rgba(self._infer(), out[voice])

    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        image = np.empty((self._voices, 3, self._canvas.height, self._canvas.width), np.float32)
        for voice in range(self._voices):
            self._feed(inputs, voice)
            image[voice] = self._infer()
        return image

    def picture(self, inputs: Inputs) -> NDArray[np.float32]:
        """The first voice alone, (channels, height, width), valid until the next call."""
        self._feed(inputs, 0)
        return self._infer()

    def lend(self, inputs: Inputs, voice: int, use: Use) -> None:
        """Let `use` have the picture of one voice while it is there."""
        self._feed(inputs, voice)
        use(self._infer())

    def _feed(self, inputs: Inputs, voice: int) -> None:
        for port, feed in zip(self.ports, self._feeds, strict=True):
            np.copyto(feed, inputs[port.name] if port.shared else inputs[port.name][voice : voice + 1])

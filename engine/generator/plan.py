"""What draws: one synthesis on one device at one size, with everything it needs laid out beforehand."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.generator.spec import Canvas
from engine.gpu_offer import Offer

if TYPE_CHECKING:
    from engine.generator.synthesis import Synthesis

Inputs = Mapping[str, NDArray[np.float32]]

BACKENDS = ("auto", "eager", "frozen", "openvino", "compile", "graph")


class Build(Protocol):
    """Makes the synthesis that a plan runs."""

    def __call__(self, canvas: Canvas, *, batched: bool = False, half: bool = False) -> "Synthesis": ...


class Finisher(Protocol):
    """Makes the picture of one voice from its maps (channels, height, width), at the size it was made for."""

    backend: str

    def draw(self, maps: NDArray[np.float32], inputs: Inputs, out: NDArray[np.uint8]) -> None:
        """Into out (height, width, 4): RGBA, sRGB, row 0 on top."""

    def image(self, maps: NDArray[np.float32], inputs: Inputs, out: NDArray[np.float32]) -> None:
        """Into out (3, height, width), -1..1."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """How the processor draws a picture in two passes: a network draws small smooth maps, compiled code the picture.

    maps : the source whose pictures are the maps; any number of channels
    canvas : the size of the maps
    finisher : makes the second pass for a size of picture on so many threads
    """

    maps: "Source"
    canvas: Canvas
    finisher: Callable[[Canvas, int], Finisher]


@dataclass(frozen=True, slots=True)
class Source:
    """What a plan is made from.

    key : names the weights; equal keys draw equal pictures (for caches of compiled models)
    build : makes the synthesis; may be called several times, also in another thread. It is not called where a compiled
    model of this key lies in the cache
    inputs : inputs by slot for so many voices, fixed for ever: what backends are compared on, and what warms up
    gflop : work of one picture of this size
    rebuild : the words that rebuild this source in another process, and with it that of its maps
    deferred : a faster way for the processor, which draws what `build` draws
    """

    key: str
    build: Build
    inputs: Callable[[int], dict[str, NDArray[np.float32]]]
    gflop: Callable[[int, int], float]
    rebuild: tuple[str, ...] = ()  # the models in order: what `engine.generator.network.source_of` takes
    deferred: Deferred | None = None


class Plan(ABC):
    """Static inputs and outputs; no allocation of size, no host synchronisation and no hooks in a frame."""

    backend: str  # what draws just now, for the report
    device: str
    separable: bool = False  # whether `draw_voice` takes a voice's share of the time that `draw` takes

    @abstractmethod
    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        """One frame into out (voices, height, width, 4): RGBA, sRGB, row 0 on top; -1..1 becomes 0..255."""

    def draw_voice(self, inputs: Inputs, voice: int, out: NDArray[np.uint8]) -> None:
        """One voice of a frame into its part of out (voices, height, width, 4); a plan of one batch draws all."""
        self.draw(inputs, out)

    @abstractmethod
    def image(self, inputs: Inputs) -> NDArray[np.float32]:
        """One frame as (voices, 3, height, width), unclipped, in the generator's own range."""

    def share(self, ring: Sequence[NDArray[np.uint8]], offer: Path) -> None:
        """Draw into GPU memory that the stage can open too, and say where it is in a file; or say there why not.

        ring : what `draw` will be given as `out`: each has its slot in that memory
        """
        Offer(refused=f"the generator draws on {self.device}").write(offer)

    def notes(self) -> dict[str, object]:
        """What was measured and chosen at the start: agreement with the oracle, what fell back and why."""
        return {}

    def close(self) -> None:
        """Give back what is held; stops whatever compiles in the background."""
        return

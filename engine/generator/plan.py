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


@dataclass(frozen=True, slots=True)
class Source:
    """What a plan is made from.

    key : names the weights; equal keys draw equal pictures (for caches of compiled models)
    build : makes the synthesis; may be called several times, also in another thread. It is not called where a compiled
    model of this key lies in the cache
    inputs : inputs by slot for so many voices, fixed for ever: what backends are compared on, and what warms up
    gflop : work of one picture of this size
    weights : file of the model and the words that rebuild this source in another process: see `rebuild`
    """

    key: str
    build: Build
    inputs: Callable[[int], dict[str, NDArray[np.float32]]]
    gflop: Callable[[int, int], float]
    rebuild: tuple[str, ...] = ()  # model, second model or "": what `engine.generator.network.source_of` takes


class Plan(ABC):
    """Static inputs and outputs; no allocation of size, no host synchronisation and no hooks in a frame."""

    backend: str  # what draws just now, for the report
    device: str

    @abstractmethod
    def draw(self, inputs: Inputs, out: NDArray[np.uint8]) -> None:
        """One frame into out (voices, height, width, 4): RGBA, sRGB, row 0 on top; -1..1 becomes 0..255."""

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

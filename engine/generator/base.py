"""What a generator is: a point in its latent space becomes a picture."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.gpu_offer import Offer


@dataclass(frozen=True, slots=True)
class Band:
    """A range of layers that can have springs of its own: coarse form, middle structure, fine texture."""

    name: str
    first: int  # first layer of w, inclusive
    last: int  # last layer of w, exclusive


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model knows of itself, readable without loading torch."""

    name: str
    architecture: str
    z_dim: int
    w_dim: int
    num_ws: int
    width: int
    height: int
    bands: tuple[Band, ...]
    native: bool = True  # False: draws at any size
    hash: str = ""
    licence: str = ""
    provenance: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


class Generator(ABC):
    """`map` once per moved latent, `draw` once per frame. Static shapes; no allocation of size in `draw`."""

    info: ModelInfo

    @abstractmethod
    def prepare(self, voices: int, width: int, height: int) -> None:
        """Compile and warm up for this many voices at this size, before the first frame."""

    @abstractmethod
    def map(
        self, z: NDArray[np.float64], psi: float, controls: Mapping[str, float] = MappingProxyType({})
    ) -> NDArray[np.float32]:
        """z (voices, bands, z_dim) -> w (voices, num_ws, w_dim); each band's layers come from its own z.

        psi truncates w towards the model's average: 1 as learned, 0 the average itself.
        controls : as for `draw`; those that `maps` names are looked at.
        """

    def map_with(
        self, z: NDArray[np.float64], psi: float, controls: Mapping[str, float], rest: Mapping[str, float],
        classes: NDArray[np.float64],
    ) -> NDArray[np.float32]:  # fmt: skip
        """As `map`, with the class weights (voices, classes) that a journey carries along.

        A row adds up to 1, or to less while the journey takes over. The class controls add to it what they are away
        from their `rest`. Without classes it is `map`.
        """
        return self.map(z, psi, controls)

    @property
    def maps(self) -> tuple[str, ...]:
        """The controls that change what `map` gives: when one moves, w must be mapped again."""
        return ()

    @abstractmethod
    def draw(
        self, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """w (voices, num_ws, w_dim) -> (voices, height, width, 4) uint8 RGBA, sRGB, row 0 on top.

        controls : the model's own playable inputs, by what follows `/generator/` in their address; "psi" among them.
        out : where to draw, for example into shared memory; without it the array belongs to the generator and is
        overwritten by the next call.
        """

    @property
    def separable(self) -> bool:
        """Whether `draw_voice` takes a voice's share of the time that `draw` takes: voices come one after another."""
        return False

    def draw_voice(
        self, voice: int, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8]
    ) -> None:
        """Draw one voice of w (voices, num_ws, w_dim) into its part of out (voices, height, width, 4).

        The pictures of other voices stay as they are, or, where the generator is not `separable`, are drawn too.
        """
        self.draw(w, controls, out)

    def truncated(
        self, w: NDArray[np.float32], psi: float, classes: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """w (n, num_ws, w_dim) as `map` gives it at psi 1 -> what it gives at this psi: for a w that is given.

        classes : weights (n, classes) of a conditional model
        """
        average = self.map(np.zeros((1, len(self.info.bands), self.info.z_dim)), 0.0)
        return average + np.float32(psi) * (w - average)

    def controls(self) -> tuple[Control, ...]:
        """The model's own playable inputs, as `/generator/<name>`."""
        return ()

    def image(self, w: NDArray[np.float32], controls: Mapping[str, float]) -> NDArray[np.float32]:
        """The picture (voices, 3, height, width) in the generator's own range, about -1..1, where it can unclipped."""
        drawn = self.draw(w, controls)[..., :3]
        return np.moveaxis(drawn, -1, 1).astype(np.float32) / 127.5 - 1.0

    def share(self, ring: Sequence[NDArray[np.uint8]], offer: Path) -> None:
        """Draw into GPU memory that the stage can open too, and say where it is in a file; or say there why not."""
        Offer(refused=f"{self.info.name} draws where there is nothing to share").write(offer)

    @property
    def backend(self) -> str:
        """What draws: for the report."""
        return "eager"

    def notes(self) -> dict[str, object]:
        """What was measured and chosen when it got ready: for the report."""
        return {}

    def close(self) -> None:
        """Give back what is held."""
        return

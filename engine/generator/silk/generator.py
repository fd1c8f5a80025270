"""Silk: the built-in generator without weights. A coordinate network draws lit, threaded cloth at any size.

The smooth part of the picture (a small sine network on warped coordinates) is evaluated on a coarse grid; folds, light,
stripes, fibres and filaments are drawn from it in closed form at full size. Importing this module loads neither numba
nor torch.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import Band, Generator, ModelInfo
from engine.generator.silk.garden import Garden, Style
from engine.generator.silk.latent import BASIS, LAYERS, NAMES, Z_DIM, layer_of
from engine.latent.directions import Direction, Directions
from engine.paths import use_numba_cache

INFO = ModelInfo(
    name="silk",
    architecture="silk",
    z_dim=Z_DIM,
    w_dim=Z_DIM,
    num_ws=len(LAYERS),
    width=512,
    height=512,
    bands=(Band("coarse", 0, 2), Band("middle", 2, 4), Band("fine", 4, 6)),
    native=False,
    hash="silk-1",
    licence="Apache-2.0",
    provenance="No weights: fixed seeded constants, drawn by this program.",
    extra={"gflop": 0.36},  # at 512 x 512, counted in the compiled loops: head 0.25, network 0.11
)


def info(garden: int = 0) -> ModelInfo:
    """What silk is; every garden (a family of weights and palettes) has the same sizes."""
    return INFO if garden == 0 else replace(INFO, name=f"silk:{garden}", hash=f"silk-2:{garden}")


def directions(garden: int = 0) -> Directions:
    """Silk's named directions by construction: unit in z, 1.0 is one sigma; the same in every garden."""
    return Directions(
        tuple(
            Direction(name, BASIS[i], "z", 1.0, (layer_of(name),), info(garden).hash, "construction")
            for i, name in enumerate(NAMES)
        )
    )


def open_silk(garden: int = 0, device: str = "cpu", threads: int = 2) -> Generator:
    """Silk on a device. "auto" is the processor: it keeps up, and needs no torch."""
    if device in ("auto", "cpu"):
        return Silk(garden, threads)
    from engine.generator.silk.twin import SilkTorch

    return SilkTorch(garden, device)


class Silk(Generator):
    """Silk drawn by compiled kernels on the processor."""

    def __init__(self, garden: int = 0, threads: int = 2) -> None:
        if threads < 1:
            raise ModelError(f"silk cannot draw with {threads} threads: give 1 or more")
        self.info = info(garden)
        self._garden = Garden(garden)
        self._threads = threads
        self._style: list[Style] = []
        self._image = np.zeros((0, 0, 0, 4), np.uint8)

    def prepare(self, voices: int, width: int, height: int) -> None:
        """Compile (seconds on the first run, then from the cache) and draw once."""
        use_numba_cache()
        from engine.generator.silk.kernels import Canvas

        self._lay_out(voices, width, height)
        self._canvas = Canvas(width, height, self._threads)
        self.draw(np.zeros((voices, self.info.num_ws, self.info.w_dim), np.float32), {})

    def map(
        self, z: NDArray[np.float64], psi: float, controls: Mapping[str, float] = MappingProxyType({})
    ) -> NDArray[np.float32]:
        """z (voices, bands, 128) -> w (voices, 6, 128): each layer takes its band's z times psi."""
        w = np.empty((len(z), self.info.num_ws, self.info.w_dim), np.float32)
        for i, band in enumerate(self.info.bands):
            w[:, band.first : band.last] = psi * z[:, min(i, z.shape[1] - 1), None]
        return w

    def draw(
        self, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        image = self._image if out is None else out
        for voice in range(len(self._style)):
            self.draw_voice(voice, w, controls, image)
        return image

    @property
    def separable(self) -> bool:
        return True

    def draw_voice(
        self, voice: int, w: NDArray[np.float32], controls: Mapping[str, float], out: NDArray[np.uint8]
    ) -> None:
        style = self._style[voice]
        self._garden.style(w[voice], style)
        self._paint(style, out[voice])

    def _paint(self, style: Style, picture: NDArray[np.uint8]) -> None:
        """One picture (height, width, 4) from its numbers."""
        self._canvas.draw(style.arrays, picture)

    @property
    def backend(self) -> str:
        return f"numba, {self._threads} threads" if self._threads > 1 else "numba, 1 thread"

    def _lay_out(self, voices: int, width: int, height: int) -> None:
        """Make the picture and the styles. ModelError for a size that cannot be drawn."""
        if min(voices, width, height) < 1 or max(width, height) > 16 * min(width, height):
            raise ModelError(
                f"silk cannot draw {voices} voices at {width}x{height}: give at least one voice, "
                "and a size no longer than 16 times its short side"
            )
        self._style = [Style() for _ in range(voices)]
        self._image = np.zeros((voices, height, width, 4), np.uint8)

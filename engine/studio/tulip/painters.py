"""Who paints a tulip: the renderer, or the network. What is measured of one is measured of the other alike."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.errors import ModelError
from engine.generator import model_file
from engine.generator.spec import Canvas
from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.latent import TulipLatent
from engine.generator.tulip.maps import LAYERS
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.synthesis import TulipSynthesis

X = NDArray[np.floating]
CHUNK_PX = 16 * 128 * 128  # of pictures drawn at a time


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """pictures : (n, 3, side, side) float in 0..1. layers : (n, side, side) int64, of `maps.LAYERS`."""

    pictures: Tensor
    layers: Tensor

    def first(self, count: int) -> "Scene":
        """The first so many of them."""
        return Scene(self.pictures[:count], self.layers[:count])


class Painter(Protocol):
    """Draws the tulips of Gaussian x (n, 19)."""

    def scene(self, x: X, side: int) -> Scene:
        """Pictures, and what layer each pixel is."""

    def pictures(self, x: X, side: int) -> Tensor:
        """Pictures alone: (n, 3, side, side) in 0..1."""


class Renderer:
    """The teacher, with samples x samples rays to a pixel, on several cores."""

    def __init__(self, workers: int, samples: int = 2) -> None:
        self._workers, self._samples = workers, samples

    def scene(self, x: X, side: int) -> Scene:
        pictures, layers = np.empty((len(x), side, side, 3), np.float32), np.empty((len(x), side, side), np.int64)

        def paint(i: int) -> None:
            from engine.studio.tulip.renderer import developed, render

            drawn = render(values[i], side * self._samples)
            pictures[i], layers[i] = developed(drawn.linear, side), majority(drawn.ids, side)

        values = factors_of(np.asarray(x))
        self._each(paint, len(x))
        return Scene(torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(layers))

    def pictures(self, x: X, side: int) -> Tensor:
        pictures = np.empty((len(x), side, side, 3), np.float32)

        def paint(i: int) -> None:
            from engine.studio.tulip.renderer import picture

            pictures[i] = picture(values[i], side, self._samples)

        values = factors_of(np.asarray(x))
        self._each(paint, len(x))
        return torch.from_numpy(pictures).permute(0, 3, 1, 2)

    def _each(self, paint: Callable[[int], None], count: int) -> None:
        with ThreadPoolExecutor(self._workers) as pool:
            for _ in pool.map(paint, range(count)):
                pass


class Learned:
    """The network of a model, as torch plays it."""

    def __init__(self, spec: TulipSpec, tensors: Mapping[str, NDArray[np.float32]], sharp: float = 1.0) -> None:
        """tensors : by canonical name. sharp : as the control `/generator/sharp`."""
        self.spec = spec
        self._latent, self._sharp = TulipLatent(spec, tensors), torch.tensor(sharp)
        self._basis = np.asarray(tensors["mapping.basis"], np.float64)
        self._tensors = {name: torch.from_numpy(np.array(array)) for name, array in tensors.items()}
        self._sizes: dict[int, TulipSynthesis] = {}

    @classmethod
    def open(cls, model: Path, sharp: float = 1.0) -> "Learned":
        """The network of a model file. ModelError for a file that holds no tulip."""
        spec, tensors = model_file.read_tensors(model)
        if not isinstance(spec, TulipSpec):
            raise ModelError(f"{model} is a {spec.family}; a tulip is measured here")
        return cls(spec, tensors, sharp)

    @torch.inference_mode()
    def scene(self, x: X, side: int) -> Scene:
        net, pictures, layers = self._of_size(side), [], []
        for w in self._chunks(x, side):
            pictures.append((net(w, self._sharp) + 1) / 2)
            layers.append(net.placed(net.trunk(w))[:, : len(LAYERS)].argmax(1))
        return Scene(torch.cat(pictures), torch.cat(layers))

    @torch.inference_mode()
    def pictures(self, x: X, side: int) -> Tensor:
        net = self._of_size(side)
        return torch.cat([(net(w, self._sharp) + 1) / 2 for w in self._chunks(x, side)])

    @torch.inference_mode()
    def maps(self, x: X) -> Tensor:
        """(n, MAPS, 64, 64), as the trunk gives them."""
        maps: Tensor = self._of_size(self.spec.maps_side).trunk(self._w(x))
        return maps

    @torch.inference_mode()
    def palettes(self, x: X) -> Tensor:
        """(n, 11), the numbers of `maps.PALETTE`."""
        found: Tensor = self._of_size(self.spec.maps_side).trunk.palette(self._w(x)[:, -1])
        return found

    def z(self, x: X) -> NDArray[np.float64]:
        """Gaussian x (n, 19) -> the shortest z (n, z_dim) that has these factors."""
        return np.asarray(x, np.float64) @ self._basis

    def x(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """z (n, z_dim) -> the Gaussians of its factors (n, 19)."""
        return z @ self._basis.T

    def _w(self, x: X) -> Tensor:
        return torch.from_numpy(self._latent.w(self.z(x)))

    def _chunks(self, x: X, side: int) -> Iterator[Tensor]:
        count = max(1, CHUNK_PX // side**2)
        for first in range(0, len(x), count):
            yield self._w(x[first : first + count])

    def _of_size(self, side: int) -> TulipSynthesis:
        if side not in self._sizes:
            net = TulipSynthesis(self.spec, self._tensors, Canvas(side, side))
            self._sizes[side] = net.eval().requires_grad_(False)
        return self._sizes[side]


def majority(ids: NDArray[np.uint8], side: int) -> NDArray[np.int64]:
    """(k side, k side) -> (side, side): what most of the k x k samples of a pixel are; the lower number on a tie."""
    k = ids.shape[0] // side
    cells = ids.reshape(side, k, side, k).transpose(0, 2, 1, 3).reshape(side, side, k * k)
    counts = np.stack([(cells == number).sum(2) for number in range(len(LAYERS))])
    return np.asarray(counts.argmax(0), np.int64)


def pooled(pictures: Tensor, side: int) -> Tensor:
    """Pictures at a smaller size, each pixel the mean of those it covers."""
    return functional.avg_pool2d(pictures, pictures.shape[-1] // side)

"""The model that is studied: its pictures, small, in batches, with gradients back to its latents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.generator import convert, model_file
from engine.generator.catalog import file_of, model_info
from engine.generator.network import source_of
from engine.generator.spec import Canvas
from engine.generator.synthesis import Synthesis
from engine.latent.directions import Direction
from engine.studio.learn.mapping import mapping

SIDE = 64  # pixels of the shorter side that most learning looks at
CHUNK_PX = 32 * 64 * 64  # of pictures drawn at a time where no gradient is asked for
CUT = 2.0  # BigGAN samples a normal distribution cut off here


@dataclass(frozen=True, slots=True)
class Sample:
    """Places of a model.

    z : (n, z_dim) float32; classes : (n, classes) weights, None for a model without
    """

    z: Tensor
    classes: Tensor | None = None

    def __len__(self) -> int:
        return len(self.z)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> "Sample":
        index = rows if isinstance(rows, slice) else torch.from_numpy(np.asarray(rows)).to(self.z.device)
        return Sample(self.z[index], None if self.classes is None else self.classes[index])


class Subject:
    """A model from a file, or built in as one, at a small size.

    side : of the shorter side of its pictures, in pixels; a model that draws one size alone draws that, and its
    pictures are averaged down to this
    classes : of a conditional model, those that samples are drawn from; none: all of them
    InputError for silk, which has no gradient; DeviceError for a device that this machine lacks.
    """

    def __init__(
        self, model: str, side: int = SIDE, threads: int = 2, device: str = "cpu", classes: Sequence[int] = ()
    ) -> None:
        from engine.generator.runtime import find_device

        path = file_of(model)
        if path is None:
            raise InputError(f"{model} has no weights to learn from; its directions are known. Give --model a file")
        path = convert.playable(path)
        self.name, self.info, self.threads = model, model_info(model), threads
        self.device = torch.device(find_device(device))
        torch.set_num_threads(threads)
        self._spec, tensors = model_file.read_tensors(path)
        self._mapping = mapping(self._spec, tensors, self.device)
        self.classes = tuple(classes)
        self._classes = self._checked(classes)
        source = source_of(str(path))
        self._source = source
        self._sizes: dict[int, Synthesis] = {}
        self._fixed: dict[int, list[Tensor]] = {}
        self.side = side

    def sample(self, count: int, seed: int) -> Sample:
        """The places of `RandomState(seed)`, of a random class each where the model has any."""
        numbers = np.random.RandomState(seed)
        z = numbers.randn(count, self.info.z_dim)
        if self._spec.family == "biggan":
            while (wide := np.abs(z) > CUT).any():
                z[wide] = numbers.randn(int(wide.sum()))
        classes = None
        if self._spec.classes:
            one_hot = np.zeros((count, self._spec.classes), np.float32)
            one_hot[np.arange(count), numbers.choice(self._classes, count)] = 1.0
            classes = torch.from_numpy(one_hot).to(self.device)
        return Sample(torch.from_numpy(z.astype(np.float32)).to(self.device), classes)

    def w(self, sample: Sample) -> Tensor:
        """(n, num_ws, w_dim), differentiable in z."""
        return self._mapping(sample.z, sample.classes)

    def draw(self, w: Tensor, side: int | None = None) -> Tensor:
        """w (n, num_ws, w_dim) -> (n, 3, h, w) sRGB, 0..1 where not out of range; differentiable; all at once."""
        net, rest = self.net(side), self._fixed[side or self.side]
        picture: Tensor = (net(w.to(torch.float32), *rest) + 1.0) / 2.0
        shorter, wanted = min(picture.shape[-2:]), side or self.side
        if shorter > wanted:
            size = [max(1, round(n * wanted / shorter)) for n in picture.shape[-2:]]
            picture = torch.nn.functional.interpolate(picture, size, mode="area")
        return picture

    @torch.inference_mode()
    def pictures(self, w: Tensor, side: int | None = None) -> Tensor:
        """As `draw`, within 0..1, without gradients and in chunks."""
        chunk = max(1, CHUNK_PX // (side or self.side) ** 2)
        parts = [self.draw(w[i : i + chunk], side).clamp(0.0, 1.0) for i in range(0, len(w), chunk)]
        return torch.cat(parts)

    def net(self, side: int | None = None) -> Synthesis:
        """The synthesis that `draw` runs at this size: its sub-modules are the layers."""
        side = side or self.side
        if side not in self._sizes:
            width, height = self.info.width, self.info.height
            scale = side / min(width, height)
            whole = self.info.native
            canvas = Canvas(width, height) if whole else Canvas(round(width * scale), round(height * scale))
            with torch.inference_mode(False):  # so that gradients can pass, whoever asked first
                net = self._source.build(canvas, batched=True).eval().requires_grad_(False).to(self.device)
                inputs = self._source.inputs(1)
                self._fixed[side] = [torch.from_numpy(inputs[slot.name]).to(self.device) for slot in net.slots[1:]]
            self._sizes[side] = net
        return self._sizes[side]

    def moved(self, sample: Sample, direction: Direction, amounts: Tensor) -> Tensor:
        """The places carried along a direction: amounts (n,) in sigma -> w (n, num_ws, w_dim), as a show moves them.

        In z, the layers of the bands that hold one of the direction's layers follow; in w, its layers.
        """
        sigmas = amounts.detach().cpu().numpy().astype(np.float64)
        w = self.w(sample)
        if direction.space == "z":
            z = _carried(sample.z.cpu().numpy().astype(np.float64), direction, sigmas)
            far = self.w(Sample(torch.from_numpy(z.astype(np.float32)).to(self.device), sample.classes))
        else:
            points = w.cpu().numpy().astype(np.float64)
            carried = _carried(points.reshape(-1, points.shape[-1]), direction, np.repeat(sigmas, points.shape[1]))
            far = torch.from_numpy(carried.reshape(points.shape).astype(np.float32)).to(self.device)
        return torch.where(self.follows(direction.space, direction.layers)[:, None], far, w)

    def along(self, sample: Sample, direction: Direction, amounts: Sequence[float]) -> Iterator[Tensor]:
        """For each amount, w (n, num_ws, w_dim) of all places there."""
        for amount in amounts:
            yield self.moved(sample, direction, torch.full((len(sample),), float(amount)))

    def follows(self, space: str, layers: Sequence[int] | None) -> Tensor:
        """(num_ws,) which layers of w a direction of this space moves, made for these layers; None is all.

        InputError for a layer that there is not.
        """
        if bad := [layer for layer in layers or () if not 0 <= layer < self.info.num_ws]:
            raise InputError(f"--layers {bad[0]}: {self.info.name} has 0 to {self.info.num_ws - 1}")
        if layers is None:
            rows = set(range(self.info.num_ws))
        elif space == "w":
            rows = set(layers)
        else:
            held = [b for b in self.info.bands if any(b.first <= layer < b.last for layer in layers)]
            rows = {layer for band in held for layer in range(band.first, band.last)}
        return torch.tensor([layer in rows for layer in range(self.info.num_ws)], device=self.device)

    def _checked(self, classes: Sequence[int]) -> list[int]:
        for number in classes:
            if not 0 <= number < self._spec.classes:
                have = f"classes 0 to {self._spec.classes - 1}" if self._spec.classes else "no classes"
                raise InputError(f"class {number}: {self.info.name} has {have}")
        return list(classes) or list(range(self._spec.classes))


def _carried(x: NDArray[np.float64], direction: Direction, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """x (n, dim) moved by amounts (n,) of sigma."""
    way = direction.sigma * direction.vector
    if direction.curve is not None:
        return direction.curve.moved(x, way, amounts)
    return x + amounts[:, None] * way

"""What a Progressive GAN is as plain data: its channels from 4x4 up, read from the tensors' shapes.

Karras, Aila, Laine, Lehtinen 2017, "Progressive growing of GANs for improved quality, stability, and variation".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.facts import listed, native_only, only, same_tensors, whole
from engine.generator.spec import Shapes, Spec

LARGEST = 8192  # channels
SIZES = 12  # from 4x4 to 8192x8192


@dataclass(frozen=True, slots=True)
class ProGANSpec(Spec):
    """Sizes of a Progressive GAN. w is z itself, and one layer takes it.

    channels : at 4x4, 8x8, ... up to its own size; two layers each
    """

    family: ClassVar[str] = "progan"

    z_dim: int
    channels: tuple[int, ...]
    w_dim: int = field(init=False)
    num_ws: int = field(init=False, default=1)
    classes: int = field(init=False, default=0)
    width: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        side = 2 << len(self.channels)
        for name, value in {"w_dim": self.z_dim, "width": side, "height": side}.items():
            object.__setattr__(self, name, value)

    @property
    def layers(self) -> Iterator[tuple[str, int, int, int, int]]:
        """(name, channels out, channels in, kernel, size drawn), in order; the last makes RGB."""
        into, number = self.z_dim, 1
        for i, out in enumerate(self.channels):
            side = 4 << i
            yield f"layer{number}", out, into, 4 if number == 1 else 3, side
            yield f"layer{number + 1}", out, out, 3, side
            into, number = out, number + 2
        yield f"output_{self.width}x{self.height}", 3, into, 1, self.width

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for name, out, into, kernel, _ in self.layers:
            shapes[f"{name}.conv.weight"] = (out, into, kernel, kernel)
            shapes[f"{name}.wscale.b"] = (out,)
        return shapes

    def bands(self) -> tuple[Band, ...]:
        """One: z enters at 4x4 and nowhere else."""
        return (Band("all", 0, 1),)

    def gflop(self, width: int, height: int) -> float:
        """Of the whole picture. ModelError for any size but its own."""
        native_only(self, width, height)
        # The first layer is counted as the product it is: each of its 16 pixels takes one tap of its 4x4 kernel.
        products = sum(o * i * (side * (1 if k == 4 else k)) ** 2 for _, o, i, k, side in self.layers)
        return 2e-9 * products

    def as_json(self) -> dict[str, Any]:
        return {"z_dim": self.z_dim, "channels": list(self.channels)}

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        only(row, ("z_dim", "channels"))
        listing = listed(row, "channels", 1, SIZES)
        channels = {f"channels[{i}]": channels for i, channels in enumerate(listing)}
        return cls(whole(row, "z_dim", 1, LARGEST), tuple(whole(channels, name, 1, LARGEST) for name in channels))

    @classmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """z and the channels from the odd layers, held against every tensor. There are no facts beside the shapes."""
        layers = [1]
        while len(layers) < SIZES and f"layer{layers[-1] + 2}.conv.weight" in shapes:
            layers.append(layers[-1] + 2)
        weights = [_kernel(shapes, f"layer{number}.conv.weight") for number in layers]
        spec = cls.of_json({"z_dim": weights[0][1], "channels": [weight[0] for weight in weights]})
        same_tensors(spec, shapes)
        return spec


def _kernel(shapes: Shapes, name: str) -> tuple[int, ...]:
    if name not in shapes:
        raise ModelError(f"the tensor {name} is missing; a Progressive GAN begins with it")
    shape = tuple(shapes[name])
    if len(shape) != 4:
        raise ModelError(f"the tensor {name} has shape {shape}; a Progressive GAN needs (out, in, height, width)")
    return shape

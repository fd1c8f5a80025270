"""What a tulip is as plain data: the widths of its mapping and of the trunk that draws its maps."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import prod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.facts import listed, only, same_tensors, whole
from engine.generator.spec import Shapes, Spec
from engine.generator.tulip import factors
from engine.generator.tulip.maps import MAPS, PALETTE

SIDE = 512  # pixels: what is drawn when nothing else is asked for; the maps have no size of their own to show
LEVELS = (2, 8)  # how many there can be: of 4, 8, ... 512 px
WIDEST = 4096
FEATURES = 5  # of each factor that the mapping sees: see `latent.features`
HEAD_FLOP = 500  # of one pixel: 37 maps enlarged, a softmax, two petals and the film curve, counted by hand
SHARP = Control("/generator/sharp", 1.0, 0.25, 3.0, about="how crisp layers end: soft and ghostly below 1")


@dataclass(frozen=True, slots=True)
class TulipSpec(Spec):
    """One tulip; the fields that are left out of the constructor follow from the others.

    factors : how many the mapping looks for in z: those of `factors.FACTORS`
    mapping : width of each fully connected layer of the mapping; the last is w_dim
    channels : of each level of the trunk, from 4 px up
    layout : channels at 8 px that w lays out directly
    palette_hidden : width of the palette's hidden layer
    dress : the number of what the head wears, of `dress.DRESSES`; no file says it, and it changes no tensor
    """

    family: ClassVar[str] = "tulip"

    z_dim: int
    w_dim: int
    factors: int
    mapping: tuple[int, ...]
    channels: tuple[int, ...]
    layout: int
    palette_hidden: int
    dress: int = field(default=0, metadata={"header": False})
    num_ws: int = field(init=False)
    classes: int = field(init=False, default=0)
    width: int = field(init=False, default=SIDE)
    height: int = field(init=False, default=SIDE)

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_ws", 2 * len(self.channels))

    @property
    def maps_side(self) -> int:
        """Width and height of the maps."""
        return 2 << len(self.channels)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {
            "mapping.basis": (self.factors, self.z_dim),
            "mapping.w_avg": (self.w_dim,),
        }
        widths = (FEATURES * self.factors, *self.mapping)
        for i, (narrow, wide) in enumerate(zip(widths, widths[1:], strict=False)):
            found |= _linear(f"mapping.fc{i}", narrow, wide)
        return found | {f"synthesis.{name}": shape for name, shape in self._synthesis_shapes().items()}

    def _synthesis_shapes(self) -> dict[str, tuple[int, ...]]:
        wide = self.channels[0]
        found: dict[str, tuple[int, ...]] = {"const": (1, wide, 4, 4)}
        found |= _linear("layout4", self.w_dim, wide * 16) | _linear("layout8", self.w_dim, self.layout * 64)
        for i, wide in enumerate(self.channels):
            px = 4 << i
            if i > 0:
                found |= self._modulated(f"b{px}.conv0", self.channels[i - 1], wide, 3)
            if 8 <= px <= 32:
                found[f"b{px}.positions"] = (1, wide, px, px)
            found |= self._modulated(f"b{px}.conv1", wide, wide, 3) | self._modulated(f"b{px}.tomaps", wide, MAPS, 1)
        hidden = self.palette_hidden
        return found | _linear("palette.0", self.w_dim, hidden) | _linear("palette.2", hidden, len(PALETTE))

    def _modulated(self, name: str, narrow: int, wide: int, kernel: int) -> dict[str, tuple[int, ...]]:
        own = {f"{name}.weight": (wide, narrow, kernel, kernel), f"{name}.bias": (wide,)}
        return own | _linear(f"{name}.affine", self.w_dim, narrow)

    def bands(self) -> tuple[Band, ...]:
        """Up to 16 px of 64, above, and the palette."""
        middle, last = 2 * ((len(self.channels) + 1) // 2) - 1, self.num_ws - 1
        return Band("form", 0, middle), Band("detail", middle, last), Band("colour", last, self.num_ws)

    def gflop(self, width: int, height: int) -> float:
        """The trunk, which is the same at every size, and the head's share of each pixel."""
        total = HEAD_FLOP * width * height
        for name, shape in self._synthesis_shapes().items():
            if name.endswith(".weight"):
                block = re.fullmatch(r"b(\d+)\.(conv0|conv1|tomaps)\.weight", name)
                side = 1 if block is None else int(block[1]) // (2 if block[2] == "conv0" else 1)
                total += 2 * side * side * prod(shape)
        return total / 1e9

    def controls(self) -> tuple[Control, ...]:
        return (SHARP,)

    def inputs(self, controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        return {"sharp": np.array(controls.get("sharp", SHARP.default), np.float32)}

    def layer_of(self, tensor: str) -> int:
        if "palette" in tensor:
            return self.num_ws - 1
        if "layout8" in tensor:
            return 2
        block = re.search(r"\bb(\d+)\.(\w+)", tensor)
        if block is None:
            return 0
        level = int(block[1]).bit_length() - 3
        return 2 * level - (block[2] in ("conv0", "positions"))

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {name: list(row[name]) if isinstance(row[name], tuple) else row[name] for name in _header_names()}

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        try:
            return cls(**_checked(row))
        except ModelError as error:
            raise ModelError(f"this tulip cannot be played: {error}") from None

    @classmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """The sizes from the shapes of canonical tensors. There are no facts beside the shapes."""
        channels: list[int] = []
        while len(channels) < LEVELS[1] and (name := f"synthesis.b{4 << len(channels)}.conv1.weight") in shapes:
            channels.append(_axis(shapes, name, 4, 0))
        mapping: list[int] = []
        while len(mapping) < 8 and (name := f"mapping.fc{len(mapping)}.weight") in shapes:
            mapping.append(_axis(shapes, name, 2, 0))
        spec = cls.of_json(
            {
                "z_dim": _axis(shapes, "mapping.basis", 2, 1),
                "w_dim": _axis(shapes, "mapping.w_avg", 1, 0),
                "factors": _axis(shapes, "mapping.basis", 2, 0),
                "mapping": mapping,
                "channels": channels,
                "layout": _axis(shapes, "synthesis.layout8.weight", 2, 0) // 64,
                "palette_hidden": _axis(shapes, "synthesis.palette.0.weight", 2, 0),
            }
        )
        same_tensors(spec, shapes)
        return spec


def _header_names() -> tuple[str, ...]:
    return tuple(f.name for f in fields(TulipSpec) if f.init and f.metadata.get("header", True))


def _checked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A header's numbers, each within what a tulip can have. ModelError names the one that is not."""
    only(row, _header_names())
    sizes: dict[str, Any] = {name: whole(row, name, 1, WIDEST) for name in ("z_dim", "w_dim", "palette_hidden")}
    sizes["factors"] = whole(row, "factors", factors.COUNT, factors.COUNT)
    for name, (least, most) in {"mapping": (1, 8), "channels": LEVELS}.items():
        listing = {f"{name}[{i}]": value for i, value in enumerate(listed(row, name, least, most))}
        sizes[name] = tuple(whole(listing, entry, 1, WIDEST) for entry in listing)
    if sizes["mapping"][-1] != sizes["w_dim"]:
        raise ModelError(f"mapping ends with {sizes['mapping'][-1]}; allowed is w_dim, {sizes['w_dim']}")
    sizes["layout"] = whole(row, "layout", 1, sizes["channels"][1])
    return sizes


def _axis(shapes: Shapes, name: str, axes: int, axis: int) -> int:
    if name not in shapes:
        raise ModelError(f"the tensor {name} is missing; a tulip needs it")
    shape = tuple(shapes[name])
    if len(shape) != axes:
        raise ModelError(f"the tensor {name} has shape {shape}; a tulip has {axes} axes there")
    return shape[axis]


def _linear(name: str, narrow: int, wide: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (wide, narrow), f"{name}.bias": (wide,)}

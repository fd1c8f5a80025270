"""What a StyleGAN2 is as plain data: its blocks from the shapes of its tensors.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020). Blocks are called by the side of a square
picture, b4, b8, b16, ...; a constant that is not square makes them oblong but keeps their names.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import ceil, isfinite, prod
from typing import Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.facts import same_tensors, shown
from engine.generator.mapping_sizes import mapping_shapes, mapping_sizes
from engine.generator.spec import Shapes, Spec
from engine.generator.stylegan2_shapes import Architecture, architecture_of, blocks_of, shape_of

_SIZES = {  # what a header may say of whole numbers: the smallest and the largest
    "z_dim": (1, 16384),
    "w_dim": (1, 16384),
    "classes": (0, 100_000),
    "const_width": (1, 256),
    "const_height": (1, 256),
    "embed_features": (0, 16384),
    "num_fp16_res": (0, 16),
    "img_channels": (1, 64),
    "filter_taps": (0, 7),
}
_LISTS = {"channels": 11, "mapping": 64}  # the same of lists: how many at most
_WIDEST, _LARGEST_PX = 16384, 8192


@dataclass(frozen=True, slots=True)
class StyleGAN2Spec(Spec):
    """One StyleGAN2; the fields that are left out of the constructor follow from the others.

    channels : of each block, from b4 up
    const_width, const_height : of the constant that b4 starts from; 4 and 4 but for oblong models
    mapping : width of each fully connected layer of the mapping
    embed_features : width of the class embedding; 0 without classes
    class_average : the average w is kept for each class
    clamp : activations and RGB are held within +-clamp; None does not hold them
    num_fp16_res : so many of the largest blocks were trained in float16
    img_channels : 1 is grey and repeated; of more than 3 the first three are shown
    filter_taps : side of the resampling filters in the file; 0 where it holds none: [1, 3, 3, 1] then
    """

    family: ClassVar[str] = "stylegan2"

    z_dim: int
    w_dim: int
    channels: tuple[int, ...]
    mapping: tuple[int, ...]
    architecture: Architecture = "skip"
    classes: int = 0
    const_width: int = 4
    const_height: int = 4
    lr_multiplier: float = 0.01
    embed_features: int = 0
    class_average: bool = False
    clamp: float | None = None
    num_fp16_res: int = 0
    use_noise: bool = True
    img_channels: int = 3
    filter_taps: int = 4
    num_ws: int = field(init=False)
    width: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        _check(self)
        doublings = len(self.channels) - 1
        object.__setattr__(self, "num_ws", 2 * len(self.channels))
        object.__setattr__(self, "width", self.const_width << doublings)
        object.__setattr__(self, "height", self.const_height << doublings)
        if max(self.width, self.height) > _LARGEST_PX:
            raise _refused("size", f"{self.width}x{self.height}", f"at most {_LARGEST_PX} pixels a side")

    @property
    def resolutions(self) -> tuple[int, ...]:
        """The names of the blocks: 4, 8, 16, ..."""
        return tuple(4 << i for i in range(len(self.channels)))

    @property
    def half_blocks(self) -> tuple[int, ...]:
        """The blocks that were trained in float16, by name."""
        first = max(2 * self.resolutions[-1] >> self.num_fp16_res, 8)
        return tuple(r for r in self.resolutions if r >= first)

    @property
    def rgb_blocks(self) -> tuple[int, ...]:
        """The blocks that draw: all of them with a skip architecture, else the last."""
        return self.resolutions if self.architecture == "skip" else self.resolutions[-1:]

    def base_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the constant that a picture of this size, or the next larger one, starts from."""
        whole = 1 << (len(self.channels) - 1)
        return ceil(width / whole), ceil(height / whole)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Filters that change nothing (b4's, every conv1's, unused skips') are not kept."""
        found = mapping_shapes(self)
        for i, (r, wide) in enumerate(zip(self.resolutions, self.channels, strict=True)):
            block = f"synthesis.b{r}"
            if i == 0:
                found[f"{block}.const"] = (wide, self.const_height, self.const_width)
            else:
                narrow = self.channels[i - 1]
                found |= self._layer_shapes(f"{block}.conv0", narrow, wide, i)
                found |= self._filter_shapes(block, narrow, wide)
            found |= self._layer_shapes(f"{block}.conv1", wide, wide, i)
            if r in self.rgb_blocks:
                found[f"{block}.torgb.weight"] = (self.img_channels, wide, 1, 1)
                found[f"{block}.torgb.bias"] = (self.img_channels,)
                found |= self._affine_shapes(f"{block}.torgb", wide)
        return found

    def bands(self) -> tuple[Band, ...]:
        """Up to 8 px, 16 and 32 px, above; small models are cut lower, so that no band is empty."""
        blocks = len(self.channels)
        coarse = max(1, min(2, blocks - 2))
        middle = max(coarse, min(4, blocks - 1))
        edges = (0, 2 * coarse - 1, 2 * middle - 1, self.num_ws)
        named = zip(("coarse", "middle", "fine"), edges, edges[1:], strict=False)
        return tuple(Band(name, first, last) for name, first, last in named if first < last)

    def gflop(self, width: int, height: int) -> float:
        """Convolutions, the resampling of features among them; a multiplication and an addition count as two."""
        base_width, base_height = self.base_size(width, height)
        base_px = base_width * base_height
        taps = self.filter_taps or 4
        total = 0
        for name, shape in self.shapes().items():
            block = re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb|skip)\.weight", name)
            if block is None:
                continue
            scale = int(block[1]) // 4
            if block[2] in ("conv0", "skip"):  # each pixel of the smaller picture goes through the kernel once
                total += 2 * base_px * (scale * scale // 4 * prod(shape) + scale * scale * shape[0] * taps * taps)
            else:
                total += 2 * base_px * scale * scale * prod(shape)
        return total / 1e9

    def controls(self) -> tuple[Control, ...]:
        if not self.use_noise:
            return ()
        return (Control("/generator/noise", 1.0, 0.0, 2.0, about="amount of the model's own noise: its fine grain"),)

    def inputs(self, controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        if not self.use_noise:
            return {}
        return {"noise": np.array(controls.get("noise", 1.0), np.float32)}

    def layer_of(self, tensor: str) -> int:
        block = re.search(r"\bb(\d+)\.(\w+)", tensor)
        if block is None:
            return 0
        first = max(2 * self.resolutions.index(int(block[1])) - 1, 0)
        conv0 = int(first > 0)  # b4 has none
        return first + {"conv1": conv0, "torgb": conv0 + 1}.get(block[2], 0)

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {f.name: row[f.name] for f in fields(self) if f.init}

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        names = {f.name for f in fields(cls) if f.init}
        if set(row) != names:
            odd = sorted(names.symmetric_difference(row), key=str)
            raise ModelError(f"the model's header does not describe a StyleGAN2: {shown(odd[0])} is missing or unknown")
        lists = {name: tuple(row[name]) if isinstance(row[name], (list, tuple)) else () for name in _LISTS}
        return cls(**{**row, **lists})

    @classmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """The sizes from the shapes of canonical tensors; filters that change nothing may be among them.

        facts : what no shape shows, all optional: `conv_clamp` (float or None, default None), `num_fp16_res` (default
        0), `lr_multiplier` (of the mapping, default 0.01), `activation` (only "lrelu" is known). Others are ignored.
        """
        if facts.get("activation", "lrelu") != "lrelu":
            raise ModelError(f"a StyleGAN2 with the activation {facts['activation']!r} cannot be played; lrelu can")
        blocks = blocks_of(shapes)
        const = shape_of(shapes, "synthesis.b4.const", 3)
        last = f"synthesis.b{blocks[-1]}"
        filters = [name for name in shapes if name.endswith(".conv0.resample_filter")]
        clamp = facts.get("conv_clamp")
        if len(shapes.get("mapping.w_avg", ())) == 2:  # an average for each class
            shape_of(shapes, "mapping.embed.weight", 2)
        spec = cls(
            **mapping_sizes(shapes),
            channels=tuple(shape_of(shapes, f"synthesis.b{r}.conv1.weight", 4)[0] for r in blocks),
            architecture=architecture_of(shapes, blocks),
            const_width=const[2],
            const_height=const[1],
            lr_multiplier=float(facts.get("lr_multiplier", 0.01)),
            clamp=None if clamp is None else float(clamp),
            num_fp16_res=int(facts.get("num_fp16_res", 0)),
            use_noise="synthesis.b4.conv1.noise_strength" in shapes,
            img_channels=shape_of(shapes, f"{last}.torgb.weight", 4)[0],
            filter_taps=shape_of(shapes, filters[0], 2)[0] if filters else 0,
        )
        kept = spec.shapes()
        used = {name: s for name, s in shapes.items() if name in kept or not name.endswith(".resample_filter")}
        same_tensors(spec, used)
        return spec

    def _layer_shapes(self, layer: str, narrow: int, wide: int, doublings: int) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {f"{layer}.weight": (wide, narrow, 3, 3), f"{layer}.bias": (wide,)}
        if self.use_noise:
            found[f"{layer}.noise_strength"] = ()
            found[f"{layer}.noise_const"] = (self.const_height << doublings, self.const_width << doublings)
        return found | self._affine_shapes(layer, narrow)

    def _affine_shapes(self, layer: str, wide: int) -> dict[str, tuple[int, ...]]:
        return {f"{layer}.affine.weight": (wide, self.w_dim), f"{layer}.affine.bias": (wide,)}

    def _filter_shapes(self, block: str, narrow: int, wide: int) -> dict[str, tuple[int, ...]]:
        """What resamples in a block, and the 1x1 convolution beside a resnet's."""
        found: dict[str, tuple[int, ...]] = {}
        if self.architecture == "resnet":
            found[f"{block}.skip.weight"] = (wide, narrow, 1, 1)
        if self.filter_taps:
            taps = (self.filter_taps, self.filter_taps)
            found[f"{block}.conv0.resample_filter"] = taps
            if self.architecture == "skip":
                found[f"{block}.resample_filter"] = taps
            if self.architecture == "resnet":
                found[f"{block}.skip.resample_filter"] = taps
        return found


def _check(spec: StyleGAN2Spec) -> None:
    """ModelError for numbers that no model has: a header may come from a stranger."""
    for name, (low, high) in _SIZES.items():
        value = getattr(spec, name)
        if not _is_whole(value) or not low <= value <= high:
            raise _refused(name, value, f"a whole number from {low} to {high}")
    for name, most in _LISTS.items():
        value = getattr(spec, name)
        if not 1 <= len(value) <= most or not all(_is_whole(v) and 1 <= v <= _WIDEST for v in value):
            raise _refused(name, value, f"1 to {most} whole numbers from 1 to {_WIDEST}")
    for name in ("class_average", "use_noise"):
        if not isinstance(getattr(spec, name), bool):
            raise _refused(name, getattr(spec, name), "true or false")
    for name in ("lr_multiplier", "clamp"):
        value = getattr(spec, name)
        real = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value > 0
        if not real and not (name == "clamp" and value is None):
            raise _refused(name, value, "a number above 0")
    if spec.architecture not in get_args(Architecture):
        raise _refused("architecture", spec.architecture, ", ".join(get_args(Architecture)))
    if spec.mapping[-1] != spec.w_dim:
        raise _refused("mapping", spec.mapping, f"widths that end with w_dim, {spec.w_dim}")
    if bool(spec.classes) != bool(spec.embed_features) or (spec.class_average and not spec.classes):
        raise _refused("classes", spec.classes, "classes with an embedding, or neither")
    if spec.filter_taps == 1:
        raise _refused("filter_taps", 1, "0, or 2 to 7")
    if spec.img_channels == 2:
        raise _refused("img_channels", 2, "1 (grey), 3 (RGB) or more")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refused(name: str, value: object, allowed: str) -> ModelError:
    return ModelError(f"this StyleGAN2 cannot be played: its {name} is {shown(value)}; allowed: {allowed}")

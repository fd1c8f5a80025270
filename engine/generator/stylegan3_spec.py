"""What a StyleGAN3 is as plain data: its layers with their rates, sizes and filters (Karras et al. 2021)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil, cos, pi, sin
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator.base import Band
from engine.generator.facts import only, real, shown, thirds
from engine.generator.filters import filters_of
from engine.generator.mapping_sizes import mapping_shapes, mapping_sizes
from engine.generator.spec import Shapes, Spec
from engine.generator.stylegan3_design import Design, Fourier, Layer, Size
from engine.generator.stylegan3_rows import SCALES, fourier_of, layer_of, plain, sizes_of

_LAYER = re.compile(r"synthesis\.(L(\d+)_(\d+)_(\d+))\.weight")
_FILTER = re.compile(r"synthesis\.L\w+\.(up|down)_filter")
_DESIGN = tuple(f.name for f in fields(Design) if f.name not in ("resolution", "num_layers", "conv_kernel"))


@dataclass(frozen=True, slots=True)
class StyleGAN3Spec(Spec):
    """One StyleGAN3, of either configuration: all that tells T from R is in its layers.

    mapping : width of each fully connected layer of the mapping
    embed_features : width of the class embedding; 0 without classes
    class_average : the average w is kept for each class
    layers : in their order; the last only mixes colours. 1 channel is grey, of more than 3 the first three are shown
    """

    family: ClassVar[str] = "stylegan3"

    z_dim: int
    w_dim: int
    mapping: tuple[int, ...]
    fourier: Fourier
    layers: tuple[Layer, ...]
    classes: int = 0
    embed_features: int = 0
    class_average: bool = False
    lr_multiplier: float = 0.01
    output_scale: float = 0.25
    num_ws: int = field(init=False)
    width: int = field(init=False)
    height: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_ws", len(self.layers) + 1)
        object.__setattr__(self, "width", self.layers[-1].out_size[0])
        object.__setattr__(self, "height", self.layers[-1].out_size[1])
        self._check()

    def at(self, width: int, height: int) -> "StyleGAN3Spec":
        """The same model on a grid that covers a picture of this size with the native one in its middle.

        Every layer grows by the same part of a picture. The picture grows in steps of two samples of the coarsest
        layer, so that each layer's samples stay where they are in the native picture; what is too much is cropped.
        """
        coarsest = self._coarsest
        step_px = 2 * self.layers[-1].out_sampling_rate / coarsest
        steps_x = ceil((width - self.width) / step_px)
        steps_y = ceil((height - self.height) / step_px)
        if not steps_x and not steps_y:
            return self

        def grown(size: Size, rate: float) -> Size:
            samples = int(2 * rate / coarsest)
            return size[0] + steps_x * samples, size[1] + steps_y * samples

        layers = tuple(
            replace(
                layer,
                in_size=grown(layer.in_size, layer.in_sampling_rate),
                out_size=grown(layer.out_size, layer.out_sampling_rate),
            )
            for layer in self.layers
        )
        fourier = replace(self.fourier, size=grown(self.fourier.size, self.fourier.sampling_rate))
        return replace(self, fourier=fourier, layers=layers)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        found = mapping_shapes(self)
        waves = self.fourier.channels
        found |= {
            "synthesis.input.weight": (waves, waves),
            "synthesis.input.affine.weight": (4, self.w_dim),
            "synthesis.input.affine.bias": (4,),
            "synthesis.input.transform": (3, 3),
            "synthesis.input.freqs": (waves, 2),
            "synthesis.input.phases": (waves,),
        }
        for layer in self.layers:
            at = f"synthesis.{layer.name}"
            found[f"{at}.weight"] = (layer.out_channels, layer.in_channels, layer.conv_kernel, layer.conv_kernel)
            found[f"{at}.bias"] = (layer.out_channels,)
            found[f"{at}.magnitude_ema"] = ()
            found[f"{at}.affine.weight"] = (layer.in_channels, self.w_dim)
            found[f"{at}.affine.bias"] = (layer.in_channels,)
            if layer.up_taps > 1:
                found[f"{at}.up_filter"] = (layer.up_taps,)
            if layer.down_taps > 1:
                found[f"{at}.down_filter"] = (layer.down_taps,) * (2 if layer.down_radial else 1)
        return found

    def bands(self) -> tuple[Band, ...]:
        """Thirds of the layers; the first, which also places the picture, is coarse."""
        edges = (0, *thirds(self.num_ws), self.num_ws)
        named = zip(("coarse", "middle", "fine"), edges, edges[1:], strict=False)
        return tuple(Band(name, first, last) for name, first, last in named if first < last)

    def gflop(self, width: int, height: int) -> float:
        """Convolutions, low-pass filters among them, and the mixing of the first waves; not what bends the signal."""
        drawn = self.at(width, height)
        columns, rows = drawn.fourier.size
        products = drawn.fourier.channels**2 * columns * rows + sum(_products(layer) for layer in drawn.layers)
        return 2 * products / 1e9

    def controls(self) -> tuple[Control, ...]:
        return (
            Control("/generator/translate_x", 0.0, -1.0, 1.0, about="moves the picture right; 1 is its native width"),
            Control("/generator/translate_y", 0.0, -1.0, 1.0, about="moves the picture down; 1 is its native height"),
            Control("/generator/rotate", 0.0, -1.0, 1.0, "turns", about="turns the picture clockwise"),
            Control("/generator/scale", 1.0, 0.25, 4.0, about="enlarges the picture"),
        )

    def inputs(self, controls: Mapping[str, float]) -> dict[str, NDArray[np.float32]]:
        """`transform` (3, 3): from a place in the picture to where it lies in the picture at rest, centre at (0, 0).

        It is the inverse of what is played (scale, then rotate, then translate); the synthesis puts the model's own
        transform before it. At rest it is the identity, and changes no bit.
        """
        turn = 2 * pi * controls.get("rotate", 0.0)
        scale = controls.get("scale", 1.0)
        c, s = cos(turn) / scale, sin(turn) / scale
        rate = self.layers[-1].out_sampling_rate
        x = controls.get("translate_x", 0.0) * self.width / rate
        y = controls.get("translate_y", 0.0) * self.height / rate
        rows = [[c, s, -c * x - s * y], [-s, c, s * x - c * y], [0.0, 0.0, 1.0]]
        return {"transform": np.array(rows, np.float32) + np.float32(0.0)}  # no negative zero

    def layer_of(self, tensor: str) -> int:
        found = re.search(r"(?:^|\.)L(\d+)_", tensor)
        return int(found[1]) + 1 if found else 0

    def made(self) -> dict[str, NDArray[np.float32]]:
        return filters_of(self.layers)

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {f.name: row[f.name] for f in fields(self) if f.init}

    @classmethod
    def of_json(cls, row: Mapping[str, Any]) -> Self:
        only(row, tuple(f.name for f in fields(cls) if f.init))
        return cls(**sizes_of(row))

    @classmethod
    def infer(cls, shapes: Shapes, facts: Mapping[str, Any]) -> Self:
        """The sizes from canonical tensors and what the container says; filters that are missing can be made.

        facts, all optional, each called as the reference's attribute and with its value as plain numbers and lists:
        layers : by name ("L0_36_32"), the attributes of each layer: in_size, out_size, in_sampling_rate, ...
        input : size, sampling_rate, bandwidth of the first grid
        output_scale, lr_multiplier, activation
        Without `layers` and `input`, the constructor's arguments `num_critical, margin_size, first_cutoff,
        first_stopband, last_stopband_rel, filter_size, lrelu_upsampling, use_radial_filters, conv_clamp,
        num_fp16_res`, each with its published default. Others are ignored.
        """
        if facts.get("activation", "lrelu") != "lrelu":
            raise ModelError(f"the activation {shown(facts['activation'])} cannot be played; allowed is lrelu")
        names = _layer_names(shapes)
        if "layers" in facts:
            layers = tuple(_told(name, facts["layers"]) for name in names)
            fourier = fourier_of({"channels": layers[0].in_channels, **plain(facts.get("input", {}))})
        else:
            fourier, layers = _designed(names, shapes, facts)
        told: dict[str, Any] = {key: real(plain(facts), key, *SCALES[key]) for key in SCALES if key in facts}
        spec = cls(**mapping_sizes(shapes), fourier=fourier, layers=layers, **told)
        _compare(spec.shapes(), shapes)
        return spec

    @property
    def _coarsest(self) -> float:
        return min(self.fourier.sampling_rate, *(layer.out_sampling_rate for layer in self.layers))

    def _check(self) -> None:
        """ModelError unless each layer takes what the one before it gives, on grids that share their samples."""
        before: Fourier | Layer = self.fourier
        gives = (self.fourier.channels, self.fourier.size, self.fourier.sampling_rate)
        for layer in self.layers:
            if (layer.in_channels, layer.in_size, layer.in_sampling_rate) != gives:
                name = before.name if isinstance(before, Layer) else "input"
                raise ModelError(f"{layer.name} does not take what {name} gives (channels, size, rate): {gives}")
            layer.check()
            before, gives = layer, (layer.out_channels, layer.out_size, layer.out_sampling_rate)
            if layer.out_sampling_rate % self._coarsest:
                raise ModelError(f"{layer.name}: its rate is no multiple of the coarsest, {self._coarsest:g}")
        if self.fourier.sampling_rate % self._coarsest or 2 * self.fourier.bandwidth >= self.fourier.sampling_rate:
            raise ModelError(f"the input's rate {self.fourier.sampling_rate:g} does not fit its waves or the layers")
        if not self.layers[-1].is_torgb or any(layer.is_torgb for layer in self.layers[:-1]):
            raise ModelError("the last layer, and no other, must be the one that gives colours")
        if self.mapping[-1] != self.w_dim:
            raise ModelError(f"the mapping ends with {self.mapping[-1]} features; w has {self.w_dim}")
        if bool(self.classes) != bool(self.embed_features) or (self.class_average and not self.classes):
            raise ModelError("classes need an embedding, and an embedding or an average of each class needs classes")
        if gives[0] == 2:
            raise ModelError("the model gives 2 channels; allowed are 1 (grey), 3 (RGB) or more")


def _products(layer: Layer) -> float:
    """Multiplications of one layer on its grids, zeros that were inserted left out."""
    columns, rows = (size + layer.conv_kernel - 1 for size in layer.in_size)
    wide, high = ((size - 1) * layer.down_factor + layer.down_taps for size in layer.out_size)
    total = float(layer.in_channels * layer.out_channels * layer.conv_kernel**2 * columns * rows)
    if layer.up_taps > 1:
        total += layer.out_channels * layer.up_taps / layer.up_factor * wide * (rows + high)
    if layer.down_taps > 1:
        out_columns, out_rows = layer.out_size
        taps = layer.down_taps * out_rows if layer.down_radial else high + out_rows
        total += layer.out_channels * layer.down_taps * out_columns * taps
    return total


def _layer_names(shapes: Shapes) -> list[str]:
    """The layers that the tensors are of, in their order. ModelError where one is missing."""
    found = {int(match[2]): match[1] for name in shapes if (match := _LAYER.fullmatch(name))}
    for i in range(max(found, default=1) + 1):
        if i not in found:
            raise ModelError(f"the tensors of the layer L{i}_... are missing; a StyleGAN3 has all its layers from L0")
    return [found[i] for i in sorted(found)]


def _told(name: str, rows: Mapping[str, Any]) -> Layer:
    if name not in rows:
        raise ModelError(f"the file says nothing of the layer {name}")
    return layer_of({**plain(rows[name]), "name": name})


def _designed(names: list[str], shapes: Shapes, facts: Mapping[str, Any]) -> tuple[Fourier, tuple[Layer, ...]]:
    """The layout by the published rules, with the channels and kernels of the tensors."""
    kernels = [shapes[f"synthesis.{name}.weight"] for name in names]
    for name, kernel in zip(names, kernels, strict=True):
        if len(kernel) != 4:
            raise ModelError(f"the tensor synthesis.{name}.weight has shape {tuple(kernel)}; it needs four axes")
    radial = len(shapes.get(f"synthesis.{names[0]}.down_filter", ())) == 2
    told = {"use_radial_filters": radial} | {key: plain(facts[key]) for key in _DESIGN if key in facts}
    side = int(names[-1].split("_")[1])
    try:
        design = Design(side, len(names) - 1, conv_kernel=kernels[0][2], **told)
        layers = design.layers(kernels[0][1], [kernel[0] for kernel in kernels])
        fourier = design.fourier(kernels[0][1])
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ModelError(f"the sizes of this StyleGAN3 cannot be worked out: {error}") from None
    for name, layer in zip(names, layers, strict=True):
        if name != layer.name:
            raise ModelError(f"the layer {name} would be {layer.name} by the published sizes, and the file gives none")
    return fourier, layers


def _compare(wanted: Shapes, given: Shapes) -> None:
    """ModelError naming the first tensor that is missing, of another shape, or of no part of the model."""
    for name, shape in wanted.items():
        if name not in given and not _FILTER.fullmatch(name):
            raise ModelError(f"the tensor {name} is missing; this StyleGAN3 needs it with shape {shape}")
        if name in given and tuple(given[name]) != shape:
            raise ModelError(f"the tensor {name} has shape {tuple(given[name])}; this StyleGAN3 needs {shape}")
    for name in given:
        if name not in wanted:
            raise ModelError(f"the tensor {shown(name)} {tuple(given[name])} belongs to no part of this StyleGAN3")

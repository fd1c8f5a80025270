"""StyleGAN2's synthesis: a constant grows block by block, each layer shaped by its w.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020); the three architectures skip, resnet and
orig. Modules are named as in the public checkpoints (b4.conv1, b8.torgb, ...) and give the same numbers as theirs; a
block gives its features and the running image.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import ModelError
from engine.generator.fitting import fitted, tiled
from engine.generator.layers import (
    DEFAULT_TAPS,
    SQRT2,
    Affine,
    ModulatedConv,
    Smooth,
    Upsample,
    held,
    leaky,
    resampling_kernel,
)
from engine.generator.spec import Canvas, Fit, Spec
from engine.generator.stylegan2_spec import StyleGAN2Spec
from engine.generator.synthesis import Slot, Synthesis

WHOLE = 8  # channels that kernels compute at a time


class StyleGAN2(Synthesis):
    """Slots: w (num_ws, w_dim), then `noise`, the amount of the model's own noise, where it has any.

    At another size than the native one the constant is fitted (`canvas.fit`) to the smallest picture that covers the
    canvas, whose middle is shown. Noise is tiled, never stretched, so that grain keeps its size.
    """

    def __init__(
        self, spec: Spec, tensors: Mapping[str, Tensor], canvas: Canvas, *, batched: bool = False, half: bool = False
    ) -> None:
        super().__init__(spec, tensors, canvas, batched=batched, half=half)
        if not isinstance(spec, StyleGAN2Spec):
            raise ModelError(f"a {spec.family} model cannot be drawn as a StyleGAN2")
        if min(canvas.width, canvas.height) < 1:
            raise ModelError(f"a picture of {canvas.width}x{canvas.height} has no pixels; give 1 or more a side")
        noise = (Slot("noise", (), shared=True),) if spec.use_noise else ()
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)), *noise)
        base_width, base_height = spec.base_size(canvas.width, canvas.height)
        parts = [
            _Part(spec, tensors, i, base_height << i, base_width << i, canvas.fit, batched, half)
            for i in range(len(spec.channels))
        ]
        self._blocks = tuple(Block(part) for part in parts)
        for name, block in zip(spec.resolutions, self._blocks, strict=True):
            self.add_module(f"b{name}", block)
        spare_height, spare_width = parts[-1].height - canvas.height, parts[-1].width - canvas.width
        self._cropped = spare_height + spare_width > 0
        self._top, self._left = spare_height // 2, spare_width // 2

    def forward(self, *inputs: Tensor) -> Tensor:
        ws = inputs[0].unbind(1)
        amount = inputs[1] if len(self.slots) > 1 else None
        x: Tensor | None = None
        image: Tensor | None = None
        for i, block in enumerate(self._blocks):
            # b4 has one layer, the others two, and then toRGB, which shares its w with the next block's first layer.
            x, image = block(x, image, ws[2 * i - 1 : 2 * i + 2] if i else ws[:2], amount)
        assert image is not None  # the last block always draws
        if self._cropped:
            image = image.narrow(2, self._top, self.canvas.height).narrow(3, self._left, self.canvas.width)
        return image

    def suit_openvino(self) -> None:
        for module in self.modules():
            if isinstance(module, SynthesisLayer):
                module.spread = True

    @torch.no_grad()
    def set_noise(self, seed: int | None) -> None:
        draws = None if seed is None else np.random.RandomState(seed)
        for module in self.modules():
            if isinstance(module, SynthesisLayer):
                module.set_noise(draws)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a block is built from: its number, and the size it draws."""

    spec: StyleGAN2Spec
    tensors: Mapping[str, Tensor]
    index: int
    height: int
    width: int
    fit: Fit
    batched: bool
    half: bool

    @property
    def name(self) -> str:
        return f"synthesis.b{self.spec.resolutions[self.index]}"

    @property
    def in_half(self) -> bool:
        return self.half and self.spec.resolutions[self.index] in self.spec.half_blocks

    def tensor(self, name: str) -> Tensor:
        return self.tensors[f"{self.name}.{name}"].float()

    def affine(self, name: str, gain: float = 1.0) -> Affine:
        return Affine(self.tensor(f"{name}.affine.weight"), self.tensor(f"{name}.affine.bias"), gain)

    def kernel(self, name: str) -> Tensor:
        """The resampling filter of this name, as it is stored; the usual one where the file has none."""
        stored = self.tensors.get(f"{self.name}.{name}")
        return resampling_kernel(DEFAULT_TAPS) if stored is None else stored.float()


class Block(nn.Module):
    """Features x and running image of one size, from those of the size before."""

    const: Tensor

    def __init__(self, part: _Part) -> None:
        super().__init__()
        spec = part.spec
        grows = part.index > 0
        resnet = grows and spec.architecture == "resnet"
        self._number = torch.float16 if part.in_half else torch.float32
        self._draws = spec.resolutions[part.index] in spec.rgb_blocks
        if grows:
            self.conv0 = SynthesisLayer(part, "conv0", up=True)
        else:
            const = fitted(part.tensor("const").unsqueeze(0), part.height, part.width, part.fit)
            self.register_buffer("const", const.contiguous(memory_format=torch.channels_last))
        self.skip = Shortcut(part) if resnet else None
        self.conv1 = SynthesisLayer(part, "conv1", gain=sqrt(0.5) if resnet else 1.0)
        if self._draws:
            self.torgb = ToRGB(part)
        self.upsample = Upsample(part.kernel("resample_filter"), 3) if grows and self._draws else None

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: tuple[Tensor, ...], amount: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """ws : of conv0 (b4 has none), conv1 and toRGB; amount : of the noise."""
        if x is None:
            x = self.conv1(self.const, ws[0], amount)
        else:
            x = x.to(self._number)
            beside = None if self.skip is None else self.skip(x)
            x = self.conv1(self.conv0(x, ws[0], amount), ws[1], amount)
            x = x if beside is None else x + beside
        if self._draws:
            drawn = self.torgb(x, ws[-1])
            image = drawn if image is None or self.upsample is None else self.upsample(image) + drawn
        return x, image


class SynthesisLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU and clamp.

    Noise is one number for all channels of a pixel. With `spread`, a 1x1 convolution brings it there: OpenVINO draws a
    frame in a fifth less time so than with an addition that has to be broadcast; torch in an eighth more.
    """

    noise: Tensor
    channels: Tensor

    def __init__(self, part: _Part, name: str, *, up: bool = False, gain: float = 1.0) -> None:
        super().__init__()
        spec, half = part.spec, part.in_half
        total = gain * SQRT2
        bias = part.tensor(f"{name}.bias") * total
        self.conv = ModulatedConv(
            part.tensor(f"{name}.weight"),
            part.affine(name),
            None if up else bias,
            gain=total,
            padding=0 if up else 1,
            up=up,
            pixels=part.height * part.width,
            batched=part.batched,
            half=half,
        )
        self.smooth = None
        if up:
            kernel = part.kernel("conv0.resample_filter") * 4
            self.smooth = Smooth(kernel, spec.channels[part.index], bias, half=half)
        self._clamp = None if spec.clamp is None else spec.clamp * gain
        self._noisy, self.spread = spec.use_noise, False
        if spec.use_noise:
            self._strength = float(part.tensor(f"{name}.noise_strength")) * total
            own = tiled(part.tensor(f"{name}.noise_const")[None, None], part.height, part.width) * self._strength
            self._own = own.to(torch.float16 if half else torch.float32)
            self.register_buffer("noise", self._own.clone())
            ones = torch.ones(spec.channels[part.index], 1, 1, 1, dtype=self._own.dtype)
            self.register_buffer("channels", ones)

    def forward(self, x: Tensor, w: Tensor, amount: Tensor | None) -> Tensor:
        x = self.conv(x, w)
        if self.smooth is not None:
            x = self.smooth(x)
        if amount is not None and self.spread:
            x = x + nn.functional.conv2d(self.noise, self.channels * amount)
        elif amount is not None:
            x = x.add_(self.noise * amount)
        return leaky(x, self._clamp)

    def set_noise(self, draws: np.random.RandomState | None) -> None:
        """The next draw instead of the model's own noise, which None gives back."""
        if not self._noisy:
            return
        fresh = self._own
        if draws is not None:
            fresh = torch.from_numpy(draws.randn(*self._own.shape)) * self._strength
        self.noise.copy_(fresh)


class ToRGB(nn.Module):
    """Features to a picture of three channels, in float32: grey is repeated, of more channels the first three stay.

    It computes eight channels, which processors and tensor cores do several times faster than three.
    """

    def __init__(self, part: _Part) -> None:
        super().__init__()
        weight, bias = part.tensor("torgb.weight")[:3], part.tensor("torgb.bias")[:3]
        spare = WHOLE - 3
        self.conv = ModulatedConv(
            nn.functional.pad(weight.expand(3, -1, -1, -1), (0, 0) * 3 + (0, spare)),
            part.affine("torgb", 1 / sqrt(weight.shape[1])),
            nn.functional.pad(bias.expand(3), (0, spare)),
            demodulate=False,
            batched=part.batched,
            half=part.in_half,
        )
        self._clamp = part.spec.clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return held(self.conv(x, w), self._clamp).narrow(1, 0, 3).float()


class Shortcut(nn.Module):
    """What goes beside a resnet's layers: a 1x1 convolution, then twice the size."""

    weight: Tensor

    def __init__(self, part: _Part) -> None:
        super().__init__()
        weight = part.tensor("skip.weight")
        weight = weight * (sqrt(0.5) / sqrt(weight.shape[1]))
        number = torch.float16 if part.in_half else torch.float32
        self.register_buffer("weight", weight.to(number).contiguous(memory_format=torch.channels_last))
        self.upsample = Upsample(part.kernel("skip.resample_filter"), weight.shape[0], half=part.in_half)

    def forward(self, x: Tensor) -> Tensor:
        doubled: Tensor = self.upsample(nn.functional.conv2d(x, self.weight))
        return doubled

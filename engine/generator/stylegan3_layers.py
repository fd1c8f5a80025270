"""The layers of a StyleGAN3 in torch: the first waves, modulated convolutions, and a bend that makes no aliases.

Karras et al. 2021, section 3 and appendices. Everything runs in channels_last, where depthwise filters are fastest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.generator.layers import EPSILON, Affine
from engine.generator.stylegan3_design import Fourier, Layer

SLOPE = 0.2  # of the leaky ReLU below zero


class Waves(nn.Module):
    """Plane waves under the picture's own transform, then under the model's, then as w places them.

    A wave sin(a x + b y) is a sum of two products of a row and a column, so that only rows and columns need sines.
    """

    weight: Tensor
    transform: Tensor
    freqs: Tensor
    phases: Tensor
    columns: Tensor
    rows: Tensor

    def __init__(self, spec: Fourier, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        own = {name: tensors[f"synthesis.input.{name}"].float() for name in ("weight", "transform", "freqs", "phases")}
        self._bandwidth, self._rest = spec.bandwidth, spec.sampling_rate / 2 - spec.bandwidth
        self.affine = Affine(
            tensors["synthesis.input.affine.weight"].float(), tensors["synthesis.input.affine.bias"].float()
        )
        self.register_buffer("weight", own["weight"] / sqrt(spec.channels))
        for name in ("transform", "freqs", "phases"):
            self.register_buffer(name, own[name])
        columns, rows = (_centred(size, spec.sampling_rate) for size in spec.size)
        self.register_buffer("columns", columns[:, None])
        self.register_buffer("rows", rows[:, None])

    def forward(self, w: Tensor, played: Tensor) -> Tensor:
        """w (voices, w_dim), played (3, 3) -> (voices, channels, height, width)."""
        waves = self._placed(w, played)
        across, down, phase = waves.unbind(-1)
        length = (across.square() + down.square()).sqrt()
        amplitude = (1 - (length - self._bandwidth) / self._rest).clamp(0, 1)
        x = self.columns * (2 * pi * across)[:, None] + (2 * pi * phase)[:, None]
        y = self.rows * (2 * pi * down)[:, None]
        sine, cosine = (f(y).mul(amplitude[:, None])[:, :, None] for f in (torch.sin, torch.cos))
        grid = torch.addcmul(x.sin()[:, None] * cosine, x.cos()[:, None], sine)
        return F.linear(grid, self.weight).permute(0, 3, 1, 2)

    def _placed(self, w: Tensor, played: Tensor) -> Tensor:
        """(voices, channels, 3): cycles across, cycles down, and phase in turns, of each wave.

        Written out product by product: a matrix product may be rounded to 10 bits on a GPU.
        """
        turn = self.affine(w)
        turn = turn / turn.narrow(1, 0, 2).square().sum(1, keepdim=True).sqrt()
        c, s, x, y = turn[:, None].unbind(2)
        first, second, third = (self.transform[:, :, None] * played).sum(1).unbind()
        first, second = first - x * third, second - y * third
        across, down = c * first - s * second, s * first + c * second
        one, two = self.freqs[:, :, None].unbind(1)
        waves: Tensor = one * across[:, None] + two * down[:, None]
        return waves + F.pad(self.phases[:, None], (2, 0))


class Filtered(nn.Module):
    """One layer: a modulated convolution, then a leaky ReLU on a finer grid between two low-pass filters.

    Rows and columns that nothing of the output sees are not computed. The gain of the leaky ReLU, which is positively
    homogeneous, is in the convolution, and so is the gain of the input; the clamp stands ahead of the ReLU.
    """

    weight: Tensor
    bias: Tensor
    gain: Tensor
    energy: Tensor
    up_rows: Tensor
    up_columns: Tensor
    down: Tensor
    down_rows: Tensor
    down_columns: Tensor

    def __init__(self, layer: Layer, tensors: Mapping[str, Tensor], *, batched: bool, half: bool) -> None:
        super().__init__()
        at = f"synthesis.{layer.name}"
        self._batched, self._rgb, self._clamp = batched, layer.is_torgb, layer.conv_clamp
        self._up, self._down, self._radial = layer.up_factor, layer.down_factor, layer.down_radial
        self._pixelwise, self._channels = layer.conv_kernel == 1, layer.out_channels
        self._filters_up, self._filters_down = layer.up_taps > 1, layer.down_taps > 1
        self._dtype = torch.float16 if half and layer.use_fp16 else torch.float32
        self._reach = Reach.of(layer)
        self.affine = Affine(tensors[f"{at}.affine.weight"].float(), tensors[f"{at}.affine.bias"].float())
        bend = 1.0 if layer.is_torgb else sqrt(2)
        self.register_buffer("bias", (bend * tensors[f"{at}.bias"].float()).to(self._dtype))
        self._keep_weight(tensors[f"{at}.weight"].float(), bend * tensors[f"{at}.magnitude_ema"].float().rsqrt())
        self._keep_filters(layer, tensors)

    def _keep_weight(self, weight: Tensor, gain: Tensor) -> None:
        """Filters of unit power, or scaled by their number of weights where float16 could overflow in their sum.

        In one voice's layers they stay float32 until they are modulated, and their power is not kept beside them: two
        models may have been blended in them.
        """
        number = torch.float32
        if self._rgb:
            weight = weight * (gain / sqrt(weight.shape[1]))
        else:
            weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            self.register_buffer("gain", gain)
        if self._batched:
            number = self._dtype
            if not self._rgb:
                weight = weight / sqrt(weight[0].numel())
                self.register_buffer("energy", weight.square().sum((2, 3)))
        self.register_buffer("weight", weight.to(number).contiguous(memory_format=torch.channels_last))

    def _keep_filters(self, layer: Layer, tensors: Mapping[str, Tensor]) -> None:
        wide = layer.out_channels
        if self._filters_up:
            up = layer.up_factor * tensors[f"synthesis.{layer.name}.up_filter"].float()
            self.register_buffer("up_rows", _depthwise(up[:, None], wide, self._dtype))
            self.register_buffer("up_columns", _depthwise(up[None], wide, self._dtype))
        if self._filters_down:
            down = tensors[f"synthesis.{layer.name}.down_filter"].float()
            down = down.flip(*range(down.ndim))  # a convolution in the books is a correlation here
            if self._radial:
                self.register_buffer("down", _depthwise(down, wide, self._dtype))
            else:
                self.register_buffer("down_rows", _depthwise(down[:, None], wide, self._dtype))
                self.register_buffer("down_columns", _depthwise(down[None], wide, self._dtype))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (voices, in_channels, rows, columns), w (voices, w_dim) -> (voices, out_channels, rows, columns)."""
        x = self._reach.cropped(x.to(self._dtype))
        style = self.affine(w)
        if not self._rgb:
            style = style * style.square().mean(1, keepdim=True).rsqrt()
        x = self._scaled_activations(x, style) if self._batched else self._scaled_weights(x, style)
        return self._lower(self._bent(self._higher(x)))

    def _scaled_weights(self, x: Tensor, style: Tensor) -> Tensor:
        weight = self.weight * style[:, :, None, None]
        if not self._rgb:
            power = weight.square().sum((1, 2, 3), keepdim=True)
            weight = weight * ((power + EPSILON).rsqrt() * self.gain)
        return self._convolved(x, weight.to(self._dtype), self.bias)

    def _scaled_activations(self, x: Tensor, style: Tensor) -> Tensor:
        x = x * style[:, :, None, None].to(self._dtype)
        if self._rgb:
            return self._convolved(x, self.weight, self.bias)
        level = (F.linear(style.square(), self.energy) + EPSILON).rsqrt() * self.gain
        y = self._convolved(x, self.weight, None)
        return torch.addcmul(self.bias[:, None, None], y, level[:, :, None, None].to(self._dtype))

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A product of matrices where the kernel is a single pixel: channels_last goes in and comes out as it is."""
        if self._pixelwise:
            return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
        return F.conv2d(x, weight, bias, padding=self._reach.padding)

    def _higher(self, x: Tensor) -> Tensor:
        """Onto the finer grid: zeros between the samples and a low-pass, in one pass for each axis."""
        if self._filters_up:
            top, left = self._reach.trim
            x = F.conv_transpose2d(x, self.up_rows, None, (self._up, 1), (top, 0), groups=self._channels)
            x = F.conv_transpose2d(x, self.up_columns, None, (1, self._up), (0, left), groups=self._channels)
        return self._reach.fitted(x)

    def _bent(self, x: Tensor) -> Tensor:
        """Clamped, then through the leaky ReLU: the same as the other way round, with the lower bound moved."""
        if self._rgb:
            return x if self._clamp is None else x.clamp(-self._clamp, self._clamp)
        if self._clamp is not None:
            x = x.clamp_(-self._clamp / SLOPE, self._clamp)
        return F.leaky_relu_(x, SLOPE)

    def _lower(self, x: Tensor) -> Tensor:
        """A low-pass, and only the samples of the output's grid."""
        if not self._filters_down:
            return x
        if self._radial:
            return F.conv2d(x, self.down, None, self._down, groups=self._channels)
        x = F.conv2d(x, self.down_columns, None, (1, self._down), groups=self._channels)
        return F.conv2d(x, self.down_rows, None, (self._down, 1), groups=self._channels)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a layer's filters reach, rows first: what is left out before, at and after its convolution.

    crop : of the input, at each end
    left : of the input after that
    padding : of the convolution; less than the whole kernel where the margin would crop it again
    trim : of the finer grid, at each end
    fine : size of the finer grid where one sample too many would be seen, else 0
    """

    crop: tuple[int, int]
    left: tuple[int, int]
    padding: tuple[int, int]
    trim: tuple[int, int]
    fine: tuple[int, int]

    @classmethod
    def of(cls, layer: Layer) -> Self:
        """The reach of one layer's filters."""
        rows, columns = (_along(layer, axis) for axis in (1, 0))
        return cls(*zip(rows, columns, strict=True))

    def cropped(self, x: Tensor) -> Tensor:
        """Without the outer samples that nothing of the output sees."""
        for axis, crop, left in zip((2, 3), self.crop, self.left, strict=True):
            if crop:
                x = x.narrow(axis, crop, left)
        return x

    def fitted(self, x: Tensor) -> Tensor:
        """Without the last sample that is too much; a filter that takes every second sample never sees it."""
        for axis, size in zip((2, 3), self.fine, strict=True):
            if size:
                x = x.narrow(axis, 0, size)
        return x


def _along(layer: Layer, axis: int) -> tuple[int, int, int, int, int]:
    """The fields of a `Reach` along one axis.

    Whole samples of the coarser grid that the margins would crop go before the convolution, the rest after it.
    """
    low, high = layer.padding[2 * axis : 2 * axis + 2]
    before, after = layer.up_taps - 1 - low, layer.up_taps - layer.up_factor - high
    unseen = max(0, (min(before, after) - layer.up_taps) // layer.up_factor + 1)
    spare = layer.conv_kernel - 1 - unseen
    crop, padding, trim = max(-spare, 0), max(spare, 0), before - unseen * layer.up_factor
    left = layer.in_size[axis] - 2 * crop
    given = (left + 2 * padding - layer.conv_kernel) * layer.up_factor + layer.up_taps - 2 * trim
    fine = (layer.out_size[axis] - 1) * layer.down_factor + layer.down_taps
    return crop, left, padding, trim, fine if given - fine >= layer.down_factor else 0


def _depthwise(kernel: Tensor, channels: int, number: torch.dtype) -> Tensor:
    """(rows, columns) -> (channels, 1, rows, columns)."""
    weight = kernel.expand(channels, 1, *kernel.shape)
    return weight.to(number).contiguous(memory_format=torch.channels_last)


def _centred(size: int, rate: float) -> Tensor:
    """Where the samples of a grid lie, in pictures, with 0 in its middle."""
    return torch.from_numpy(((np.arange(size) - (size - 1) / 2) / rate).astype(np.float32))

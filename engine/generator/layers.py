"""The layers that style generators are made of, in plain torch: modulated convolutions and resampling filters.

Karras et al. 2020 (StyleGAN2) and 2021 (StyleGAN3). Every constant is a buffer and every shape is static, so that any
backend can take them. Gains are multiplied into the constants: a leaky ReLU is positively homogeneous, so that its
sqrt 2 can be applied to weights, bias and noise before it, and the clamp after it stays as it is.
"""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

SQRT2 = sqrt(2.0)
EPSILON = 1e-8  # of the demodulation
CACHED = 1 << 19  # so many weights stay in a core's cache: scaling them is cheap
DEFAULT_TAPS = (1.0, 3.0, 3.0, 1.0)


def resampling_kernel(taps: Tensor | Sequence[float] = DEFAULT_TAPS, gain: float = 1.0) -> Tensor:
    """A filter of one axis, or of both, as a square kernel (k, k) that sums to gain."""
    kernel = torch.as_tensor(taps, dtype=torch.float32)
    if kernel.ndim == 1:
        kernel = kernel.outer(kernel)
    return kernel * (gain / kernel.sum())


def leaky(x: Tensor, clamp: float | None = None) -> Tensor:
    """Leaky ReLU of slope 0.2 without its gain, held within +-clamp; x is overwritten."""
    return held(functional.leaky_relu_(x, 0.2), clamp)


def held(x: Tensor, clamp: float | None) -> Tensor:
    """x within +-clamp; overwritten, but where a gradient still needs it."""
    if clamp is None:
        return x
    return x.clamp(-clamp, clamp) if x.requires_grad else x.clamp_(-clamp, clamp)


class Affine(nn.Module):
    """w (n, w_dim) -> (n, features): stored weights with their gain 1/sqrt(w_dim), all times `gain`."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, gain: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("weight", weight * (gain / sqrt(weight.shape[1])))
        self.register_buffer("bias", bias * gain)

    def forward(self, w: Tensor) -> Tensor:
        return functional.linear(w, self.weight, self.bias)


class ModulatedConv(nn.Module):
    """A convolution whose input channels are scaled by a style, and whose output is brought back to unit size.

    x (n, in, h, w), w (n, w_dim) -> (n, out, h', w'), with the bias added.
    """

    weight: Tensor
    bias: Tensor | None
    squares: Tensor | None

    def __init__(
        self,
        weight: Tensor,
        affine: Affine,
        bias: Tensor | None = None,
        *,
        demodulate: bool = True,
        gain: float = 1.0,
        padding: int = 0,
        up: bool = False,
        pixels: int | None = None,
        batched: bool = False,
        half: bool = False,
    ) -> None:
        """weight : (out, in, k, k) as stored.

        gain : of the output, but not of the bias
        up : a transposed convolution of stride 2: h' = 2 h + k - 2 without padding
        pixels : of the output; of many weights and fewer activations, one voice's activations are scaled instead
        batched : scale activations, for any number of voices; else weights, for one
        half : weights and activations in float16; styles stay float32, and each filter and each style is divided by
        its largest magnitude (which demodulation undoes), so that nothing overflows
        """
        super().__init__()
        self.affine = affine
        self._demodulate, self._padding, self._up, self._half, self._gain = demodulate, padding, up, half, gain
        self._sides = wide, narrow = weight.shape[0], weight.shape[1]
        activations = weight.numel() if pixels is None else pixels * (wide + narrow / (4 if up else 1))
        self._of_activations = batched or max(activations, CACHED) < weight.numel()
        weight = weight.float()
        if demodulate and half:
            largest = weight.abs().amax((1, 2, 3), keepdim=True).clamp(min=EPSILON)
            weight = weight / (largest * sqrt(weight[0].numel()))
        squares = weight.square().sum((2, 3)) if batched and demodulate else None
        self.register_buffer("squares", squares)
        if not demodulate:
            weight = weight * gain
        if up:
            weight = weight.transpose(0, 1)
        number = torch.float16 if half else torch.float32
        self.register_buffer("weight", weight.to(number).contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", None if bias is None else bias.to(number))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        if self._demodulate and self._half:
            style = style / style.abs().amax(1, keepdim=True).clamp(min=EPSILON)
        return self._scale_activations(x, style) if self._of_activations else self._scale_weights(x, style)

    def _scale_activations(self, x: Tensor, style: Tensor) -> Tensor:
        wide, narrow = self._sides
        x = x * style.to(x.dtype).view(-1, narrow, 1, 1)
        if not self._demodulate:
            return self._convolve(x, self.weight, self.bias)
        x = self._convolve(x, self.weight, None)
        size = self._size(style).to(x.dtype).view(-1, wide, 1, 1)
        return x.mul_(size) if self.bias is None else torch.addcmul(self.bias.view(1, wide, 1, 1), x, size)

    def _scale_weights(self, x: Tensor, style: Tensor) -> Tensor:
        wide, narrow = self._sides
        ins, outs = ((narrow, 1, 1, 1), (1, wide, 1, 1)) if self._up else ((1, narrow, 1, 1), (wide, 1, 1, 1))
        scale = style.view(ins)
        if self._demodulate:
            scale = scale * self._size(style).view(outs)
        return self._convolve(x, self.weight * scale.to(self.weight.dtype), self.bias)

    def _size(self, style: Tensor) -> Tensor:
        """What each output channel (n, out) is multiplied by to have unit size, and its gain."""
        squares = self.squares
        if squares is None:  # from the weights as they are now: two models may blend theirs
            squares = self.weight.float().square().sum((2, 3))
            squares = squares.t() if self._up else squares
        return torch.rsqrt(functional.linear(style * style, squares) + EPSILON) * self._gain

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self._up:
            return functional.conv_transpose2d(x, weight, bias, stride=2, padding=self._padding)
        return functional.conv2d(x, weight, bias, padding=self._padding)


class Smooth(nn.Module):
    """A filter over each channel by itself, after a transposed convolution of stride 2: 2 h + 1 -> 2 h pixels.

    kernel : (k, k) with its gain, applied as a true convolution; bias : (channels,) added
    """

    kernel: Tensor
    bias: Tensor | None

    def __init__(self, kernel: Tensor, channels: int, bias: Tensor | None = None, *, half: bool = False) -> None:
        super().__init__()
        taps = kernel.shape[0]
        before, after = (taps + 1) // 2 - 1, (taps - 2) // 2
        kernel = functional.pad(kernel.flip(0, 1), (0, before - after, 0, before - after))  # one padding on all sides
        self._padding, self._channels = before, channels
        number = torch.float16 if half else torch.float32
        self.register_buffer("kernel", kernel.to(number).expand(channels, 1, -1, -1).contiguous())
        self.register_buffer("bias", None if bias is None else bias.to(number))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.kernel, self.bias, padding=self._padding, groups=self._channels)


class Upsample(nn.Module):
    """A picture of twice the size, resampled with a filter; zeros lie around it.

    Inserting zeros and filtering is what a transposed convolution of stride 2 does.
    """

    kernel: Tensor

    def __init__(self, kernel: Tensor, channels: int, *, half: bool = False) -> None:
        """kernel : (k, k) that sums to 1."""
        super().__init__()
        self._channels, self._crop = channels, kernel.shape[0] // 2 - 1
        number = torch.float16 if half else torch.float32
        self.register_buffer("kernel", (kernel * 4).to(number).expand(channels, 1, -1, -1).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2] * 2, x.shape[3] * 2
        x = functional.conv_transpose2d(x, self.kernel, stride=2, groups=self._channels)
        return x.narrow(2, self._crop, height).narrow(3, self._crop, width)

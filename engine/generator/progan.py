"""Progressive GAN's synthesis: convolutions, each behind a normalisation of every pixel over its channels.

Karras, Aila, Laine, Lehtinen 2017, "Progressive growing of GANs for improved quality, stability, and variation". The
names of modules are those of the layout this family is published in.
"""

from collections.abc import Mapping
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.generator.facts import native_only
from engine.generator.progan_spec import ProGANSpec
from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis

EPS = 1e-8
HALF_FROM = 16  # size in pixels from which layers may run in fp16


class ProGAN(Synthesis):
    """w (voices, 1, z_dim), which is z -> picture, about -1..1.

    half : the checkpoint names no fp16 layers, so layers from 16x16 on run in fp16, their normalisation in fp32.
    Against fp32 at most 1 % of the picture's standard deviation (0.6 % was measured)
    batched : makes no difference here; the weights are the same for all voices
    """

    spec: ProGANSpec

    def __init__(
        self,
        spec: ProGANSpec,
        tensors: Mapping[str, Tensor],
        canvas: Canvas,
        *,
        batched: bool = False,
        half: bool = False,
    ) -> None:
        """ModelError for a canvas of any size but the model's own."""
        native_only(spec, canvas.width, canvas.height)
        super().__init__(spec, tensors, canvas, batched=batched, half=half)
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)),)
        before = 4
        for name, _, _, kernel, side in spec.layers:
            dtype = torch.float16 if half and side >= HALF_FROM else torch.float32
            weight, bias = tensors[f"{name}.conv.weight"].float(), tensors[f"{name}.wscale.b"].float()
            layer = First(weight, bias) if kernel == 4 else Layer(weight, bias, side > before, dtype)
            self.add_module(name, layer)
            before = side

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].flatten(1)
        for layer in self.children():
            x = layer(x)
        return x.float()


class First(nn.Module):
    """z to 4x4: a 4x4 convolution over one pixel, which is one product with its taps in reverse order."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        out, into = weight.shape[:2]
        self.out = out
        taps = weight.flip(2, 3).permute(2, 3, 0, 1).reshape(16 * out, into)
        self.register_buffer("weight", taps * _gain(weight))
        self.register_buffer("bias", bias.repeat(16))

    def forward(self, z: Tensor) -> Tensor:
        y = F.leaky_relu(F.linear(_normalised(z), self.weight, self.bias), 0.2)
        return y.reshape(-1, 4, 4, self.out).permute(0, 3, 1, 2)


class Layer(nn.Module):
    """Normalise, double the size where it grows, convolve, and bend; the 1x1 that makes RGB is not bent."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, grows: bool, dtype: torch.dtype) -> None:
        super().__init__()
        kernel = weight.shape[2]
        self.grows, self.bends, self.padding = grows, kernel > 1, kernel // 2
        weight = (weight * _gain(weight)).to(dtype)
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", bias.to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        x = _normalised(x.float()).to(self.weight.dtype)
        if self.grows:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        y = F.conv2d(x, self.weight, self.bias, padding=self.padding)
        return F.leaky_relu(y, 0.2) if self.bends else y


def _normalised(x: Tensor) -> Tensor:
    """Every pixel over the root mean square of its channels."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPS)


def _gain(weight: Tensor) -> float:
    """What the stored weight is multiplied by: the scale of He et al. 2015, with sqrt(2) / kernel where it bends."""
    into, kernel = weight.shape[1], weight.shape[2]
    return (sqrt(2.0) / kernel if kernel > 1 else 1.0) / sqrt(into)

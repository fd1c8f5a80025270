"""BigGAN-deep's synthesis: residual bottlenecks whose normalisations are conditioned on z and the class.

Brock, Donahue, Simonyan 2018, "Large scale GAN training for high fidelity natural image synthesis", appendix B, and
Zhang, Goodfellow, Metaxas, Odena 2018, "Self-attention generative adversarial networks", for the attention. The names
of modules are those of the layout this family is published in.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.generator.biggan_spec import FIRST, BigGANSpec, Block
from engine.generator.facts import native_only
from engine.generator.spec import Canvas
from engine.generator.synthesis import Slot, Synthesis

HALF_FROM = 16  # size in pixels from which blocks may run in fp16


class BigGAN(Synthesis):
    """w (voices, num_ws, 2 z_dim) and the rows of the truncation's statistics (n_stats,) -> picture, within -1..1.

    half : the checkpoint names no fp16 layers, so blocks from 16x16 on run in fp16. Statistics, their folding, the
    attention's softmax and the last tanh stay in fp32. Against fp32 at most 2.5 % of the picture's standard deviation
    (1.7 % at worst and 0.2 % in the root mean square were measured, one level of 8 bits)
    batched : makes no difference here; the weights are the same for all voices
    """

    spec: BigGANSpec

    def __init__(
        self,
        spec: BigGANSpec,
        tensors: Mapping[str, Tensor],
        canvas: Canvas,
        *,
        batched: bool = False,
        half: bool = False,
    ) -> None:
        """ModelError for a canvas of any size but the model's own."""
        native_only(spec, canvas.width, canvas.height)
        super().__init__(spec, tensors, canvas, batched=batched, half=half)
        self.slots = (Slot("w", (spec.num_ws, spec.w_dim)), Slot("rows", (spec.n_stats,), shared=True))
        self.generator = Pyramid(spec, tensors, half)

    def forward(self, *inputs: Tensor) -> Tensor:
        w, rows = inputs
        picture: Tensor = self.generator(w, rows)
        return picture


class Pyramid(nn.Module):
    """From the condition at 4x4 to the picture."""

    gain: Tensor
    shift: Tensor

    def __init__(self, spec: BigGANSpec, tensors: Mapping[str, Tensor], half: bool) -> None:
        super().__init__()
        self.first = FIRST * spec.channel_width
        self.gen_z = Product(tensors, "generator.gen_z")
        self.layers = nn.ModuleList()
        side = 4
        for i, block, _ in spec.layers:
            dtype = torch.float16 if half and side >= HALF_FROM else torch.float32
            prefix = f"generator.layers.{i}"
            if block is None:
                self.layers.append(Attention(tensors, prefix, side, dtype))
            else:
                self.layers.append(Bottleneck(block, tensors, prefix, spec.eps, dtype))
                side *= 2 if block.doubles else 1
        dtype = torch.float16 if half and side >= HALF_FROM else torch.float32
        self.statistics = Statistics(tensors, ["generator.bn"], spec.eps)
        self.register_buffer("gain", tensors["generator.bn.weight"].float())
        self.register_buffer("shift", tensors["generator.bn.bias"].float())
        self.bn = Affine()
        self.conv_to_rgb = Convolution(tensors, "generator.conv_to_rgb", dtype)

    def forward(self, w: Tensor, rows: Tensor) -> Tensor:
        conditions = w.unbind(1)
        # The product's numbers lie as rows, columns, channels: channels_last as they come.
        x = self.gen_z(conditions[0]).reshape(-1, 4, 4, self.first).permute(0, 3, 1, 2)
        block = 1
        for layer in self.layers:
            if isinstance(layer, Attention):
                x = layer(x)
            else:
                x = layer(x, conditions[block], rows)
                block += 1
        mean, deviation = self.statistics(rows)
        scale = self.gain * deviation
        x = self.bn(x, scale.reshape(1, -1, 1, 1), (self.shift - mean * scale).reshape(1, -1, 1, 1))
        return torch.tanh(self.conv_to_rgb(F.relu(x)).float())


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 3x3, 1x1 up, each behind a conditional normalisation; beside it the input, its first half where
    channels are halved."""

    condition: Tensor
    rest: Tensor

    def __init__(
        self, block: Block, tensors: Mapping[str, Tensor], prefix: str, eps: float, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.doubles, self.kept = block.doubles, block.outer
        names = [f"{prefix}.bn_{k}" for k in range(4)]
        self.widths = list(block.widths)
        self.statistics = Statistics(tensors, names, eps)
        # All scales, then all offsets, in one product. The 1 of (1 + scale) is its bias.
        weights = [tensors[f"{name}.{part}.weight"].float() for part in ("scale", "offset") for name in names]
        self.register_buffer("condition", torch.cat(weights))
        total = sum(self.widths)
        self.register_buffer("rest", torch.cat([torch.ones(total), torch.zeros(total)]))
        self.bn_0, self.bn_1, self.bn_2, self.bn_3 = (Affine() for _ in names)
        self.conv_0, self.conv_1, self.conv_2, self.conv_3 = (
            Convolution(tensors, f"{prefix}.conv_{k}", dtype) for k in range(4)
        )

    def forward(self, x: Tensor, condition: Tensor, rows: Tensor) -> Tensor:
        mean, deviation = self.statistics(rows)
        gain, offset = F.linear(condition, self.condition, self.rest).chunk(2, dim=1)
        scale = gain * deviation
        shift = offset - mean * scale
        scales = scale.unsqueeze(-1).unsqueeze(-1).split(self.widths, dim=1)
        shifts = shift.unsqueeze(-1).unsqueeze(-1).split(self.widths, dim=1)

        x = x.to(self.conv_0.weight.dtype)
        y = self.conv_0(F.relu(self.bn_0(x, scales[0], shifts[0])))
        y = F.relu(self.bn_1(y, scales[1], shifts[1]))
        x = x.narrow(1, 0, self.kept)
        if self.doubles:
            x, y = _doubled(x), _doubled(y)
        y = self.conv_1(y)
        y = self.conv_2(F.relu(self.bn_2(y, scales[2], shifts[2])))
        y = self.conv_3(F.relu(self.bn_3(y, scales[3], shifts[3])))
        return torch.add(x, y)


class Attention(nn.Module):
    """Each position takes from all others, at half their size, what is like itself. Its `gamma` is folded."""

    def __init__(self, tensors: Mapping[str, Tensor], prefix: str, side: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.side = side
        gamma = tensors[f"{prefix}.gamma"].float()
        self.snconv1x1_theta = Convolution(tensors, f"{prefix}.snconv1x1_theta", dtype)
        self.snconv1x1_phi = Convolution(tensors, f"{prefix}.snconv1x1_phi", dtype)
        self.snconv1x1_g = Convolution(tensors, f"{prefix}.snconv1x1_g", dtype)
        self.snconv1x1_o_conv = Convolution(tensors, f"{prefix}.snconv1x1_o_conv", dtype, gain=gamma)

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.snconv1x1_theta.weight.dtype)
        theta = _positions(self.snconv1x1_theta(x))
        phi = _positions(F.max_pool2d(self.snconv1x1_phi(x), 2))
        g = _positions(F.max_pool2d(self.snconv1x1_g(x), 2))
        likeness = torch.softmax(torch.bmm(theta, phi.transpose(1, 2)).float(), dim=-1).to(x.dtype)
        taken = torch.bmm(likeness, g).transpose(1, 2).reshape(-1, g.shape[2], self.side, self.side)
        return torch.add(x, self.snconv1x1_o_conv(taken))


class Statistics(nn.Module):
    """The means and 1 / sqrt(variance + eps) of several normalisations, at the truncation that the rows say."""

    means: Tensor
    variances: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], names: list[str], eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("means", torch.cat([tensors[f"{name}.running_means"].float() for name in names], dim=1))
        self.register_buffer("variances", torch.cat([tensors[f"{name}.running_vars"].float() for name in names], dim=1))

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """rows (n_stats,) -> each (1, channels of all)."""
        row = rows.unsqueeze(0)
        return torch.mm(row, self.means), torch.rsqrt(torch.mm(row, self.variances) + self.eps)


class Affine(nn.Module):
    """A normalisation folded into one scale and one shift for each channel."""

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """x (voices, channels, height, width); scale and shift (voices or 1, channels, 1, 1)."""
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


class Convolution(nn.Module):
    """A convolution that keeps the size, with the weight and the bias, if it has one, of this name."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self, tensors: Mapping[str, Tensor], name: str, dtype: torch.dtype, gain: Tensor | None = None
    ) -> None:
        super().__init__()
        weight = tensors[f"{name}.weight"].float()
        weight = weight if gain is None else weight * gain
        bias = tensors.get(f"{name}.bias")
        self.padding = weight.shape[2] // 2
        self.register_buffer("weight", weight.to(dtype).contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", None if bias is None else bias.to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, padding=self.padding)


class Product(nn.Module):
    """A matrix product with the weight and the bias of this name."""

    weight: Tensor
    bias: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], name: str) -> None:
        super().__init__()
        self.register_buffer("weight", tensors[f"{name}.weight"].float())
        self.register_buffer("bias", tensors[f"{name}.bias"].float())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


def _doubled(x: Tensor) -> Tensor:
    """Each pixel four times."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _positions(x: Tensor) -> Tensor:
    """(voices, height * width, channels): in channels_last they lie like that."""
    return x.flatten(2).transpose(1, 2)

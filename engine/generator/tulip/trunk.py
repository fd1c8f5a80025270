"""The tulip's network: a small StyleGAN2-like decoder from 4 to 64 pixels that draws smooth maps.

Modulated convolutions as in Karras et al. 2020, in their feature form (scale the input channels, convolve, bring the
output back to unit size), which is exactly equal and needs no grouped convolution; bilinear doublings after the
convolution; maps summed over the levels as StyleGAN2 sums RGB. It starts from a constant and a linear layout of w, as
plain constants learn where things are much more slowly, and adds learned positions at 8 to 32 pixels. Plain modules
with parameters: the same are trained, drawn and exported.
"""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.generator.tulip.maps import GROUND, LIGHT, MAPS, PALETTE, U

SQRT2 = sqrt(2.0)
EPSILON = 1e-8


class Modulated(nn.Module):
    """x (n, in, h, w), style w (n, w_dim) -> (n, out, h, w): modulated 3x3 convolution, bias, leaky ReLU."""

    def __init__(self, narrow: int, wide: int, w_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(wide, narrow, 3, 3) / sqrt(narrow * 9))
        self.bias = nn.Parameter(torch.zeros(wide))
        self.affine = _style(w_dim, narrow)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        x = functional.conv2d(x * like(style[:, :, None, None], x), self.weight, padding=1)
        squares = like(self.weight, style).square().sum((2, 3))
        size = torch.rsqrt(functional.linear(style * style, squares) + EPSILON)
        # The leaky ReLU's gain goes before it, where it costs nothing: the function is positively homogeneous.
        x = torch.addcmul(SQRT2 * self.bias[:, None, None], x, like(SQRT2 * size[:, :, None, None], x))
        return functional.leaky_relu(x, 0.2)


class ToMaps(nn.Module):
    """x (n, in, h, w), w (n, w_dim) -> maps (n, MAPS, h, w): a modulated 1x1 convolution, as StyleGAN2's toRGB."""

    def __init__(self, narrow: int, w_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(MAPS, narrow, 1, 1) * 0.3 / sqrt(narrow))
        self.bias = nn.Parameter(torch.zeros(MAPS))
        self.affine = _style(w_dim, narrow)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)[:, :, None, None]
        return functional.conv2d(like(x, style) * style, self.weight, self.bias)


class Level(nn.Module):
    """One resolution: conv0 at half of it and a doubling (not at 4 px), conv1, and the maps it adds."""

    def __init__(self, narrow: int | None, wide: int, w_dim: int, px: int, positions: bool) -> None:
        super().__init__()
        if narrow is not None:
            self.conv0 = Modulated(narrow, wide, w_dim)
        if positions:
            self.positions = nn.Parameter(torch.randn(1, wide, px, px) * 0.1)
        self.conv1 = Modulated(wide, wide, w_dim)
        self.tomaps = ToMaps(wide, w_dim)


class Trunk(nn.Module):
    """w (n, num_ws, w_dim) -> maps (n, MAPS, side, side), and the palette from the last layer of w.

    Layers of w: one for each convolution in order (b4.conv1, b8.conv0, b8.conv1, ...), whose level's maps share its
    last; then the palette's. The layout of 4 px belongs to the first, that of 8 px to b8.conv1.
    """

    def __init__(self, channels: Sequence[int], w_dim: int, layout: int, hidden: int) -> None:
        """channels : of each level from 4 px up. layout : channels of the layout at 8 px. hidden : of the palette."""
        super().__init__()
        self.channels, self.layout = tuple(channels), layout
        self.const = nn.Parameter(torch.randn(1, channels[0], 4, 4))
        self.layout4 = nn.Linear(w_dim, channels[0] * 16)
        self.layout8 = nn.Linear(w_dim, layout * 64)
        for i, wide in enumerate(channels):
            px = 4 << i
            narrow = None if i == 0 else channels[i - 1]
            self.add_module(f"b{px}", Level(narrow, wide, w_dim, px, positions=8 <= px <= 32))
        self.palette = nn.Sequential(nn.Linear(w_dim, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, len(PALETTE)))
        with torch.no_grad():
            bias = self.levels[0].tomaps.bias
            bias[U : U + 6], bias[LIGHT : LIGHT + 10], bias[GROUND:] = 0.6, 0.6, 0.05

    @property
    def num_ws(self) -> int:
        """Layers of w."""
        return 2 * len(self.channels)

    @property
    def levels(self) -> list[Level]:
        """Of 4, 8, 16, ... pixels."""
        return [self.get_submodule(f"b{4 << i}") for i in range(len(self.channels))]  # type: ignore[misc]

    @torch.no_grad()
    def halve(self) -> None:
        """Convolve in float16 from now on. Styles, maps and the palette stay float32."""
        modules = [self, *self.levels, *(m for m in self.modules() if isinstance(m, Modulated))]
        for module in modules:
            for name, parameter in module.named_parameters(recurse=False):
                setattr(module, name, nn.Parameter(parameter.half(), parameter.requires_grad))

    def pyramid(self, w: Tensor, levels: int | None = None) -> list[Tensor]:
        """The maps as they are at each of the first so many levels."""
        x = self.const + like(self.layout4(w[:, 0]).reshape(-1, self.channels[0], 4, 4), self.const)
        found: list[Tensor] = []
        for i, level in enumerate(self.levels[:levels]):
            if i > 0:
                x = double(level.conv0(x, w[:, 2 * i - 1]))
                if i < 4:
                    x = x + level.positions
                if i == 1:
                    layout = self.layout8(w[:, 2]).reshape(-1, self.layout, 8, 8)
                    x = x + functional.pad(like(layout, x), (0, 0, 0, 0, 0, self.channels[1] - self.layout))
            x = level.conv1(x, w[:, 2 * i])
            maps = level.tomaps(x, w[:, 2 * i])
            found.append(maps if i == 0 else double(found[-1]) + maps)
        return found

    def forward(self, w: Tensor) -> Tensor:
        return self.pyramid(w)[-1]


def like(x: Tensor, other: Tensor) -> Tensor:
    """x as numbers of the other's type; itself where it has that, so that no graph shows a cast."""
    return x if x.dtype == other.dtype else x.to(other.dtype)


def double(x: Tensor) -> Tensor:
    """Twice the size, bilinear, with the pixels' middles where they are."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def resized(maps: Tensor, height: int, width: int) -> Tensor:
    """Maps at another size, bilinear."""
    return functional.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)


def _style(w_dim: int, narrow: int) -> nn.Linear:
    affine = nn.Linear(w_dim, narrow)
    nn.init.normal_(affine.weight, 0, 1 / sqrt(w_dim))
    nn.init.ones_(affine.bias)
    return affine

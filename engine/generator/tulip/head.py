"""The tulip's head: maps and a palette become a picture, in closed form, at any size. Torch.

Nothing of it is learned. The two most probable petals are coloured each by itself and their colours blended: blending
their coordinates instead would draw false lines along every seam that the network is not sure of. `petal.albedo` and
`kernels` say the same for the processor.
"""

import math

import torch
from torch import Tensor, nn

from engine.generator.tulip.dress import GARDEN, Dress, darkened
from engine.generator.tulip.maps import EXPOSURE, GAMMA, PETALS, PHASES, SPLIT

TAU = 6.2831853
EPSILON = 1e-6


class Head(nn.Module):
    """maps (n, MAPS, h, w), palette (n, 11), sharp () -> picture (n, 3, h, w) in 0..1.

    sharp : how crisp layers end: 1 as learned, below it they melt into each other
    """

    phases: Tensor
    vignette: Tensor
    fixed: Tensor
    petal: Tensor
    ground: Tensor
    ground_base: Tensor
    light: Tensor
    gloss: Tensor
    edge: Tensor
    blotch: Tensor
    brown: Tensor

    def __init__(self, height: int, width: int, dress: Dress = GARDEN) -> None:
        super().__init__()
        self.dressed = dress != GARDEN
        self.register_buffer("phases", torch.from_numpy(PHASES))
        self.register_buffer("vignette", torch.from_numpy(darkened(width, height, dress.vignette)))
        arrays = dress.arrays
        tips = arrays.pop("tips")
        for name, array in (*arrays.items(), *zip(("edge", "blotch", "brown"), tips, strict=True)):
            column = array.ndim == 1 and len(array) == 3
            self.register_buffer(name, torch.from_numpy(array).view(-1, 1, 1) if column else torch.from_numpy(array))

    def forward(self, maps: Tensor, palette: Tensor, sharp: Tensor) -> Tensor:
        return developed(self.linear(maps, palette, sharp), self.vignette)

    def linear(self, maps: Tensor, palette: Tensor, sharp: Tensor | float) -> Tensor:
        """The picture (n, 3, h, w) before the film curve."""
        logits, u, v, light, gloss, ground = maps.contiguous().split(SPLIT, 1)  # type: ignore[no-untyped-call]
        if self.dressed:
            light, gloss = light * self.light[0] + self.light[1], gloss * self.gloss
            ground = torch.einsum("nkhw,ck->nchw", ground, self.ground) + self.ground_base
            colours = palette[:, :6].reshape(-1, 2, 3) @ self.petal.T
            palette = torch.cat([colours.flatten(1), palette[:, 6:]], 1)
        share = torch.softmax(logits * sharp, 1)
        petals = share[:, 1 : PETALS + 1]
        rest = share[:, PETALS + 1 :] * light[:, PETALS:]
        picture = torch.einsum("nkhw,kc->nchw", rest, self.fixed) + share[:, :1] * ground
        whole = petals.sum(1, keepdim=True)
        top, index = petals.topk(2, 1)
        top = top * (whole / (top.sum(1, keepdim=True) + EPSILON))
        u, v, light = u.gather(1, index), v.gather(1, index), light[:, :PETALS].gather(1, index)
        phase = self.phases[index]
        for k in range(2):
            colour = self.albedo(u[:, k : k + 1], v[:, k : k + 1], phase[:, k : k + 1], palette)
            picture = picture + colour * (top[:, k : k + 1] * light[:, k : k + 1])
        glossy: Tensor = picture + gloss * whole
        return glossy

    def albedo(self, u: Tensor, v: Tensor, phase: Tensor, palette: Tensor) -> Tensor:
        """u, v, phase (n, 1, h, w), palette (n, 11) -> linear RGB (n, 3, h, w): `petal.albedo` for whole tensors."""
        p = palette[:, :, None, None]
        stripes, blotch, picotee, wilt, feather = p[:, 6:7], p[:, 7:8], p[:, 8:9], p[:, 9:10], p[:, 10:11]
        across = v.abs()
        colour = p[:, 0:3] * (0.84 + 0.22 * u)
        band = torch.cos(TAU * (1.55 * v + 0.10 * torch.sin(5.5 * u + phase)) + 0.8 * phase)
        band = band + (0.12 + 0.50 * feather) * torch.cos(19.5 * v - 4.0 * u + 2.0 * phase)
        flame = step(-0.35, 0.35, band - 1.15 + 2.1 * stripes - 0.5 * (u - 0.6)) * (4.0 * stripes).clamp(max=1.0)
        colour = torch.lerp(colour, p[:, 3:6].expand_as(colour), flame.expand_as(colour))
        edge = picotee * step(0.68, 1.0, across * step(0.1, 0.5, u)) + 0.7 * picotee * step(0.86, 1.0, u)
        colour = colour + (self.edge - colour) * edge.clamp(max=1.0)
        colour = colour + (self.blotch - colour) * (blotch * (1.0 - step(0.05, 0.16 + 0.28 * blotch, u)))
        return colour + (self.brown - colour) * (wilt * wilt * step(0.45, 1.1, u + 0.25 * across) * 0.75)


def step(a: float, b: float | Tensor, x: Tensor) -> Tensor:
    """Hermite step from 0 at a to 1 at b."""
    t = ((x - a) / (b - a)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def developed(linear: Tensor, shade: Tensor) -> Tensor:
    """Linear RGB -> display RGB in 0..1: film curve, vignette, gamma."""
    film = (1.0 - torch.exp(-EXPOSURE * linear.clamp(min=0.0))) / (1.0 - math.exp(-EXPOSURE))
    return (film * shade).clamp(1e-4, 1.0) ** GAMMA

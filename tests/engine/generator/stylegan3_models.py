"""StyleGAN3 by its formulas as they stand in the paper, and small models of any layout: what ours is held against."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.generator.filters import filters_of
from engine.generator.spec import Canvas
from engine.generator.stylegan3 import StyleGAN3
from engine.generator.stylegan3_design import Design, Layer
from engine.generator.stylegan3_spec import StyleGAN3Spec

REST = torch.eye(3)
R: dict[str, Any] = {"conv_kernel": 1, "use_radial_filters": True}


def small(resolution: int = 64, *, base: int = 1024, most: int = 16, seed: int = 0, **layout: Any) -> tuple[Any, Any]:
    """A specification of this layout, and its tensors: filters that are filters, everything else at random.

    w does not move the picture: it lies at rest.
    """
    design = Design(resolution, **layout)
    channels = design.channels(base, most)
    layers = design.layers(channels[0], channels)
    spec = StyleGAN3Spec(z_dim=8, w_dim=8, mapping=(8,), fourier=design.fourier(channels[0]), layers=layers)
    random = torch.Generator().manual_seed(seed)
    tensors = {name: torch.randn(shape, generator=random) for name, shape in spec.shapes().items()}
    for name, tensor in tensors.items():
        if name.endswith("affine.bias"):
            tensor.fill_(1)
        elif name.endswith("magnitude_ema"):
            tensor.abs_().add_(0.5)
    directions = torch.nn.functional.normalize(tensors["synthesis.input.freqs"], dim=1)
    reach = torch.rand(len(directions), 1, generator=random)
    tensors["synthesis.input.freqs"] = directions * reach * design.first_cutoff
    tensors["synthesis.input.transform"] = torch.eye(3)
    tensors["synthesis.input.affine.weight"] = torch.zeros(4, 8)
    tensors["synthesis.input.affine.bias"] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    tensors.update({name: torch.from_numpy(taps) for name, taps in filters_of(layers).items()})
    return spec, tensors


def some_w(spec: StyleGAN3Spec, voices: int = 1) -> Tensor:
    """w (voices, num_ws, w_dim) at random."""
    return torch.randn(voices, spec.num_ws, spec.w_dim, generator=torch.Generator().manual_seed(1))


def draw(
    spec: StyleGAN3Spec, tensors: Mapping[str, Tensor], width: int = 64, height: int = 64, **controls: float
) -> NDArray[np.float32]:
    """One picture (3, height, width) with these controls."""
    net = StyleGAN3(spec, tensors, Canvas(width, height))
    with torch.inference_mode():
        picture = net(some_w(spec), torch.from_numpy(spec.inputs(controls)["transform"]))
    return np.asarray(picture[0].numpy().copy())


def by_the_book(spec: StyleGAN3Spec, tensors: Mapping[str, Tensor], w: Tensor) -> Tensor:
    """One picture with nothing folded, left out or fused,: zeros inserted, sines of the whole grid."""
    t = {name.removeprefix("synthesis."): tensor for name, tensor in tensors.items()}
    x = _waves(spec, t, w[:, 0])
    for i, layer in enumerate(spec.layers):
        x = _layer(layer, {name: t.get(f"{layer.name}.{name}") for name in NAMES}, x, w[:, i + 1])
    return x * spec.output_scale


NAMES = ("weight", "bias", "magnitude_ema", "affine.weight", "affine.bias", "up_filter", "down_filter")


def _waves(spec: StyleGAN3Spec, t: Mapping[str, Tensor], w: Tensor) -> Tensor:
    given = F.linear(w, t["input.affine.weight"] / sqrt(w.shape[1]), t["input.affine.bias"])[0]
    c, s, x, y = (float(value) for value in given / given[:2].norm())
    turn = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    move = torch.tensor([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    placed = turn @ move @ t["input.transform"]
    freqs = t["input.freqs"] @ placed[:2, :2]
    phases = t["input.phases"] + t["input.freqs"] @ placed[:2, 2]
    fourier = spec.fourier
    falls = 1 - (freqs.norm(dim=1) - fourier.bandwidth) / (fourier.sampling_rate / 2 - fourier.bandwidth)
    across, down = ((torch.arange(n) - (n - 1) / 2) / fourier.sampling_rate for n in fourier.size)
    grid = torch.stack(torch.meshgrid(down, across, indexing="ij")[::-1], dim=-1)
    features: Tensor = torch.sin(2 * torch.pi * (grid @ freqs.T + phases)) * falls.clamp(0, 1)
    return (features @ (t["input.weight"] / sqrt(fourier.channels)).T).permute(2, 0, 1)[None]


def _layer(layer: Layer, t: Mapping[str, Any], x: Tensor, w: Tensor) -> Tensor:
    style = F.linear(w, t["affine.weight"] / sqrt(w.shape[1]), t["affine.bias"])[0]
    weight = t["weight"]
    if layer.is_torgb:
        weight = weight * (style / sqrt(layer.in_channels))[:, None, None]
    else:
        weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        weight = weight * (style * style.square().mean().rsqrt())[:, None, None]
        weight = weight * (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
    x = F.conv2d(x, weight * t["magnitude_ema"].rsqrt(), padding=layer.conv_kernel - 1) + t["bias"][:, None, None]
    up, (n, wide, rows, columns) = layer.up_factor, x.shape
    spread = x.new_zeros(n, wide, rows * up, columns * up)
    spread[:, :, ::up, ::up] = x
    x = _filtered(F.pad(spread, list(layer.padding)), t["up_filter"], up)
    if not layer.is_torgb:
        x = F.leaky_relu(x, 0.2) * sqrt(2)
    if layer.conv_clamp is not None:
        x = x.clamp(-layer.conv_clamp, layer.conv_clamp)
    return _filtered(x, t["down_filter"], 1)[:, :, :: layer.down_factor, :: layer.down_factor]


def _filtered(x: Tensor, taps: Tensor | None, gain: int) -> Tensor:
    if taps is None:
        return x
    kernels = [gain**2 * taps] if taps.ndim == 2 else [gain * taps[:, None], gain * taps[None]]
    for kernel in kernels:
        flipped = kernel.flip(0, 1).expand(x.shape[1], 1, *kernel.shape)
        x = F.conv2d(x, flipped, groups=x.shape[1])
    return x

"""A stylegan2-pytorch file draws the same picture through our network as through that project's own formulas."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.generator.foreign.read import read
from engine.generator.foreign.recognise import recognise
from engine.generator.foreign.write import fitted
from engine.generator.mapping import StyleLatent
from engine.generator.spec import Canvas
from engine.generator.stylegan2 import StyleGAN2
from tests.engine.generator.foreign_files import rosinality_pt, rosinality_state, small
from tests.engine.generator.golden import assert_near

State = Mapping[str, Tensor]


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def mapped(state: State, z: Tensor) -> Tensor:
    x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    for i in range(1, 1 + sum(name.startswith("style.") for name in state) // 2):
        weight, bias = state[f"style.{i}.weight"], state[f"style.{i}.bias"]
        x = leaky(F.linear(x, weight * (0.01 / math.sqrt(weight.shape[1]))) + bias * 0.01)
    return x


def resampled(x: Tensor, kernel: Tensor, up: int, before: int, after: int) -> Tensor:
    """Zeros put in, margins added, then a true convolution with the kernel."""
    n, c, h, w = x.shape
    wide = x.new_zeros(n, c, h, up, w, up)
    wide[:, :, :, 0, :, 0] = x
    wide = F.pad(wide.reshape(n, c, h * up, w * up), (before, after, before, after))
    taps = kernel.flip(0, 1).expand(c, 1, *kernel.shape)
    return F.conv2d(wide, taps, groups=c)


def modulated(state: State, layer: str, x: Tensor, w: Tensor, *, up: bool, demodulate: bool = True) -> Tensor:
    weight = state[f"{layer}.weight"][0]
    out, into, k, _ = weight.shape
    gain, bias = state[f"{layer}.modulation.weight"], state[f"{layer}.modulation.bias"]
    style = F.linear(w, gain / math.sqrt(gain.shape[1])) + bias
    drawn = []
    for picture, row in zip(x[:, None], style, strict=True):
        kernel = weight / math.sqrt(into * k * k) * row.reshape(1, into, 1, 1)
        if demodulate:
            kernel = kernel * torch.rsqrt(kernel.square().sum((1, 2, 3)) + 1e-8).reshape(out, 1, 1, 1)
        if up:
            grown = F.conv_transpose2d(picture, kernel.transpose(0, 1), stride=2, padding=0)
            drawn.append(resampled(grown, state[f"{layer}.blur.kernel"], 1, 1, 1))
        else:
            drawn.append(F.conv2d(picture, kernel, padding=k // 2))
    return torch.cat(drawn)


def styled(state: State, layer: str, number: int, x: Tensor, w: Tensor, *, up: bool = False) -> Tensor:
    x = modulated(state, f"{layer}.conv", x, w, up=up)
    x = x + state[f"{layer}.noise.weight"] * state[f"noises.noise_{number}"]
    return leaky(x + state[f"{layer}.activate.bias"].reshape(1, -1, 1, 1))


def drawn(state: State, w: Tensor) -> Tensor:
    """The whole synthesis; w (n, num_ws, w_dim)."""
    x = state["input.input"].expand(len(w), -1, -1, -1)
    x = styled(state, "conv1", 0, x, w[:, 0])
    picture = modulated(state, "to_rgb1.conv", x, w[:, 1], up=False, demodulate=False) + state["to_rgb1.bias"]
    octave = 0
    while f"to_rgbs.{octave}.bias" in state:
        at, rgb = 1 + 2 * octave, f"to_rgbs.{octave}"
        x = styled(state, f"convs.{2 * octave}", at, x, w[:, at], up=True)
        x = styled(state, f"convs.{2 * octave + 1}", at + 1, x, w[:, at + 1])
        own = modulated(state, f"{rgb}.conv", x, w[:, at + 2], up=False, demodulate=False) + state[f"{rgb}.bias"]
        picture = own + resampled(picture, state[f"{rgb}.upsample.kernel"], 2, 2, 1)
        octave += 1
    return picture


@pytest.mark.parametrize("average", [True, False])
def test_its_pictures_are_those_of_its_own_formulas(tmp_path: Path, average: bool) -> None:
    _, tensors = small("stylegan2")
    state = rosinality_state(tensors)
    found = recognise(read(rosinality_pt(tmp_path / "m.pt", tensors, average=average)))
    spec, arrays = fitted(found)
    z = np.random.RandomState(0).randn(2, spec.z_dim)
    w = StyleLatent(spec, arrays).w(z)
    assert_near(w[:, 0], mapped(state, torch.from_numpy(z).float()).numpy(), 1e-5, "w")
    mixed = w + 0.3 * np.random.RandomState(1).randn(*w.shape).astype(np.float32)
    torch_tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    net = StyleGAN2(spec, torch_tensors, Canvas(spec.width, spec.height), batched=True)
    with torch.no_grad():
        inputs = [torch.from_numpy(value) for value in spec.inputs({}).values()]
        mine = net(torch.from_numpy(mixed), *inputs)
        reference = drawn(state, torch.from_numpy(mixed))
    assert_near(mine.numpy(), reference.numpy(), 1e-4, "picture")

"""The modulated layers: both ways of modulation are one, and resampling is what its definition says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.generator.fitting import fitted, tiled
from engine.generator.layers import Affine, ModulatedConv, Smooth, Upsample, held, leaky, resampling_kernel
from tests.engine.generator.stylegan2_oracle import doubled, filtered

pytestmark = pytest.mark.usefixtures("no_gradients")


def conv(
    wide: int, narrow: int, side: int = 3, *, demodulate: bool = True, up: bool = False, bias: bool = True, **more: bool
) -> ModulatedConv:
    random = torch.Generator().manual_seed(1)
    weight, affine, own = (torch.randn(s, generator=random) for s in ((wide, narrow, side, side), (narrow, 6), (wide,)))
    return ModulatedConv(
        weight,
        Affine(affine, torch.ones(narrow)),
        own if bias else None,
        demodulate=demodulate,
        gain=1.5,
        padding=0 if up else side // 2,
        up=up,
        **more,
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
@pytest.mark.parametrize("side", [1, 3])
def test_scaling_weights_is_scaling_activations(side: int, demodulate: bool, up: bool, bias: bool) -> None:
    x, w = torch.randn(1, 5, 8, 9), torch.randn(1, 6)
    ways = [conv(7, 5, side, demodulate=demodulate, up=up, bias=bias, batched=batched) for batched in (False, True)]
    torch.testing.assert_close(ways[0](x, w), ways[1](x, w), rtol=1e-5, atol=1e-5)


def test_demodulated_channels_have_unit_size_times_the_gain() -> None:
    x = torch.randn(1, 64, 64, 64)
    size = conv(4, 64, bias=False)(x, torch.randn(1, 6)).std(dim=(2, 3))
    torch.testing.assert_close(size, torch.full((1, 4), 1.5), rtol=0.1, atol=0)


def test_one_voice_of_many_weights_and_few_pixels_draws_the_same() -> None:
    weight, affine = torch.randn(256, 256, 3, 3), Affine(torch.randn(256, 6), torch.ones(256))
    x, w = torch.randn(1, 256, 4, 4), torch.randn(1, 6)
    few = ModulatedConv(weight, affine, padding=1, pixels=16)
    many = ModulatedConv(weight, affine, padding=1)
    assert few._of_activations and not many._of_activations
    torch.testing.assert_close(few(x, w), many(x, w), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batched", [False, True])
def test_huge_weights_and_styles_do_not_overflow_in_half_precision(batched: bool) -> None:
    layer = conv(7, 5, batched=batched)
    random = torch.Generator().manual_seed(1)
    weight, affine = torch.randn(7, 5, 3, 3, generator=random), torch.randn(5, 6, generator=random)
    bias = torch.randn(7, generator=random)
    huge = Affine(affine * 1e4, torch.full((5,), 1e4))
    half = ModulatedConv(weight * 1e5, huge, bias, gain=1.5, padding=1, batched=batched, half=True)
    x, w = torch.randn(1, 5, 8, 8), torch.randn(1, 6)
    mine, reference = half(x.half(), w), layer(x, w)
    assert mine.dtype == torch.float16
    torch.testing.assert_close(mine.float(), reference, rtol=0, atol=1.5e-2 * float(reference.std()))


@settings(max_examples=20)
@given(st.integers(2, 7), st.integers(0, 2**31))
def test_doubling_is_what_zeros_and_a_filter_give(taps: int, seed: int) -> None:
    random = np.random.RandomState(seed)
    kernel = random.rand(taps, taps) + 0.1
    kernel /= kernel.sum()
    x = random.randn(3, 5, 6)
    mine = Upsample(torch.tensor(kernel, dtype=torch.float32), 3)(torch.tensor(x, dtype=torch.float32)[None])[0]
    np.testing.assert_allclose(mine, doubled(x, kernel), atol=1e-5)


@settings(max_examples=20)
@given(st.integers(2, 7), st.integers(0, 2**31))
def test_smoothing_is_a_true_convolution(taps: int, seed: int) -> None:
    random = np.random.RandomState(seed)
    kernel, x = random.rand(taps, taps), random.randn(3, 9, 11)
    mine = Smooth(torch.tensor(kernel, dtype=torch.float32), 3)(torch.tensor(x, dtype=torch.float32)[None])[0]
    assert mine.shape == (3, 8, 10)
    np.testing.assert_allclose(mine, filtered(x, kernel, (taps + 1) // 2 - 1, (taps - 2) // 2), atol=1e-5)


def test_the_usual_filter_doubles_like_bilinear_interpolation_over_zeros() -> None:
    x = torch.randn(2, 3, 5, 6)
    around = torch.nn.functional.pad(x, (1, 1, 1, 1))
    bilinear = torch.nn.functional.interpolate(around, scale_factor=2.0, mode="bilinear")[..., 2:-2, 2:-2]
    torch.testing.assert_close(Upsample(resampling_kernel(), 3)(x), bilinear)


@given(st.floats(0.01, 100), st.none() | st.floats(0.1, 2))
def test_a_gain_goes_through_the_leaky_relu(gain: float, clamp: float | None) -> None:
    x = torch.linspace(-3, 3, 31)
    torch.testing.assert_close(leaky(x * gain, clamp), held(leaky(x.clone()) * gain, clamp))


def test_constants_are_buffers_and_nothing_is_a_parameter() -> None:
    layer = conv(7, 5)
    assert not list(layer.parameters())
    assert {name for name, _ in layer.named_buffers()} == {"weight", "bias", "affine.weight", "affine.bias"}


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from(["resize", "tile", "crop"]))
def test_a_constant_fills_any_size(height: int, width: int, fit: str) -> None:
    constant = torch.rand(1, 2, 4, 5) + 1
    found = fitted(constant, height, width, fit)  # type: ignore[arg-type]
    assert found.shape == (1, 2, height, width)
    assert float(found.min()) >= 1 - 1e-5 and float(found.max()) <= 2 + 1e-5


def test_a_constant_of_its_own_size_is_itself() -> None:
    constant = torch.rand(1, 2, 4, 5)
    assert all(fitted(constant, 4, 5, fit) is constant for fit in ("resize", "tile", "crop"))


def test_tiles_repeat_around_the_middle() -> None:
    constant = torch.arange(4.0)[None]
    assert tiled(constant, 1, 8).tolist() == [[2, 3, 0, 1, 2, 3, 0, 1]]
    assert tiled(constant, 1, 2).tolist() == [[1, 2]]


def test_a_cropped_constant_keeps_its_proportions() -> None:
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    wide = fitted(ramp, 4, 8, "crop")
    torch.testing.assert_close(wide[0, 0, 0], torch.nn.functional.interpolate(ramp, (8, 8), mode="bilinear")[0, 0, 0])

"""The renderer: the same each time, true about what it drew, at any size, and strict about its factors."""

import colorsys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.generator.tulip.factors import COUNT, FACTORS, NAMES, Factor, factors_of
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import LAYERS, PALETTE, PETALS, PHASES
from engine.generator.tulip.petal import albedo
from engine.studio.tulip.data import latents
from engine.studio.tulip.ground import palette
from engine.studio.tulip.renderer import Rendering, developed, picture, render

FLOWERS = factors_of(latents(5, 3))
HALF = np.full(COUNT, 0.5, np.float32)
UNITS = st.floats(0, 1, width=32)
OUTSIDE = st.floats(width=32).filter(lambda value: not -1e-6 <= value <= 1.000001)


def test_the_same_factors_give_the_same_bits() -> None:
    a, b = render(FLOWERS[0], 64), render(FLOWERS[0].copy(), 64)
    assert all(np.array_equal(getattr(a, part), getattr(b, part)) for part in Rendering.__slots__)


@pytest.mark.parametrize("flower", range(len(FLOWERS)))
def test_what_it_says_of_a_pixel_is_what_is_there(flower: int) -> None:
    seen = render(FLOWERS[flower], 128)
    ground = seen.ids == 0
    for part in (seen.u, seen.v, seen.light, seen.gloss):
        assert not part[ground].any()
    assert 0.2 < ground.mean() < 0.95 and seen.ids.max() < len(LAYERS)
    assert seen.u.min() >= 0 and seen.u.max() <= 1 and np.abs(seen.v).max() <= 1
    assert (seen.light[~ground] > 0).all() and seen.light.max() <= 1.5
    assert 0 <= seen.gloss.min() and seen.gloss.max() <= 0.5 and not seen.gloss[seen.ids > PETALS].any()
    assert np.isfinite(seen.linear).all() and seen.linear.min() >= 0


def test_an_open_flower_shows_every_layer() -> None:
    values = HALF.copy()
    values[[NAMES.index(name) for name in ("bloom", "pitch")]] = 0.85, 0.7
    assert set(np.unique(render(values, 256).ids)) == set(range(len(LAYERS)))


@pytest.mark.parametrize("side", [8, 24, 72, 200])
def test_any_multiple_of_eight_can_be_drawn(side: int) -> None:
    seen = render(HALF, side)
    assert seen.linear.shape == (side, side, 3) and seen.ids.shape == (side, side)


def test_a_larger_picture_is_the_same_picture() -> None:
    large, small = picture(FLOWERS[1], 128), picture(FLOWERS[1], 64)
    halved = large.reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(halved - small).mean() < 0.01


def test_a_picture_is_within_what_a_screen_shows_and_dark_corners_are_the_vignette() -> None:
    found = picture(FLOWERS[2], 64)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    even = developed(np.ones((16, 16, 3), np.float32), 16)
    assert even[8, 8].min() > even[0, 0].max()


@pytest.mark.parametrize("side", [0, 4, -8, 20])
def test_other_sides_are_refused_by_number(side: int) -> None:
    with pytest.raises(ValueError, match=f"a tulip of {side} pixels"):
        render(HALF, side)


@given(st.sampled_from(FACTORS), OUTSIDE)
def test_factors_out_of_range_are_refused_by_name(factor: Factor, value: float) -> None:
    values = HALF.copy()
    values[FACTORS.index(factor)] = value
    with pytest.raises(ValueError, match=f"the tulip's {factor.name} is .*; allowed: 0 to 1"):
        render(values, 8)


def test_another_number_of_factors_is_refused() -> None:
    with pytest.raises(ValueError, match="a tulip has 19 factors"):
        render(HALF[:-1], 8)


@given(arrays(np.float32, len(PALETTE), elements=UNITS), arrays(np.float32, (24, 2), elements=UNITS))
def test_the_head_colours_petals_as_the_renderer_does(colours: np.ndarray, places: np.ndarray) -> None:
    u, v = places[:, 0], places[:, 1] * 2 - 1
    phases = np.resize(PHASES, len(u))
    wanted = [albedo(*row, colours) for row in zip(u, v, phases, strict=True)]
    at, across, phase = (torch.from_numpy(a.astype(np.float32)).view(1, 1, 1, -1) for a in (u, v, phases))
    found = Head(8, 8).albedo(at, across, phase, torch.from_numpy(colours)[None])
    assert np.abs(found[0, :, 0].numpy().T - np.array(wanted)).max() < 1e-5


@given(arrays(np.float32, COUNT, elements=UNITS))
def test_flames_are_never_greener_than_yellow_nor_bluer_than_violet(values: np.ndarray) -> None:
    red, green, blue = map(float, palette(values)[3:6])
    hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
    assert saturation < 0.02 or hue <= 0.155 or hue >= 0.70


@given(arrays(np.float32, COUNT, elements=UNITS))
def test_a_palette_is_of_numbers_from_0_to_1(values: np.ndarray) -> None:
    found = palette(values)
    assert found.shape == (len(PALETTE),) and found.min() >= 0 and found.max() <= 1

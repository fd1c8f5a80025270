"""What the tulip's factors are: names, ranges, and how Gaussians become them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.generator.tulip import factors
from engine.generator.tulip.factors import COUNT, FACTORS, NAMES, factors_of
from engine.studio.tulip.renderer import Rendering, render

MIDDLE = factors_of(np.zeros((1, COUNT)))[0]


def test_names_are_words_and_no_two_are_alike() -> None:
    assert len(set(NAMES)) == COUNT == 19
    assert all(name.replace("_", "").isalpha() and name.islower() for name in NAMES)
    assert all(factor.about for factor in FACTORS)


@given(arrays(np.float64, (3, COUNT), elements=st.floats(-40, 40)))
def test_no_gaussian_leaves_the_ranges(x: np.ndarray) -> None:
    found = factors_of(x)
    assert found.dtype == np.float32 and found.shape == x.shape
    for i, factor in enumerate(FACTORS):
        assert (found[:, i] >= np.float32(factor.low)).all() and (found[:, i] <= np.float32(factor.high)).all()


def test_zero_is_the_middle_of_every_range() -> None:
    assert pytest.approx([(f.low + f.high) / 2 for f in FACTORS], abs=1e-6) == MIDDLE.tolist()


@given(st.floats(-5, 5), st.floats(1e-3, 1))
def test_more_of_a_gaussian_is_more_of_its_factor_and_of_no_other(x: float, more: float) -> None:
    low, high = np.zeros((2, 1, COUNT))
    low[0, 4], high[0, 4] = x, x + more
    found = factors_of(high)[0] - factors_of(low)[0]
    assert found[4] >= 0
    assert not np.delete(found, 4).any()


@given(st.floats(-8, 8))
def test_the_error_function_is_within_its_promise(x: float) -> None:
    assert abs(float(factors.erf(np.array(x))) - math.erf(x)) <= 1.5e-7


@pytest.mark.parametrize("name", [factor.name for factor in FACTORS if factor.colour])
def test_a_colour_reaches_the_petals_through_the_palette_alone(name: str) -> None:
    other = MIDDLE.copy()
    other[NAMES.index(name)] = 0.95
    a, b = render(MIDDLE, 64), render(other, 64)
    assert all(np.array_equal(getattr(a, part), getattr(b, part)) for part in Rendering.__slots__ if part != "linear")


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.name)
def test_every_factor_changes_the_picture(factor: factors.Factor) -> None:
    low, high = MIDDLE.copy(), MIDDLE.copy()
    for values in (low, high):
        values[NAMES.index("bloom")], values[NAMES.index("pitch")] = 0.75, 0.65  # open, so that the blotch is seen
    low[NAMES.index(factor.name)], high[NAMES.index(factor.name)] = factor.low, factor.high
    assert np.abs(render(low, 64).linear - render(high, 64).linear).max() > 0.02

"""Laws of the low-pass filters, against the files' own and against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.generator.filters import bessel_j1, filters_of, jinc, kaiser_beta, lowpass
from engine.generator.stylegan3_spec import StyleGAN3Spec
from tests.conftest import needed
from tests.engine.generator.style_golden import case

TAPS = st.integers(2, 64)
CUTOFFS = st.floats(0.5, 100)


@pytest.mark.parametrize("name", ["sg3t_64_uncond", "sg3r_64_xform"])
def test_the_filters_of_a_genuine_file_are_made_again_from_its_numbers(name: str) -> None:
    model = case(name)
    assert isinstance(model.spec, StyleGAN3Spec)
    made = filters_of(model.spec.layers)
    stored = {key: array for key, array in model.tensors.items() if key.endswith("_filter")}
    assert made.keys() == stored.keys() and len(made) == 28
    for key, taps in stored.items():
        np.testing.assert_allclose(made[key], taps, rtol=0, atol=1e-6, err_msg=key)


@given(TAPS, CUTOFFS, st.floats(0.5, 40), st.booleans())
def test_a_filter_keeps_what_is_constant_and_has_no_side(taps: int, cutoff: float, half: float, radial: bool) -> None:
    kernel = lowpass(taps, cutoff, half, 256.0, radial=radial)
    assert kernel is not None and kernel.shape == (taps,) * (2 if radial else 1)
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(kernel, np.flip(kernel), atol=1e-12 * np.abs(kernel).max())


def test_a_single_tap_is_no_filter() -> None:
    assert lowpass(1, 2.0, 6.0, 32.0) is None


@given(TAPS, CUTOFFS, st.floats(0.5, 40))
def test_a_filter_is_the_one_that_scipy_designs(taps: int, cutoff: float, half: float) -> None:
    signal = needed("scipy.signal")
    theirs = signal.firwin(taps, cutoff, width=2 * half, fs=256.0)
    ours = lowpass(taps, cutoff, half, 256.0)
    assert ours is not None
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * np.abs(theirs).max())
    assert kaiser_beta(taps, half, 256.0) == pytest.approx(signal.kaiser_beta(signal.kaiser_atten(taps, half / 64)))


def test_the_bessel_function_is_scipys() -> None:
    special = needed("scipy.special")
    x = np.linspace(-200, 200, 4001)
    np.testing.assert_allclose(bessel_j1(x), special.j1(x), rtol=0, atol=1e-14)


def test_the_ideal_low_pass_of_the_plane_is_continuous_in_its_middle() -> None:
    middle, near = jinc(np.array([0.0, 1e-6]), 3.0)
    assert middle == 3.0 and near == pytest.approx(3.0)

"""Laws of wandering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.latent.space import noise_z, seed_z
from engine.latent.wander import KNOTS, Wander


def walk(size: int = 400, seed: int = 3) -> Wander:
    return Wander(lambda knot: noise_z(seed, 2, knot, size))


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=30))
@settings(max_examples=30)
def test_the_walk_does_not_depend_on_how_the_time_is_cut(parts_s: list[float]) -> None:
    cut, whole = walk(8), walk(8)
    for part_s in parts_s:
        here = cut.step(0.5, part_s)
    assert np.allclose(here, whole.step(0.5, sum(parts_s)), atol=1e-6)


@pytest.mark.parametrize("dt_s", [1 / 144, 1 / 30, 0.37])
def test_spread_and_memory_are_those_of_ornstein_and_uhlenbeck_at_any_step(dt_s: float) -> None:
    rate_hz, w = 0.5, walk()
    film = np.array([w.step(rate_hz, dt_s) for _ in range(round(12 / dt_s))])
    assert film.mean() == pytest.approx(0.0, abs=0.05)
    assert (film**2).mean() == pytest.approx(1.0, abs=0.06)
    assert (film**2).mean(1).std() < 0.15  # at every moment, between knots too
    steps = max(1, round(1 / (2 * np.pi * rate_hz) / dt_s))
    lag = steps * dt_s * 2 * np.pi * rate_hz
    assert (film[steps:] * film[:-steps]).mean() == pytest.approx(np.exp(-lag), abs=0.06)


def test_a_leap_of_hours_lands_where_small_steps_do() -> None:
    small, leap = walk(4), walk(4)
    for _ in range(800):
        here = small.step(1.0, 0.05)
    assert np.allclose(here, leap.step(1.0, 40.0), atol=1e-6)
    assert np.isfinite(leap.step(2.0, 1e4)).all()


def test_no_rate_stands_still() -> None:
    w = walk(5)
    here = w.step(0.3, 1.0)
    assert np.array_equal(w.step(0.0, 100.0), here)


def test_it_goes_on_from_its_state() -> None:
    a, b = walk(5), walk(5)
    a.step(0.3, 7.7)
    b.restore(a.state())
    for _ in range(KNOTS * 3):
        assert np.array_equal(a.step(0.7, 0.1), b.step(0.7, 0.1))


@given(st.integers(0, 2**40), st.integers(0, 2**33))
@settings(max_examples=20)
def test_noise_is_that_of_a_generator_made_for_it(seed: int, number: int) -> None:
    noise_z(seed + 1, 1, number, 5)
    want = np.random.RandomState([seed % 2**32, 2, number % 2**32]).randn(3, 4)
    assert np.array_equal(noise_z(seed, 2, number, 3, 4), want)
    assert np.array_equal(seed_z(seed, 6), np.random.RandomState(seed % 2**32).randn(1, 6)[0])

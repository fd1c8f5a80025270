"""Laws of the damped spring."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.latent import spring

DAMPINGS = st.one_of(
    st.sampled_from([0.0, 0.2, 0.999, 1.0, 1.0 - 1e-9, 1.0 + 1e-9, 1.001, 2.0, 5.0]), st.floats(0.0, 8.0)
)
NUMBERS = st.floats(-10.0, 10.0)
OMEGAS = st.floats(0.0, 40.0)


@given(NUMBERS, NUMBERS, NUMBERS, OMEGAS, DAMPINGS, st.floats(0.0, 1.5), st.floats(0.0, 1.0))
def test_two_part_steps_are_one_step(
    x: float, v: float, goal: float, omega: float, damping: float, dt_s: float, part: float
) -> None:
    start = np.array([x]), np.array([v])
    once = spring.step(*start, goal, omega, damping, dt_s)
    half = spring.step(*start, goal, omega, damping, part * dt_s)
    twice = spring.step(*half, goal, omega, damping, dt_s - part * dt_s)
    scale = abs(x - goal) * (1 + omega) + abs(v) + abs(goal) + 1
    assert np.abs(once[0] - twice[0]).max() <= 1e-12 * scale
    assert np.abs(once[1] - twice[1]).max() <= 1e-12 * scale * (1 + omega)


@given(NUMBERS, NUMBERS, st.floats(0.0, 200.0), DAMPINGS, st.floats(0.0, 1e4))
def test_any_step_is_finite(x: float, v: float, omega: float, damping: float, dt_s: float) -> None:
    x1, v1 = spring.step(np.array([x]), np.array([v]), 0.0, omega, damping, dt_s)
    assert np.isfinite(x1).all() and np.isfinite(v1).all()


@given(OMEGAS, DAMPINGS, st.floats(0.0, 1e4))
def test_at_rest_stays_at_rest(omega: float, damping: float, dt_s: float) -> None:
    x1, v1 = spring.step(np.full(3, 2.5), np.zeros(3), 2.5, omega, damping, dt_s)
    assert (x1 == 2.5).all() and (v1 == 0.0).all()


@given(st.floats(0.1, 40.0), st.floats(1.0, 6.0), st.floats(0.0, 5.0))
def test_from_rest_a_damped_spring_never_passes_its_goal(omega: float, damping: float, dt_s: float) -> None:
    x1, _ = spring.step(np.array([1.0]), np.array([0.0]), 0.0, omega, damping, dt_s)
    assert -1e-12 <= x1[0] <= 1.0 + 1e-12


@pytest.mark.parametrize("damping", [0.0, 0.2, 0.999, 1.0, 1.001, 2.0, 5.0])
def test_agrees_with_small_runge_kutta_steps(damping: float) -> None:
    omega, h, n = 4.0, 1.3 / 4000, 4000

    def slope(s: np.ndarray) -> np.ndarray:
        return np.array([s[1], -omega * omega * s[0] - 2 * damping * omega * s[1]])

    s = np.array([1.0, -3.0])
    for _ in range(n):
        k1 = slope(s)
        k2 = slope(s + h / 2 * k1)
        k3 = slope(s + h / 2 * k2)
        k4 = slope(s + h * k3)
        s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    x, v = spring.step(np.array([1.0]), np.array([-3.0]), 0.0, omega, damping, 1.3)
    assert np.allclose([x[0], v[0]], s, atol=1e-10)


def test_the_series_near_critical_meets_the_forms_beside_it() -> None:
    for damping in (np.sqrt(1 - 1e-4 / 16), np.sqrt(1 + 1e-4 / 16)):
        inside = spring.transition(4.0, damping, 1.0 - 1e-9)
        outside = spring.transition(4.0, damping, 1.0 + 1e-9)
        assert np.allclose(inside, outside, atol=1e-8)


def test_no_frequency_drifts_freely() -> None:
    x, v = spring.step(np.array([1.0]), np.array([0.5]), 9.0, 0.0, 0.7, 3.0)
    assert x[0] == pytest.approx(2.5) and v[0] == 0.5


@given(st.floats(0.5, 20.0), st.floats(0.0, 3.0), st.floats(0.01, 0.2), st.booleans())
def test_a_moving_goal_is_followed_the_same_however_the_time_is_cut(
    omega: float, damping: float, dt_s: float, follow: bool
) -> None:
    speed, start = np.array([3.0]), (np.array([1.0]), np.array([-2.0]))
    once = spring.step(*start, speed * dt_s, omega, damping, dt_s, goal_velocity=speed, follow=follow)
    half = spring.step(*start, speed * dt_s / 2, omega, damping, dt_s / 2, goal_velocity=speed, follow=follow)
    twice = spring.step(*half, speed * dt_s, omega, damping, dt_s / 2, goal_velocity=speed, follow=follow)
    assert np.allclose(once, twice, atol=1e-11)


def test_a_ramp_is_trailed_by_twice_the_damping_over_omega() -> None:
    omega, damping, u, t = 6.0, 0.8, np.array([2.0]), 20.0
    x, v = spring.step(np.zeros(1), np.zeros(1), u * t, omega, damping, t, goal_velocity=u, follow=False)
    assert (u * t - x)[0] == pytest.approx(2 * damping / omega * 2.0)
    x, v = spring.step(np.zeros(1), np.zeros(1), u * t, omega, damping, t, goal_velocity=u)
    assert x[0] == pytest.approx(40.0) and v[0] == pytest.approx(2.0)


def test_every_element_may_have_a_spring_of_its_own() -> None:
    x, v = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    omega, damping = np.array([[1.0], [4.0], [0.0]]), np.array([[0.3], [1.0], [2.0]])
    both = spring.step(x, v, 1.0, omega, damping, 0.1)
    for i in range(3):
        alone = spring.step(x[i], v[i], 1.0, float(omega[i, 0]), float(damping[i, 0]), 0.1)
        assert np.array_equal(both[0][i], alone[0]) and np.array_equal(both[1][i], alone[1])


def test_writing_in_place_gives_the_same() -> None:
    x, v = np.arange(4.0), np.ones(4)
    want = spring.step(x, v, 2.0, 3.0, 0.4, 0.2)
    got = spring.step(x, v, 2.0, 3.0, 0.4, 0.2, out=(x, v))
    assert got[0] is x and got[1] is v
    assert np.array_equal(x, want[0]) and np.array_equal(v, want[1])

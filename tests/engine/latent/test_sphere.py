"""Laws of the sphere and of the spring that lives on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.latent import geodesic, sphere, spring

SEEDS = st.integers(0, 2**32 - 1)
DIMS = st.sampled_from([2, 3, 16, 512])
DAMPINGS = st.sampled_from([0.0, 0.2, 0.7, 1.0, 2.0, 5.0])
Array = NDArray[np.float64]


def point(rng: np.random.Generator, d: int) -> Array:
    return sphere.normalise(rng.standard_normal(d))


def moving(rng: np.random.Generator, d: int, speed: float) -> tuple[Array, Array]:
    p = point(rng, d)
    return p, sphere.normalise(sphere.tangent(p, rng.standard_normal(d))) * speed


@given(SEEDS, DIMS)
def test_exp_undoes_log(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    p, g = point(rng, d), point(rng, d)
    xi = sphere.log(p, g)
    assert np.abs(sphere.exp(p, xi) - g).max() < 1e-7
    assert abs(float(p @ xi)) < 1e-9
    assert 0.0 <= sphere.norm(xi)[0] <= np.pi + 1e-9


@given(SEEDS, DIMS)
def test_transport_keeps_lengths_angles_and_tangency(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    p, a = moving(rng, d, 1.3)
    xi = sphere.tangent(p, rng.standard_normal(d))
    b = sphere.tangent(p, rng.standard_normal(d))
    q, a1, b1 = sphere.exp(p, xi), sphere.transport(p, xi, a), sphere.transport(p, xi, b)
    assert float(a1 @ b1) == pytest.approx(float(a @ b), abs=1e-9 * (1 + np.abs(b).max() * d))
    assert abs(float(q @ a1)) < 1e-12 * d
    assert sphere.norm(a1)[0] == pytest.approx(1.3)


def test_slerp_is_on_the_great_circle_at_even_speed() -> None:
    rng = np.random.default_rng(1)
    a, b = point(rng, 512), point(rng, 512)
    whole = sphere.angle(a, b)
    for t in (0.0, 0.25, 0.5, 1.0):
        assert sphere.angle(a, sphere.slerp(a, b, t)) == pytest.approx(t * whole, abs=1e-7)


def test_the_way_to_the_opposite_point_is_always_the_same_one() -> None:
    p = sphere.normalise(np.array([0.6, 0.8, 0.0, 0.0]))
    xi = sphere.log(p, -p)
    assert np.array_equal(xi, sphere.log(p, -p))
    assert sphere.norm(xi)[0] == pytest.approx(np.pi)
    assert np.abs(sphere.exp(p, xi) + p).max() < 1e-12


@given(SEEDS, DIMS, st.floats(0.0, 40.0), st.floats(0.0, 60.0), DAMPINGS, st.floats(0.0, 1e4))
def test_stays_on_the_sphere_and_finite_for_any_step(
    seed: int, d: int, speed: float, omega: float, damping: float, dt_s: float
) -> None:
    rng = np.random.default_rng(seed)
    p, v = moving(rng, d, speed)
    for _ in range(3):
        p, v = geodesic.spring_step(p, v, point(rng, d), omega, damping, dt_s, goal_before=point(rng, d))
        assert np.isfinite(p).all() and np.isfinite(v).all()
        assert abs(float(sphere.norm(p)[0]) - 1.0) <= 1e-12
        assert abs(float(p @ v)) <= 1e-12 * (1.0 + float(sphere.norm(v)[0]))


@given(SEEDS, DIMS, st.floats(0.1, 20.0), DAMPINGS, st.floats(0.0, 0.5), st.floats(0.0, 1.0))
def test_from_rest_two_part_steps_are_one_step(
    seed: int, d: int, omega: float, damping: float, dt_s: float, part: float
) -> None:
    rng = np.random.default_rng(seed)
    p, g = point(rng, d), point(rng, d)
    if float(p @ g) < -0.99:  # swinging over the point opposite is another motion
        return
    rest = np.zeros(d)
    once = geodesic.spring_step(p, rest, g, omega, damping, dt_s)
    if sphere.angle(once[0], g) > 0.9 * np.pi:
        return
    half = geodesic.spring_step(p, rest, g, omega, damping, part * dt_s)
    twice = geodesic.spring_step(*half, g, omega, damping, dt_s - part * dt_s)
    assert np.abs(once[0] - twice[0]).max() < 1e-12 * (1 + omega)
    assert np.abs(once[1] - twice[1]).max() < 1e-12 * (1 + omega) ** 2


@given(SEEDS, DIMS, st.floats(0.0, 40.0), DAMPINGS, st.floats(0.0, 1e4))
def test_at_rest_stays_at_rest(seed: int, d: int, omega: float, damping: float, dt_s: float) -> None:
    p = point(np.random.default_rng(seed), d)
    q, v = geodesic.spring_step(p, np.zeros(d), p, omega, damping, dt_s)
    assert np.abs(q - p).max() < 1e-15 * 4
    assert np.abs(v).max() < 1e-12


def fly(fps: int, damping: float, seconds: int = 2) -> Array:
    """Start sideways at 2 radians a second, and switch the goal after a second."""
    rng = np.random.default_rng(0)
    p, v = moving(rng, 512, 2.0)
    goals = [point(rng, 512) for _ in range(seconds)]
    for i in range(seconds * fps):
        p, v = geodesic.spring_step(p, v, goals[i // fps], 4.0, damping, 1.0 / fps)
    return p


@pytest.mark.parametrize("damping", [0.3, 0.5, 0.7, 1.0])
def test_at_30_fps_it_is_within_a_fiftieth_of_a_degree_of_2000_fps(damping: float) -> None:
    off = np.degrees(sphere.angle(fly(30, damping), fly(2000, damping)))
    assert off <= 0.02


def test_halving_the_step_quarters_the_error() -> None:
    fine = fly(2000, 0.5)
    off = [float(sphere.angle(fly(fps, 0.5), fine)) for fps in (30, 60, 120)]
    assert off[1] < off[0] / 3 and off[2] < off[1] / 3


def in_the_open(p: Array, v: Array, g: Array, omega: float, damping: float, dt_s: float) -> tuple[Array, Array]:
    """The same step written out with log, exp and transport in all dimensions."""
    ahead, rest = sphere.log(p, g), np.zeros_like(p)
    xi, v1 = spring.step(rest, v, ahead, omega, damping, dt_s)
    q = sphere.exp(p, xi)
    e = xi / sphere.norm(xi)
    there = sphere.transport(p, xi, e)
    to_goal = sphere.log(q, g)
    back = to_goal + float(there @ to_goal) * (e - there)
    off = back + xi - ahead
    bend, bend_v = spring.step(rest, rest, off, omega, damping, dt_s, goal_velocity=off / dt_s, follow=False)
    xi = xi + bend
    return sphere.exp(p, xi), sphere.transport(p, xi, v1 + bend_v)


@given(SEEDS, DIMS, st.floats(0.1, 5.0), st.floats(0.1, 20.0), DAMPINGS, st.floats(1e-3, 0.1))
def test_the_step_in_a_small_frame_is_the_step_in_all_dimensions(
    seed: int, d: int, speed: float, omega: float, damping: float, dt_s: float
) -> None:
    rng = np.random.default_rng(seed)
    p, v = moving(rng, d, speed)
    g = point(rng, d)
    if float(p @ g) < -0.9:
        return
    q, v1 = geodesic.spring_step(p, v, g, omega, damping, dt_s)
    want_q, want_v = in_the_open(p, v, g, omega, damping, dt_s)
    assert np.abs(q - want_q).max() < 1e-6 * dt_s * 10
    assert np.abs(v1 - want_v).max() < 1e-5 * (1 + omega)


def test_bodies_do_not_feel_each_other() -> None:
    rng = np.random.default_rng(3)
    p, v = np.array([moving(rng, 64, 1.0) for _ in range(6)]).transpose(1, 0, 2).reshape(2, 2, 3, 64)
    g, before = p[::-1, ::-1].copy(), sphere.normalise(p[::-1, ::-1] + 0.01)
    omega, damping = np.linspace(1, 9, 6).reshape(2, 3), np.linspace(0, 2, 6).reshape(2, 3)
    q, v1 = geodesic.spring_step(p, v, g, omega, damping, 0.02, goal_before=before, follow=np.array([[True], [False]]))
    for i, j in np.ndindex(2, 3):
        alone = geodesic.spring_step(
            p[i, j], v[i, j], g[i, j], omega[i, j], damping[i, j], 0.02, goal_before=before[i, j], follow=i == 0
        )
        assert np.allclose(q[i, j], alone[0], atol=1e-13) and np.allclose(v1[i, j], alone[1], atol=1e-12)


@pytest.mark.parametrize("follow", [True, False])
def test_a_goal_on_a_great_circle_is_followed_with_the_lag_that_was_asked_for(follow: bool) -> None:
    u, omega, damping, dt_s = 0.8, 6.0, 0.7, 1 / 60
    at = [np.array([np.cos(u * t), np.sin(u * t), 0.0, 0.0]) for t in np.arange(0, 8, dt_s)]
    p, v = at[0], np.array([0.0, u, 0.0, 0.0])
    for before, goal in zip(at, at[1:], strict=False):
        p, v = geodesic.spring_step(p, v, goal, omega, damping, dt_s, goal_before=before, follow=follow)
    want = 0.0 if follow else 2 * damping / omega * u
    assert sphere.angle(p, at[-1]) == pytest.approx(want, abs=1e-6)
    assert sphere.norm(v)[0] == pytest.approx(u, abs=1e-6)


def test_a_goal_straight_behind_is_reached() -> None:
    p, v = np.eye(5)[0], np.zeros(5)
    for _ in range(600):
        p, v = geodesic.spring_step(p, v, -np.eye(5)[0], 4.0, 1.0, 1 / 60)
    assert sphere.angle(p, -np.eye(5)[0]) < 1e-6

"""Laws of the three regressions: what they pass through, where they stay, and that leaving out is leaving out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.demonstrate.regression import F64, METHODS, NEIGHBOURS, NOISE

seeds = st.integers(0, 2**32 - 1)
EVERY = pytest.mark.parametrize("method", METHODS)


def poses(seed: int, count: int, signals: int = 3, controls: int = 4) -> tuple[F64, F64]:
    """Places apart from each other, and what stands there."""
    random = np.random.RandomState(seed)
    z = random.uniform(-2, 2, (count, signals))
    z[:, 0] = np.linspace(-2, 2, count)
    return z, random.uniform(-1, 1, (count, controls))


def said(method: str, z: F64, y: F64, at: F64) -> F64:
    out = np.empty(y.shape[1])
    METHODS[method](z, y).predict(at, out)
    return out


@given(seeds, st.integers(2, 6))
def test_kernel_and_nearest_pass_through_a_few_poses(seed: int, count: int) -> None:
    z, y = poses(seed, count)
    for i in range(count):
        assert said("kernel", z, y, z[i]) == pytest.approx(y[i], abs=0.04)
        assert said("nearest", z, y, z[i]) == pytest.approx(y[i], abs=1e-6)


@given(seeds, st.integers(4, 40))
def test_ridge_finds_a_flat_map_again(seed: int, count: int) -> None:
    random = np.random.RandomState(seed)
    z = np.vstack((poses(seed, count)[0], np.eye(3), -np.eye(3)))
    weights, offset = random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, 4)
    at = random.uniform(-2, 2, 3)
    assert said("ridge", z, z @ weights + offset, at) == pytest.approx(at @ weights + offset, abs=0.05)


@EVERY
@given(seeds)
def test_one_pose_stands_everywhere(method: str, seed: int) -> None:
    z, y = poses(seed, 1)
    at = np.random.RandomState(seed).uniform(-9, 9, 3)
    assert said(method, z, y, at) == pytest.approx(y[0], abs=2e-3)


@EVERY
@given(seeds, st.integers(1, 30))
def test_poses_that_agree_are_believed_everywhere(method: str, seed: int, count: int) -> None:
    z, y = poses(seed, count)
    y[:] = y[0]
    assert said(method, z, y, z[-1] * 0.3) == pytest.approx(y[0], abs=2e-3)


@EVERY
@given(seeds)
def test_two_that_disagree_at_one_place_are_averaged(method: str, seed: int) -> None:
    z, y = poses(seed, 3)
    z[1] = z[0]
    assert said(method, z, y, z[0]) == pytest.approx((y[0] + y[1]) / 2, abs=0.02)


@given(seeds, st.integers(2, 30))
def test_nearest_never_leaves_what_was_taught(seed: int, count: int) -> None:
    z, y = poses(seed, count)
    at = np.random.RandomState(seed).uniform(-9, 9, 3)
    out = said("nearest", z, y, at)
    assert (out >= y.min(0) - 1e-9).all() and (out <= y.max(0) + 1e-9).all()


@EVERY
@given(seeds, st.integers(2, 30))
def test_a_small_move_of_the_signals_is_a_small_move_of_the_controls(method: str, seed: int, count: int) -> None:
    z, y = poses(seed, count)
    random = np.random.RandomState(seed)
    model, a, b = METHODS[method](z, y), np.empty(4), np.empty(4)
    at, way = random.uniform(-2, 2, 3), random.standard_normal(3)
    model.predict(at, a)
    model.predict(at + 1e-7 * way, b)
    assert a == pytest.approx(b, abs=2e-4)


def test_where_all_poses_are_equally_far_they_weigh_the_same() -> None:
    corners = np.array([[a, b, c] for a in (-1.0, 1) for b in (-1, 1) for c in (-1, 1)])
    y = np.arange(8.0)[:, None]
    assert len(corners) > NEIGHBOURS
    assert said("nearest", corners, y, np.zeros(3)) == pytest.approx([3.5])


@EVERY
@given(seeds, st.integers(4, 24))
def test_the_error_told_is_that_of_leaving_each_pose_out(method: str, seed: int, count: int) -> None:
    z, y = poses(seed, count)
    model = METHODS[method](z, y)
    for i in range(count):
        if method == "kernel":  # the width is that of all poses
            apart = model._per_width * np.linalg.norm(z[:, None] - z, axis=-1)  # type: ignore[union-attr]
            near = (1 + apart) * np.exp(-apart) + NOISE * np.eye(count)
            kept = np.delete(np.arange(count), i)
            whole = np.block([[near[np.ix_(kept, kept)], np.ones((count - 1, 1))], [np.ones((1, count - 1)), 0.0]])
            solved = np.linalg.solve(whole, np.vstack((y[kept], np.zeros(4))))
            out = np.append(near[i, kept], 1.0) @ solved
        else:
            out = np.empty(4)
            METHODS[method](np.delete(z, i, 0), np.delete(y, i, 0)).predict(z[i], out)
        # Ridge pulls on the mean of all poses, or on that of the others: a little apart.
        assert y[i] - out == pytest.approx(model.left_out()[i], abs=0.05 if method == "ridge" else 1e-5, rel=0.05)


@EVERY
@given(seeds)
def test_the_same_poses_give_the_same_bits(method: str, seed: int) -> None:
    z, y = poses(seed, 20)
    assert said(method, z, y, z[3] + 0.1).tobytes() == said(method, z.copy(), y.copy(), z[3] + 0.1).tobytes()

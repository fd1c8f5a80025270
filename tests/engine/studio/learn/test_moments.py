"""Batches add up to what all rows at once would say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.studio.learn.moments import WIDEST, Incremental, Moments, centred_by_class, fixed_signs, gathering

cuts = st.lists(st.integers(1, 59), min_size=0, max_size=5, unique=True).map(sorted)


@given(cuts, st.integers(0, 2**31), st.floats(-1e3, 1e3))
@settings(max_examples=40)
def test_moments_do_not_depend_on_how_rows_are_cut_into_batches(at: list[int], seed: int, away: float) -> None:
    rows = np.random.RandomState(seed).randn(60, 5) * np.arange(1, 6) + away
    moments = Moments(5)
    for batch in np.split(rows, at):
        moments.add(batch)
    assert moments.count == 60
    assert np.allclose(moments.mean, rows.mean(0), atol=1e-9)
    assert np.allclose(moments.covariance, np.cov(rows.T), atol=1e-8)
    assert np.allclose(moments.along(np.eye(5) * 7.0), rows.std(0, ddof=1))


@given(cuts, st.integers(0, 2**31))
@settings(max_examples=30)
def test_wide_rows_of_low_rank_give_the_axes_that_a_covariance_gives(at: list[int], seed: int) -> None:
    numbers = np.random.RandomState(seed)
    rows = (numbers.randn(60, 4) * [8.0, 4.0, 2.0, 1.0]) @ numbers.randn(4, 40) + 3.0
    exact, wide = Moments(40), Incremental(40, 6)
    for batch in np.split(rows, at):
        exact.add(batch)
        wide.add(batch)
    mine, theirs = wide.axes(4), exact.axes(4)
    assert np.allclose(mine.scale, theirs.scale) and np.allclose(mine.share, theirs.share)
    assert np.allclose(mine.mean, theirs.mean)
    assert np.allclose(np.abs((mine.basis * theirs.basis).sum(1)), 1.0)


def test_wide_rows_of_full_rank_keep_their_main_axes() -> None:
    numbers = np.random.RandomState(0)
    rows = numbers.randn(600, 50) * (10.0 * 0.8 ** np.arange(50))
    exact, wide = Moments(50), Incremental(50, 30)
    for batch in np.split(rows, 12):
        exact.add(batch)
        wide.add(batch)
    assert np.allclose(wide.axes(5).scale, exact.axes(5).scale, rtol=1e-3)
    assert (np.abs((wide.axes(5).basis * exact.axes(5).basis).sum(1)) > 0.999).all()


@pytest.mark.parametrize("dim", [6, WIDEST + 1])
def test_what_was_gathered_goes_on_where_it_was_kept(dim: int) -> None:
    rows = np.random.RandomState(1).randn(40, dim)
    whole = gathering(dim, 3)
    whole.add(rows[:20])
    again = gathering(dim, 3, whole.arrays())
    for one in (whole, again):
        one.add(rows[20:])
    assert np.array_equal(whole.axes(3).basis, again.axes(3).basis)
    assert np.array_equal(whole.axes(3).scale, again.axes(3).scale)


def test_the_largest_entry_of_each_axis_is_positive() -> None:
    rows = np.array([[0.1, -0.9], [0.8, -0.2], [-0.5, 0.4]])
    assert np.array_equal(fixed_signs(rows), [[-0.1, 0.9], [0.8, -0.2], [0.5, -0.4]])


def test_within_a_class_the_class_is_gone_and_the_variance_is_true() -> None:
    numbers = np.random.RandomState(2)
    own = numbers.randn(40_000, 2) * [1.0, 3.0]
    rows = own + np.repeat(numbers.randn(10_000, 2) * 100.0, 4, 0)
    apart = centred_by_class(rows, 4)
    assert np.allclose(apart.reshape(-1, 4, 2).mean(1), 0.0, atol=1e-9)
    assert np.allclose(apart.std(0), [1.0, 3.0], rtol=0.03)

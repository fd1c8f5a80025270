"""Which signals say something, how loudly, and how far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mappings.demonstrate.fit import BEYOND, ENOUGH, Fit
from mappings.demonstrate.regression import F64, METHODS

EVERY = pytest.mark.parametrize("method", METHODS)
UNIT = (0.0, 1.0)


def fit(method: str, x: list[list[float]], y: list[list[float]], seen: list[tuple[float, float]] | None = None) -> Fit:
    return Fit(method, np.array(x), np.array(y), np.array(seen or [UNIT] * len(x[0])))


def said(model: Fit, at: list[float]) -> F64:
    """What stands where all signals are at `at`."""
    out = np.empty(len(model._mean))
    model.predict(np.array(at)[model.columns], out)
    return out


@EVERY
def test_a_signal_that_never_moved_says_nothing(method: str) -> None:
    model = fit(method, [[0.1, 0.5], [0.9, 0.5], [0.4, 0.5]], [[0.0], [1.0], [0.3]])
    assert model.columns.tolist() == [0]
    assert said(model, [0.2, 99.0]) == said(model, [0.2, -99.0])


@EVERY
def test_a_signal_that_trembles_says_nothing(method: str) -> None:
    model = fit(method, [[0.1, 0.500], [0.9, 0.504]], [[0.0], [1.0]])
    assert model.columns.tolist() == [0], "0.4 % of what it can do"


@EVERY
def test_a_signal_whose_little_was_all_it_ever_did_does_speak(method: str) -> None:
    model = fit(method, [[0.500], [0.504]], [[0.0], [1.0]], [(0.5, 0.504)])
    assert said(model, [0.504])[0] > 0.9


@EVERY
@given(st.floats(1e-3, 1e6), st.floats(-1e3, 1e3))
def test_the_unit_of_a_signal_does_not_matter(method: str, size: float, shift: float) -> None:
    x = np.array([[0.0, 0.2], [1.0, 0.9], [0.3, 0.4], [0.8, 0.1]])
    y = np.array([[0.0], [1.0], [0.5], [0.2]])
    seen = np.array([UNIT, UNIT])
    scale, offset = np.array([size, 1.0]), np.array([shift, 0.0])
    one, other = Fit(method, x, y, seen), Fit(method, x * scale + offset, y, seen * scale[:, None] + offset[:, None])
    at = np.array([0.5, 0.5])
    a, b = np.empty(1), np.empty(1)
    one.predict(at, a)
    other.predict(at * scale + offset, b)
    assert a == pytest.approx(b, abs=1e-4)


@EVERY
def test_one_pose_apart_from_all_others_does_not_make_them_one(method: str) -> None:
    """A signal that moved once in many poses counts at most four quarters of its range."""
    x = [[i / 20, 0.0] for i in range(20)] + [[0.5, 1.0]]
    y = [[i / 20] for i in range(20)] + [[0.5]]
    model = fit(method, x, y)
    assert said(model, [0.0, 0.0])[0] < 0.2 and said(model, [0.95, 0.0])[0] > 0.8


@EVERY
def test_beyond_the_poses_a_signal_counts_half_their_range_and_no_more(method: str) -> None:
    model = fit(method, [[0.0], [1.0], [0.5]], [[0.0], [1.0], [0.2]])
    assert said(model, [1.0 + BEYOND]) == said(model, [1e12])
    assert said(model, [-BEYOND]) == said(model, [-1e12])


@EVERY
def test_without_a_signal_that_moved_the_mean_stands(method: str) -> None:
    assert said(fit(method, [[0.5], [0.5]], [[0.0], [1.0]]), [0.5]).tolist() == [0.5]


@EVERY
def test_a_signal_that_had_not_come_counts_as_on_average_there(method: str) -> None:
    nan = float("nan")
    model = fit(method, [[0.0, nan], [1.0, 0.4], [0.5, 0.6]], [[0.0], [1.0], [0.5]])
    assert np.isfinite(said(model, [0.2, 0.5])).all()


@EVERY
@pytest.mark.parametrize("count", range(1, 7))
def test_an_error_is_told_from_four_poses_on(method: str, count: int) -> None:
    x = [[i / 6] for i in range(count)]
    assert (fit(method, x, x).error is not None) == (count >= ENOUGH)


values = st.floats(-1e12, 1e12) | st.just(float("nan"))


@EVERY
@given(st.data())
def test_whatever_finite_was_taught_something_finite_stands(method: str, data: st.DataObject) -> None:
    count, signals = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 4))
    x = data.draw(arrays(np.float64, (count, signals), elements=values))
    y = data.draw(arrays(np.float64, (count, 2), elements=st.floats(-1e4, 1e4)))
    seen = np.column_stack((np.nanmin(np.nan_to_num(x), 0), np.nanmax(np.nan_to_num(x), 0)))
    model = Fit(method, x, y, seen)
    at = data.draw(arrays(np.float64, signals, elements=st.floats(-1e300, 1e300)))
    out = np.empty(2)
    model.predict(at[model.columns], out)
    assert np.isfinite(out).all()
    assert model.error is None or np.isfinite(model.error).all()

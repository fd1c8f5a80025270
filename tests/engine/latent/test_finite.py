"""Laws of asking whether numbers are finite."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.latent import finite
from engine.latent.finite import all_finite, first_endless


@given(st.lists(st.floats(), max_size=40))
def test_it_says_what_looking_at_each_number_says(numbers: list[float]) -> None:
    array = np.array(numbers, np.float64)
    assert all_finite(array) == bool(np.isfinite(array).all())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_whose_squares_overflow_are_finite_all_the_same(dtype: type) -> None:
    assert all_finite(np.full((3, 4), np.finfo(dtype).max, dtype))
    assert not all_finite(np.array([np.finfo(dtype).max, np.inf], dtype))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("bad", [None, 0, 6, 7, 29])
def test_the_first_row_that_is_not_finite_is_found_whatever_the_blocks(
    order: str, dtype: str, bad: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.asarray(np.random.RandomState(0).randn(30, 2, 3), dtype, order="C" if order == "C" else "F")
    if bad is not None:
        rows[bad:, 1, 2] = np.nan
        rows[29, 0, 0] = np.inf
    np.save(tmp_path / "rows.npy", rows)
    monkeypatch.setattr(finite, "BLOCK_BYTES", 7 * rows[:1].nbytes)
    assert first_endless(rows) == first_endless(np.load(tmp_path / "rows.npy", mmap_mode="r")) == bad


def test_what_is_too_large_for_pictures_is_not_finite() -> None:
    assert first_endless(np.array([[1.0], [1e38], [1e39]])) == 2
    assert first_endless(np.zeros((0, 4))) is None

"""Laws of asking whether numbers are finite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.latent.finite import all_finite


@given(st.lists(st.floats(), max_size=40))
def test_it_says_what_looking_at_each_number_says(numbers: list[float]) -> None:
    array = np.array(numbers, np.float64)
    assert all_finite(array) == bool(np.isfinite(array).all())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_whose_squares_overflow_are_finite_all_the_same(dtype: type) -> None:
    assert all_finite(np.full((3, 4), np.finfo(dtype).max, dtype))
    assert not all_finite(np.array([np.finfo(dtype).max, np.inf], dtype))

"""Planted words are found again, and the ridge is the one that leave-one-out would choose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.studio.learn.vocabulary.planted import planted
from engine.studio.learn.vocabulary.regress import LEAST_RIDGE, cosines, regress


@pytest.mark.parametrize("dim", [20, 64, 512])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twenty_planted_words_are_found_in_noise_as_strong_as_they_are(dim: int, seed: int) -> None:
    words, bags, directions = planted(20, 200, dim, seed)
    assert cosines(regress(bags, directions).vectors, words).mean() >= 0.9


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_held_out_is_what_leaving_each_out_gives(seed: int) -> None:
    _, bags, directions = planted(5, 20, 8, seed)
    found = regress(bags, directions)
    for i in range(len(bags)):
        rest, to = np.delete(bags, i, 0), np.delete(directions, i, 0)
        vectors = np.linalg.solve(rest.T @ rest + found.ridge * np.eye(5), rest.T @ to)
        expected = cosines(bags[i : i + 1] @ vectors, directions[i : i + 1])
        np.testing.assert_allclose(found.held_out[i], expected[0], atol=1e-8)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_without_noise_words_are_exact_but_for_the_least_ridge(seed: int) -> None:
    words, bags, directions = planted(6, 80, 30, seed, noise=0.0)
    found = regress(bags, directions)
    assert found.ridge == pytest.approx(LEAST_RIDGE)
    assert cosines(found.vectors, words).min() > 0.999


def test_words_that_always_come_together_get_directions_that_do_not_cancel() -> None:
    bags = np.repeat([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 5, 0)
    directions = np.repeat(np.eye(2), 5, 0)
    vectors = regress(bags, directions).vectors
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-9)
    assert np.abs(vectors).max() < 1.01

"""Agreement is Krippendorff's alpha: his own example, and what any such measure must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.studio.learn.vocabulary.agreement import alpha_of_sets, alpha_of_words, verdict

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example B: binary data of two observers, alpha 0.095.
OBSERVED = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]


def test_the_published_example_comes_out() -> None:
    said = np.array(OBSERVED, bool).reshape(-1, 1)
    strips = np.tile(np.arange(10), 2)
    assert alpha_of_words(said, strips)[0] == pytest.approx(0.095, abs=5e-4)


def test_of_a_single_word_the_sets_say_the_same() -> None:
    said = np.array(OBSERVED, bool).reshape(-1, 1)
    both = np.concatenate([said, ~said], 1)  # no set is empty: the distance is 0 or 1
    strips = np.tile(np.arange(10), 2)
    assert alpha_of_sets(both, strips) == pytest.approx(alpha_of_words(said, strips)[0])


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=2, max_size=20))
def test_full_agreement_is_one_and_nothing_is_above(words: list[list[bool]]) -> None:
    said = np.array(words)
    strips = np.tile(np.arange(len(said)), 3)
    for alpha in (*alpha_of_words(np.tile(said, (3, 1)), strips), alpha_of_sets(np.tile(said, (3, 1)), strips)):
        assert np.isnan(alpha) or alpha == pytest.approx(1.0)


@given(st.integers(0, 2**32 - 1))
def test_people_who_say_anything_agree_as_chance_would(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    said, strips = numbers.random((2400, 3)) < 0.4, np.repeat(np.arange(800), 3)
    assert np.abs(alpha_of_words(said, strips)).max() < 0.12
    assert abs(alpha_of_sets(said, strips)) < 0.12


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_answers_and_strips_with_one_answer_do_not_count(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    said, strips = numbers.random((60, 3)) < 0.4, numbers.integers(0, 20, 60)
    order = numbers.permutation(61)
    more, where = np.concatenate([said, [[True] * 3]])[order], np.append(strips, 99)[order]
    np.testing.assert_allclose(alpha_of_words(said, strips), alpha_of_words(more, where))
    np.testing.assert_allclose(alpha_of_sets(said, strips), alpha_of_sets(more, where))


def test_one_person_alone_agrees_with_nobody() -> None:
    said = np.ones((5, 2), bool)
    assert np.isnan(alpha_of_words(said, np.arange(5))).all()
    assert np.isnan(alpha_of_sets(said, np.arange(5)))


def test_each_degree_of_agreement_has_its_words() -> None:
    assert len({verdict(alpha) for alpha in (0.9, 0.7, 0.3, 0.0, float("nan"))}) == 5

"""From sheets to a bank of words: what holds is learned, what does not is refused, groups keep to themselves."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.errors import InputError
from engine.latent.combine import summed
from engine.latent.directions import Direction, Directions
from engine.studio.learn.vocabulary.answers import Answer, Answers
from engine.studio.learn.vocabulary.planted import planted
from engine.studio.learn.vocabulary.regress import cosines
from engine.studio.learn.vocabulary.told import as_data, lines
from engine.studio.learn.vocabulary.vocabulary import fit, vocabulary
from engine.studio.learn.vocabulary.words import Wordbook

WORDS = ("open", "dark", "violet", "stripe", "tall", "near")


def described(texts: Sequence[str], annotator: str = "ada", group: str = "", first: int = 0) -> Answers:
    return Answers(tuple(Answer(f"d{first + i}", -1, annotator, group, t, "x.csv:1") for i, t in enumerate(texts)))


def bank(rows: np.ndarray) -> Directions:
    return Directions(tuple(Direction(f"d{i}", row) for i, row in enumerate(rows)))


def planted_sheet(seed: int) -> tuple[np.ndarray, Directions, list[str]]:
    words, bags, rows = planted(len(WORDS), 60, 24, seed, noise=0.3)
    return words, bank(rows), [" and ".join(np.array(WORDS)[row > 0]) for row in bags]


def test_words_point_where_they_were_planted() -> None:
    words, shown, texts = planted_sheet(1)
    found = vocabulary(described(texts), shown, Wordbook())
    order = [WORDS.index(word.text) for word in found.words]
    assert sorted(order) == list(range(len(WORDS)))
    assert cosines(np.array([w.vector for w in found.words]), words[order]).min() > 0.9
    assert all(word.held_out > 0.5 for word in found.words)


def test_two_words_summed_keep_what_each_does() -> None:
    words, shown, texts = planted_sheet(2)
    found = {d.name: d for d in vocabulary(described(texts), shown, Wordbook()).directions()}
    both = summed("both", [(found["open"], 1.0), (found["dark"], 1.0)])
    for name in ("open", "dark"):
        truth = words[WORDS.index(name)]
        assert truth @ (both.sigma * both.vector) >= 0.8 * (truth @ found[name].vector)


def test_a_word_of_two_directions_is_refused_with_its_count() -> None:
    found = vocabulary(described(["open"] * 3 + ["dark"] * 2), bank(np.eye(5)), Wordbook())
    assert [word.text for word in found.words] == ["open"]
    assert found.refused == {"dark": 2}
    assert "said of under 3 directions, so not learned: dark 2" in lines(found, described(["open"]))


def test_a_word_that_three_people_say_of_one_direction_is_refused() -> None:
    rows = [row for name in ("ada", "bob", "eve") for row in described(["open"], name).rows]
    with pytest.raises(InputError, match="no word in those of 3 directions or more .most: open 1."):
        vocabulary(Answers(tuple(rows)), bank(np.eye(3)), Wordbook())


def test_groups_have_vocabularies_of_their_own() -> None:
    experts, others = described(["open"] * 3, "ada", "flower experts"), described(["dark"] * 3, "bob", "others")
    answers = Answers(experts.rows + others.rows)
    found = [vocabulary(answers, bank(np.eye(3)), Wordbook(), group) for group in answers.groups]
    names = [d.name for one in found for d in one.directions("mine")]
    assert names == ["mine.flower_experts.open", "mine.others.dark"]


def test_people_who_agree_are_told_that_they_do() -> None:
    texts = ["open"] * 4 + ["dark"] * 4
    answers = Answers(described(texts, "ada").rows + described(texts, "bob").rows)
    found = vocabulary(answers, bank(np.eye(8)), Wordbook())
    assert found.agreement == pytest.approx(1.0)
    assert all(word.agreement == pytest.approx(1.0) and word.annotators == 2 for word in found.words)
    assert as_data([found], answers)["vocabularies"][0]["verdict"].startswith("they agree")


def test_directions_of_two_kinds_are_refused() -> None:
    mixed = Directions(
        (Direction("d0", np.eye(3)[0]), Direction("d1", np.eye(3)[1], layers=(1,)), Direction("d2", np.eye(3)[2]))
    )
    with pytest.raises(InputError, match="describe directions of one kind"):
        vocabulary(described(["open"] * 3), mixed, Wordbook())


def test_any_group_has_a_name_that_can_stand_in_an_address() -> None:
    assert [fit(name) for name in ("a b", " x/y ", "#?*")] == ["a_b", "x_y", "group"]

"""Words come out of any text, and a wordbook is read whole or refused by its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.learn.vocabulary.words import LONGEST, Wordbook, stop_words, tokens


@given(st.text())
def test_any_text_gives_words_that_can_stand_in_an_address(text: str) -> None:
    for token in tokens(text):
        assert 0 < len(token) <= LONGEST
        assert not any(c.isspace() or c.isdecimal() or c in "#*,/?[]{}" for c in token)


@given(st.text())
def test_words_are_told_once_and_none_is_a_small_word(text: str) -> None:
    found = Wordbook().words(text)
    assert len(set(found)) == len(found)
    assert not set(found) & stop_words("en")


@given(st.lists(st.sampled_from(["open", "petal", "violet", "dark", "stripe"]), unique=True))
def test_plain_words_come_out_as_they_went_in(words: list[str]) -> None:
    assert Wordbook().words(", ".join(words)) == tuple(words)


def test_forms_of_a_word_are_one_word() -> None:
    assert Wordbook().words("The petals are OPENING; a darker petal, 3 stripes!") == ("petal", "open", "dark", "stripe")


def test_other_languages_have_their_own_forms_and_small_words() -> None:
    assert Wordbook("de").words("Die dunklen Blüten") == ("dunkel", "blüte")


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="--language zz: not known"):
        Wordbook("zz")


def book(folder: Path, text: str) -> Wordbook:
    path = folder / "words.toml"
    path.write_text(text, "utf-8")
    return Wordbook.load(path)


def test_synonyms_merge_along_a_chain_and_dropped_words_go(tmp_path: Path) -> None:
    found = book(tmp_path, 'drop = ["petal"]\n[merge]\ncrimson = "scarlet"\nscarlet = "red"\n')
    assert found.words("crimson petals, scarlet, red") == ("red",)


def test_a_small_word_can_be_kept_and_a_form_can_stay_as_it_is(tmp_path: Path) -> None:
    found = book(tmp_path, 'keep = ["more"]\n[merge]\nwilted = "wilted"\n')
    assert found.words("more wilted") == ("more", "wilted")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nmerges = 3\n", 'words.toml:2: unknown key "merges"; did you mean "merge"?'),
        ("drop = 3\n", "words.toml:1: drop is not a list"),
        ("[merge]\nred = 3\n", "words.toml:1: merge is not a table"),
        ('[merge]\na = "b"\nb = "a"\n', "words.toml:2: a = b = a goes in a circle"),
        ("drop = [\n", "is no TOML"),
    ],
)
def test_a_broken_wordbook_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        book(tmp_path, text)
    assert said in str(error.value)


def test_a_wordbook_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Wordbook.load(tmp_path / "none.toml")

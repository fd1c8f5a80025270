"""Address patterns: the spec's sentences, a regular expression as oracle, and no blow-up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.osc.pattern import Pattern, PatternError, is_pattern


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("/a/b", ["/a/b"], ["/a", "/a/b/c", "/a/bb", "/b/a"]),
        ("/a/?", ["/a/b", "/a/1"], ["/a/", "/a/bb"]),
        ("/a/*", ["/a/b", "/a/bcd", "/a/"], ["/a", "/a/b/c"]),
        ("/*/x", ["/a/x", "/bb/x"], ["/x", "/a/b/x"]),
        ("/a*b*c", ["/abc", "/aXbYc", "/abbcc"], ["/ab", "/acb"]),
        ("/[a-c]x", ["/ax", "/cx"], ["/dx", "/x"]),
        ("/[c-a]x", ["/bx"], ["/dx"]),
        ("/[!a-c]x", ["/dx", "/!x"], ["/ax", "/x"]),
        ("/[a-]x", ["/ax", "/-x"], ["/bx"]),
        ("/[-a]x", ["/ax", "/-x"], ["/bx"]),
        ("/[a!]x", ["/ax", "/!x"], ["/bx"]),
        ("/{foo,bar}/x", ["/foo/x", "/bar/x"], ["/foobar/x", "/fo/x"]),
        ("/{a,ab}{c,bc}", ["/ac", "/abc", "/abbc"], ["/ab"]),
        ("/{,x}y", ["/y", "/xy"], ["/x"]),
        ("//x", ["/x", "/a/x", "/a/b/x"], ["/a/xy", "/x/a"]),
        ("/a//x", ["/a/x", "/a/b/c/x"], ["/a", "/b/a/x"]),
    ],
)
def test_a_pattern_fits_what_the_spec_says(pattern: str, fits: list[str], fails: list[str]) -> None:
    ready = Pattern(pattern)
    assert [address for address in fits if not ready.matches(address)] == []
    assert [address for address in fails if ready.matches(address)] == []


@pytest.mark.parametrize("text", ["/a[b", "/a{b", "/{a/b}", "/[", "/{"])
def test_a_bracket_that_does_not_close_is_refused(text: str) -> None:
    with pytest.raises(PatternError, match="does not close"):
        Pattern(text)


def test_an_address_without_marks_is_no_pattern() -> None:
    assert not is_pattern("/direction/bloom")
    assert all(is_pattern(text) for text in ("/a?", "/*", "/[a]", "/{a}", "//a"))


_token = st.sampled_from(["*", "?", "a", "b", "-", "[ab]", "[!a]", "[a-b]", "{a,bb}", "{b,}"])
_EXPRESSIONS = {
    "*": ".*",
    "?": ".",
    "[!a]": "[^a]",
    "{a,bb}": "(?:a|bb)",
    "{b,}": "(?:b|)",
}


@given(st.lists(_token, max_size=7), st.text("ab-", max_size=8))
def test_one_level_fits_as_a_regular_expression_does(tokens: list[str], name: str) -> None:
    expression = "".join(_EXPRESSIONS.get(token, token) for token in tokens)
    expected = re.fullmatch("/x" + expression, "/x" + name) is not None
    assert Pattern("/x" + "".join(tokens)).matches("/x" + name) is expected


@given(st.text("/ab*?[]{},!-", max_size=40), st.text("/ab", max_size=20))
def test_any_text_is_a_pattern_or_refused(text: str, address: str) -> None:
    try:
        Pattern(text).matches(address)
    except PatternError:
        pass


def test_a_pattern_made_to_blow_up_does_not() -> None:
    assert not Pattern("/" + "*a" * 60 + "b").matches("/" + "a" * 250)
    assert not Pattern("/" + "{a,aa}" * 40 + "b").matches("/" + "a" * 250)
    assert not Pattern("//a" * 60 + "/b").matches("/a" * 120)

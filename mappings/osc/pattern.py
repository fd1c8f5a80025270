"""Address patterns of OSC 1.0 (? * [a-z] [!a-z] {this,that}) and the // of 1.1, matched without backtracking.

A match carries the set of places it may have come to, so its time is bounded by pattern times address.
"""

from collections.abc import Sequence
from typing import NamedTuple


class PatternError(ValueError):
    """A bracket that does not close."""


class _Star(NamedTuple):
    """Any number of characters."""


class _Class(NamedTuple):
    """One character of a set, or not of it; `?` is one that is not of the empty set."""

    characters: frozenset[str]
    inverted: bool


class _Choice(NamedTuple):
    """One of several texts; a plain text is the only one of its choice."""

    texts: tuple[str, ...]


_Token = _Star | _Class | _Choice
_MARKS = "?*[{"


def is_pattern(address: str) -> bool:
    """Whether an address has to be matched rather than looked up."""
    return "//" in address or any(mark in address for mark in _MARKS)


class Pattern:
    """A pattern made ready for matching against many addresses. PatternError where a bracket does not close."""

    def __init__(self, text: str) -> None:
        # None stands for //: any number of levels.
        self._parts = [_tokens(part) if part else None for part in text.removeprefix("/").split("/")]

    def matches(self, address: str) -> bool:
        """Whether the whole address fits. `*` and `?` stay inside one level of it."""
        names = address.removeprefix("/").split("/")
        places = {0}
        for tokens in self._parts:
            if tokens is None:
                places = set(range(min(places), len(names) + 1))
            else:
                places = {place + 1 for place in places if place < len(names) and _fits(tokens, names[place])}
            if not places:
                return False
        return len(names) in places


def _fits(tokens: Sequence[_Token], name: str) -> bool:
    places = {0}
    for token in tokens:
        if isinstance(token, _Star):
            places = set(range(min(places), len(name) + 1))
        elif isinstance(token, _Class):
            places = {
                place + 1
                for place in places
                if place < len(name) and (name[place] in token.characters) is not token.inverted
            }
        else:
            places = {place + len(text) for place in places for text in token.texts if name.startswith(text, place)}
        if not places:
            return False
    return len(name) in places


def _tokens(part: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(part):
        mark = part[at]
        if mark in "[{":
            end = part.find("]" if mark == "[" else "}", at)
            if end < 0:
                raise PatternError(f"{mark} does not close in {part!r}")
            inside = part[at + 1 : end]
            tokens.append(_class(inside) if mark == "[" else _Choice(tuple(dict.fromkeys(inside.split(",")))))
            at = end + 1
            continue
        if mark == "*":
            tokens.append(_Star())
        elif mark == "?":
            tokens.append(_Class(frozenset(), inverted=True))
        else:
            end = next((place for place in range(at, len(part)) if part[place] in _MARKS), len(part))
            tokens.append(_Choice((part[at:end],)))
            at = end
            continue
        at += 1
    return tokens


def _class(inside: str) -> _Class:
    """`a-z` is a range; `!` first inverts; a minus at an end is a minus."""
    inverted = inside.startswith("!")
    inside = inside.removeprefix("!") if inverted else inside
    characters: set[str] = set()
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            first, last = sorted((ord(inside[at]), ord(inside[at + 2])))
            characters.update(map(chr, range(first, min(last, first + 255) + 1)))
            at += 3
        else:
            characters.add(inside[at])
            at += 1
    return _Class(frozenset(characters), inverted)

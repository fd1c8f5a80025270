"""Which line of a TOML text a key stands on, so that an error can say it (tomllib keeps no lines)."""

import re
from collections import Counter
from collections.abc import Sequence

Place = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_.-])+)\s*=\s*""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


def _parts(dotted: str) -> list[str]:
    return [
        next(group for group in match if group is not None) for match in (m.groups() for m in _PART.finditer(dotted))
    ]


def lines(text: str) -> dict[Place, int]:
    """Line numbers (from 1) by place: ("route", 1, "from"), ("generator",), ("sources", "audio", "file").

    The elements of an array have their own: ("generator", "banks", 0).
    """
    found: dict[Place, int] = {}
    counts: Counter[Place] = Counter()
    here: Place = ()
    quoted = ""
    closed = 0  # the line that the last array ends on
    rows = text.splitlines()
    for number, line in enumerate(rows, 1):
        if number <= closed:  # nor is anything between the lines of an array
            continue
        if quoted:  # inside a multi-line string nothing is a key
            if line.count(quoted) % 2:
                quoted = ""
            continue
        header = _HEADER.match(line)
        if header:
            here = _resolve(_parts(header[2]), counts, array=header[1] == "[[")
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            place = (*here, *_parts(key[1]))
            found.setdefault(place, number)
            if line.startswith("[", key.end()):
                elements, closed = _array(rows, number, key.end())
                for i, at in enumerate(elements):
                    found.setdefault((*place, i), at)
                continue
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    quoted = mark
    return found


def _array(rows: Sequence[str], number: int, column: int) -> tuple[list[int], int]:
    """The lines on which the elements of an array begin, and the one on which it ends; it opens at a line's column."""
    found: list[int] = []
    depth, waiting, quote = 0, True, ""
    for at in range(number, len(rows) + 1):
        line, i = rows[at - 1], column if at == number else 0
        while i < len(line):
            mark = line[i]
            if quote:
                ends = line.startswith(quote, i)
                i += len(quote) if ends else 2 if mark == "\\" and quote[0] == '"' else 1
                quote = "" if ends else quote
                continue
            if mark == "#":
                break
            if depth == 1 and waiting and mark not in " \t,]":
                found.append(at)
                waiting = False
            if mark in "\"'":
                quote = mark * 3 if line.startswith(mark * 3, i) else mark
            depth += (mark in "[{") - (mark in "]}")
            waiting |= depth == 1 and mark == ","
            i += len(quote) or 1
            if depth == 0:
                return found, at
    return found, len(rows)


def _resolve(parts: list[str], counts: Counter[Place], array: bool) -> Place:
    """The place a header opens; tables inside arrays of tables belong to the array's newest element."""
    place: Place = ()
    for depth, part in enumerate(parts):
        place = (*place, part)
        last = depth == len(parts) - 1
        if last and array:
            counts[place] += 1
        if counts[place]:
            place = (*place, counts[place] - 1)
    return place


def line_of(found: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest table around it; 1 when nothing is known."""
    while place:
        if place in found:
            return found[place]
        place = place[:-1]
    return 1

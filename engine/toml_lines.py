"""Which line of a TOML text a key stands on, so that an error can say it (tomllib keeps no lines)."""

import re
from collections import Counter

Place = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_.-])+)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


def _parts(dotted: str) -> list[str]:
    return [
        next(group for group in match if group is not None) for match in (m.groups() for m in _PART.finditer(dotted))
    ]


def lines(text: str) -> dict[Place, int]:
    """Line numbers (from 1) by place: ("route", 1, "from"), ("generator",), ("sources", "audio", "file")."""
    found: dict[Place, int] = {}
    counts: Counter[Place] = Counter()
    here: Place = ()
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:  # inside a multi-line string nothing is a key
            if line.count(quoted) % 2:
                quoted = ""
            continue
        header = _HEADER.match(line)
        if header:
            here = _resolve(_parts(header[2]), counts, array=header[1] == "[[")
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            found.setdefault((*here, *_parts(key[1])), number)
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    quoted = mark
    return found


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

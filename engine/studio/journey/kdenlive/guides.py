"""Named frames: guides of a sequence, markers of clips where the timeline shows them."""

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.studio.journey.kdenlive.clocks import frames
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.timeline import MAX_FRAMES, Clip, Mark

MAX_MARKS = 10_000
MAX_JSON = 4 << 20
OLD_GUIDE, OLD_MARKER = "kdenlive:guide.", "kdenlive:marker."


@dataclass(frozen=True, slots=True)
class Markers:
    """Markers of a file by its own frames, in order."""

    frames: tuple[int, ...]
    names: tuple[str, ...]


def guides(reading: Reading, sequence: Element, main_bin: Element | None) -> list[Mark]:
    """The guides of a sequence; those of the document where the file knows one sequence only (1.04 and before)."""
    if text := sequence.properties.get("kdenlive:sequenceproperties.guides", ""):
        return _listed(reading, sequence, text)
    if main_bin is None or sequence.properties.get("kdenlive:uuid"):
        return []
    if text := main_bin.properties.get("kdenlive:docproperties.guides", ""):
        return _listed(reading, main_bin, text)
    return _old(reading, main_bin, OLD_GUIDE)


def markers(reading: Reading, element: Element) -> Markers:
    """The markers of a bin clip."""
    text = element.properties.get("kdenlive:markers", "")
    found = _listed(reading, element, text) if text else _old(reading, element, OLD_MARKER)
    found.sort(key=lambda mark: mark.frame)
    return Markers(tuple(mark.frame for mark in found), tuple(mark.name for mark in found))


def seen(clip: Clip, marks: Markers) -> list[Mark]:
    """The markers of a file at the first frames of a clip that show them, or what lies behind them."""
    if clip.shown is not None:
        first_at: dict[int, int] = {}
        for i, place in enumerate(clip.shown):
            first_at.setdefault(math.floor(place), clip.at + i)
        pairs = zip(marks.frames, marks.names, strict=True)
        return [Mark(first_at[frame], name) for frame, name in pairs if frame in first_at]
    if not clip.speed:
        return []
    ends = sorted((math.floor(clip.first), math.floor(clip.source(clip.end - 1))))
    found = []
    for number in range(bisect_left(marks.frames, ends[0]), bisect_right(marks.frames, ends[1])):
        goal = marks.frames[number] if clip.speed > 0 else marks.frames[number] + 1
        steps = (goal - clip.first) / clip.speed
        i = math.ceil(steps) if clip.speed > 0 else math.floor(steps) + 1
        found.append(Mark(clip.at + min(max(i, 0), clip.length - 1), marks.names[number]))
    return found


def ordered(reading: Reading, found: Sequence[Mark]) -> tuple[Mark, ...]:
    """Marks in order, each once. InputError for more than anybody sets."""
    if len(found) > MAX_MARKS:
        raise reading.wrong(reading.document.root, f"more than {MAX_MARKS} guides and markers; refused")
    return tuple(sorted(set(found), key=lambda mark: (mark.frame, mark.name)))


def _listed(reading: Reading, element: Element, text: str) -> list[Mark]:
    """The marks of a JSON list of {"pos": frame, "comment": text}."""
    try:
        rows: Any = json.loads(text) if len(text) <= MAX_JSON else None
        if not isinstance(rows, list) or len(rows) > MAX_MARKS:
            raise ValueError(f"give a list of at most {MAX_MARKS}")
        return [Mark(_frame(reading, row["pos"]), line(str(row.get("comment", "")))) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise reading.wrong(element, f"guides or markers that cannot be read ({line(str(error))[:80]})") from None


def _old(reading: Reading, element: Element, prefix: str) -> list[Mark]:
    """The marks of properties named by their second."""
    found = []
    for name, text in element.properties.items():
        if name.startswith(prefix):
            try:
                frame = _frame(reading, frames("0:" + name[len(prefix) :], reading.fps))
            except ValueError as error:
                raise reading.wrong(element, f"property {line(name)[:60]}: {error}") from None
            found.append(Mark(frame, line(text.partition(":")[2] if prefix == OLD_MARKER else text)))
    return found


def _frame(reading: Reading, value: object) -> int:
    if isinstance(value, str):
        value = frames(value, reading.fps)
    if type(value) is not int or not 0 <= value <= MAX_FRAMES:
        raise ValueError("a position that is no frame of the timeline")
    return value

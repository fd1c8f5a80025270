"""The events of a list: its lines, each with the remarks that belong to it."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from engine.studio.journey.edl.timecode import TIMECODE

MOST_LINES = 1_000_000
MOST_LONG = 2000  # characters of a line
_EVENT = re.compile(
    rf"(\d{{1,7}})\s+(\S{{1,128}})\s+(\S+)\s+(C|D|W\d{{0,4}}|KB|KO|K)\s*(\d{{1,5}})?\s*(?:\([^)]*\)|F)?\s+"
    rf"({TIMECODE})\s+({TIMECODE})\s+({TIMECODE})\s+({TIMECODE})\s*"
)
_LIKE_EVENT = re.compile(rf"\d{{1,7}}\s.*{TIMECODE}")
_MOTION = re.compile(rf"M2\s+(\S+)\s+(-?\d{{1,5}}(?:\.\d{{1,9}})?)\s+({TIMECODE})\s*")
_PICTURE = re.compile(r"(?:.*/)?V(\d{0,2})(?:/.*)?|B|VA\S*")
_REMARK = re.compile(r"\*\s*(FROM CLIP NAME|TO CLIP NAME|SOURCE FILE|LOC|ASC_SOP|ASC_SAT|FRAME RATE)\s*:?\s*(.*)")
_LOCATOR = re.compile(rf"({TIMECODE})\s+(\S+)\s*(.*)")
_QUIET = re.compile(r"\s*(?:AUD\b|SPLIT:|FINAL CUT PRO REEL|>>>|REEL\b|EFFECTS NAME|CLIP NAME|\*|;|#|FCM:|TITLE:|$)")


@dataclass(slots=True)
class Line:
    """A line of an event: what of which reel stands where, in timecode."""

    line: int
    reel: str
    channels: str
    transition: str
    count: int
    source: tuple[str, str]
    record: tuple[str, str]
    drop: bool
    speed: str = ""

    @property
    def track(self) -> int | None:
        """Which track of pictures it is on, from 1; None where it is sound."""
        match = _PICTURE.fullmatch(self.channels)
        return int(match[1] or 1) if match else None


@dataclass(slots=True)
class Event:
    """The lines of one number, and the remarks behind them."""

    number: int
    lines: list[Line] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    still: bool = False
    coloured: bool = False


@dataclass(slots=True)
class Events:
    """All of a list.

    drop : whether its sources are drop-frame from here on; record_drop : whether the edit is, which it is throughout
    rate : frames a second, in a remark that latenz writes; told : what was not understood, by its line
    """

    title: str = ""
    drop: bool = False
    record_drop: bool = False
    rate: Fraction | None = None
    events: list[Event] = field(default_factory=list)
    locators: list[tuple[Line, str]] = field(default_factory=list)
    told: list[tuple[int, str]] = field(default_factory=list)

    @property
    def dropped(self) -> bool:
        """Whether any of its timecodes is drop-frame."""
        lines = [line for event in self.events for line in event.lines]
        return self.record_drop or any(line.drop or line.source[0][8] in ";," for line in lines)


def events(text: str) -> Events:
    """Take a list apart. ValueError, with the line, for what looks like an event and is none."""
    found = Events()
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise ValueError(f"{len(lines)} lines; a list has at most {MOST_LINES}")
    for n, raw in enumerate(lines, 1):
        line = raw.strip()
        if len(line) > MOST_LONG:
            found.told.append((n, f"a line of {len(line)} characters"))
        elif match := _EVENT.fullmatch(line):
            _event(found, n, match)
        elif _LIKE_EVENT.match(line):
            raise ValueError(f"{n}: no event: {line[:80]!r}; it is NUMBER REEL V C and four times HH:MM:SS:FF")
        elif line.upper().startswith("TITLE:"):
            found.title = line[6:].strip()
        elif line.upper().startswith("FCM:"):
            found.drop = line[4:].strip().upper().startswith("DROP")
        elif match := _MOTION.fullmatch(line):
            _motion(found, n, match)
        elif line.startswith("M2"):
            raise ValueError(f"{n}: no speed: {line[:80]!r}; it is M2 REEL SPEED HH:MM:SS:FF")
        elif match := _REMARK.match(line):
            _remark(found, n, match[1], match[2].strip())
        elif "FREEZE FRAME" in line and line.startswith("*"):
            if found.events:
                found.events[-1].still = True
        elif not _QUIET.match(line):
            found.told.append((n, f"not understood: {line[:80]!r}"))
    return found


def _event(found: Events, n: int, match: re.Match[str]) -> None:
    number = int(match[1])
    if not found.events:
        found.record_drop = found.drop
    found.record_drop |= match[8][8] in ";,"
    if not found.events or found.events[-1].number != number:
        found.events.append(Event(number))
    found.events[-1].lines.append(
        Line(
            n, match[2], match[3], match[4], int(match[5] or 0), (match[6], match[7]), (match[8], match[9]), found.drop
        )
    )


def _motion(found: Events, n: int, match: re.Match[str]) -> None:
    """A speed goes to the line of its reel that begins at its time, else to the last of its reel, else to the last."""
    lines = found.events[-1].lines if found.events else []
    if not lines:
        raise ValueError(f"{n}: a speed before any event")
    same = [line for line in lines if line.reel == match[1]]
    exact = [line for line in same if line.source[0] == match[3] and not line.speed]
    (exact or same[::-1] or lines[::-1])[0].speed = match[2]


def _remark(found: Events, n: int, what: str, said: str) -> None:
    if what == "LOC":
        if match := _LOCATOR.match(said):
            at = (match[1], match[1])
            found.locators.append((Line(n, "", "", "C", 0, at, at, found.drop), match[3].strip() or match[2]))
        else:
            found.told.append((n, f"not understood: LOC: {said[:80]!r}"))
    elif what == "FRAME RATE":
        found.rate = _rate(said)
    elif not found.events:
        found.told.append((n, f"before any event: {what}"))
    elif what.startswith("ASC"):
        found.events[-1].coloured = True
    else:
        found.events[-1].names.setdefault(what, said)


def _rate(said: str) -> Fraction | None:
    """A rate in a remark; None for what is none."""
    match = re.fullmatch(r"(\d{1,7})(?:/(\d{1,5})|(\.\d{1,9}))?", said)
    if match is None or not int(match[2] or 1):
        return None
    rate = Fraction(int(match[1]), int(match[2])) if match[2] else Fraction(said)
    return rate if 0 < rate <= 1000 else None


def speed_of(text: str, fps: Fraction) -> Fraction:
    """The frames of the file for each of the list that an M2 line says.

    It gives frames a second: with one decimal those of the timecode (24.0 is as fast as ever at 23.976), with more
    those of the clock.
    """
    exact = len(text.partition(".")[2]) > 1
    return (Fraction(text) / (fps if exact else max(1, round(fps)))).limit_denominator(10_000)

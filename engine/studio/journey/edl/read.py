"""Read a CMX3600 list: events become clips, their dissolves mixes."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError
from engine.studio.journey.contents import contents, file_name
from engine.studio.journey.edl.events import Event, Events, Line, events, speed_of
from engine.studio.journey.edl.lane import Entry, Lane
from engine.studio.journey.edl.timecode import Timecode
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Mark, Media, Timeline, Unsupported

PREROLL_MINUTES = 10  # a program begins at a full hour that lies at most so long before its first event
NTSC = Fraction(30_000, 1001)
BLACK = "BL"


def read(path: Path, fps: Fraction | None = None) -> Timeline:
    """What a list says. InputError, with the line, for what does not hold together.

    fps : of its timecode, which only lists of latenz say; 25 without it, or 29.97 where numbers are dropped, and told

    Frame 0 is the last full hour before the first event, or that event where it comes over ten minutes later.
    """
    data = contents(path)
    try:
        written = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        written = data.decode("latin-1")
    try:
        found = events(written)
        rate = fps or found.rate or (NTSC if found.dropped else Fraction(25))
        if not 0 < rate <= 1000:
            raise InputError(f"{path}: {float(rate):g} frames a second; give more than 0, at most 1000")
        reader = Reader(path, rate)
        if not fps and not found.rate:
            reader.told.append(Unsupported(0, f"no frame rate: read as {float(rate):g} a second; give --fps"))
        return reader.timeline(found)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}:{error}") from None


@dataclass(slots=True)
class Reader:
    """Goes through the events of one list."""

    path: Path
    fps: Fraction
    drop: bool = False
    told: list[Unsupported] = field(default_factory=list)
    media: dict[str, int] = field(default_factory=dict)
    lanes: dict[int, Lane] = field(default_factory=dict)

    def timeline(self, found: Events) -> Timeline:
        """The edit. ValueError, with the line, for what does not hold together."""
        lines = [(event, line) for event in found.events for line in event.lines if line.track is not None]
        if not lines:
            raise InputError(f"{self.path}: no event with a picture: 001  REEL  V  C  and four times HH:MM:SS:FF")
        if len(lines) > MAX_CLIPS:
            raise InputError(f"{self.path}: {len(lines)} events; a timeline has at most {MAX_CLIPS} clips")
        self.drop = found.record_drop
        start = self._start(min(self._record(line) for _, line in lines))
        entries = [self._entry(event, line, start) for event, line in lines]
        for entry in sorted(entries, key=lambda e: e.at):  # events may stand in the order of the reels
            track = entry.line.track or 1
            lane = self.lanes.setdefault(track, Lane(self.fps, self.told))
            lane.put(entry, self.media.setdefault(entry.name, len(self.media)) if entry.name else None)
        length = max(entry.end for entry in entries)
        if length > MAX_FRAMES:
            raise InputError(f"{self.path}: {length} frames; a timeline has at most {MAX_FRAMES}")
        self.told += [Unsupported(0, what, where=f"{self.path}:{n}") for n, what in found.told]
        marks = [Mark(self._record(line) - start, name) for line, name in found.locators]
        return Timeline(
            self.fps, tuple(Media(name) for name in self.media),
            tuple(self.lanes[n].track(f"V{n}") for n in sorted(self.lanes)),
            marks=tuple(sorted(marks, key=lambda m: m.frame)),
            unsupported=tuple(sorted(self.told, key=lambda u: u.frame)),
            name=found.title, length=length, sound=self._sound(found),
        )  # fmt: skip

    def _start(self, first: int) -> int:
        """The timecode of frame 0."""
        code = Timecode.of(self.fps, self.drop)
        hour = first - first % code.hour
        return hour if first - hour <= PREROLL_MINUTES * 60 * code.base else first

    def _record(self, line: Line, end: int = 0) -> int:
        """When it begins, or ends, in the edit's timecode."""
        return self._frames(line, line.record[end], self.drop)

    def _frames(self, line: Line, timecode: str, drop: bool) -> int:
        try:
            return Timecode.of(self.fps, drop).frames(timecode)
        except ValueError as error:
            raise ValueError(f"{line.line}: {error}") from None

    def _entry(self, event: Event, line: Line, start: int) -> Entry:
        """A line with its times and speed."""
        into, out = (self._frames(line, each, line.drop) for each in line.source)
        at, end = self._record(line), self._record(line, 1)
        length = end - at
        if length < 0:
            raise ValueError(f"{line.line}: it ends at {line.record[1]}, before it begins at {line.record[0]}")
        speed = Fraction(0) if event.still else speed_of(line.speed, self.fps) if line.speed else Fraction(1)
        if out < into and speed > 0:
            raise ValueError(
                f"{line.line}: its source ends before it begins, and no M2 line says that it goes backwards"
            )
        name = self._name(event, line)
        where = f"{self.path}:{line.line}"
        if speed == 1 and out - into != length and name is not None:
            what = f"{out - into} frames of the file for {length} of the edit, and no M2 line: not scaled"
            self.told.append(Unsupported(at - start, what, name, where))
        if event.coloured and name is not None and length:
            self.told.append(Unsupported(at - start, "colour correction (ASC CDL)", name, where))
        first = max(into, out - 1) if speed < 0 and length else into
        return Entry(line, name, at - start, length, Fraction(first), speed)

    def _name(self, event: Event, line: Line) -> str | None:
        """The file that a line is cut from: by the remarks of its event, else its reel."""
        if line.reel == BLACK:
            return None
        said = event.names.get("FROM CLIP NAME" if line.transition == "C" else "TO CLIP NAME")
        if said is None and sum(each.track == line.track for each in event.lines) == 1:
            said = event.names.get("FROM CLIP NAME") or event.names.get("SOURCE FILE")
        return file_name(said or line.reel, f"{self.path}:{line.line}")

    def _sound(self, found: Events) -> tuple[str, ...]:
        """The files of the events of sound."""
        names = (
            self._name(event, line) for event in found.events for line in event.lines
            if line.channels == "B" or (line.track is None and line.channels != "NONE")
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in names if name))

"""A track of pictures, filled by one line of a list after another."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.studio.journey.edl.events import Line
from engine.studio.journey.timeline import Clip, Mix, Track, Unsupported, clock, linear


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an event in frames from the beginning of the edit. name : None for black"""

    line: Line
    name: str | None
    at: int
    length: int
    first: Fraction
    speed: Fraction

    @property
    def end(self) -> int:
        return self.at + self.length


@dataclass(slots=True)
class Lane:
    """A track while it is filled. told : what cannot be done is put there"""

    fps: Fraction
    told: list[Unsupported]
    clips: list[Clip] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)
    end: int = 0
    seen: bool = False  # whether the last clip reaches to the end; black does not

    def put(self, entry: Entry, media: int | None) -> None:
        """Add a line. ValueError, with its number, for what lies over another."""
        line, what = entry.line, entry.line.transition
        if entry.at < self.end:
            raise ValueError(f"{line.line}: {line.record[0]} lies in an event before it; a track shows one at a time")
        if what in ("K", "KO"):
            self._tell(entry, "key: left out")
            return
        if what == "KB" or what.startswith("W"):
            self._tell(entry, "background of a key: a clip" if what == "KB" else f"wipe {what[1:]}: a dissolve")
        count = entry.line.count if what[0] in "DW" else 0
        if count > entry.length:
            raise ValueError(f"{line.line}: a dissolve of {count} frames into an event of {entry.length}")
        if entry.length and count and self._joins(entry, media):
            out = len(self.clips) - 1
            self.clips[out] = replace(self.clips[out], length=entry.at + count - self.clips[out].at)
            self.mixes.append(Mix(entry.at, linear(count), out, out + 1))
        if media is not None and (entry.length or not self._goes_on(entry, media)):
            self.clips.append(Clip(media, entry.at, entry.length, entry.first, entry.speed, name=entry.name or ""))
        if entry.length or media is not None:
            self.seen = media is not None
        self.end = entry.end

    def track(self, name: str) -> Track:
        """All of it. What got no length stays out."""
        kept = {n: i for i, n in enumerate(n for n, clip in enumerate(self.clips) if clip.length)}
        clips = (replace(self.clips[n], where=f"{name} {clock(self.clips[n].at, self.fps)}") for n in kept)
        return Track(tuple(clips), tuple(replace(m, out=kept[m.out], into=kept[m.into]) for m in self.mixes), name)

    def _joins(self, entry: Entry, media: int | None) -> bool:
        """Whether there is something on both sides of a dissolve."""
        there = self.seen and self.end == entry.at
        if not there or media is None:
            self._tell(entry, "dissolve from black: a cut" if media is not None else "dissolve to black: a cut")
        return there and media is not None

    def _goes_on(self, entry: Entry, media: int) -> bool:
        """Whether a line without length, which a dissolve begins with, is the clip that stands before it."""
        last = self.clips[-1] if self.clips and self.seen and self.end == entry.at else None
        if last is None or last.media != media:
            return False
        return abs(max(Fraction(0), last.source(entry.at)) - entry.first) <= max(Fraction(1), abs(last.speed))

    def _tell(self, entry: Entry, what: str) -> None:
        self.told.append(Unsupported(entry.at, what, entry.name or "", f"line {entry.line.line}"))

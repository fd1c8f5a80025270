"""Write a Timeline as a CMX3600 list."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError, printable
from engine.paths import part_beside
from engine.studio.journey.edl.events import speed_of
from engine.studio.journey.edl.timecode import Timecode
from engine.studio.journey.timeline import Clip, Media, Mix, Timeline, Track, clock, linear

MOST_EVENTS = 999
MOST_FADE = 999
HOURS = 1  # a program begins at 01:00:00:00
REEL = 8  # characters


def write(timeline: Timeline, path: Path) -> None:
    """Write an edit. It appears whole or not at all. Source frames are whole in a list: others go to the nearest.

    InputError, with what to do, for what a list has no words for: several tracks, dissolves with a curve of their own,
    remapped time, more than 999 events. Another edit than the one given is never written. Sound is left out.
    """
    writer = Writer(timeline, path)
    text = writer.text()
    with part_beside(path) as part:
        part.write_text(text, "utf-8", newline="\r\n")


@dataclass(slots=True)
class Writer:
    """Makes the lines of one list."""

    edit: Timeline
    path: Path
    lines: list[str] = field(default_factory=list)
    reels: list[str] = field(default_factory=list)
    count: int = 0

    def text(self) -> str:
        """All of it."""
        track = self._track()
        self.reels = _reels(self.edit.media)
        self.lines = [f"TITLE: {_plain(self.edit.name) or 'latenz'}", "FCM: NON-DROP FRAME", ""]
        before, behind = {mix.into: mix for mix in track.mixes}, {mix.out: mix for mix in track.mixes}
        clips = [(n, clip) for n, clip in enumerate(track.clips) if clip.media is not None]
        length = max([self.edit.length, *(clip.end for _, clip in clips)])
        end = 0
        for n, clip in clips:
            mix, stop = before.get(n), behind[n].at if n in behind else clip.end
            if clip.at < end:
                raise self._cannot("a clip over another without a dissolve", clip.at)
            if clip.at and not end:
                self._black(0, clip.at)
            if mix:
                self._dissolve(mix, track.clips[mix.out], clip, stop)
            elif stop > clip.at:  # else all of it is seen in the dissolve out of it
                self._event(clip, clip.at, stop)
            end = stop
        if length > end:
            self._black(end, length)
        self.lines += [f"* LOC: {self._record(m.frame)} GREEN   {_plain(m.name)}" for m in self.edit.marks]
        self.lines.append(f"* FRAME RATE: {self.edit.fps}")  # behind all: some readers take no remark before an event
        return "\n".join(self.lines) + "\n"

    def _track(self) -> Track:
        """The one track that a list can hold."""
        full = [track for track in self.edit.tracks if track.clips]
        if len(full) > 1 or self.edit.dissolves:
            at = full[1].clips[0].at if len(full) > 1 else self.edit.dissolves[0].at
            raise self._cannot("a second track", at)
        track = full[0] if full else Track()
        for clip in track.clips:
            if clip.shown is not None:
                raise self._cannot("remapped time", clip.at)
        for mix in track.mixes:
            if len(mix.shares) > MOST_FADE:
                raise self._cannot(f"a dissolve of {len(mix.shares)} frames (it has at most {MOST_FADE})", mix.at)
            if mix.out > mix.into or any(
                abs(a - b) > 1e-3 for a, b in zip(mix.shares, linear(len(mix.shares)), strict=True)
            ):
                raise self._cannot("a dissolve with a curve", mix.at)
            if any(track.clips[n].media is None for n in (mix.out, mix.into)):
                raise self._cannot("a dissolve with what is no file", mix.at)
        return track

    def _cannot(self, what: str, frame: int) -> InputError:
        at = clock(frame, self.edit.fps)
        return InputError(f"{self.path}: {what} at {at}: an .edl has no words for it; write .otio or .kdenlive")

    def _black(self, at: int, end: int) -> None:
        self.lines.append(self._line("BL", "C", (0, end - at), at, end, self._number()))

    def _event(self, clip: Clip, at: int, end: int) -> None:
        self.lines.append(self._line(self._reel(clip), "C", self._source(clip, at, end), at, end, self._number()))
        self._remarks("FROM", clip, at, end)

    def _dissolve(self, mix: Mix, out: Clip, into: Clip, end: int) -> None:
        """Two lines of one number: what is left, which takes no time, and what comes."""
        number, stands = self._number(), max(0, int(out.source(mix.at)))
        self.lines += [
            self._line(self._reel(out), "C", (stands, stands), mix.at, mix.at, number),
            self._line(
                self._reel(into), f"D    {len(mix.shares):03d}", self._source(into, mix.at, end), mix.at, end, number
            ),
        ]
        alike = self._reel(out) == self._reel(into) and stands == self._source(into, mix.at, end)[0]
        if out.at == mix.at or (alike and into.speed != 1):  # an M2 line goes to the first line of its reel and time
            self._speed(out, stands, alike and into.speed != 1)
        self.lines.append(f"* FROM CLIP NAME: {_name(self._media(out))}")
        self._remarks("TO", into, mix.at, end)

    def _remarks(self, side: str, clip: Clip, at: int, end: int) -> None:
        self._speed(clip, self._source(clip, at, end)[0])
        self.lines.append(f"* {side} CLIP NAME: {_name(self._media(clip))}")

    def _speed(self, clip: Clip, source: int, always: bool = False) -> None:
        if clip.speed == 1 and not always:
            return
        base, rate = max(1, round(self.edit.fps)), clip.speed * self.edit.fps
        plain = f"{'-' if clip.speed < 0 else ''}{abs(float(clip.speed * base)):05.1f}"
        finer = f"{'-' if rate < 0 else ''}{abs(float(rate)):013.9f}"
        said = plain if speed_of(plain, self.edit.fps) == clip.speed else finer
        if abs(speed_of(said, self.edit.fps) - clip.speed) * clip.length > Fraction(1, 100):
            raise self._cannot(f"a speed of {float(clip.speed):g}", clip.at)
        self.lines.append(f"M2   {self._reel(clip):<8}       {said}                {self._code(source)}")

    def _source(self, clip: Clip, at: int, end: int) -> tuple[int, int]:
        """The frames of the file between two of the edit: the first, and the one behind the last."""
        first, long = round(clip.source(at)), round(abs(clip.speed) * (end - at))
        if first < 0:
            raise self._cannot(f"{-first} frames before the beginning of {_name(self._media(clip))}", at)
        if clip.speed < 0:
            return max(0, first + 1 - long), first + 1
        return first, first + max(long, 1)

    def _line(self, reel: str, how: str, source: tuple[int, int], at: int, end: int, number: int) -> str:
        times = (self._code(source[0]), self._code(source[1]), self._record(at), self._record(end))
        return f"{number:03d}  {reel:<{REEL}} V     {how:<8} {' '.join(times)}"

    def _number(self) -> int:
        self.count += 1
        if self.count > MOST_EVENTS:
            raise InputError(
                f"{self.path}: more than {MOST_EVENTS} events, which an .edl can number; write .otio or .kdenlive"
            )
        return self.count

    def _media(self, clip: Clip) -> Media:
        return self.edit.media[clip.media or 0]

    def _reel(self, clip: Clip) -> str:
        return self.reels[clip.media or 0]

    def _record(self, frame: int) -> str:
        return self._code(frame + HOURS * 3600 * Timecode.of(self.edit.fps).base)

    def _code(self, frame: int) -> str:
        try:
            return Timecode.of(self.edit.fps).text(frame)
        except ValueError as error:
            raise InputError(f"{self.path}: {error}; write .otio or .kdenlive") from None


def _reels(media: tuple[Media, ...]) -> list[str]:
    """A name of at most eight capitals and digits for each file, all different."""
    found: dict[str, None] = {"BL": None, "AX": None}
    for n, each in enumerate(media, 1):
        stem = re.sub(r"[^A-Z0-9_]", "", _name(each).rpartition(".")[0].upper() or _name(each).upper())[:REEL] or "REEL"
        while stem in found:
            number = str(n)
            stem, n = stem[: REEL - len(number)] + number, n + 1
        found[stem] = None
    return list(found)[2:]


def _name(media: Media) -> str:
    """A file's name without its folder, on one line."""
    return _plain(media.name.replace("\\", "/").rpartition("/")[2])


def _plain(text: str) -> str:
    return " ".join(printable(text).split())

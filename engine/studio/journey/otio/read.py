"""Read an `.otio`: tracks, gaps, nested compositions and dissolves become a Timeline."""

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.errors import InputError, printable
from engine.studio.journey.otio.clips import Reels, beyond, called, cut, idle, reference
from engine.studio.journey.otio.joints import Piece, joint, laid
from engine.studio.journey.otio.layers import Layers
from engine.studio.journey.otio.times import Range, Time, items, rate, schema, text, time_range
from engine.studio.journey.otio.tree import MOST_DEEP, enabled, kind, named, timelines, tree
from engine.studio.journey.timeline import MAX_FRAMES, Mark, Timeline, Track, Unsupported, clock

COMPOSITIONS = ("Stack", "Track", "Sequence")
GAPS = ("Gap", "Filler")


def read(path: Path) -> Timeline:
    """What an OpenTimelineIO file says. InputError, with the place in it, for what does not hold together."""
    return timeline_of(tree(path), path)


def timeline_of(data: Any, path: Path, fps: Fraction | None = None) -> Timeline:
    """The first timeline in the data of an `.otio`; others are told.

    fps : its rate, which OpenTimelineIO does not keep: that of its start, else the one most clips have
    """
    found = timelines(data)
    if not found:
        raise InputError(f"{path}: no timeline in it, but {schema(data) or 'other JSON'}; export a timeline as .otio")
    first = found[0]
    stack = first.get("tracks")
    if not isinstance(stack, dict) or schema(stack) not in COMPOSITIONS:
        raise InputError(f"{path}: a timeline without tracks")
    fps = fps or _fps(first, path)
    if fps > 1000:
        raise InputError(f"{path}: {float(fps):g} frames a second; a timeline has at most 1000")
    reader = Reader(Reels(fps), sound={})
    layers = reader.trimmed(stack, f"{path}: tracks", 0)
    length = reader.frame(layers.seconds)
    if length > MAX_FRAMES:
        raise InputError(f"{path}: {length} frames; a timeline has at most {MAX_FRAMES}")
    tracks = tuple(_placed(lane.track(), f"V{n}", fps) for n, lane in enumerate(layers.lanes, 1))
    told = [*layers.unsupported, *reader.far(tracks)]
    told += [Unsupported(0, f"another timeline, {text(other, 'name')!r}") for other in found[1:]]
    return Timeline(
        fps, tuple(reader.reels.media), tracks,
        marks=tuple(sorted(layers.marks, key=lambda m: m.frame)),
        unsupported=tuple(sorted(told, key=lambda u: u.frame)),
        name=text(first, "name"), length=length, sound=tuple(reader.sound),
    )  # fmt: skip


def _fps(timeline: dict[str, Any], path: Path) -> Fraction:
    """The rate of a timeline: of its start, else the one that most of what stands on its tracks counts in."""
    if (start := timeline.get("global_start_time")) is not None and isinstance(start, dict):
        return rate(start.get("rate"), f"{path}: global_start_time")
    counts: Counter[Fraction] = Counter()
    waiting = [timeline.get("tracks")]
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, dict):
            continue
        if schema(thing) in COMPOSITIONS and kind(thing) != "Audio":
            waiting += items(thing, "children")
        elif schema(thing) in ("Clip", *GAPS) and (
            span := time_range(thing.get("source_range"), f"{path}: {text(thing, 'name') or schema(thing)}")
        ):
            counts[span.length.rate] += 1
    if not counts:
        raise InputError(f"{path}: nothing on its tracks says how many frames a second has")
    return max(counts, key=lambda each: (counts[each], -each))


def _placed(track: Track, name: str, fps: Fraction) -> Track:
    """A track whose clips know where they stand."""
    name = track.name or name
    clips = tuple(replace(clip, where=f"{printable(name)} {clock(clip.at, fps)}") for clip in track.clips)
    return Track(clips, track.mixes, name)


@dataclass(slots=True)
class Reader:
    """Goes through the compositions of one timeline."""

    reels: Reels
    sound: dict[str, None] = field(default_factory=dict)

    def frame(self, seconds: Fraction) -> int:
        """The frame that a time falls on."""
        return round(seconds * self.reels.fps)

    def composition(self, data: dict[str, Any], where: str, deep: int) -> Layers:
        """A stack or a track by itself, from its own beginning."""
        if deep > MOST_DEEP:
            raise InputError(f"{where}: more than {MOST_DEEP} compositions in each other")
        whole = self._stack(data, where, deep) if schema(data) == "Stack" else self._track(data, where, deep)
        name = text(data, "name")
        whole.marks += [Mark(self.frame(at), label) for at, label in _markers(data, where)]
        whole.unsupported += [
            Unsupported(0, f"effect {called(effect)} on all of a track", name, where)
            for effect in items(data, "effects") if isinstance(effect, dict) and enabled(effect) and not idle(effect)
        ]  # fmt: skip
        return whole

    def trimmed(self, data: dict[str, Any], where: str, deep: int) -> Layers:
        """The part of a composition that it says is seen."""
        whole = self.composition(data, where, deep)
        span = time_range(data.get("source_range"), where)
        if span is None:
            return whole
        part = whole.window(self.frame(span.start.seconds), self.frame(span.length.seconds), 0)
        part.seconds = span.length.seconds
        return part

    def _stack(self, data: dict[str, Any], where: str, deep: int) -> Layers:
        """All on top of each other, from the bottom up."""
        whole = Layers()
        for n, child in enumerate(items(data, "children"), 1):
            place = named(child, where, n)
            if schema(child) not in ("Track", "Sequence"):
                child = {"OTIO_SCHEMA": "Track.1", "children": [child]}
            if kind(child) == "Audio":
                self._hear(child, place)
            elif enabled(child) and kind(child) != "Video":
                whole.unsupported.append(Unsupported(0, f"a track of {kind(child)[:40]}", text(child, "name"), place))
            elif enabled(child):
                layers = self.trimmed(child, place, deep + 1)
                whole.seconds = max(whole.seconds, layers.seconds)
                whole.lanes += layers.lanes
                whole.marks += layers.marks
                whole.unsupported += layers.unsupported
        return whole

    def _track(self, data: dict[str, Any], where: str, deep: int) -> Layers:
        """One after another, with the dissolves between them."""
        whole = Layers()
        pieces: list[Piece] = []
        between: list[tuple[int, Any, str]] = []
        for n, child in enumerate(items(data, "children"), 1):
            place = named(child, where, n)
            if schema(child) == "Transition":
                between.append((len(pieces), child, place))
            else:
                pieces.append(self._piece(child, whole, place, deep))
        joints = [joint(pieces, n, child, self.reels.fps, whole.unsupported, place) for n, child, place in between]
        whole.lanes = laid(pieces, [each for each in joints if each], text(data, "name"))
        return whole

    def far(self, tracks: tuple[Track, ...]) -> list[Unsupported]:
        """The clips that reach beyond their files."""
        return [
            Unsupported(clip.at, f"{count} frames beyond the file, whose end is held", clip.name, clip.where)
            for track in tracks for clip in track.clips
            if clip.media is not None and (count := beyond(clip, self.reels.media[clip.media])) > 0
        ]  # fmt: skip

    def _piece(self, child: Any, whole: Layers, where: str, deep: int) -> Piece:
        """Put a child at the end of a track. What is wrong with it is told."""
        what = schema(child)
        if what not in ("Clip", *GAPS, *COMPOSITIONS):
            raise InputError(
                f"{where}: {what[:40] or type(child).__name__} on a track; clips, gaps and transitions stand there"
            )
        inner = self.composition(child, where, deep + 1) if what in COMPOSITIONS else None
        at, span = self.frame(whole.seconds), self._span(child, inner, where)
        whole.seconds += span.length.seconds
        end, name = self.frame(whole.seconds), text(child, "name")
        if end > MAX_FRAMES:
            raise InputError(f"{where}: it ends at frame {end}; a timeline has at most {MAX_FRAMES}")
        if what in GAPS or not enabled(child):
            return Piece(at, end)
        if at == end:
            whole.unsupported.append(Unsupported(at, "shorter than half a frame: left out", name, where))
            return Piece(at, end)
        if inner is not None:
            part = inner.window(self.frame(span.start.seconds), end - at, at)
            whole.marks += part.marks
            whole.unsupported += part.unsupported
            return Piece(at, end, inner=part)
        clip = cut(child, span, at, end - at, self.reels, where)
        whole.unsupported += [Unsupported(at, amiss, name, where) for amiss in clip.amiss]
        whole.marks += clip.marks([(seconds * self.reels.fps, label) for seconds, label in _markers(child, where)])
        return Piece(at, end, clip)

    def _span(self, child: dict[str, Any], inner: Layers | None, where: str) -> Range:
        """The time of its own that a child shows."""
        span = time_range(child.get("source_range"), where)
        if span is None and inner is not None:
            zero = Time(Fraction(0), self.reels.fps)
            span = Range(zero, replace(zero, value=inner.seconds * self.reels.fps))
        span = span or reference(child, where).available
        if span is None:
            raise InputError(f"{where}: neither a source_range nor an available_range says how long it is")
        return span

    def _hear(self, track: dict[str, Any], where: str) -> None:
        """Note the files of a track of sound."""
        for n, child in enumerate(items(track, "children") if enabled(track) else (), 1):
            if schema(child) == "Clip" and enabled(child) and (name := reference(child, named(child, where, n)).name):
                self.sound[name] = None


def _markers(data: dict[str, Any], where: str) -> list[tuple[Fraction, str]]:
    """The markers of something: seconds of its own time, names."""
    found = []
    for marker in items(data, "markers"):
        if schema(marker) != "Marker":
            raise InputError(f"{where}: {str(marker)[:40]} where a Marker stands")
        span = time_range(marker.get("marked_range", marker.get("range")), where)
        if span is not None:
            found.append((span.start.seconds, text(marker, "name") or text(marker, "comment")))
    return found

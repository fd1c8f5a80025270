"""Stretches: pieces of a timeline throughout which the same clips are seen, found in one sweep from left to right."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, printable
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Clip, Dissolve, Mix, Timeline, clock

MOST_LAYERS = 8  # clips that meet in one frame

Weights = NDArray[np.float64]  # of one clip at each frame of a stretch
Place = tuple[int, int]  # number of a track, of a clip on it
Layers = dict[Place, Weights]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The frames first .. last - 1.

    seen : the clips with their weights (last - first,) that sum to 1, what is left first; empty: a gap
    how : what brings several together
    """

    first: int
    last: int
    seen: tuple[tuple[Clip, Weights], ...]
    how: Literal["", "mix", "dissolve"] = ""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Something begins or ends; at one frame what ends goes first."""

    frame: int
    begins: bool
    track: int
    what: Literal["clip", "mix", "dissolve"]
    number: int


def length_of(timeline: Timeline) -> int:
    """Frames of a timeline in all. InputError where there are none, or too many."""
    ends = (clip.end for track in timeline.tracks for clip in track.clips)
    length = timeline.length or max(ends, default=0)
    if not 0 < length <= MAX_FRAMES:
        raise InputError(f"{_name(timeline)}: {length} frames; a timeline has 1 to {MAX_FRAMES}")
    return length


def stretches(timeline: Timeline) -> list[Stretch]:
    """What is seen from frame 0 to the end, without holes.

    The topmost track with a clip is seen. A clip that is no file (a colour, a title) is seen through. A mix counts
    where its track is seen. A dissolve brings two tracks together on the upper one of them, where both have a clip;
    several on one track are applied in their order. InputError for a timeline that does not hold together.
    """
    _check(timeline)
    length = length_of(timeline)
    sweep, found, at = _Sweep(timeline), list[Stretch](), 0
    for edge in (*sorted(_edges(timeline, length), key=lambda e: (e.frame, e.begins)), None):
        frame = edge.frame if edge else length
        if frame > at:
            found.append(sweep.stretch(at, frame))
            at = frame
        if edge:
            sweep.pass_(edge)
    return found


class _Sweep:
    """What is under way at a frame."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._top: list[int] = []  # tracks with a clip, in order
        self._clips: dict[int, list[int]] = {}
        self._mixes: dict[int, list[int]] = {}
        self._dissolves: dict[int, list[int]] = {}

    def pass_(self, edge: _Edge) -> None:
        table = {"clip": self._clips, "mix": self._mixes, "dissolve": self._dissolves}[edge.what]
        under_way = table.setdefault(edge.track, [])
        if edge.begins:
            if edge.what == "clip" and not under_way:
                insort(self._top, edge.track)
            insort(under_way, edge.number)
            return
        del under_way[bisect_left(under_way, edge.number)]
        if edge.what == "clip" and not under_way:
            del self._top[bisect_left(self._top, edge.track)]

    def stretch(self, first: int, last: int) -> Stretch:
        if not self._top:
            return Stretch(first, last, ())
        top = self._top[-1]
        seen = self._seen(top, first, last)
        if len(seen) < 2:
            how: Literal["", "mix", "dissolve"] = ""
        else:
            how = "mix" if len({track for track, _ in seen}) == 1 else "dissolve"
        clips = tuple((self._timeline.tracks[t].clips[c], weights) for (t, c), weights in seen.items())
        return Stretch(first, last, clips, how)

    def _seen(self, top: int, first: int, last: int) -> Layers:
        """The clips of a track that has some, with those that dissolves bring to it."""
        needed, waiting = {top}, [top]
        while waiting:  # no recursion: a chain of dissolves may be as long as there are tracks
            for dissolve in self._on(waiting.pop()):
                lower = min(dissolve.out, dissolve.into)
                if lower not in needed:
                    needed.add(lower)
                    waiting.append(lower)
        ready: dict[int, Layers] = {}
        for track in sorted(needed):
            layers = self._own(track, first, last)
            for dissolve in self._on(track):
                share, under = _shares(dissolve, first, last), ready[min(dissolve.out, dissolve.into)]
                out, into = (under, layers) if dissolve.out < track else (layers, under)
                layers = _meet(out, into, share)
                if len(layers) > MOST_LAYERS:
                    raise InputError(
                        f"{_name(self._timeline)}: {len(layers)} clips meet at {clock(first, self._timeline.fps)}; "
                        f"at most {MOST_LAYERS} do: take dissolves away there"
                    )
            ready[track] = layers
        return ready[top]

    def _on(self, track: int) -> list[Dissolve]:
        """Dissolves that are under way and end up on a track, where both of its tracks have clips."""
        found = [self._timeline.dissolves[n] for n in self._dissolves.get(track, ())]
        return [d for d in found if self._clips.get(d.out) and self._clips.get(d.into)]

    def _own(self, track: int, first: int, last: int) -> Layers:
        """The clip of a track, or the two of a mix."""
        clips = self._clips[track]
        for number in self._mixes.get(track, ()):
            mix = self._timeline.tracks[track].mixes[number]
            if mix.out in clips and mix.into in clips:
                share = _shares(mix, first, last)
                return {(track, mix.out): 1.0 - share, (track, mix.into): share}
        return {(track, clips[-1]): np.ones(last - first)}


def _meet(out: Layers, into: Layers, share: Weights) -> Layers:
    """Two pictures over each other, each of one clip or of several."""
    found = {place: weights * (1.0 - share) for place, weights in out.items()}
    for place, weights in into.items():
        part = weights * share
        found[place] = found[place] + part if place in found else part
    return found


def _shares(of: Mix | Dissolve, first: int, last: int) -> Weights:
    return np.clip(np.asarray(of.shares[first - of.at : last - of.at], np.float64), 0.0, 1.0)


def _edges(timeline: Timeline, length: int) -> Iterator[_Edge]:
    def both(at: int, end: int, track: int, what: Literal["clip", "mix", "dissolve"], number: int) -> Iterator[_Edge]:
        if max(at, 0) < min(end, length):
            yield _Edge(max(at, 0), True, track, what, number)
            yield _Edge(min(end, length), False, track, what, number)

    for t, track in enumerate(timeline.tracks):
        for number, clip in enumerate(track.clips):
            if clip.media is not None:
                yield from both(clip.at, clip.end, t, "clip", number)
        for number, mix in enumerate(track.mixes):
            yield from both(mix.at, mix.at + len(mix.shares), t, "mix", number)
    for number, dissolve in enumerate(timeline.dissolves):
        upper = max(dissolve.out, dissolve.into)
        yield from both(dissolve.at, dissolve.at + len(dissolve.shares), upper, "dissolve", number)


def _check(timeline: Timeline) -> None:
    """InputError for numbers that lead nowhere; readers that keep the contract never cause it."""
    name = _name(timeline)
    if not 0 < timeline.fps <= 1000:
        raise InputError(f"{name}: {timeline.fps} frames a second; give more than 0, at most 1000")
    count = sum(len(track.clips) + len(track.mixes) for track in timeline.tracks) + len(timeline.dissolves)
    if count > 3 * MAX_CLIPS:
        raise InputError(f"{name}: {count} clips and transitions; at most {3 * MAX_CLIPS}")
    for track in timeline.tracks:
        for clip in track.clips:
            _check_clip(timeline, clip)
        for mix in track.mixes:
            _check_shares(name, mix, len(track.clips), "clip")
    for dissolve in timeline.dissolves:
        _check_shares(name, dissolve, len(timeline.tracks), "track")


def _check_clip(timeline: Timeline, clip: Clip) -> None:
    what = f"{clip.where or _name(timeline)}: clip {printable(clip.name) or clip.at}"
    if clip.media is not None and not 0 <= clip.media < len(timeline.media):
        raise InputError(f"{what}: media {clip.media}; there are {len(timeline.media)}")
    if not 0 < clip.length <= MAX_FRAMES or abs(clip.at) > MAX_FRAMES:
        raise InputError(f"{what}: {clip.length} frames from {clip.at}; at most {MAX_FRAMES}")
    if clip.shown is not None and len(clip.shown) != clip.length:
        raise InputError(f"{what}: {len(clip.shown)} places in the file for {clip.length} frames")


def _check_shares(name: str, of: Mix | Dissolve, count: int, what: str) -> None:
    if not (0 <= of.out < count and 0 <= of.into < count and of.out != of.into):
        raise InputError(f"{name}: a transition at frame {of.at} from {what} {of.out} to {of.into}; there are {count}")
    if not np.isfinite(np.asarray(of.shares, np.float64)).all():
        raise InputError(f"{name}: a transition at frame {of.at} with shares that are not finite")


def _name(timeline: Timeline) -> str:
    return printable(timeline.name) or "the timeline"

"""Random edits, and what is seen at each frame of one, told a second time and plainly."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import strategies as st

from engine.studio.journey.timeline import Clip, Dissolve, Mark, Media, Mix, Timeline, Track

Seen = dict[tuple[int, int], float]  # (media, frame) -> weight; empty is a gap

SPEEDS = [Fraction(n) for n in ("1", "1", "1", "2", "-1", "1/2", "-2", "3/2", "-1/2", "0", "1/3", "7/4")]
RATES = [Fraction(25), Fraction(30), Fraction(24), Fraction(30000, 1001), Fraction(60)]
NAMES = ["first.mp4", "se cond.mp4", "folder/drei.mov", "a<b&'\"ü.mp4"]


def line(count: int, steps: int) -> tuple[float, ...]:
    """What MLT shows of a dissolve of so many steps."""
    return (0.5,) if steps == 1 else tuple(i / steps for i in range(count))


def seen(timeline: Timeline) -> list[Seen]:
    """What is seen at each frame."""
    return [_at(timeline, frame) for frame in range(timeline.length)]


def _at(timeline: Timeline, frame: int) -> Seen:
    own = [_own(timeline, track, frame) for track in timeline.tracks]
    there = [number for number, table in enumerate(own) if table]
    if not there:
        return {}
    for dissolve in timeline.dissolves:
        i = frame - dissolve.at
        both = {dissolve.out, dissolve.into}
        if 0 <= i < len(dissolve.shares) and max(both) == there[-1] and both <= set(there):
            return _sum((own[dissolve.out], 1 - dissolve.shares[i]), (own[dissolve.into], dissolve.shares[i]))
    return own[there[-1]]


def _own(timeline: Timeline, track: Track, frame: int) -> Seen:
    for mix in track.mixes:
        i = frame - mix.at
        if 0 <= i < len(mix.shares):
            out, into = (_one(timeline, track.clips[number], frame) for number in (mix.out, mix.into))
            return _sum((out, 1 - mix.shares[i]), (into, mix.shares[i]))
    for clip in track.clips:
        if clip.media is not None and clip.at <= frame < clip.end:
            return _one(timeline, clip, frame)
    return {}


def _one(timeline: Timeline, clip: Clip, frame: int) -> Seen:
    if clip.media is None:
        return {}
    media = timeline.media[clip.media]
    last = 0 if media.still else (media.frames or 1 << 40) - 1
    return {(clip.media, min(max(floor(clip.source(frame)), 0), last)): 1.0}


def _sum(*parts: tuple[Seen, float]) -> Seen:
    found: Seen = {}
    for table, share in parts:
        for key, weight in table.items():
            found[key] = found.get(key, 0.0) + weight * share
    return {key: weight for key, weight in found.items() if weight > 1e-6}


def differs(one: Timeline, other: Timeline) -> str:
    """The first frame at which two edits show something else, in words; "" for the same edit."""
    names = [[media.name for media in timeline.media] for timeline in (one, other)]
    tables = [
        [{(name[media], frame): weight for (media, frame), weight in at.items()} for at in seen(timeline)]
        for name, timeline in zip(names, (one, other), strict=True)
    ]
    return apart(*tables)


def apart(one: Sequence[Mapping[Any, float]], other: Sequence[Mapping[Any, float]]) -> str:
    """The first frame at which two tables differ, in words; "" where they do not."""
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} frames"
    for frame, (a, b) in enumerate(zip(one, other, strict=True)):
        if a.keys() != b.keys() or any(abs(a[key] - b[key]) > 1e-6 for key in a):
            return f"frame {frame}: {a} and {b}"
    return ""


@st.composite
def clips(draw: st.DrawFn, media: tuple[Media, ...], speeds: list[Fraction], tables: bool) -> Clip:
    """A clip of some file, not yet placed."""
    number = draw(st.integers(0, len(media) - 1))
    frames = media[number].frames or 1
    length = draw(st.integers(1, 12))
    if media[number].still:
        return Clip(number, 0, length, Fraction(0), Fraction(0))
    if tables and draw(st.integers(0, 9)) == 0:
        places = st.lists(st.integers(0, frames - 1), min_size=length, max_size=length)
        return Clip(number, 0, length, shown=tuple(map(Fraction, draw(places))))
    speed = draw(st.sampled_from(speeds))
    first = draw(st.integers(0, frames - 1))
    room = frames - 1 - first if speed > 0 else first
    length = min(length, floor(room / abs(speed)) + 1) if speed else length
    return Clip(number, 0, length, Fraction(first), speed)


@st.composite
def shares(draw: st.DrawFn, count: int, *, free: bool, follows: bool = False) -> tuple[float, ...]:
    """The curve of a transition: a line of MLT's own, or any."""
    if free and count > 2 and draw(st.booleans()):
        places = draw(st.lists(st.integers(0, 100), min_size=count, max_size=count).filter(_bent))
        return tuple(place / 100 for place in places)
    return line(count, count)


def _bent(places: list[int]) -> bool:
    rises = [b - a for a, b in zip(places, places[1:], strict=False)]
    return max(rises) != min(rises)


@st.composite
def tracks(draw: st.DrawFn, media: tuple[Media, ...], speeds: list[Fraction], mixed: bool, free: bool) -> Track:
    """Clips with gaps and mixes between them."""
    found, mixes = list[Clip](), list[Mix]()
    at, busy = 0, 0  # busy: up to here the last clip is in a mix
    for _ in range(draw(st.integers(0, 5))):
        clip = draw(clips(media, speeds, free))
        room = min(clip.length, found[-1].end - max(busy, found[-1].at)) - 1 if found else 0
        if found and mixed and room > 0 and draw(st.booleans()):
            count = draw(st.integers(1, room))
            start = at - count
            mixes.append(Mix(start, draw(shares(count, free=free)), len(found) - 1, len(found)))
            busy = at
        else:
            start = at + draw(st.sampled_from([0, 0, 1, 5]))
        found.append(_placed(clip, start))
        at = start + clip.length
    return Track(tuple(found), tuple(mixes))


def _placed(clip: Clip, at: int) -> Clip:
    return Clip(clip.media, at, clip.length, clip.first, clip.speed, clip.shown)


@st.composite
def timelines(
    draw: st.DrawFn, speeds: list[Fraction] = SPEEDS, most_tracks: int = 3, mixed: bool = True, free: bool = True,
    stills: bool = True, rates: list[Fraction] = RATES, frames: int | None = None,
    across: bool = True,
) -> Timeline:  # fmt: skip
    """An edit: cuts, gaps, mixes, dissolves, speeds, standing and remapped clips, several tracks, marks."""
    count = draw(st.integers(1, 3))
    media = tuple(Media(name, frames=frames or draw(st.integers(1, 60))) for name in NAMES[:count])
    if stills and draw(st.booleans()):
        media = (*media, Media("still.png", still=True))
    each = tracks(media, speeds, mixed, free)
    laid = tuple(draw(st.lists(each, min_size=1, max_size=most_tracks)))
    length = max((clip.end for track in laid for clip in track.clips), default=0)
    places = st.integers(0, max(0, length - 1))
    marks = (
        {} if not length else draw(st.dictionaries(places, st.sampled_from(["start", "a <b> & c", "ü"]), max_size=3))
    )
    dissolves = draw(_dissolves(laid, length, free)) if across else ()
    told = tuple(Mark(frame, name) for frame, name in sorted(marks.items()))
    return Timeline(draw(st.sampled_from(rates)), media, laid, dissolves, told, size=(128, 96), length=length)


@st.composite
def _dissolves(draw: st.DrawFn, laid: tuple[Track, ...], length: int, free: bool) -> tuple[Dissolve, ...]:
    """Dissolves between neighbouring tracks where both have clips and no mix, one at a time."""
    found = []
    lower = 0
    while lower + 1 < len(laid):
        pair = laid[lower : lower + 2]
        mixed = {f for track in pair for mix in track.mixes for f in range(mix.at, mix.at + len(mix.shares))}
        free_ = [f for f in range(length) if f not in mixed and all(_covers(track, f) for track in pair)]
        if 1 not in free_:  # one frame at 0 is written as two, for which there is no room
            free_ = [f for f in free_ if f]
        if free_ and draw(st.booleans()):
            at = draw(st.sampled_from(free_))
            most = next(n for n in range(1, length + 1) if at + n not in free_)
            count = draw(st.integers(1, most))
            out = draw(st.sampled_from([lower, lower + 1]))
            found.append(Dissolve(at, draw(shares(count, free=free)), out, 2 * lower + 1 - out))
            lower += 1
        lower += 1
    return tuple(found)


def _covers(track: Track, frame: int) -> bool:
    return any(clip.at <= frame < clip.end for clip in track.clips)

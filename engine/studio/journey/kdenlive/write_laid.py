"""An edit laid out as Kdenlive holds it: entries on tracks, its own dissolves between neighbours, and compositions.

A mix whose curve is no straight line, or whose clips fall into several entries, goes across tracks instead: the
incoming clip lies on a track of its own above for as long as both are seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from engine.errors import InputError
from engine.studio.journey.kdenlive.cutting import cut
from engine.studio.journey.kdenlive.write_pieces import Piece, lengths, pieces
from engine.studio.journey.timeline import Clip, Mix, Timeline, Track, clock

CLOSE = 1e-6
Shares = tuple[int, tuple[float, ...]]  # from a frame on

STRAIGHT_FRAMES = 2  # that a straight mix may be early or late to be Kdenlive's own


@dataclass(frozen=True, slots=True)
class Join:
    """A mix of two entries of a row, by their numbers; the transition lasts `steps` frames, from `at` on."""

    at: int
    length: int
    steps: int
    out: int
    into: int


@dataclass(slots=True)
class Row:
    """A track."""

    entries: list[Piece] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Blend:
    """A composition of two rows, the lower first; shares : of the upper one at each frame from `at` on."""

    at: int
    shares: tuple[float, ...]
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Laid:
    """rows : from the bottom up."""

    rows: tuple[Row, ...]
    blends: tuple[Blend, ...]
    frames: tuple[int, ...]


def laid(timeline: Timeline) -> Laid:
    """The edit as rows of entries. InputError where clips of a track lie over each other without a mix."""
    frames = lengths(timeline)
    rows, blends, number = list[Row](), list[Blend](), list[int]()
    for track in timeline.tracks:
        number.append(len(rows))
        row, above, shares = _row(timeline, track, frames)
        rows.append(row)
        if above.entries:
            blends += [_blend(at, values, len(rows) - 1, len(rows)) for at, values in shares]
            rows.append(above)
    for dissolve in timeline.dissolves:
        if not dissolve.shares:
            continue
        out, into = number[dissolve.out], number[dissolve.into]
        values = tuple(_within(share) for share in dissolve.shares)
        up = values if into > out else tuple(1 - share for share in values)
        blends.append(_blend(dissolve.at, up, min(out, into), max(out, into)))
    blends.sort(key=lambda blend: (blend.at, blend.upper))
    _check_blends(timeline, blends)
    return Laid(tuple(rows), tuple(blends), tuple(frames))


def line(shares: Sequence[float], count: int) -> tuple[float, ...]:
    """The shares of MLT's own dissolve over so many frames, at as many of them as there are shares."""
    return (0.5,) if count == 1 else tuple(i / count for i in range(len(shares)))


def close(one: Sequence[float], other: Sequence[float], within: float = CLOSE) -> bool:
    """True where no share is further off."""
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def _row(timeline: Timeline, track: Track, frames: Sequence[int]) -> tuple[Row, Row, list[Shares]]:
    """A track as a row; the row above it with what is mixed in by hand, and the shares of that."""
    said = [_said(timeline, clip, frames) for clip in track.clips]
    mixes = sorted((mix for mix in track.mixes if mix.shares), key=lambda mix: mix.at)
    kept, above, shares = list[tuple[Mix, int]](), Row(name=track.name), list[Shares]()
    clips: list[Clip | None] = list(track.clips)
    for i, mix in enumerate(mixes):
        follows = i + 1 < len(mixes) and mixes[i + 1].at == mix.at + len(mix.shares)
        if len(said[mix.out]) + len(said[mix.into]) == 2 and (steps := _steps(track, mix, follows)):
            kept.append((mix, steps))
            continue
        lifted = _lifted(clips, mix)
        if lifted is not None:
            above.entries += _said(timeline, lifted, frames)
            first = lifted.at - mix.at
            shares.append((lifted.at, tuple(map(_within, mix.shares[first : first + lifted.length]))))
    row, ends = Row(name=track.name), [0]
    for clip in clips:
        row.entries += _said(timeline, clip, frames) if clip else []
        ends.append(len(row.entries))
    row.joins = [Join(mix.at, len(mix.shares), steps, ends[mix.out + 1] - 1, ends[mix.into]) for mix, steps in kept]
    _check(timeline, row)
    return row, above, shares


def _lifted(clips: list[Clip | None], mix: Mix) -> Clip | None:
    """What the incoming clip of a mix shows while both are seen; the clips are cut so that they no longer meet."""
    out, into = clips[mix.out], clips[mix.into]
    if out is None or into is None:
        return None
    first, end = max(mix.at, into.at), min(mix.at + len(mix.shares), out.end, into.end)
    if first >= end:
        return None
    if end < into.end:
        clips[mix.into], clips[mix.out] = cut(into, end, into.end), cut(out, out.at, end)
    else:
        clips[mix.into] = None
    return cut(into, first, end)


def _said(timeline: Timeline, clip: Clip, frames: Sequence[int]) -> list[Piece]:
    number = clip.media
    media = None if number is None else timeline.media[number]
    return pieces(clip, media, 0 if number is None else frames[number], timeline.fps)


def _steps(track: Track, mix: Mix, follows: bool) -> int:
    """The frames of the transition whose line comes nearest to the shares; 0 where none does.

    Kdenlive's own lasts one frame longer than the clips meet. follows : another mix begins there, and both would show
    """
    count = len(mix.shares)
    out, into = track.clips[mix.out], track.clips[mix.into]
    if mix.at + count == 1 or out.end != mix.at + count or into.at != mix.at or out.at > mix.at or into.end < out.end:
        return 0
    rises = [b - a for a, b in pairwise(mix.shares)]
    bend = max(rises, default=0.0) - min(rises, default=0.0)
    lines = [steps for steps in (count, count + 1) if not (follows and steps > count)]
    far = {steps: max(abs(a - b) for a, b in zip(mix.shares, line(mix.shares, steps), strict=True)) for steps in lines}
    best = min(lines, key=lambda steps: far[steps])
    near = STRAIGHT_FRAMES / count if count > 2 and bend <= CLOSE else CLOSE
    return best if far[best] <= near else 0


def _check(timeline: Timeline, row: Row) -> None:
    joined = {(join.out, join.into) for join in row.joins}
    end, last = 0, 0
    for i, entry in enumerate(row.entries):
        if entry.at < end and (last, i) not in joined:
            raise InputError(
                f"{timeline.name or 'the timeline'}: two clips of track {row.name or '?'} lie over each other at "
                f"{clock(entry.at, timeline.fps)} without a mix"
            )
        end, last = entry.end, i


def _check_blends(timeline: Timeline, blends: Sequence[Blend]) -> None:
    """InputError where two compositions meet on one track: what MLT makes of that is no edit any more."""
    until = dict[int, int]()
    for blend in blends:
        rows = {blend.lower, blend.upper}
        if any(until.get(row, 0) > blend.at for row in rows):
            raise InputError(
                f"{timeline.name or 'the timeline'}: two dissolves meet on one track at "
                f"{clock(blend.at, timeline.fps)}; Kdenlive shows one at a time: take one away, or make a mix straight"
            )
        until |= dict.fromkeys(rows, blend.at + len(blend.shares))


def _blend(at: int, shares: tuple[float, ...], lower: int, upper: int) -> Blend:
    """MLT takes a transition from frame 0 to frame 0 for one without an end: a second frame shows the upper track."""
    return Blend(at, (*shares, 1.0) if at == 0 and len(shares) == 1 else shares, lower, upper)


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)

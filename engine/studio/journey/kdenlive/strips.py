"""A flat strip of what is seen: spans of one clip, or of two that are mixed; how nested sequences are played."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.studio.journey.kdenlive.cutting import cut, without
from engine.studio.journey.timeline import Clip, Dissolve, Mix, Track


@dataclass(frozen=True, slots=True)
class Span:
    """Frames in which one clip is seen, or two: `over` by its shares, `clip` by the rest; they cover just these."""

    clip: Clip
    over: Clip | None = None
    shares: tuple[float, ...] = ()

    @property
    def first(self) -> int:
        return self.clip.at

    @property
    def last(self) -> int:
        return self.clip.end

    def cut(self, first: int, last: int) -> "Span":
        """The part from one frame to before another."""
        over = cut(self.over, first, last) if self.over else None
        return Span(cut(self.clip, first, last), over, self.shares[first - self.first : last - self.first])

    def most(self) -> Clip:
        """The one of its clips that is seen more."""
        return self.over if self.over and sum(self.shares) * 2 > len(self.shares) else self.clip


def spans(track: Track) -> list[Span]:
    """What a track shows, in order."""
    found = []
    holes: dict[int, list[tuple[int, int]]] = {}
    for mix in track.mixes:
        end = mix.at + len(mix.shares)
        holes.setdefault(mix.out, []).append((mix.at, end))
        holes.setdefault(mix.into, []).append((mix.at, end))
        found.append(Span(cut(track.clips[mix.out], mix.at, end), cut(track.clips[mix.into], mix.at, end), mix.shares))
    for number, clip in enumerate(track.clips):
        at = clip.at
        for first, last in [*sorted(holes.get(number, [])), (clip.end, clip.end)]:
            if at < first:
                found.append(Span(cut(clip, at, first)))
            at = last
    return sorted(found, key=lambda span: span.first)


def track(found: Sequence[Span], name: str) -> Track:
    """The track of a strip."""
    clips: list[Clip] = []
    mixes: list[Mix] = []
    for span in found:
        if clips and (joined := _joined(clips[-1], span.clip)):
            clips[-1] = joined
        else:
            clips.append(span.clip)
        if span.over is not None:
            clips.append(span.over)
            mixes.append(Mix(span.first, span.shares, len(clips) - 2, len(clips) - 1))
    return Track(tuple(clips), tuple(mixes), name)


def hollow(given: Track, holes: list[tuple[int, int]]) -> Track:
    """A track without what lies in some spans of frames, in order and without overlap."""
    found: list[Span] = []
    for span in spans(given):
        begin = bisect_right(holes, span.first, key=lambda hole: hole[1])
        near = holes[begin : bisect_left(holes, span.last, key=lambda hole: hole[0])]
        found += [span.cut(*part) for part in without([(span.first, span.last)], near)]
    return track(found, given.name)


def above(lower: Sequence[Span], upper: Sequence[Span]) -> list[Span]:
    """Two strips over each other: the upper one where it has a clip."""
    found = list(upper)
    for span, rest in _beside(lower, upper):
        found += [span.cut(first, last) for first, last in rest]
    return sorted(found, key=lambda span: span.first)


def dissolved(lower: Sequence[Span], upper: Sequence[Span], dissolve: Dissolve) -> tuple[list[Span], bool]:
    """The upper strip, a dissolve from the lower one laid into it; and whether a mix within a mix lost one."""
    start, end = dissolve.at, dissolve.at + len(dissolve.shares)
    begin, stop = _reach(upper, start, end)
    found: list[Span] = []
    lost = False
    for span in upper[begin:stop]:
        found += [span.cut(span.first, start)] if span.first < start else []
        a = span.cut(max(span.first, start), min(span.last, end))
        at = a.first
        for b in _inside(lower, a.first, a.last):
            found += [a.cut(at, b.first)] if at < b.first else []
            piece = a.cut(b.first, b.last)
            lost = lost or piece.over is not None or b.over is not None
            found.append(Span(b.most(), piece.most(), dissolve.shares[b.first - start : b.last - start]))
            at = b.last
        found += [a.cut(at, a.last)] if at < a.last else []
        found += [span.cut(end, span.last)] if span.last > end else []
    return [*upper[:begin], *found, *upper[stop:]], lost


def moved(strip: Sequence[Span], place: Clip) -> list[Span]:
    """A strip as a clip shows it: `place.first` on, from `place.at`, as far as the clip reaches."""
    begin, by = int(place.first), place.at - int(place.first)
    return [_shifted(span, by) for span in _inside(strip, begin, begin + place.length)]


def _shifted(span: Span, by: int) -> Span:
    over = replace(span.over, at=span.over.at + by) if span.over else None
    return Span(replace(span.clip, at=span.clip.at + by), over, span.shares)


def _reach(strip: Sequence[Span], start: int, end: int) -> tuple[int, int]:
    """The numbers of the first span that reaches into some frames, and of the one behind the last."""
    return bisect_right(strip, start, key=lambda span: span.last), bisect_left(strip, end, key=lambda span: span.first)


def _inside(strip: Sequence[Span], start: int, end: int) -> list[Span]:
    begin, stop = _reach(strip, start, end)
    return [span.cut(max(span.first, start), min(span.last, end)) for span in strip[begin:stop]]


def _beside(lower: Sequence[Span], upper: Sequence[Span]) -> Iterator[tuple[Span, list[tuple[int, int]]]]:
    """Each span of the lower strip with the parts of it that the upper one leaves free."""
    j = 0
    for span in lower:
        while j < len(upper) and upper[j].last <= span.first:
            j += 1
        free, at, k = [], span.first, j
        while k < len(upper) and upper[k].first < span.last:
            if at < upper[k].first:
                free.append((at, upper[k].first))
            at = upper[k].last
            k += 1
        if at < span.last:
            free.append((at, span.last))
        yield span, free


def _joined(before: Clip, after: Clip) -> Clip | None:
    """Two clips as one, where the second goes on exactly as the first would."""
    if before.end != after.at or (before.media, before.name, before.where) != (after.media, after.name, after.where):
        return None
    if before.shown is not None or after.shown is not None or before.speed != after.speed:
        return None
    return replace(before, length=before.length + after.length) if before.source(after.at) == after.first else None

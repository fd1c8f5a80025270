"""A track's two playlists brought together: mixes where a transition says so, else playlist B over A."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from engine.studio.journey.kdenlive.blends import blend, pictured
from engine.studio.journey.kdenlive.cutting import cut, without
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading
from engine.studio.journey.timeline import MAX_FRAMES, Clip, Mix, Track


@dataclass(frozen=True, slots=True)
class Overlap:
    """Frames first to before last where a clip of A and one of B lie over each other: their numbers."""

    first: int
    last: int
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """A part of an overlap that a transition mixes. shares : of B's clip."""

    first: int
    shares: tuple[float, ...]
    a: int
    b: int

    @property
    def last(self) -> int:
        return self.first + len(self.shares)


def mixed_track(reading: Reading, element: Element, a: list[Clip], b: list[Clip], name: str) -> Track:
    """The track of the clips of playlists A and B, each in order of time and without overlap within itself.

    element : the track's tractor, which holds the transitions
    """
    overlaps = _overlaps(a, b)
    mixed = _mixed(reading, element, overlaps, a, b)
    covered: dict[int, list[tuple[int, int]]] = {}
    for overlap in overlaps:
        covered.setdefault(overlap.a, []).append((overlap.first, overlap.last))
    open_: dict[int, list[tuple[int, int]]] = {}
    for mix in mixed:
        open_.setdefault(mix.a, []).append((mix.first, mix.last))
    pieces = [(clip, False, number) for number, clip in enumerate(b)]
    for number, clip in enumerate(a):
        holes = without(covered.get(number, []), open_.get(number, []))
        for first, last in without([(clip.at, clip.end)], holes):
            pieces.append((cut(clip, first, last), True, number))
    pieces.sort(key=lambda piece: (piece[0].at, not piece[1]))
    return Track(tuple(clip for clip, _, _ in pieces), _mixes(pieces, mixed), name)


def _overlaps(a: list[Clip], b: list[Clip]) -> list[Overlap]:
    """Where clips of two playlists lie over each other, in order."""
    found: list[Overlap] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i].at, b[j].at), min(a[i].end, b[j].end)
        if first < last:
            found.append(Overlap(first, last, i, j))
        if a[i].end <= b[j].end:
            i += 1
        else:
            j += 1
    return found


def _mixed(reading: Reading, element: Element, overlaps: list[Overlap], a: list[Clip], b: list[Clip]) -> list[Mixed]:
    """What the transitions of a track mix, in order: of each overlap at most one part."""
    found: dict[int, Mixed] = {}
    ends = [overlap.last for overlap in overlaps]
    for transition in element.all("transition"):
        if not pictured(transition):
            continue
        first = reading.time(transition, "in", 0)
        end = max(first, reading.time(transition, "out", MAX_FRAMES)) + 1
        number = bisect_right(ends, first)
        if number == len(overlaps) or overlaps[number].first >= end:
            continue  # over one clip alone MLT shows that clip
        meeting = overlaps[number]
        if number in found or (number + 1 < len(overlaps) and overlaps[number + 1].first < end):
            reading.tell(first, "several mixes or clips under one transition; the first pair is mixed", transition)
        if number in found:
            continue
        start, stop = max(first, meeting.first), min(end, meeting.last)
        done = blend(reading, transition, end - first, range(start - first, stop - first))
        if done.lost:
            into = max(a[meeting.a], b[meeting.b], key=lambda clip: clip.at)
            reading.tell(start, done.lost, transition, into.name)
        shares = tuple(1 - s for s in done.shares) if transition.properties.get("a_track") == "1" else done.shares
        found[number] = Mixed(start, shares, meeting.a, meeting.b)
    return [found[number] for number in sorted(found)]


def _mixes(pieces: list[tuple[Clip, bool, int]], mixed: list[Mixed]) -> tuple[Mix, ...]:
    """The mixes by the numbers of the clips as they ended up."""
    places: dict[tuple[bool, int], list[int]] = {}
    for place, (_, of_a, number) in enumerate(pieces):
        places.setdefault((of_a, number), []).append(place)
    found = []
    for mix in mixed:
        parts = places[True, mix.a]
        a = parts[bisect_left(parts, mix.last, key=lambda place: pieces[place][0].end)]
        b = places[False, mix.b][0]
        if (pieces[b][0].at, b) >= (pieces[a][0].at, a):
            found.append(Mix(mix.first, mix.shares, a, b))
        else:
            found.append(Mix(mix.first, tuple(1 - share for share in mix.shares), b, a))
    return tuple(found)

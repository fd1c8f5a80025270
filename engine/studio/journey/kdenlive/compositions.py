"""Dissolves from one track to another: what the user laid over the automatic compositing of a sequence."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence

from engine.studio.journey.kdenlive.blends import blend, pictured
from engine.studio.journey.kdenlive.cutting import without
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading
from engine.studio.journey.kdenlive.strips import hollow
from engine.studio.journey.timeline import MAX_FRAMES, Clip, Dissolve, Track

Span = tuple[int, int]  # the first frame, and the one behind the last


def dissolves(
    reading: Reading, sequence: Element, tracks: list[Track], numbers: Mapping[int, int], length: int
) -> tuple[Dissolve, ...]:
    """The dissolves of a sequence, in order of time.

    numbers : of a track in the project, its place among the tracks read; length : of the sequence, in frames
    What a dissolve takes down past a track that covers it is taken out of its own track.
    """
    found, covered, taken = list[Dissolve](), [_covered(track.clips) for track in tracks], dict[int, list[Span]]()
    filled = [_covered([clip for clip in track.clips if clip.media is not None]) for track in tracks]
    for transition in sequence.all("transition"):
        if not pictured(transition):
            continue
        first = reading.time(transition, "in", 0)
        last = reading.time(transition, "out", max(first, length - 1))
        below, above = (_number(reading, transition, name) for name in ("a_track", "b_track"))
        if above not in numbers or first >= length or last < first:
            continue  # a hidden track, or behind the end: nothing of it is seen
        count = last - first + 1
        done = blend(reading, transition, count, range(min(count, length - first)))
        clip = _name(tracks[numbers[above]], first)
        if done.lost:
            reading.tell(first, done.lost, transition, clip)
        if all(share >= 1.0 for share in done.shares):
            continue  # the upper track alone, as everywhere
        if below not in numbers or numbers[below] == numbers[above]:
            reading.tell(first, "a fade against black has no latent; the clip is shown as it is", transition, clip)
            continue
        made = Dissolve(first, done.shares, numbers[below], numbers[above])
        under = _under(reading, transition, made, covered)
        if (alone := _alone(made, covered[made.into], under)) is not None:
            name = _name(tracks[made.into], alone)
            reading.tell(alone, "a fade over a gap has no latent; the clip is shown as it is", transition, name)
        if made.into - made.out < 2:
            found.append(made)
            continue
        for part, hidden in _parts(made, filled):
            if hidden:
                taken.setdefault(part.into, []).append((part.at, part.at + len(part.shares)))
            else:
                found.append(part)
    for number, holes in taken.items():
        tracks[number] = hollow(tracks[number], _merged(sorted(holes)))
    return tuple(sorted(found, key=lambda dissolve: (dissolve.at, dissolve.into)))


def _number(reading: Reading, transition: Element, name: str) -> int:
    """The number of a track. InputError for none."""
    text = transition.get(name).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise reading.wrong(transition, f'<transition> {name} "{text[:20]}" is no number of a track')
    return min(int(text), MAX_FRAMES)


def _alone(dissolve: Dissolve, upper: list[Span], lower: list[Span]) -> int | None:
    """The first frame at which the upper clip fades over nothing: the track below has a gap there."""
    shown = _within(upper, dissolve.at, dissolve.at + len(dissolve.shares))
    for first, last in without(shown, _within(lower, dissolve.at, dissolve.at + len(dissolve.shares))):
        for frame in range(first, last):
            if dissolve.shares[frame - dissolve.at] < 1.0:
                return frame
    return None


def _parts(made: Dissolve, filled: Sequence[list[Span]]) -> Iterator[tuple[Dissolve, bool]]:
    """A dissolve past other tracks as MLT plays it: from the lowest of them that has a clip up to the highest.

    True with a part that a clip between the two covers: what is dissolved takes the place of the lowest.
    """
    edges, there, at = list[tuple[int, bool, int]](), list[int](), made.at
    for number in range(made.out, made.into + 1):
        for first, last in _within(filled[number], made.at, made.at + len(made.shares)):
            edges += [(first, True, number), (last, False, number)]
    for frame, begins, number in sorted(edges):
        if frame > at and len(there) > 1:
            shares = made.shares[at - made.at : frame - made.at]
            yield Dissolve(at, shares, there[0], there[-1]), len(there) > 2
        at = frame
        if begins:
            insort(there, number)
        else:
            del there[bisect_left(there, number)]


def _under(reading: Reading, transition: Element, made: Dissolve, covered: Sequence[list[Span]]) -> list[Span]:
    """Where one of the tracks from that below up to the upper one has a clip while a dissolve goes on."""
    spans = [
        span for number in range(made.out, max(made.into, made.out + 1))
        for span in _within(covered[number], made.at, made.at + len(made.shares))
    ]  # fmt: skip
    reading.spend(transition, len(spans))
    return _merged(sorted(spans))


def _covered(clips: Sequence[Clip]) -> list[Span]:
    """Where there is a clip, in order and without overlap."""
    return _merged([(clip.at, clip.end) for clip in clips])


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in order of their first frames, without overlap."""
    found: list[Span] = []
    for first, last in spans:
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _within(spans: list[Span], first: int, last: int) -> list[Span]:
    """What of some spans lies between two frames."""
    near = spans[bisect_right(spans, first, key=lambda span: span[1]) : bisect_left(spans, last, key=lambda s: s[0])]
    return [(max(start, first), min(end, last)) for start, end in near]


def _name(track: Track, frame: int) -> str:
    """What a track shows at a frame, by name."""
    i = bisect_right(track.clips, frame, key=lambda clip: clip.at) - 1
    return track.clips[i].name if i >= 0 and track.clips[i].end > frame else ""

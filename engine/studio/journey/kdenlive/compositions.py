"""Dissolves from one track to another: what the user laid over the automatic compositing of a sequence."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from engine.studio.journey.kdenlive.blends import blend, pictured
from engine.studio.journey.kdenlive.cutting import without
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading
from engine.studio.journey.timeline import MAX_FRAMES, Dissolve, Track

Span = tuple[int, int]  # the first frame, and the one behind the last


def dissolves(
    reading: Reading, sequence: Element, tracks: list[Track], numbers: Mapping[int, int], length: int
) -> tuple[Dissolve, ...]:
    """The dissolves of a sequence, in order of time.

    numbers : of a track in the project, its place among the tracks read; length : of the sequence, in frames
    """
    found, covered = [], [_covered(track) for track in tracks]
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
        if (alone := _alone(made, covered[made.into], covered[made.out])) is not None:
            name = _name(tracks[made.into], alone)
            reading.tell(alone, "a fade over a gap has no latent; the clip is shown as it is", transition, name)
        found.append(made)
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


def _covered(track: Track) -> list[Span]:
    """Where a track has a clip, in order and without overlap."""
    found: list[Span] = []
    for clip in track.clips:
        if found and clip.at <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], clip.end))
        else:
            found.append((clip.at, clip.end))
    return found


def _within(spans: list[Span], first: int, last: int) -> list[Span]:
    """What of some spans lies between two frames."""
    near = spans[bisect_right(spans, first, key=lambda span: span[1]) : bisect_left(spans, last, key=lambda s: s[0])]
    return [(max(start, first), min(end, last)) for start, end in near]


def _name(track: Track, frame: int) -> str:
    """What a track shows at a frame, by name."""
    i = bisect_right(track.clips, frame, key=lambda clip: clip.at) - 1
    return track.clips[i].name if i >= 0 and track.clips[i].end > frame else ""

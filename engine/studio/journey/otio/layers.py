"""What a composition comes to: lanes of clips on top of each other, cut out of and put into other compositions."""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from engine.studio.journey.timeline import Clip, Mark, Mix, Track, Unsupported


@dataclass(slots=True)
class Lane:
    """A track while it is filled."""

    name: str = ""
    clips: list[Clip] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)

    def add(self, other: "Lane") -> None:
        """Put the clips of another behind those that are there."""
        n = len(self.clips)
        self.clips += other.clips
        self.mixes += [replace(mix, out=mix.out + n, into=mix.into + n) for mix in other.mixes]

    def track(self) -> Track:
        return Track(tuple(self.clips), tuple(self.mixes), self.name)


@dataclass(slots=True)
class Layers:
    """Lanes from the bottom up, in frames from the composition's own beginning; its exact length in seconds."""

    seconds: Fraction = Fraction(0)
    lanes: list[Lane] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    unsupported: list[Unsupported] = field(default_factory=list)

    def window(self, start: int, length: int, at: int) -> "Layers":
        """What is seen from frame `start` for `length` frames, moved to begin at frame `at`."""
        by, stop = at - start, start + length
        return Layers(
            lanes=[_cut(lane, start, stop, by) for lane in self.lanes],
            marks=[replace(mark, frame=mark.frame + by) for mark in self.marks if start <= mark.frame < stop],
            unsupported=[replace(u, frame=max(at, u.frame + by)) for u in self.unsupported if u.frame < stop],
        )


def clipped(clip: Clip, start: int, stop: int, by: int = 0) -> Clip | None:
    """What is left of a clip between two frames, moved; None where that is nothing."""
    at, end = max(clip.at, start), min(clip.end, stop)
    if at >= end:
        return None
    shown = clip.shown[at - clip.at : end - clip.at] if clip.shown is not None else None
    return replace(clip, at=at + by, length=end - at, first=clip.source(at), shown=shown)


def _cut(lane: Lane, start: int, stop: int, by: int) -> Lane:
    kept: dict[int, int] = {}
    left = Lane(lane.name)
    for n, clip in enumerate(lane.clips):
        if (piece := clipped(clip, start, stop, by)) is not None:
            kept[n] = len(left.clips)
            left.clips.append(piece)
    for mix in lane.mixes:
        at, end = max(mix.at, start), min(mix.at + len(mix.shares), stop)
        if at < end:
            left.mixes.append(Mix(at + by, mix.shares[at - mix.at : end - mix.at], kept[mix.out], kept[mix.into]))
    return left

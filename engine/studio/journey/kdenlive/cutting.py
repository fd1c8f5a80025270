"""Parts of clips."""

from dataclasses import replace

from engine.studio.journey.timeline import Clip


def cut(clip: Clip, first: int, last: int) -> Clip:
    """What a clip shows from one frame of the timeline to before another, both within it."""
    ahead = first - clip.at
    if not ahead and last == clip.end:
        return clip
    shown = clip.shown[ahead : last - clip.at] if clip.shown is not None else None
    return replace(clip, at=first, length=last - first, first=clip.first + ahead * clip.speed, shown=shown)


def without(spans: list[tuple[int, int]], holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans (first, last) less what the holes cover; both in order, each without overlap."""
    left: list[tuple[int, int]] = []
    for first, last in spans:
        for start, end in holes:
            if end <= first or start >= last:
                continue
            if start > first:
                left.append((first, start))
            first = end
        if first < last:
            left.append((first, last))
    return left

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
    begin = 0
    for first, last in spans:
        while begin < len(holes) and holes[begin][1] <= first:
            begin += 1
        number = begin
        while number < len(holes) and holes[number][0] < last:
            start, end = holes[number]
            if start > first:
                left.append((first, start))
            first, number = end, number + 1
        if first < last:
            left.append((first, last))
    return left

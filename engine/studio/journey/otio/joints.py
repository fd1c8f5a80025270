"""Joints: the dissolves between what stands on a track, whose clips go on into each other's time."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from engine.errors import InputError
from engine.studio.journey.otio.clips import Cut
from engine.studio.journey.otio.layers import Lane, Layers
from engine.studio.journey.otio.times import text, time
from engine.studio.journey.timeline import Mix, Unsupported, linear


@dataclass(slots=True)
class Piece:
    """What stands on a track between two cuts: a clip, the layers of a composition, or nothing.

    late : frames that the dissolve before it goes on into it
    """

    at: int
    end: int
    cut: Cut | None = None
    inner: Layers | None = None
    late: int = 0


@dataclass(frozen=True, slots=True)
class Joint:
    """A dissolve over `count` frames from `at` into the piece of a number."""

    at: int
    count: int
    into: int


def joint(
    pieces: list[Piece], n: int, data: dict[str, Any], fps: Fraction, told: list[Unsupported], where: str
) -> Joint | None:
    """The dissolve before piece n, both clips made longer by it; None, and told, where it can only be a cut."""
    early, late = (_frames(data, key, fps, where) for key in ("in_offset", "out_offset"))
    at, name = pieces[n].at if n < len(pieces) else pieces[-1].end if pieces else 0, text(data, "name")
    what = text(data, "transition_type")
    if what != "SMPTE_Dissolve":
        told.append(Unsupported(at, f"transition {what[:80] or 'without a type'}: a dissolve", name, where))
    if not early + late:
        return None
    left, right = (pieces[i] if 0 <= i < len(pieces) else Piece(at, at) for i in (n - 1, n))
    if left.cut is None or right.cut is None:
        what = "several clips" if left.inner or right.inner else "nothing"
        told.append(Unsupported(at, f"dissolve from or to {what}: a cut", name, where))
        return None
    if early > left.end - left.at - left.late or late > right.end - right.at:
        told.append(Unsupported(at, "dissolve longer than a clip of it: a cut", name, where))
        return None
    left.cut, right.cut, right.late = left.cut.longer(0, late), right.cut.longer(early, 0), late
    return Joint(at - early, early + late, n)


def laid(pieces: list[Piece], joints: list[Joint], name: str) -> list[Lane]:
    """The lanes of a track: one, and more above it where a composition in it has more."""
    lanes, numbers = [Lane(name)], dict[int, int]()
    for n, piece in enumerate(pieces):
        if piece.cut is not None:
            numbers[n] = len(lanes[0].clips)
            lanes[0].clips.append(piece.cut.clip)
        for level, lane in enumerate(piece.inner.lanes if piece.inner else ()):
            if level == len(lanes):
                lanes.append(Lane(f"{name}+{level}" if name else ""))
            lanes[level].add(lane)
    lanes[0].mixes += [Mix(j.at, linear(j.count), numbers[j.into - 1], numbers[j.into]) for j in joints]
    return lanes


def _frames(data: dict[str, Any], key: str, fps: Fraction, where: str) -> int:
    """One side of a transition in frames; 0 where it is not given."""
    offset = time(data.get(key), where)
    if offset is None:
        return 0
    if not 0 <= offset.seconds <= 24 * 3600:
        raise InputError(f"{where}: {key} of {float(offset.seconds):g} seconds; give 0 to a day")
    return round(offset.seconds * fps)

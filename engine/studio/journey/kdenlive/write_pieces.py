"""Clips as Kdenlive can say them: at speed 1, at a steady speed, or standing still, each from a whole frame on.

What it cannot say in one clip (a table of frames, a start between frames of a fast clip) becomes several, so that every
frame of the timeline still shows the frame of the file that it showed. See `write` for what is measured of MLT.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from engine.studio.journey.timeline import Clip, Media, Timeline

STILL = 15000  # frames that a picture or a colour can be drawn out to
LONG = 250  # frames that one of several entries of a clip at a speed has at least
MOST_SPEED = 100  # of Kdenlive's own window for it
HALF = Fraction(1, 2)
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """An entry of a playlist.

    media : its number in the timeline's media, None for black
    first : where it begins in the file, or in the file at `speed`
    frozen : the frame that it stands still at, None where it moves
    """

    media: int | None
    at: int
    length: int
    first: int = 0
    speed: Fraction = Fraction(1)
    frozen: int | None = None

    @property
    def end(self) -> int:
        """The first frame behind it."""
        return self.at + self.length


def lengths(timeline: Timeline) -> list[int]:
    """Frames of each media: as the project has them, else as many as its clips need."""
    found = [STILL if media.still else media.frames or 1 for media in timeline.media]
    for clip in (clip for track in timeline.tracks for clip in track.clips):
        if clip.media is None:
            continue
        media = timeline.media[clip.media]
        if media.still:
            found[clip.media] = max(found[clip.media], clip.length)
        elif media.frames is None:
            ends = clip.shown or (clip.source(clip.at), clip.source(clip.end - 1))
            found[clip.media] = max(found[clip.media], floor(max(ends)) + 1, 1 if clip.speed else clip.length)
    return found


def pieces(clip: Clip, media: Media | None, frames: int, fps: Fraction) -> list[Piece]:
    """A clip in as few entries as say it. frames : of its file."""
    if clip.media is None or media is None or media.still:
        most = STILL if media is None else frames
        return [Piece(clip.media, at, min(most, clip.end - at)) for at in range(clip.at, clip.end, most)]
    seen, found, done = _seen(clip, frames), list[Piece](), 0
    while clip.shown is None and clip.speed and done < len(seen):
        piece = _moving(clip.media, clip.at + done, seen[done:], clip.speed, frames, fps)
        if piece is None or (piece.length < LONG and piece.end < clip.end):
            break
        found.append(piece)
        done += piece.length
    for at, run in _runs(seen[done:]):
        found += _run(clip.media, clip.at + done + at, run, frames, fps)
    return found


def _run(media: int, at: int, run: list[int], frames: int, fps: Fraction) -> list[Piece]:
    """Frames of one step."""
    step = run[1] - run[0] if len(run) > 1 else 1
    if not step:
        spans = [(i, min(frames, len(run) - i)) for i in range(0, len(run), frames)]
        return [Piece(media, at + i, n, 0, Fraction(1), run[0]) for i, n in spans]
    piece = _moving(media, at, run, Fraction(step), frames, fps)
    if piece is not None and piece.length == len(run):
        return [piece]
    return [Piece(media, at + i, 1, frame) for i, frame in enumerate(run)]


def warped(frames: int, speed: Fraction) -> int:
    """The length that Kdenlive gives a file at a speed."""
    return max(1, floor(frames / abs(speed) + HALF))


def _seen(clip: Clip, frames: int) -> list[int]:
    """The frame of the file at each frame: as players do, the earlier of two, and within the file."""
    if clip.shown is not None:
        exact = [floor(place) for place in clip.shown]
    else:
        bottom = clip.first.denominator * clip.speed.denominator
        top, step = int(clip.first * bottom), int(clip.speed * bottom)
        exact = [(top + i * step) // bottom for i in range(clip.length)]
    return [min(max(frame, 0), frames - 1) for frame in exact]


def _moving(media: int, at: int, seen: list[int], speed: Fraction, frames: int, fps: Fraction) -> Piece | None:
    """The one entry that shows these frames of a file, or as many of the first of them as any; None for none.

    MLT's speeds are a little off (see `_speeds`): over an hour that may come to a frame.
    """
    if speed == 1:
        steady = next((i for i, frame in enumerate(seen) if frame != seen[0] + i), len(seen))
        return Piece(media, at, steady, seen[0])
    best: Piece | None = None
    for asked, real in _speeds(speed, fps):
        length = warped(frames, asked)
        for place in range(floor((seen[0] - HALF) / real) - 1, floor((seen[0] + HALF) / real) + 2):
            first = place if speed > 0 else length - 1 - place
            if not 0 <= first < length:
                continue
            shown = min(_shown(seen, place, real, 1 if speed > 0 else -1), length - first)
            if shown > (best.length if best else 0):
                best = Piece(media, at, shown, first, asked)
            if shown == len(seen):
                return best
    return best


def _shown(seen: list[int], place: int, real: Fraction, way: int) -> int:
    """How many of these frames MLT shows from a place of a warped file on: the nearest to each, and never one of two.

    MLT reckons in floating point: half-way between two frames it takes this one or that one.
    """
    top, bottom = 2 * real.numerator, 2 * real.denominator
    for i, frame in enumerate(seen):
        whole, rest = divmod((place + way * i) * top + real.denominator, bottom)
        if whole != frame or not rest:
            return i
    return len(seen)


def _speeds(speed: Fraction, fps: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Speeds to ask MLT for, with what it then plays: it cuts the numerator of the warped rate to a whole number.

    Those beside the nearest one are for halves and quarters, which fall between frames: 0.50001 does not.
    """
    numerator = fps.numerator * (1000 if fps.numerator < 1000 else 1)
    below = floor(numerator / abs(speed))
    for whole in (below, below + 1, below - 1):
        if whole < 1:
            continue
        for digits in range(DIGITS + 1):
            asked = Fraction(round(Fraction(numerator, whole) * 10**digits), 10**digits)
            if asked and int(float(numerator) / float(asked)) == whole and asked <= MOST_SPEED:
                yield (asked if speed > 0 else -asked), Fraction(numerator, whole)
                break


def _runs(seen: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Frames in pieces of one step each, with where each begins: steps are taken as far as they go."""
    at = 0
    while at < len(seen):
        end = at + 1
        step = seen[end] - seen[at] if end < len(seen) else 0
        while end < len(seen) and seen[end] - seen[end - 1] == step:
            end += 1
        if end - at == 2 and step not in (0, 1):  # a longer run may begin at the second
            end = at + 1
        yield at, seen[at:end]
        at = end

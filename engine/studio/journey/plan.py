"""The plan of an edit: for every frame of the timeline, which frame of which file is seen, or which of several meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, printable
from engine.studio.journey.stretch import Stretch, length_of, stretches
from engine.studio.journey.timeline import Clip, Timeline

_ONE = Fraction(1)
_MOST_BITS = 512  # of the parts of a fraction
_WIDE = 1 << 62  # numbers below stay exact in 64 bits


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Plain arrays (layers, n), a column for each frame of the timeline: what is seen is its layers brought together.

    media : int32, number in the timeline's media; -1: nothing, and in layer 0 a gap
    frame : int64, the frame of the file that an editor shows
    part : float32, how far on towards the file's next frame the exact place lies, 0 to below 1
    weight : float32; those of a column sum to 1, in a gap to 0
    Layer 0 is what is left, layer 1 what comes. There are at least two layers.
    """

    media: NDArray[np.int32]
    frame: NDArray[np.int64]
    part: NDArray[np.float32]
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.media.shape[1])

    @property
    def a_media(self) -> NDArray[np.int32]:
        """What is left: (n,), -1 in a gap."""
        return np.asarray(self.media[0])

    @property
    def a_frame(self) -> NDArray[np.int64]:
        return np.asarray(self.frame[0])

    @property
    def b_media(self) -> NDArray[np.int32]:
        """What comes: (n,), -1 where one clip is seen alone."""
        return np.asarray(self.media[1])

    @property
    def b_frame(self) -> NDArray[np.int64]:
        return np.asarray(self.frame[1])

    @property
    def share(self) -> NDArray[np.float32]:
        """How much of both is what comes: (n,) from 0 to 1."""
        both = self.weight[0] + self.weight[1]
        return np.asarray(np.divide(self.weight[1], both, out=np.zeros_like(both), where=both > 0.0))

    @property
    def gap(self) -> NDArray[np.bool_]:
        """Where nothing is seen: (n,)."""
        return np.asarray(self.media[0] < 0)


def plan(
    timeline: Timeline, counts: Sequence[int | None] = (), rates: Sequence[Fraction] = (),
    laid: Sequence[Stretch] | None = None, between: bool = False,
) -> Plan:  # fmt: skip
    """Every frame of a timeline. InputError for a timeline that does not hold together.

    counts : frames that each media has; what the project says where it is not given
    rates : frames of the file for each that the project counts, where a file has another rate than the timeline
    laid : its stretches, where they are known
    between : of a file at another rate, the exact place too, and not the frame that is shown
    A place between two frames shows the earlier one; of a file at another rate, the frame nearest to that, as MLT plays
    it. Before its first frame a file shows that, after its last one that.
    """
    laid = stretches(timeline) if laid is None else laid
    n, depth = length_of(timeline), max(2, max((len(s.seen) for s in laid), default=0))
    media, frame = np.full((depth, n), -1, np.int32), np.zeros((depth, n), np.int64)
    part, weight = np.zeros((depth, n), np.float32), np.zeros((depth, n), np.float32)
    own = [counts[i] if i < len(counts) else m.frames for i, m in enumerate(timeline.media)]
    for s in laid:
        span = slice(s.first, s.last)
        for layer, (clip, weights) in enumerate(s.seen):
            number = clip.media if clip.media is not None else -1
            media[layer, span], weight[layer, span] = number, weights
            if timeline.media[number].still:
                continue
            rate = rates[number] if number < len(rates) else Fraction(1)
            frame[layer, span], part[layer, span] = places(clip, s.first, s.last, own[number], rate, between)
    return Plan(media, frame, part, weight)


def places(
    clip: Clip, first: int, last: int, count: int | None = None, rate: Fraction = _ONE, between: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The frames of its file (n,) that a clip shows from `first` to `last` - 1, and how far each lies towards the next.

    count : frames of the file; rate, between : as for `plan`
    """
    if rate != 1 and not between:
        _check(clip, rate)
        counted, _ = _places(clip, first, last, _ONE)
        near = [(2 * at * rate.numerator + rate.denominator) // (2 * rate.denominator) for at in counted.tolist()]
        return _within(np.array(_clamped(near), np.int64), np.zeros(last - first), count)
    return _within(*_places(clip, first, last, rate), count)


def _places(clip: Clip, first: int, last: int, rate: Fraction) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places without an end, as whole frames and what is left."""
    if clip.shown is not None:
        exact = [place * rate for place in clip.shown[first - clip.at : last - clip.at]]
        _check(clip, *exact)
        whole = [place.numerator // place.denominator for place in exact]
        parts = np.array([float(place - w) for place, w in zip(exact, whole, strict=True)])
        return np.array(_clamped(whole), np.int64), parts
    start, step = clip.first * rate + (first - clip.at) * clip.speed * rate, clip.speed * rate
    _check(clip, start, step)
    bottom = start.denominator * step.denominator
    top, each = start.numerator * step.denominator, step.numerator * start.denominator
    wide = max(abs(top) + (last - first) * abs(each), bottom) >= _WIDE
    numbers = top + np.arange(last - first, dtype=object if wide else np.int64) * each
    whole_ = numbers // bottom
    parts = ((numbers - whole_ * bottom) / bottom).astype(np.float64)
    return np.array(_clamped(whole_.tolist()), np.int64) if wide else whole_, parts


def _within(
    whole: NDArray[np.int64], parts: NDArray[np.float64], count: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Places inside of a file: before it its first frame, behind it its last one."""
    most = _WIDE if count is None else max(count - 1, 0)
    # a float32 that rounds up to 1 would be the next frame
    part = np.minimum(parts, 1.0 - 2.0**-24).astype(np.float32)
    part[(whole < 0) | (whole >= most)] = 0.0
    return np.clip(whole, 0, most), part


def _clamped(whole: list[int]) -> list[int]:
    return [min(max(w, -1), _WIDE) for w in whole]


def _check(clip: Clip, *numbers: Fraction) -> None:
    if any(max(x.numerator.bit_length(), x.denominator.bit_length()) > _MOST_BITS for x in numbers):
        raise InputError(
            f"{clip.where or 'the timeline'}: clip {printable(clip.name) or clip.at}: a place or speed with more "
            f"than {_MOST_BITS} bits; write it in fewer digits"
        )

"""Which rows of a sequence are keys, and when a trajectory passes them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.studio.journey.moments import moments
from engine.studio.journey.pair import Pair
from engine.studio.journey.timeline import MAX_FRAMES
from engine.studio.journey.trajectories import Keys

LOOKED_AT = 1024  # frames compared at a time

Frames = NDArray[np.intp]


def keys_of(
    pair: Pair, which: str = "runs", *, leg_s: float | None = None, seconds: float | None = None, fps: float,
    closed: bool = False,
) -> Keys:  # fmt: skip
    """The keys of a sequence, timed.

    which : `runs` (a run of rows that are held is one key), `every-N`, `marks`, or moments as `moments` reads them
    leg_s : from key to key; seconds : of the whole; neither: keys stay where they are in the sequence
    InputError for less than two keys, more than frames, or frames that go back and are not told a time.
    """
    numbers, end = _chosen(pair, which)
    if len(numbers) < 2:
        raise InputError(f"--keys {which}: {pair.path.name} has {len(numbers)} of them; give at least two")
    if leg_s is not None and seconds is not None:
        raise InputError("give either --leg-s or --seconds")
    if leg_s is None and seconds is None:
        if closed and end == numbers[-1] + 1:
            raise InputError("--closed: nothing says how long the way back takes; give --leg-s or --seconds")
        stretch = fps / float(pair.facts.fps)
        at = np.rint((numbers - numbers[0]) * stretch).astype(np.intp)
        count = max(1, round((end - int(numbers[0])) * stretch))
    else:
        at, count = _timed(len(numbers), leg_s, seconds, fps, closed)
    if (np.diff(at) < 1).any() or count <= at[-1]:
        told = "more time" if seconds is not None else "--leg-s or --seconds, as these frames do not go forward,"
        raise InputError(f"--keys {which}: {len(numbers)} keys in {max(count, 0)} frames; give {told} or fewer keys")
    if count > MAX_FRAMES:
        raise InputError(f"--keys {which}: {count} frames; at most {MAX_FRAMES}")
    return Keys(pair.rows, pair.classes, numbers, at, count, closed)


def runs(pair: Pair) -> Frames:
    """The first frame of each run of rows that are the same, class weights included."""
    return np.fromiter(_runs(pair), np.intp)


def _runs(pair: Pair) -> Iterator[int]:
    yield 0
    for first in range(1, len(pair), LOOKED_AT):
        last = min(first + LOOKED_AT, len(pair))
        other = np.zeros(last - first, np.bool_)
        for rows in (pair.rows, pair.classes):
            if rows is not None:
                part = np.asarray(rows[first - 1 : last]).reshape(last - first + 1, -1)
                other |= (part[1:] != part[:-1]).any(1)
        yield from (first + np.flatnonzero(other)).tolist()


def _chosen(pair: Pair, which: str) -> tuple[Frames, int]:
    """The frames that are keys, and the frame at which the sequence ends behind them."""
    if which == "runs":
        return runs(pair), len(pair)
    if which == "marks":
        found = np.unique(np.array([mark.frame for mark in pair.facts.marks], np.intp))
        found = found[found < len(pair)]
        return found, int(found[-1]) + 1 if len(found) else 0
    if which.startswith("every-"):
        step = which.removeprefix("every-")
        if not (step.isascii() and step.isdecimal() and len(step) < 9 and int(step)):
            raise InputError(f"--keys {which}: give a whole number from 1, as in every-25")
        return np.arange(0, len(pair), int(step), dtype=np.intp), len(pair)
    given = np.array(moments(which, pair, "--keys"), np.intp)
    return given, int(given[-1]) + 1


def _timed(k: int, leg_s: float | None, seconds: float | None, fps: float, closed: bool) -> tuple[Frames, int]:
    """When k keys are passed, and how many frames there are in all."""
    legs = k if closed else k - 1
    if leg_s is not None:
        _check(leg_s, "--leg-s")
        frames = max(1, round(leg_s * fps))
        return np.arange(k, dtype=np.intp) * frames, legs * frames + (not closed)
    _check(seconds or 0.0, "--seconds")
    count = max(1, round((seconds or 0.0) * fps))
    return np.rint(np.arange(k) * ((count if closed else count - 1) / legs)).astype(np.intp), count


def _check(seconds: float, option: str) -> None:
    if not 0.0 < seconds <= MAX_FRAMES:
        raise InputError(f"{option} {seconds:g}: give seconds above 0")

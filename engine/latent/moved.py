"""What a step of the motion did, for those who watch how fast a voice moves."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.latent.levels import Played

F32 = NDArray[np.float32]


class Moment(NamedTuple):
    """What pictures were drawn from.

    w : (voices, num_ws, w_dim); position : (voices, rows, dim) of the points alone
    amounts : (voices, directions) in sigma; turns : of directions, and changes of the map, so far
    """

    w: F32
    position: NDArray[np.float64]
    amounts: NDArray[np.float64]
    psi: float
    turns: int


class Moved(NamedTuple):
    """How one voice moved.

    dt_s : the time that its point moved on by, which is not the frame's where it is paced
    way : how far its w moved, of all layers, by its point
    other : how far by all else: amounts, truncation, directions that turned, another map
    tempo : what was asked of its speed
    """

    dt_s: float
    way: float
    other: float
    tempo: tuple[object, ...]


def told(before: F32, middle: F32, after: F32, dts_s: Sequence[float], now: Played) -> list[Moved]:
    """How each voice moved, from w (voices, num_ws, w_dim) before and after a step.

    middle : where w would be had its point not moved; `before` itself where nothing else did
    """
    bands = len(now.springs) // len(dts_s)
    return [
        Moved(
            dt_s,
            _length(after[i] - middle[i]),
            0.0 if middle is before else _length(middle[i] - before[i]),
            (wish.wander, wish.wander_hz, wish.speed, wish.beats, *now.springs[i * bands : (i + 1) * bands]),
        )
        for i, (wish, dt_s) in enumerate(zip(now.wishes, dts_s, strict=True))
    ]


def _length(way: F32) -> float:
    flat = way.ravel()
    return math.sqrt(float(flat @ flat))

"""What a step of the motion did, for those who watch how fast a voice moves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moment(NamedTuple):
    """What pictures were drawn from.

    w : (voices, num_ws, w_dim); position : (voices, rows, dim) of the points alone
    amounts : (voices, directions) in sigma; turns : of directions, so far
    """

    w: NDArray[np.float32]
    position: NDArray[np.float64]
    amounts: NDArray[np.float64]
    psi: float
    turns: int


class Moved(NamedTuple):
    """How one voice moved.

    dt_s : the time that its point moved on by, which is not the frame's where it is paced
    way : how far its w moved, of all layers, by whatever moved it; travel : how far its point did
    alone : nothing but its point moved it: no amount, no truncation, no direction that turned
    tempo : what was asked of its speed
    """

    dt_s: float
    way: float
    travel: float
    alone: bool
    tempo: tuple[object, ...]

"""What a step of the motion did, for those who watch how fast a voice moves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Moment(NamedTuple):
    """What pictures were drawn from.

    w : (voices, num_ws, w_dim); position : (voices, rows, dim) of the points alone
    amounts : (voices, directions) in sigma; turns : of directions, and changes of the map, so far
    """

    w: NDArray[np.float32]
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

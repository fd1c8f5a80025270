"""Sweeps: one factor goes from end to end, all else stays. Does the picture follow, and nothing else with it?

Three questions. *Match*: of the renderer's frames of the same sweep, is the same one nearest? *Monotone*: read back
from the pictures, does the factor rise with its Gaussian? *Leakage*: how much does another factor seem to move with
it? The last two read the pictures with `readback.Reader`, which was taught by the renderer alone, and are asked of the
renderer's own sweeps too: what the reader cannot see there is no fault of the network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.tulip.factors import COUNT
from engine.studio.tulip import metrics
from engine.studio.tulip.painters import Painter
from engine.studio.tulip.readback import Reader

STEPS = np.linspace(-1.6, 1.6, 9)  # of the Gaussian: 5 to 95 % of the factor's range
MATCHED = slice(None, None, 2)  # the frames that are matched, as far apart as five of them are
SPREAD = 0.7  # of the other factors: nearer their middles, so that few hide another (flames on a petal without any)
RHO = 0.95  # Spearman's, from where on a sweep counts as monotone


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Of one factor, over several seeds; `read` are the reader's estimates (seeds, steps, 19) in -1..1.

    match : the share of frames that are nearest to the renderer's same frame
    """

    match: float
    read: NDArray[np.float64]
    ceiling: NDArray[np.float64]


def sweep_x(base: NDArray[np.floating], factor: int) -> NDArray[np.float64]:
    """base (seeds, 19) -> x (seeds, steps, 19): everything as it is there, but this factor."""
    x = np.repeat(SPREAD * np.asarray(base, np.float64)[:, None], len(STEPS), 1)
    x[..., factor] = STEPS
    return x


def swept(painter: Painter, renderer: Painter, reader: Reader, base: NDArray[np.floating], factor: int) -> Sweep:
    """Draw one factor's sweeps from the same bases by both, at 128 px, and read them."""
    x = sweep_x(base, factor)
    drawn, wanted = (p.pictures(x.reshape(-1, COUNT), 128) for p in (painter, renderer))
    mine, theirs = (pictures.view(*x.shape[:2], *pictures.shape[1:]) for pictures in (drawn, wanted))
    hits = [metrics.nearest(a[MATCHED], b[MATCHED]).numpy() for a, b in zip(mine, theirs, strict=True)]
    match = float(np.mean(np.array(hits) == np.arange(len(STEPS[MATCHED]))))
    read, ceiling = (reader.read(pictures).reshape(x.shape) for pictures in (drawn, wanted))
    return Sweep(match, read, ceiling)


def monotone(read: NDArray[np.float64], factor: int) -> float:
    """The share of sweeps whose reading of the factor rises with it: Spearman's rank correlation at least 0.95."""
    return float((metrics.spearman(read[..., factor], STEPS) >= RHO).mean())


def leakage(read: NDArray[np.float64], factor: int) -> tuple[float, int]:
    """The largest change of another factor over the change of this one, and which other it is.

    A change is from the first frame to the last, in the factor's own spread (which is the same for all, as they are
    even within -1..1); the mean over the seeds, so that what differs from seed to seed without order is not counted.
    """
    change = (read[:, -1] - read[:, 0]).mean(0)
    others = np.abs(np.delete(change, factor))
    largest = int(others.argmax())
    return float(others[largest] / max(abs(change[factor]), metrics.EPSILON)), largest + (largest >= factor)

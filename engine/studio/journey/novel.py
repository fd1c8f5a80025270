"""Places far from those that are kept: what a sequence does not show yet, of what the model can show.

Candidates are samples of the model itself, at psi 1 and drawn as the sequence is; the oddest of them, whose pictures
have the fewest others near them, are left out, so that what is found is new and not broken. Of the others the one
farthest from all that is kept is taken, then the one farthest from that as well, and so on (farthest-point traversal,
Gonzalez 1985: no other choice covers the candidates twice as well).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.studio.journey.drawing import Drawing
from engine.studio.journey.features import LENGTH, Array, Features, distances, features, weights_of
from engine.studio.journey.pair import Pair
from engine.studio.journey.smooth_keys import runs
from engine.studio.journey.strangers import Strangers
from engine.studio.learn.work import Tell, quiet

BLOCK = 64  # places drawn between two moves of the bar
MOST_CANDIDATES, MOST_KEPT = 20_000, 4096
BESIDE, NEIGHBOUR = 512, 5  # candidates that oddness is told by: how far the fifth nearest of so many is
ODD = 0.1  # of the candidates are left out


@dataclass(frozen=True, slots=True, eq=False)
class Novel:
    """Places that were found, the most novel first.

    numbers : of `Strangers`; rows, classes : the places themselves
    random : numbers of as many candidates that were not chosen for anything
    far, far_random : (n,) how far each is in features from what is kept and from those before it; the same of
        `random`. Two samples of the model are 2.4 apart (root mean square)
    """

    numbers: NDArray[np.intp]
    rows: Array
    classes: Array | None
    random: NDArray[np.intp]
    far: Features
    far_random: Features


def novel(
    pair: Pair, drawing: Drawing, count: int, *, candidates: int = 1000, seed: int = 0, tell: Tell = quiet
) -> Novel:
    """The places of the model whose pictures are farthest from those of a sequence. A sequence of more than 4096
    different frames is looked at in so many, evenly chosen. Memory: 1.6 KB a candidate.
    """
    fewest = max(2 * count, 16)
    if not fewest <= candidates <= MOST_CANDIDATES:
        raise InputError(f"--candidates {candidates}: give {fewest} (twice as many as are sought) to {MOST_CANDIDATES}")
    strangers = Strangers(pair, drawing.info, lambda: drawing, seed)
    found = np.zeros((candidates, LENGTH), np.float32)
    for first in range(0, candidates, BLOCK):
        numbers = np.arange(first, min(first + BLOCK, candidates))
        rows, classes = strangers.of(numbers)
        for i, picture in zip(numbers.tolist(), drawing.each(rows, classes), strict=True):
            found[i] = features(picture)
        tell("looking at candidates", first, candidates)
    weights = weights_of(found)
    found *= weights
    sane = np.sort(np.argsort(_oddness(found, seed), kind="stable")[: round(candidates * (1.0 - ODD))])
    found = found[sane]
    nearest = np.full(len(found), np.inf, np.float32)
    for picture in _kept(pair, drawing, tell):
        np.minimum(nearest, distances(found, features(picture) * weights), out=nearest)
    chosen, far = _farthest(found, nearest, count)
    far_random = _in_order(found, nearest, count)
    rows, classes = strangers.of(sane[chosen])
    return Novel(sane[chosen], rows, classes, sane[:count], far, far_random)


def _oddness(found: Features, seed: int) -> Features:
    """How far the fifth nearest of some others is, (n,)."""
    beside = found[np.random.RandomState(seed).permutation(len(found))[:BESIDE]]
    squares = np.square(beside).sum(1)
    odd = np.zeros(len(found), np.float32)
    for i, row in enumerate(found):
        far = squares - 2.0 * (beside @ row)
        odd[i] = np.sqrt(max(float(np.partition(far, NEIGHBOUR)[NEIGHBOUR] + row @ row), 0.0))
    return odd


def _kept(pair: Pair, drawing: Drawing, tell: Tell) -> Iterator[NDArray[np.uint8]]:
    """The pictures of different frames of a sequence."""
    frames = runs(pair)
    if len(frames) > MOST_KEPT:
        frames = frames[np.linspace(0, len(frames) - 1, MOST_KEPT).astype(np.intp)]
    for first in range(0, len(frames), BLOCK):
        tell("looking at what is kept", first, len(frames))
        part = frames[first : first + BLOCK]
        yield from drawing.each(pair.rows[part], None if pair.classes is None else pair.classes[part])


def _farthest(found: Features, nearest: Features, count: int) -> tuple[NDArray[np.intp], Features]:
    """The farthest, then what is farthest from that too."""
    nearest, chosen, far = nearest.copy(), [], []
    for _ in range(count):
        i = int(nearest.argmax())
        chosen.append(i)
        far.append(nearest[i])
        np.minimum(nearest, distances(found, found[i]), out=nearest)
    return np.array(chosen, np.intp), np.array(far, np.float32)


def _in_order(found: Features, nearest: Features, count: int) -> Features:
    """How far candidates are, taken as they come."""
    nearest, far = nearest[:count].copy(), []
    for i in range(count):
        far.append(nearest[i])
        np.minimum(nearest, distances(found[:count], found[i]), out=nearest)
    return np.array(far, np.float32)

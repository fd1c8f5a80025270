"""A way at a constant pace to the eye: what `latenz pace` and `latenz journey smooth --way pace` do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError
from engine.studio.journey.pair import Pair, PairWriter, check_place, open_pair
from engine.studio.journey.trajectories import BLOCK, Keys, straight
from engine.studio.learn.work import Tell, quiet
from engine.studio.pace import ROUNDS, Array, Block, Evened, evened, seen_along

if TYPE_CHECKING:
    from engine.studio.learn.subject import Subject

FEWEST = 3  # frames: two have one step between them, which is even


def evened_along(subject: "Subject", keys: Keys, tell: Tell = quiet) -> Evened:
    """Where on the straight ways between keys `keys.count` frames lie that are equally far apart to the eye, in keys.

    A closed way is looked at as far as its first key again, which is not among the frames. What is held are 8 bytes a
    frame for each place and each change; latents and pictures come in blocks.
    """
    closed = int(keys.closed)
    at = keys.positions(np.arange(keys.count + closed, dtype=np.float64))
    own = subject.sample(1, 0).classes if keys.weights is None else None
    weights = None if own is None else own.cpu().numpy()
    looks = 0

    def seen(at: Array) -> Array:
        nonlocal looks
        looks += 1
        what = f"looking, {looks} of {ROUNDS + 1}"
        return seen_along(subject, _classed(blocks_along(keys, at), weights), lambda done: tell(what, done, len(at)))

    found = evened(at, seen)
    return replace(found, at=found.at[: keys.count])


def blocks_along(keys: Keys, at: Array) -> Iterator[Block]:
    """The latents at places (n,) on the straight ways between keys."""
    for first in range(0, len(at), BLOCK):
        yield straight(keys, at[first : first + BLOCK])


def write_paced(subject: "Subject", sequence: Path, out: Path, tell: Tell = quiet) -> Evened:
    """Write the way of a sequence at an even pace, in as many frames. InputError for what is none of this model."""
    check_place(out, [sequence])
    pair = _checked(open_pair(sequence), subject)
    every = np.arange(len(pair), dtype=np.intp)
    keys = Keys(pair.rows, pair.classes, every, every, len(pair))
    found = evened_along(subject, keys, tell)
    marks = tuple(replace(mark, frame=int(np.abs(found.at - mark.frame).argmin())) for mark in pair.facts.marks)
    facts = replace(
        pair.facts, model=pair.facts.model or subject.name, model_hash=pair.facts.model_hash or subject.info.hash,
        made=f"pace {pair.path.name}", proxy="", digest="", marks=marks,
    )  # fmt: skip
    classes = 0 if pair.classes is None else pair.classes.shape[1]
    with PairWriter(out, pair.rows.shape[1:], len(pair), facts, classes) as writer:
        for rows, weights in blocks_along(keys, found.at):
            writer.write(rows, weights)
        writer.close()
    return found


def _classed(blocks: Iterator[Block], weights: Array | None) -> Iterator[Block]:
    for rows, own in blocks:
        if own is None and weights is not None:
            own = np.broadcast_to(weights, (len(rows), weights.shape[1]))
        yield rows, own


def _checked(pair: Pair, subject: "Subject") -> Pair:
    """Itself: of this model, finite, of three frames or more."""
    info = subject.info
    if pair.rows.shape[1:] not in ((info.z_dim,), (info.num_ws, info.w_dim)) or len(pair) < FEWEST:
        raise InputError(
            f"{pair.path}: shape {pair.rows.shape}; a sequence of {info.name} is N x {info.z_dim}, "
            f"or N x {info.num_ws} x {info.w_dim}, of {FEWEST} frames or more"
        )
    return pair.check(info).check_finite()

"""Pace of a sequence: the same way in as many frames, each as far from the last one to the eye."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.latent import sphere
from engine.paths import check_output
from engine.studio.learn.work import Tell, quiet

if TYPE_CHECKING:
    from torch import Tensor

    from engine.studio.learn.subject import Subject

Array = NDArray[np.float64]
Change = Callable[[Array], Array]  # frames (n, ...) -> what is seen of each step from one to the next, (n - 1,)
Seen = Callable[[Array], Array]  # places on a way (n,) -> what is seen of each step from one to the next, (n - 1,)
Block = tuple[Array, Array | None]  # latents (n, ...), and the class weights (n, classes) of a conditional model

ROUNDS = 3
LEAP = 4.0  # times the median: a step that is seen this much or more gets no more frames than one of this
CHUNK = 64  # frames looked at together


@dataclass(frozen=True, slots=True, eq=False)
class Paced:
    """frames : like those that were given; before, after : (n - 1,) what was seen of each step."""

    frames: Array
    before: Array
    after: Array


@dataclass(frozen=True, slots=True, eq=False)
class Evened:
    """at : (n,) places on a way; before, after : (n - 1,) what was seen of each step."""

    at: Array
    before: Array
    after: Array


def unevenness(changes: Array) -> float:
    """The coefficient of variation: the standard deviation over the mean; 0 where nothing changes."""
    mean = float(changes.mean())
    return float(changes.std()) / mean if mean > 0.0 else 0.0


def worst(changes: Array) -> float:
    """The largest change over the median."""
    return float(changes.max() / np.median(changes))


def places(changes: Array, count: int, smoothed: int = 1) -> Array:
    """Where on a way `count` frames lie that are equally far from each other, in frames of it.

    changes : (n - 1,) along it; smoothed : averaged over so many first, so that a leap stays a leap
    """
    kernel = np.ones(min(smoothed, len(changes)))
    rate = np.convolve(changes, kernel, "same") / np.convolve(np.ones(len(changes)), kernel, "same")
    way = np.concatenate([[0.0], np.cumsum(rate)])
    return np.asarray(np.interp(np.linspace(0.0, way[-1], count), way, np.arange(len(way))))


def between(frames: Array, at: Array) -> Array:
    """The latents at places between frames, as `mixed` has it."""
    first = np.minimum(at.astype(np.intp), max(len(frames) - 2, 0))
    last = np.minimum(first + 1, len(frames) - 1)
    return mixed(frames[first], frames[last], at - first)


def mixed(a: NDArray[np.floating], b: NDArray[np.floating], part: Array) -> Array:
    """Latents (n, ...) at a part (n,) of the way from each of a to each of b: on the shell for z (n, z_dim), along
    straight lines for w (n, num_ws, w_dim).

    On the shell the direction goes along the great circle, and the logarithm of the length evenly.
    """
    p, q = np.asarray(a, np.float64), np.asarray(b, np.float64)
    part = part.reshape(-1, *[1] * (p.ndim - 1))
    if p.ndim > 2:
        return np.asarray(p + part * (q - p))
    radii = sphere.norm(p), sphere.norm(q)
    if not all((r > 0.0).all() for r in radii):
        return np.asarray(p + part * (q - p))
    unit = sphere.slerp(p / radii[0], q / radii[1], part)
    return np.asarray(unit * radii[0] ** (1.0 - part) * radii[1] ** part)


def evened(at: Array, seen: Seen, rounds: int = ROUNDS) -> Evened:
    """Places on a way, (n,) rising, moved along it so that each is as far from the last one to the eye; the ends stay.

    Arc length of the way that is seen (Karras et al. 2019 measure it), resampled; then looked at again, as steps are no
    longer where they were looked at. A way on which nothing is seen to change stays as it is. Only places and changes
    are held: what lies there is `seen` anew.
    """
    before = found = seen(at)
    best, even = at, found
    for _ in range(rounds):
        if not (np.isfinite(found).all() and found.sum() > 0.0):
            break
        steps = np.minimum(found, LEAP * np.median(found[found > 0.0]))
        at = np.interp(places(steps, len(at)), np.arange(len(at)), at)
        found = seen(at)
        if unevenness(found) < unevenness(even):
            best, even = at, found
    return Evened(best, before, even)


def paced(frames: Array, change: Change, rounds: int = ROUNDS) -> Paced:
    """The same way at an even visible speed, in as many frames, as `evened` has it."""
    found = evened(np.arange(float(len(frames))), lambda at: change(between(frames, at)), rounds)
    still = np.array_equal(found.at, np.arange(len(frames)))
    return Paced(frames if still else between(frames, found.at), found.before, found.after)


def pace(
    model: str, sequence: Path, out: Path, *, side: int = 64, threads: int = 2, device: str = "cpu",
    classes: Sequence[int] = (), tell: Tell = quiet,
) -> Evened:  # fmt: skip
    """Write a sequence of latents again at an even visible pace: `.npy`, (n, z_dim) or (n, num_ws, w_dim).

    Class weights and the `.json` of a pair go along; its proxy does not.
    classes : of a conditional model, the one that z is of where the sequence does not say; none: the first
    InputError for what is no sequence of this model.
    """
    from engine.studio.journey.paced import write_paced
    from engine.studio.learn.subject import Subject

    if out.suffix != ".npy":
        raise InputError(f"{out}: a sequence is written as .npy; name it {out.with_suffix('.npy').name}")
    check_output(out)
    return write_paced(Subject(model, side, threads, device, classes), sequence, out, tell)


def seen_of(
    subject: "Subject", frames: Array, classes: "Tensor | None" = None, told: Callable[[int], None] = lambda done: None
) -> Array:
    """What is seen of each step between frames z (n, z_dim) or w (n, num_ws, w_dim) of a model: (n - 1,).

    classes : (1, classes), of which z is; None: the first class of a model that has any
    """
    own = None if classes is None else classes.cpu().numpy()

    def blocks() -> Iterator[Block]:
        for first in range(0, len(frames), CHUNK):
            part = frames[first : first + CHUNK]
            yield part, None if own is None else np.broadcast_to(own, (len(part), own.shape[1]))

    return seen_along(subject, blocks(), told)


def seen_along(
    subject: "Subject", blocks: Iterable[Block], told: Callable[[int], None] = lambda done: None
) -> Array:  # fmt: skip
    """What is seen of each step between frames that come in blocks, each with class weights or None: (n - 1,)."""
    import torch

    from engine.studio.learn.perceived import distance, seen
    from engine.studio.learn.subject import Sample

    found: list[Array] = []
    former, done = None, 0
    for rows, classes in blocks:
        part = torch.from_numpy(np.array(rows, np.float32)).to(subject.device)
        if part.ndim == 2:
            weights = None if classes is None else torch.from_numpy(np.array(classes, np.float32)).to(subject.device)
            with torch.inference_mode():
                part = subject.w(Sample(part, weights))
        looked = seen(subject.pictures(part))
        row = looked if former is None else torch.cat([former, looked])
        former = looked[-1:]
        found.append(distance(row[:-1], row[1:]).cpu().double().numpy())
        done += len(rows)
        told(done)
    return np.concatenate(found)

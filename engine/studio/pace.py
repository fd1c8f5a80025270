"""Pace of a sequence: the same way in as many frames, each as far from the last one to the eye."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.latent import sphere
from engine.paths import check_output, part_beside
from engine.studio.arrays import load_npy
from engine.studio.learn.work import Tell, quiet

if TYPE_CHECKING:
    from torch import Tensor

    from engine.studio.learn.subject import Subject

Array = NDArray[np.float64]
Change = Callable[[Array], Array]  # frames (n, ...) -> what is seen of each step from one to the next, (n - 1,)

ROUNDS = 3
LEAP = 4.0  # times the median: a step that is seen this much or more gets no more frames than one of this
CHUNK = 64  # frames looked at together


@dataclass(frozen=True, slots=True, eq=False)
class Paced:
    """frames : like those that were given; before, after : (n - 1,) what was seen of each step."""

    frames: Array
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
    """The latents at places between frames: on the shell for z (n, z_dim), along straight lines for w (n, ...).

    On the shell the direction goes along the great circle, and the logarithm of the length evenly.
    """
    first = np.minimum(at.astype(np.intp), max(len(frames) - 2, 0))
    last = np.minimum(first + 1, len(frames) - 1)
    part = at - first
    a, b = np.asarray(frames[first], np.float64), np.asarray(frames[last], np.float64)
    part = part.reshape(-1, *[1] * (a.ndim - 1))
    if a.ndim > 2:
        return np.asarray(a + part * (b - a))
    radii = sphere.norm(a), sphere.norm(b)
    if not all((r > 0.0).all() for r in radii):
        return np.asarray(a + part * (b - a))
    unit = sphere.slerp(a / radii[0], b / radii[1], part)
    return np.asarray(unit * radii[0] ** (1.0 - part) * radii[1] ** part)


def paced(frames: Array, change: Change, rounds: int = ROUNDS) -> Paced:
    """The same way at an even visible speed, in as many frames; the ends stay.

    Arc length of the way that is seen (Karras et al. 2019 measure it), resampled; then looked at again, as steps are no
    longer where they were looked at. A sequence in which nothing is seen to change stays as it is.
    """
    before = found = change(frames)
    best, even, at = frames, found, np.arange(float(len(frames)))
    for _ in range(rounds):
        if not (np.isfinite(found).all() and found.sum() > 0.0):
            break
        steps = np.minimum(found, LEAP * np.median(found[found > 0.0]))
        at = np.interp(places(steps, len(frames)), np.arange(len(at)), at)
        tried = between(frames, at)
        found = change(tried)
        if unevenness(found) < unevenness(even):
            best, even = tried, found
    return Paced(best, before, even)


def pace(
    model: str, sequence: Path, out: Path, *, side: int = 64, threads: int = 2, device: str = "cpu",
    classes: Sequence[int] = (), tell: Tell = quiet,
) -> Paced:  # fmt: skip
    """Write a sequence of latents again at an even visible pace: `.npy`, (n, z_dim) or (n, num_ws, w_dim).

    classes : of a conditional model, the one that z is of; none: the first
    InputError for what is no sequence of this model.
    """
    from engine.studio.learn.subject import Subject

    if out.suffix != ".npy":
        raise InputError(f"{out}: a sequence is written as .npy; name it {out.with_suffix('.npy').name}")
    check_output(out)
    subject = Subject(model, side, threads, device, classes)
    given = _frames(sequence, subject.info)
    own = subject.sample(1, 0).classes if classes else None
    looks = 0

    def change(frames: Array) -> Array:
        nonlocal looks
        looks += 1
        what = f"looking, {looks} of {ROUNDS + 1}"
        return seen_of(subject, frames, own, lambda done: tell(what, done, len(frames)))

    found = paced(np.asarray(given, np.float64), change)
    kept = given.dtype if given.dtype.kind == "f" else np.dtype(np.float32)
    with part_beside(out) as part, part.open("wb") as file:
        np.save(file, found.frames.astype(kept))
    return found


def seen_of(
    subject: "Subject", frames: Array, classes: "Tensor | None" = None, told: Callable[[int], None] = lambda done: None
) -> Array:
    """What is seen of each step between frames z (n, z_dim) or w (n, num_ws, w_dim) of a model: (n - 1,).

    classes : (1, classes), of which z is; None: the first class of a model that has any
    """
    import torch

    from engine.studio.learn.perceived import distance, seen
    from engine.studio.learn.subject import Sample

    found: list[Array] = []
    former = None
    for first in range(0, len(frames), CHUNK):
        part = torch.from_numpy(frames[first : first + CHUNK].astype(np.float32)).to(subject.device)
        if part.ndim == 2:
            with torch.inference_mode():
                part = subject.w(Sample(part, None if classes is None else classes.expand(len(part), -1)))
        looked = seen(subject.pictures(part))
        row = looked if former is None else torch.cat([former, looked])
        former = looked[-1:]
        found.append(distance(row[:-1], row[1:]).cpu().double().numpy())
        told(min(first + CHUNK, len(frames)))
    return np.concatenate(found)


def _frames(path: Path, info: ModelInfo) -> NDArray[np.floating]:
    """A sequence of this model, at least three frames. InputError for anything else."""
    frames = load_npy(path)
    if frames.shape[1:] not in ((info.z_dim,), (info.num_ws, info.w_dim)) or len(frames) < 3:
        raise InputError(
            f"{path}: shape {frames.shape}; a sequence of {info.name} is N x {info.z_dim}, "
            f"or N x {info.num_ws} x {info.w_dim}, of 3 frames or more"
        )
    if not np.isfinite(frames).all():
        raise InputError(f"{path}: it holds numbers that are not finite; write a sequence without them")
    return frames

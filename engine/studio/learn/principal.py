"""Principal components of w or of a layer, and the way back from a layer's to w or z.

Haerkoenen, Hertzmann, Lehtinen, Paris 2020, "GANSpace: Discovering interpretable GAN controls".
"""

import shutil
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from engine.studio.farm import farm
from engine.studio.learn.moments import Axes, Moments, centred_by_class, gathering
from engine.studio.learn.samples import asked_of, load, moments_of
from engine.studio.learn.space import RUN, Array, Kept, Space, Task, features, part, true_axes
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import never, quiet


def of_w(task: Task) -> Space:
    """The main axes of w, which is the same in all layers."""
    found = task.found()
    moments = Moments(task.subject.info.w_dim, part(found, "w"))
    for done, more in _moments(task, found):
        moments.merge(more)
        task.keep(done, w=moments.arrays())
        task.tell(done)
    axes = true_axes(moments.axes(task.count))
    ways = axes.basis * axes.scale[:, None]
    return Space(task.of, "w", axes.mean, axes.basis, axes.scale, axes.share, ways, axes.scale, np.ones(len(ways)))


def _moments(task: Task, found: Kept | None) -> Iterator[tuple[int, Moments]]:
    """Of each chunk that was not looked at yet, in order, whoever looks; how many places it is with it."""
    left = list(task.chunks(found))
    if task.shared is None or not left:
        yield from ((chunk.last, moments_of(task.subject, chunk, task.seed)) for chunk in left)
        return
    chunks = list(task.chunks(None))  # all of them, so that files of an earlier run are known again
    subject = task.subject
    asked = asked_of(subject.name, subject.side, 1, subject.device.type, subject.classes)
    asked = {"subject": asked, "seed": task.seed}
    tell, stop = (quiet, never) if task.work is None else (task.work.tell, task.work.stop)
    files = farm("moments", asked, chunks, task.shared.folder, ".npz", task.shared.workers, tell, stop)
    for chunk, file in zip(chunks[-len(left) :], files[-len(left) :], strict=True):
        yield chunk.last, Moments(task.subject.info.w_dim, load(file))
    shutil.rmtree(task.shared.folder)


def of_layer(task: Task) -> Space:
    """The main axes of a layer's features within a class, and what of w, or of z without a mapping, goes with them."""
    subject, found = task.subject, task.found()
    dim = features(subject, task.of, subject.sample(1, 0)).shape[1]
    gathered = gathering(dim, task.count, part(found, "layer"))
    back = Back(subject.info.w_dim if task.into == "w" else subject.info.z_dim, dim, part(found, "back"))
    for done, sample in task.batches(found):
        sample = _in_runs(sample)
        rows, latents = features(subject, task.of, sample), features(subject, task.into, sample)
        if sample.classes is not None:
            middle = rows.mean(0)
            rows, latents = centred_by_class(rows, RUN) + middle, centred_by_class(latents, RUN)
        gathered.add(rows)
        back.add(latents, rows)
        task.keep(done, layer=gathered.arrays(), back=back.arrays())
    axes = true_axes(gathered.axes(task.count))
    ways = back.ways(axes)
    seen = back.latents.along(ways)
    spread = seen if task.into == "w" else np.ones(len(ways))
    follows = np.minimum(np.linalg.norm(ways, axis=1) / seen, 1.0)
    layers = feeding(subject, task.of) if task.into == "w" else None
    return Space(task.of, task.into, axes.mean, axes.basis, axes.scale, axes.share, ways, spread, follows, layers)


class Back:
    """Least squares from coordinates to latents: the U that makes the sum of |U x - latent|^2 least.

    Coordinates x are uncorrelated and of variance 1, so that U is the mean of latent times x.
    """

    def __init__(self, latent_dim: int, dim: int, kept: Kept | None) -> None:
        self.cross: Array = np.zeros((latent_dim, dim)) if kept is None else np.array(kept["cross"], np.float64)
        self.free = 0 if kept is None else int(kept["free"].item())
        self.latents = Moments(latent_dim, kept)

    def add(self, latents: NDArray[np.floating], rows: NDArray[np.floating]) -> None:
        """latents (n, latent_dim) and what was looked at there (n, dim)."""
        x = np.asarray(rows, np.float64)
        self.cross += np.asarray(latents, np.float64).T @ (x - x.mean(0))
        self.free += len(x) - 1
        self.latents.add(latents)

    def ways(self, axes: Axes) -> Array:
        """(count, latent_dim)."""
        return np.asarray((self.cross @ axes.basis.T / axes.scale / self.free).T)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"cross": self.cross, "free": np.array(self.free), **self.latents.arrays()}


def feeding(subject: Subject, of: str) -> tuple[int, ...]:
    """The layers of w that a layer's features come from."""
    spec, name = subject.net().spec, of.partition(":")[2]
    if name == "palette":
        return (spec.layer_of(name),)
    last = spec.layer_of(f"{name}_" if name.startswith("L") else f"{name}.conv1")
    return tuple(range(last + 1))


def _in_runs(sample: Sample) -> Sample:
    """Places of a model with classes, each class for a few places in a row."""
    if sample.classes is None:
        return sample
    return Sample(sample.z, sample.classes[torch.arange(len(sample)) // RUN * RUN])

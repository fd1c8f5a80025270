"""Directions from weights alone. Shen and Zhou 2021, "Closed-form factorization of latent semantics in GANs" (SeFa)."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.synthesis import Synthesis
from engine.studio.learn.moments import Axes, Moments, fixed_signs
from engine.studio.learn.space import Array, Space, Task, features, part, true_axes

# What takes w, by family; of BigGAN's condition the first half is z.
_TAKES_W = {
    "stylegan2": re.compile(r"affine\.weight$"),
    "stylegan3": re.compile(r"affine\.weight$"),
    "tulip": re.compile(r"(affine|layout\d|palette\.0)\.weight$"),
    "biggan": re.compile(r"gen_z\.weight$|\.condition$"),
    "progan": re.compile(r"^layer1\.weight$"),
}


def sefa(task: Task, layers: Sequence[int] | None) -> Space:
    """Eigenvectors of A'A, A the weights that take w in these layers; sigma from places of the model."""
    weights = stacked(task.subject.net(), layers)
    axes = true_axes(factorised(weights, task.count))
    into = task.into
    if into == "z":
        sigma = np.ones(len(axes.basis))
        mean = np.zeros_like(axes.mean)
    else:
        found = task.found()
        moments = Moments(task.subject.info.w_dim, part(found, "w"))
        for done, sample in task.batches(found):
            moments.add(features(task.subject, "w", sample))
            task.keep(done, w=moments.arrays())
        sigma, mean = np.maximum(moments.along(axes.basis), 1e-12), moments.mean
    ways = axes.basis * sigma[:, None]
    moving = None if layers is None else tuple(layers)
    return Space(task.of, into, mean, axes.basis, sigma, axes.share, ways, sigma, np.ones_like(sigma), moving)


def stacked(net: Synthesis, layers: Sequence[int] | None = None) -> Array:
    """A (features, w_dim or z_dim): in each row what one feature takes of w, at unit length as in the released code."""
    spec = net.spec
    wanted = None if layers is None else set(layers)
    rows: list[NDArray[np.floating]] = []
    for name, tensor in net.state_dict().items():
        if _TAKES_W[spec.family].search(name) and (wanted is None or spec.layer_of(name) in wanted):
            rows.append(tensor.float().cpu().numpy()[:, : spec.z_dim if spec.family == "biggan" else None])
    if not rows:
        raise InputError(f"layers {sorted(wanted or ())}: nothing there takes w; there are 0 to {spec.num_ws - 1}")
    weights = np.concatenate(rows).astype(np.float64)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return np.asarray(weights / np.where(lengths > 0.0, lengths, 1.0))


def factorised(weights: Array, count: int) -> Axes:
    """The first eigenvectors of A'A, sorted. The matrix is symmetric: `eigh`, whose vectors are orthonormal."""
    values, vectors = np.linalg.eigh(weights.T @ weights)
    values = values.clip(0.0)[::-1]
    basis = fixed_signs(vectors.T[::-1][:count])
    return Axes(np.zeros(weights.shape[1]), basis, np.sqrt(values[:count]), values[:count] / values.sum())

"""The active subspace: the directions of z that matter. Constantine, Dow, Wang 2014, "Active subspace methods"."""

import numpy as np
import torch
from numpy.typing import NDArray

from engine.studio.learn.layers import activations, early_layer
from engine.studio.learn.moments import Moments
from engine.studio.learn.space import Space, Task, array, mapped, part, seed_of, true_axes
from engine.studio.learn.subject import Sample, Subject


def active(task: Task) -> Space:
    """Eigenvectors of the mean of J'J, J the Jacobian in z of w, or of the first layer where there is no mapping.

    A regression of z on w cannot see what acts evenly: where a step does the same either way, the mean slope is zero.
    J'J is gathered without J: the gradient of a random mixture v of the outputs is J'v, and the mean of J'v v'J over
    v is J'J (Hutchinson 1990).
    """
    found = task.found()
    gradients = Moments(task.subject.info.z_dim, part(found, "z"))
    for done, sample in task.batches(found):
        rows = gradients_of(task.subject, sample, seed_of(task.seed, done, 1))
        gradients.add(np.concatenate([rows, -rows]))  # so that they spread about zero
        task.keep(done, z=gradients.arrays())
    axes = true_axes(gradients.axes(task.count))
    ones = np.ones(len(axes.basis))
    return Space(task.of, "z", np.zeros_like(axes.mean), axes.basis, ones, axes.share, axes.basis, ones, ones)


def gradients_of(subject: Subject, sample: Sample, seed: int) -> NDArray[np.floating]:
    """(n, z_dim), at each place that of another random mixture of w, or of the first layer's features."""
    z = sample.z.detach().clone().requires_grad_(True)
    w = subject.w(Sample(z, sample.classes))
    if mapped(subject):
        moved = w[:, 0]
    else:
        name = early_layer(subject)
        moved = activations(subject, w, [name], gradients=True)[name].flatten(1)
    mixture = torch.from_numpy(np.random.RandomState(seed).randn(*moved.shape).astype(np.float32))
    (found,) = torch.autograd.grad((moved * mixture.to(moved.device)).sum(), z)
    return array(found)

"""The part of a latent space that the picture depends on: nothing is looked for where nothing changes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.learn.subject import Sample, Subject

PROBES = 256  # gradients looked at: no more dimensions are found than there are
BATCH = 32
LEAST = 1e-3  # of the strongest dimension: one that does less does nothing


def shifted(subject: Subject, sample: Sample, way: Tensor, space: str) -> Tensor:
    """w (n, num_ws, w_dim) of places moved by way (dim,) or (n, dim) in z, or in w on all layers; differentiable."""
    if space == "z":
        return subject.w(Sample(sample.z + way, sample.classes))
    return subject.w(sample) + (way if way.dim() == 1 else way[:, None])


def active_space(subject: Subject, space: str, seed: int) -> NDArray[np.float64]:
    """Orthonormal rows (dims, dim) that span what the picture depends on, the strongest first.

    The span of its gradients, each of a random sum of the pixels at a random place (P. Constantine, Active Subspaces,
    2015). On the tulip these are 19 of 512 dimensions.
    """
    noise = torch.Generator(device="cpu").manual_seed(seed)
    dim = subject.info.z_dim if space == "z" else subject.info.w_dim
    rows: list[NDArray[np.float64]] = []
    found = np.empty((0, dim))
    for start in range(0, PROBES, BATCH):
        sample = subject.sample(BATCH, (seed + 7919 * (start + 1)) % 2**32)
        way = torch.zeros(BATCH, dim, device=subject.device, requires_grad=True)
        picture = subject.draw(shifted(subject, sample, way, space))
        probe = torch.randn(picture.shape, generator=noise).to(subject.device)
        (gradient,) = torch.autograd.grad((picture * probe).sum(), way)
        rows.append(gradient.cpu().numpy().astype(np.float64))
        _, strength, basis = np.linalg.svd(np.concatenate(rows), full_matrices=False)
        former, found = len(found), basis[strength > LEAST * strength[0]]
        if len(found) == former:  # more places show no more dimensions
            break
    return found


def spreads(subject: Subject, vectors: NDArray[np.float64], space: str, seed: int) -> NDArray[np.float64]:
    """How far the model's own latents spread along unit vectors (n, dim), each (n,): 1 in z."""
    if space == "z":
        return np.ones(len(vectors))
    with torch.no_grad():
        w = subject.w(subject.sample(2000, seed)).mean(1).cpu().numpy().astype(np.float64)
    return np.asarray((w @ vectors.T).std(0))

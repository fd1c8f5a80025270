"""Walks that are learned: a straight one and one that bends, with gradients; what they learned becomes a direction.

One that bends is the flow of `engine.latent.curve`, here in torch; the straight one is taken as it is and not put back
onto the shell, as released by Jahanian et al. 2020.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import InputError
from engine.latent.curve import LONGEST, Curve
from engine.latent.directions import Direction
from engine.studio.learn.facts import sigma_of
from engine.studio.learn.subject import Sample, Subject

Space = Literal["z", "w"]
Kind = Literal["linear", "curved"]

AXES = {"way": 0, "first": 1, "bias": None, "second": 0}  # along which each parameter of a walk is a vector
HIDDEN = 32  # of the network of a walk that bends


class Walk(nn.Module):
    """A walk along one direction, from which amounts of -1 to 1 lead as far as the edit's range does.

    Its parameters are in units of how far latents spread, so that one learning rate does for all.
    leave : directions that the walk never moves along
    """

    scale: Tensor
    span: Tensor
    rows: Tensor

    def __init__(
        self, subject: Subject, space: Space, layers: tuple[int, ...] | None, kind: Kind = "linear",
        leave: Sequence[Direction] = (), seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.space: Space = space
        self.layers, self.kind, self._subject = layers, kind, subject
        dim = subject.info.z_dim if space == "z" else subject.info.w_dim
        self.register_buffer("rows", subject.follows(space, layers))
        self.register_buffer("span", _span(leave, space, layers, dim))
        self.register_buffer("scale", _scale(subject, space, seed))
        self.way = nn.Parameter(torch.zeros(dim))
        if kind == "curved":
            numbers = np.random.RandomState(seed).randn(HIDDEN, dim) / math.sqrt(dim)
            self.first = nn.Parameter(torch.from_numpy(numbers.astype(np.float32)))
            self.bias = nn.Parameter(torch.zeros(HIDDEN))
            self.second = nn.Parameter(torch.zeros(dim, HIDDEN))
        self.to(subject.device)

    def forward(self, sample: Sample, w: Tensor, amounts: Tensor) -> Tensor:
        """The places of a sample, whose w is known, carried by amounts (n,): w (n, num_ws, w_dim)."""
        if self.space == "z":
            far = self._subject.w(Sample(self.carried(sample.z, amounts), sample.classes))
        else:
            points, times = w.reshape(-1, w.shape[-1]), amounts.repeat_interleave(w.shape[1])
            far = self.carried(points, times).reshape(w.shape)
        return torch.where(self.rows[:, None], far, w)

    def carried(self, x: Tensor, amounts: Tensor) -> Tensor:
        """Points (n, dim) carried by amounts (n,)."""
        way = self.straight()
        if self.kind == "linear":
            return x + amounts[:, None] * way
        longest = float(amounts.abs().max()) * float(way.detach().norm()) / self._sigma()
        steps = max(1, math.ceil(longest / LONGEST))
        h, length = (amounts / steps)[:, None], x.norm(dim=1, keepdim=True)
        for _ in range(steps):
            half = x + 0.5 * h * self._onward(x, way)
            x = x + h * self._onward(half, way)
            if self.space == "z":
                x = x * (length / x.norm(dim=1, keepdim=True).clamp(min=1e-12))
        return x

    def straight(self) -> Tensor:
        """The straight part of the walk, (dim,): as far as an amount of 1 leads."""
        return self._free(self.scale * self.way)

    def direction(self, name: str, seed: int = 0) -> Direction:
        """What was learned so far, its amounts in sigma. InputError for a walk that leads nowhere."""
        way = self.straight().detach().cpu().double().numpy()
        length = float(np.linalg.norm(way))
        if not (math.isfinite(length) and length > 0.0):
            raise InputError(f"{name}: nothing was learned; no change of the latent brings the pictures nearer to it")
        found = Direction(name, way, self.space, 1.0, self.layers)
        sigma = sigma_of(self._subject, found, seed)
        curve = None
        if self.kind == "curved":
            second = self._free(self.scale * self.second.T).T * (sigma / length)
            curve = Curve(_array(self.first / self.scale), _array(self.bias), _array(second), self.space == "z")
        return Direction(name, way, self.space, sigma, self.layers, curve=curve)

    def length_sigma(self, direction: Direction) -> float:
        """How many sigma an amount of 1 leads along the direction that this became."""
        return float(self.straight().detach().cpu().double().norm()) / direction.sigma

    def _onward(self, x: Tensor, way: Tensor) -> Tensor:
        bend = torch.tanh(x @ (self.first / self.scale).T + self.bias) @ (self.scale * self.second).T
        return way + self._free(bend)

    def _free(self, x: Tensor) -> Tensor:
        """x (..., dim) without what leads along directions to leave alone."""
        return x - (x @ self.span.T) @ self.span if len(self.span) else x

    def _sigma(self) -> float:
        """About one sigma of the latents, or less, to know how finely to step."""
        return 1.0 if self.space == "z" else 0.5 * float(self.scale)


def _scale(subject: Subject, space: Space, seed: int) -> Tensor:
    """(1,) the spread of a latent along a way that counts: the mean variance, each way weighted by its own."""
    if space == "z":
        return torch.ones(1)
    with torch.inference_mode():
        w = subject.w(subject.sample(1024, seed)).flatten(0, 1).cpu().double()
        variances = torch.linalg.eigvalsh(torch.cov(w.T))
    return torch.full((1,), max(float((variances.square().sum() / variances.sum()).sqrt()), 1e-6))


def _span(leave: Sequence[Direction], space: Space, layers: tuple[int, ...] | None, dim: int) -> Tensor:
    """(k, dim) orthonormal rows that span the directions to leave alone, of those that move what the walk moves."""
    rows = []
    for other in leave:
        if other.space != space:
            raise InputError(
                f"--without {other.name}: it lives in {other.space}, and the walk is learned in {space}; "
                f"add --space {other.space}, or name another"
            )
        if other.curve is not None:
            raise InputError(f"--without {other.name}: it bends; only straight directions can be left alone")
        if layers is None or other.layers is None or set(layers) & set(other.layers):
            rows.append(other.vector)
    if not rows:
        return torch.zeros(0, dim)
    basis = np.linalg.svd(np.array(rows), full_matrices=False)
    return torch.from_numpy(basis.Vh[basis.S > 1e-6 * basis.S[0]].astype(np.float32))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()

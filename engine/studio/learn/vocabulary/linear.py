"""What a step does to a layer and to the picture, to first order: where the search for a direction starts.

For a unit vector d of the active space, the mean squared change of the layer is d'Ld and that of the picture d'Pd, with
L and P the Gram matrices of what the basis does. Of all that change the picture by so much, the one that changes the
layer least is the eigenvector of the least eigenvalue of L - trade P for one trade (Lagrange), or lies between the two
that meet there: two such forms have a convex range on the sphere (Brickman 1961), so that no minimum is merely local.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.learn.layers import activations
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.vocabulary.active import shifted

NUMBERS = 1 << 18  # of a layer's features, or of the pictures, at all places: more are drawn lots for
HALVINGS = 50  # of what is known of the trade
ANGLES = np.linspace(0.0, np.pi, 721)  # looked at between two eigenvectors

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FirstOrder:
    """Mean products of what two rows of a basis do, (dims, dims) each."""

    layer: Array
    picture: Array

    def least(self, free: Array, visible: float) -> Array:
        """The unit vector (m,) that changes the layer least of those that change the picture so much, or of them all.

        In coordinates of free, (m, dims) orthonormal rows in those of the basis. Where none changes the picture so
        much, that which changes it most.
        """
        layer, picture = (free @ gram @ free.T for gram in (self.layer, self.picture))
        layer, picture = layer / np.trace(self.layer), picture / np.trace(self.picture)
        visible = visible / np.trace(self.picture)
        below, above = _lowest(layer), _lowest(-picture)
        if _of(picture, below) >= visible or _of(picture, above) <= visible:
            return below if _of(picture, below) >= visible else above
        low, high = 0.0, 1.0  # as shares of the picture's form beside the layer's: trade = share / (1 - share)
        for _ in range(HALVINGS):
            share = (low + high) / 2
            way = _lowest((1 - share) * layer - share * picture)
            if _of(picture, way) >= visible:
                high, above = share, way
            else:
                low, below = share, way
        across = below - (below @ above) * above
        across /= max(float(np.linalg.norm(across)), 1e-12)
        ways = np.cos(ANGLES)[:, None] * above + np.sin(ANGLES)[:, None] * across  # the first of them is above itself
        ways = ways[[_of(picture, way) >= visible for way in ways]]
        return np.asarray(min(ways, key=lambda way: _of(layer, way) / (way @ way)))


@torch.no_grad()
def first_order(
    subject: Subject, layer: str, sample: Sample, ways: Array, space: str, seed: int, pause: Callable[[], None]
) -> FirstOrder:  # fmt: skip
    """By central differences, from half of each way (dims, dim) before the places to half of it after them.

    Holds `NUMBERS` numbers for each way at most, and all places of one. pause is called after each way.
    """
    numbers = np.random.default_rng(seed)
    lots: dict[str, Tensor] = {}
    seen: dict[str, list[Tensor]] = {"layer": [], "picture": []}
    for way in torch.from_numpy(ways.astype(np.float32)).to(subject.device):
        ends = [shifted(subject, sample, side * way, space) for side in (0.5, -0.5)]
        for name, (there, back) in {
            "layer": [activations(subject, w, [layer], gradients=True)[layer] for w in ends],
            "picture": [subject.draw(w) for w in ends],
        }.items():
            change = (there - back).flatten()
            if name not in lots:
                lots[name] = _lots(numbers, len(change)).to(subject.device)
            seen[name].append(change[lots[name]])
        pause()
    return FirstOrder(_gram(seen["layer"]), _gram(seen["picture"]))


def _lots(numbers: np.random.Generator, count: int) -> Tensor:
    """Which of so many numbers are looked at."""
    return torch.from_numpy(np.sort(numbers.choice(count, min(count, NUMBERS), replace=False)))


def _gram(rows: list[Tensor]) -> Array:
    changes = torch.stack(rows).float()
    return np.asarray((changes @ changes.T / changes.shape[1]).cpu().numpy(), np.float64)


def _lowest(form: Array) -> Array:
    """The unit eigenvector of the least eigenvalue."""
    return np.asarray(np.linalg.eigh(form)[1][:, 0])


def _of(form: Array, way: Array) -> float:
    return float(way @ form @ way)

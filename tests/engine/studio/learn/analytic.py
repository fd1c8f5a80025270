"""A model of a few lines whose directions are known: a patch of light that moves, grows and brightens along z."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.generator.base import Band, ModelInfo
from engine.studio.learn.subject import Sample, Subject

DIM, SIDE = 12, 32
BRIGHT, ACROSS = 0, 1  # rows of `ways`: what brightens (stops for each sigma), and what moves (of the width)
STOPS, WIDTHS = 0.4, 0.06


class Analytic(Subject):
    """Draws a soft round patch on a soft ground; all other numbers of z change nothing but its colours a little."""

    def __init__(self, seed: int = 3, dim: int = DIM, side: int = SIDE) -> None:
        numbers = np.random.RandomState(seed).randn(dim, dim)
        self.ways = torch.from_numpy(np.linalg.qr(numbers)[0].T.astype(np.float32).copy())
        self.name, self.threads, self.device, self.side = "analytic", 1, torch.device("cpu"), side
        self.info = ModelInfo(
            "analytic", "analytic", dim, dim, 2, side, side, (Band("form", 0, 1), Band("colour", 1, 2)), hash="0" * 64
        )
        at = (torch.arange(side) + 0.5) / side - 0.5
        self._y, self._x = torch.meshgrid(at, at, indexing="ij")

    def sample(self, count: int, seed: int) -> Sample:
        return Sample(torch.from_numpy(np.random.RandomState(seed).randn(count, self.info.z_dim).astype(np.float32)))

    def w(self, sample: Sample) -> Tensor:
        return sample.z[:, None].expand(-1, 2, -1)

    def draw(self, w: Tensor, side: int | None = None) -> Tensor:
        form, colour = w[:, 0] @ self.ways.T, w[:, 1] @ self.ways.T
        x = self._x - WIDTHS * form[:, ACROSS, None, None]
        patch = torch.exp(-(x.square() + self._y.square()) / (2 * 0.12**2))
        tint = 0.5 + 0.1 * torch.tanh(colour[:, 2:5])
        gain = 2.0 ** (STOPS * colour[:, BRIGHT].clamp(-3, 3) - 1.0)
        return gain[:, None, None, None] * (0.1 + 0.8 * tint[:, :, None, None] * patch[:, None])

    def along_ways(self, vector: Sequence[float]) -> np.ndarray:
        """(dim,) cosines of a vector with each known way."""
        return self.ways.numpy() @ np.asarray(vector)

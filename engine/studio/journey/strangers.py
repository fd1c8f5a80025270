"""Samples of a model in the space of a sequence: where nobody has been."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import ModelInfo
from engine.latent.space import noise_z
from engine.studio.journey.drawing import Drawing
from engine.studio.journey.pair import Pair
from engine.studio.pace import Array, Block

STREAM = 4  # of random numbers, others than those of neighbours
CUT = 2.0  # BigGAN samples a normal distribution cut off here


Opened = Callable[[], Drawing]  # where a model is only opened when it is asked


class Strangers:
    """The model's own samples by number, of the classes that the frames of a sequence have, as often."""

    def __init__(self, pair: Pair, info: ModelInfo, opened: Opened, seed: int) -> None:
        self._pair, self._info, self._opened, self._seed = pair, info, opened, seed

    def of(self, numbers: NDArray[np.intp]) -> Block:
        """The samples of these numbers, (n, z_dim) or (n, num_ws, w_dim) at psi 1, and their class weights."""
        z = np.array([self._z(int(n)) for n in numbers])
        weights = None
        if self._pair.classes is not None:
            weights = np.asarray(self._pair.classes[[self._frame(int(n)) for n in numbers]], np.float64)
        if self._pair.space == "w":
            return np.array(self._opened().w(z, weights, psi=1.0), np.float64), weights
        return z, weights

    def _frame(self, number: int) -> int:
        """The frame whose class weights a sample has."""
        return int(np.random.RandomState([self._seed, STREAM + 1, number]).randint(len(self._pair)))

    def _z(self, number: int) -> Array:
        z = noise_z(self._seed, STREAM, number, self._info.z_dim)
        if self._info.architecture.startswith("biggan"):
            more = 0
            while (wide := np.abs(z) > CUT).any():
                more += 1
                z[wide] = np.random.RandomState([self._seed, STREAM, number, more]).randn(int(wide.sum()))
        return z

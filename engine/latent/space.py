"""What a latent space must be able to do, so that goals need not know which one they live in."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import ModelInfo
from engine.latent.levels import Spring
from engine.latent.places import Place
from engine.latent.steer import Steer

Array = NDArray[np.float64]
MapZ = Callable[[Array, float], NDArray[np.float32]]

MORE, WANDER = 1, 2  # streams of random numbers


class _Noise(threading.local):
    """One generator for each thread: to seed it anew takes a tenth of the time of making another."""

    def __init__(self) -> None:
        self.numbers = np.random.RandomState(0)


_noise = _Noise()


def seed_z(seed: int, z_dim: int) -> Array:
    """The z of a seed, (z_dim,), as the field draws it: `RandomState(seed).randn(1, z_dim)`."""
    _noise.numbers.seed(seed % 2**32)
    return np.asarray(_noise.numbers.randn(1, z_dim)[0])


def noise_z(seed: int, stream: int, number: int, *shape: int) -> Array:
    """Gaussian numbers that belong to a voice's seed, a stream of it and a number; always the same ones."""
    _noise.numbers.seed([seed % 2**32, stream, number % 2**32])
    return np.asarray(_noise.numbers.randn(*shape))


class Space(ABC):
    """Particles in a latent space: one for each voice and row. A row is a band of z, or a layer of w.

    A point is (rows, dim): what a place, a seed or a goal is for one voice.
    """

    info: ModelInfo
    position: Array  # (voices, rows, dim), where the particles are
    bands: tuple[slice, ...]  # the rows of each band

    @abstractmethod
    def seed(self, seed: int) -> Array:
        """The point of a seed."""

    @abstractmethod
    def place(self, place: Place) -> Array:
        """The point of a named place. ModelError when it lies in another space."""

    @abstractmethod
    def frame(self, latent: Array) -> Array:
        """The point of one frame of a sequence in this space."""

    @abstractmethod
    def mix(self, weights: Array, points: Array) -> Array:
        """The point between points (n, rows, dim), by weights that add up to one."""

    @abstractmethod
    def drawn(self, seed: int, stream: int, number: int) -> Array:
        """A random offset with the model's own spread, (rows, dim)."""

    @abstractmethod
    def turned(self, points: Array, offsets: Sequence[Array], angles_rad: Sequence[float]) -> Array:
        """Points (n, rows, dim), each turned towards its offset: at a quarter turn nothing of the point is left."""

    @abstractmethod
    def rest_at(self, points: Array) -> None:
        """Put all particles at points (voices, rows, dim), at rest."""

    @abstractmethod
    def step(
        self, goal: Array, before: Array | None, follow: Sequence[bool],
        springs: Sequence[Spring], tied: Sequence[float], dts_s: Sequence[float],
    ) -> None:  # fmt: skip
        """Carry the particles of each voice over so many seconds.

        goal : (voices, rows, dim) at the end of the step; before : at its start, where goals move
        follow : of each voice: whether the damper holds on to the moving goal
        springs : of each voice's bands, voice by voice; tied : of each voice: how tight it keeps to the shell
        """

    @abstractmethod
    def undo(self) -> None:
        """Take the last step back, and what was drawn in it."""

    @abstractmethod
    def w(self, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        """(voices, num_ws, w_dim) of the particles, moved along directions by `amounts`."""

    @abstractmethod
    def w_at(self, position: Array, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        """What `w` would be with the particles elsewhere."""

    @abstractmethod
    def remap(self) -> None:
        """The map has changed: the same particles lie at other places of w from now on."""

    @abstractmethod
    def state(self) -> dict[str, Array]:
        """Where the particles are and how they move; arrays are never written to after they were given out."""

    @abstractmethod
    def restore(self, state: dict[str, Array]) -> None:
        """Go on from what `state` gave."""

    def neighbour(self, point: Array, seed: int, number: int, angle_rad: float) -> Array:
        """A point `angle_rad` away in a random direction, the same for the same seed and number."""
        return np.asarray(self.turned(point[None], [self.drawn(seed, MORE, number)], [angle_rad])[0])

    def wander_noise(self, seed: int, number: int) -> Array:
        """The noise of a walk at one of its knots."""
        return self.drawn(seed, WANDER, number)

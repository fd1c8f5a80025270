"""Neighbours: latents turned away from others by an angle, on the shell for z, in the model's own spread for w."""

import math

import numpy as np

from engine.errors import InputError
from engine.latent import sphere
from engine.latent.space import noise_z
from engine.studio.journey.drawing import Drawing, Rows
from engine.studio.journey.strangers import Opened
from engine.studio.pace import Array

NEAR = 3  # a stream of random numbers; `engine.latent` has 1 and 2


class Neighbours:
    """Draws neighbours at a distance `noise` of 0..1, as `/latent/more` does live by `/latent/surprise`: 1 is a quarter
    turn, as far as a stranger is; class weights stay with the place.

    layers : of w, that move; None is all
    opened : gives what maps z, where places lie in w
    """

    def __init__(
        self, noise: float, seed: int, opened: Opened | None = None, layers: tuple[int, ...] | None = None
    ) -> None:  # fmt: skip
        if not 0.0 < noise <= 1.0:
            raise InputError(f"--noise {noise:g}: give more than 0, at most 1, a quarter turn")
        self._angle, self._seed, self._opened, self._layers = noise * math.pi / 2, seed, opened, layers
        self._means: dict[bytes, Array] = {}

    def of(self, place: Rows, numbers: range, classes: Rows | None = None) -> Array:
        """The neighbours of these numbers of a place (z_dim,) or (num_ws, w_dim): (n, ...).

        The same number gives the same one, whichever others are drawn.
        """
        here = np.asarray(place, np.float64)
        if here.ndim == 1:
            unit, length = sphere.normalise(here), float(sphere.norm(here)[0])
            offsets = np.array([noise_z(self._seed, NEAR, n, len(here)) for n in numbers])
            ways = sphere.normalise(sphere.tangent(unit, offsets))
            return np.asarray(sphere.exp(unit, self._angle * ways) * length)
        return self._of_w(here, numbers, classes)

    def _of_w(self, here: Array, numbers: range, classes: Rows | None) -> Array:
        """cos(angle) of what the place is beside the average, sin(angle) of what another sample is."""
        drawing = self._drawing()
        z = np.array([noise_z(self._seed, NEAR, n, drawing.info.z_dim) for n in numbers])
        weights = None if classes is None else np.repeat(classes[None], len(z), 0)
        mean = self._mean(classes)
        offsets = np.array(drawing.w(z, weights, psi=1.0), np.float64) - mean
        moved = mean + math.cos(self._angle) * (here - mean) + math.sin(self._angle) * offsets
        if self._layers is not None:
            still = np.ones(len(here), np.bool_)
            still[list(self._layers)] = False
            moved[:, still] = here[still]
        return np.asarray(moved)

    def _mean(self, classes: Rows | None) -> Array:
        """The average w, of the same class."""
        drawing = self._drawing()
        key = b"" if classes is None else np.asarray(classes, np.float32).tobytes()
        if key not in self._means:
            weights = None if classes is None else np.asarray(classes)[None]
            z = np.zeros((1, drawing.info.z_dim))
            self._means = {key: np.array(drawing.w(z, weights, psi=0.0)[0], np.float64)}
        return self._means[key]

    def _drawing(self) -> Drawing:
        if self._opened is None:
            raise InputError("neighbours in w need the model that the rows are of")
        return self._opened()

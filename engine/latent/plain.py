"""Particles in w, which is no sphere: straight springs, each layer with the spring of its band."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import ModelInfo
from engine.latent import spring
from engine.latent.directions import Directions
from engine.latent.frame import INSTANT_S
from engine.latent.levels import Spring
from engine.latent.places import Place
from engine.latent.space import Array, MapZ, Space, noise_z, seed_z
from engine.latent.steer import Steer, band_rows


class Plain(Space):
    """w of each voice and layer as the model learned it; psi draws it towards the model's average in a straight line.

    Directions in z have no z to act on here: each becomes the straight line in w that it is at the first place, those
    that bend too.
    """

    def __init__(self, info: ModelInfo, voices: int, map_z: MapZ, directions: Directions, home: Array) -> None:
        self.info = info
        self.bands = tuple(slice(band.first, band.last) for band in info.bands)
        self._of_layer = np.array([_band_of(info, layer) for layer in range(info.num_ws)], np.intp)
        self._voices = voices
        self._map = map_z
        self._mean = self._centre = self._mapped(np.zeros(info.z_dim), 0.0)
        # Layers that still follow z at psi 0 are those a cutoff leaves as they are learned.
        spared = (self._mapped(np.ones(info.z_dim), 0.0) != self._mean).any(axis=1)
        self._truncated: NDArray[np.bool_] | None = ~spared[:, None] if spared.any() else None
        self._at = np.array([i for i, d in enumerate(directions) if d.space == "z"], np.intp)
        self._effects = np.array([self._effect(directions, i, home) for i in self._at]).reshape(
            len(self._at), self._mean.size
        )
        self.rest_at(np.broadcast_to(self._mean, (voices, *self._mean.shape)))

    def _mapped(self, z: Array, psi: float) -> Array:
        batch = np.broadcast_to(z, (self._voices, len(self.info.bands), self.info.z_dim))
        return np.array(self._map(np.ascontiguousarray(batch), psi)[0], np.float64)

    def _w_of(self, z: Array) -> Array:
        """The w of one z (z_dim,) or (bands, z_dim): (num_ws, w_dim), about the average that positions have."""
        return self._mapped(z, 1.0) - self._centre + self._mean

    def _effect(self, directions: Directions, i: int, home: Array) -> Array:
        d = directions.items[i]
        way = d.sigma * d.vector
        if d.curve is None:
            up, down = home + way, home - way
        else:
            up, down = d.curve.moved(np.stack([home, home]), way, np.array([1.0, -1.0]))
        moved = np.array(band_rows(d, self.info.bands))[self._of_layer]
        return np.asarray((self._w_of(up) - self._w_of(down)) * 0.5 * moved[:, None]).ravel()

    def seed(self, seed: int) -> Array:
        return self._w_of(seed_z(seed, self.info.z_dim))

    def place(self, place: Place) -> Array:
        if place.space == "z":
            return self._w_of(place.latent)
        return np.array(np.broadcast_to(place.latent, (self.info.num_ws, self.info.w_dim)))

    def frame(self, latent: Array) -> Array:
        return latent if latent.ndim == 2 else self._w_of(latent)

    def mix(self, weights: Array, points: Array) -> Array:
        return np.asarray(np.tensordot(weights, points, 1))

    def drawn(self, seed: int, stream: int, number: int) -> Array:
        return self._w_of(noise_z(seed, stream, number, self.info.z_dim)) - self._mean

    def turned(self, points: Array, offsets: Sequence[Array], angles_rad: Sequence[float]) -> Array:
        turned = np.empty_like(points)
        for i, (offset, angle_rad) in enumerate(zip(offsets, angles_rad, strict=True)):
            turned[i] = self._mean + math.cos(angle_rad) * (points[i] - self._mean) + math.sin(angle_rad) * offset
        return turned

    def rest_at(self, points: Array) -> None:
        self.position = np.array(points, np.float64)
        self._velocity = np.zeros_like(self.position)
        self._former = self.position, self._velocity

    def step(
        self, goal: Array, before: Array | None, follow: Sequence[bool],
        springs: Sequence[Spring], tied: Sequence[float], dts_s: Sequence[float],
    ) -> None:  # fmt: skip
        self._former = self.position, self._velocity
        position, velocity = np.empty_like(self.position), np.empty_like(self.position)
        bands = len(self.bands)
        for i, dt_s in enumerate(dts_s):
            moved = None if before is None or dt_s <= INSTANT_S else (goal[i] - before[i]) / dt_s
            own = np.array(springs[i * bands : (i + 1) * bands])[self._of_layer]
            spring.step(
                self.position[i], self._velocity[i], goal[i], own[:, :1], own[:, 1:], dt_s,
                goal_velocity=moved, follow=follow[i], out=(position[i], velocity[i]),
            )  # fmt: skip
        self.position, self._velocity = position, velocity

    def undo(self) -> None:
        self.position, self._velocity = self._former

    def w(self, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        return self.w_at(self.position, steer, amounts, psi)

    def w_at(self, position: Array, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        amount = psi if self._truncated is None else np.where(self._truncated, psi, 1.0)
        w = self._centre + amount * (position - self._mean)
        own = amounts[:, self._at]
        if np.count_nonzero(own):
            w += (own @ self._effects).reshape(w.shape)
        return np.asarray(steer.w(w, amounts), np.float32)

    def remap(self) -> None:
        """Another mixture of classes has another average: the particles move with it."""
        self._centre = self._mapped(np.zeros(self.info.z_dim), 0.0)

    def state(self) -> dict[str, Array]:
        return {"position": self.position, "velocity": self._velocity}

    def restore(self, state: dict[str, Array]) -> None:
        self.position, self._velocity = state["position"], state["velocity"]


def _band_of(info: ModelInfo, layer: int) -> int:
    return next((i for i, band in enumerate(info.bands) if band.first <= layer < band.last), len(info.bands) - 1)

"""Particles on the shell where a Gaussian latent lives: a geodesic spring around it, a spring of its own across it."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent import geodesic, sphere
from engine.latent.places import Place
from engine.latent.space import MORE, Array, MapZ, Space, noise_z, seed_z
from engine.latent.spring import transition
from engine.latent.steer import Steer

_DEEPEST = 0.2  # the most that a corner is cut: a fifth of the radius
_QUICKER = 2.5  # slower, and the dive would be over before it has begun
_STILL = 1e-7


class Shell(Space):
    """z of each voice and band as a unit point, its velocity along the sphere, and the logarithm of its radius.

    `sphere` says how tight the particle is tied to the shell. At 1 the radius springs to the goal's radius. Loosened,
    it springs to goal radius * max(cos(theta / 2), 0.2) ** (1 - sphere), theta the angle still to go: the radius that
    the straight line to the goal has half-way. So a loose particle dives through the ball and comes up at the goal. The
    radius springs 2.5 times as fast as the particle goes round, with the same damping.
    """

    def __init__(self, info: ModelInfo, voices: int, map_z: MapZ) -> None:
        self.info = info
        self.bands = tuple(slice(i, i + 1) for i in range(len(info.bands)))
        self._map = map_z
        shape = (voices, len(info.bands))
        self._drawn: tuple[Array, float] | None = None
        self._w = np.zeros((voices, info.num_ws, info.w_dim), np.float32)
        self.rest_at(np.ones((*shape, info.z_dim)))

    def seed(self, seed: int) -> Array:
        return np.tile(seed_z(seed, self.info.z_dim), (len(self.bands), 1))

    def place(self, place: Place) -> Array:
        if place.space != "z":
            raise ModelError(f'place "{place.name}" lies in w; set geometry = "flat" under [motion] to go there')
        return np.tile(place.latent, (len(self.bands), 1))

    def frame(self, latent: Array) -> Array:
        return np.broadcast_to(latent, (len(self.bands), self.info.z_dim))

    def mix(self, weights: Array, points: Array) -> Array:
        radii = sphere.norm(points)
        units = points / np.where(radii > 0.0, radii, 1.0)
        unit = sphere.normalise(np.tensordot(weights, units, 1))
        radius = np.tensordot(weights, np.log(np.where(radii > 0.0, radii, 1.0)), 1)
        return np.asarray(unit * np.exp(radius))

    def drawn(self, seed: int, stream: int, number: int) -> Array:
        return noise_z(seed, stream, number, len(self.bands), self.info.z_dim)

    def turned(self, point: Array, offset: Array, angle_rad: float) -> Array:
        radius = sphere.norm(point)
        unit = point / np.where(radius > 0.0, radius, 1.0)
        way = sphere.tangent(unit, offset) * (angle_rad / math.sqrt(self.info.z_dim))
        return np.asarray(sphere.exp(unit, way) * radius)

    def neighbour(self, point: Array, seed: int, number: int, angle_rad: float) -> Array:
        """Exactly `angle_rad` away; bands that are together go together."""
        unit = sphere.normalise(point)
        way = sphere.normalise(sphere.tangent(unit, noise_z(seed, MORE, number, self.info.z_dim)))
        return np.asarray(sphere.exp(unit, angle_rad * way) * sphere.norm(point))

    def rest_at(self, points: Array) -> None:
        radius = sphere.norm(points)[..., 0]
        self._unit = sphere.normalise(points)
        self._velocity = np.zeros_like(self._unit)
        self._log_radius = np.log(np.where(radius > 0.0, radius, math.sqrt(self.info.z_dim)))
        self._log_radius_velocity = np.zeros_like(self._log_radius)
        self._place()

    def step(
        self, goal: Array, before: Array | None, follow: NDArray[np.bool_],
        frequency_hz: Array, damping: Array, sphere_: Array, dt_s: float,
    ) -> None:  # fmt: skip
        radius = sphere.norm(goal)
        unit = goal / radius
        omega = 2.0 * math.pi * frequency_hz
        log_goal = np.log(radius[..., 0])
        if sphere_.min() < 1.0:
            cos = np.einsum("...i,...i->...", self._unit, unit)
            half = np.sqrt(np.clip(0.5 * (1.0 + cos), _DEEPEST * _DEEPEST, 1.0))
            log_goal = log_goal + (1.0 - sphere_[:, None]) * np.log(half)
        self._step_radius(log_goal, _QUICKER * omega, damping, dt_s)
        self._unit, self._velocity = geodesic.spring_step(
            self._unit, self._velocity, unit, omega, damping, dt_s,
            goal_before=None if before is None else sphere.normalise(before),
            follow=True if before is None else follow[:, None],
        )  # fmt: skip
        self._place()

    def _step_radius(self, goal: Array, omega: Array, damping: Array, dt_s: float) -> None:
        rows = []
        for x, v, g, w, z in zip(
            *(a.ravel().tolist() for a in (self._log_radius, self._log_radius_velocity, goal, omega, damping)),
            strict=True,
        ):
            m = transition(w, z, dt_s)
            rows.append((g + m.xx * (x - g) + m.xv * v, m.vx * (x - g) + m.vv * v))
        moved = np.array(rows).T.reshape(2, *goal.shape)
        self._log_radius, self._log_radius_velocity = moved[0], moved[1]

    def _place(self) -> None:
        self.position = self._unit * np.exp(self._log_radius)[..., None]

    def w(self, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        offset = steer.z_offset(amounts)
        z = self.position if offset is None else self.position + offset
        if self._drawn is None or psi != self._drawn[1] or np.abs(z - self._drawn[0]).max() > _STILL:
            self._w = np.array(self._map(z, psi), np.float32)
            self._drawn = (z, psi)
        more = steer.w_offset(amounts)
        return self._w if more is None else self._w + more.astype(np.float32)

    def state(self) -> dict[str, Array]:
        drawn = {} if self._drawn is None else {"drawn": self._drawn[0], "drawn_psi": np.array([self._drawn[1]])}
        return drawn | {
            "position": self._unit,
            "velocity": self._velocity,
            "log_radius": self._log_radius,
            "log_radius_velocity": self._log_radius_velocity,
            "radius": np.exp(self._log_radius),
        }

    def restore(self, state: dict[str, Array]) -> None:
        self._unit, self._velocity = state["position"], state["velocity"]
        self._log_radius, self._log_radius_velocity = state["log_radius"], state["log_radius_velocity"]
        self._place()
        self._drawn = None
        if "drawn" in state:  # what was drawn last stands until z has moved enough: a restart must not move it
            self._drawn = (state["drawn"], float(state["drawn_psi"][0]))
            self._w = np.array(self._map(*self._drawn), np.float32)

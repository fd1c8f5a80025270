"""Particles on the shell where a Gaussian latent lives: a geodesic spring around it, a spring of its own across it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent import geodesic, sphere
from engine.latent.frame import INSTANT_S, Gram
from engine.latent.levels import Spring
from engine.latent.places import Place
from engine.latent.space import MORE, Array, MapZ, Space, noise_z, seed_z
from engine.latent.spring import transition
from engine.latent.steer import Steer

_DEEPEST = 0.2  # the most that a corner is cut: a fifth of the radius
_QUICKER = 2.5  # slower, and the dive would be over before it has begun
_STILL = 1e-7  # in z: nearer is the same picture
_REST = 1e-12


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
        self._shape = (voices, len(info.bands), info.z_dim)
        self._bodies = geodesic.Bodies(voices * len(info.bands), info.z_dim)
        self._pairs = np.zeros((voices * len(info.bands), 2, info.z_dim))
        self._drawn: tuple[Array, float] | None = None
        self._w = np.zeros((voices, info.num_ws, info.w_dim), np.float32)
        self.rest_at(np.ones(self._shape))
        self._former = self._here()

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

    def turned(self, points: Array, offsets: Sequence[Array], angles_rad: Sequence[float]) -> Array:
        """The ends of the great circles along the tangents that the offsets leave at the points."""
        rows, d = points.shape[1:]
        pairs = self._pairs[: len(points) * rows]
        pairs[:, 0] = points.reshape(-1, d)
        for i, offset in enumerate(offsets):
            pairs[i * rows : (i + 1) * rows, 1] = offset
        scales = [angle_rad / math.sqrt(d) for angle_rad in angles_rad for _ in range(rows)]
        grams = (pairs @ pairs.transpose(0, 2, 1)).tolist()
        mix = [(_turn(pp, po, oo, scale),) for ((pp, po), (_, oo)), scale in zip(grams, scales, strict=True)]
        return np.asarray((np.array(mix) @ pairs).reshape(points.shape))

    def neighbour(self, point: Array, seed: int, number: int, angle_rad: float) -> Array:
        """Exactly `angle_rad` away; bands that are together go together."""
        unit = sphere.normalise(point)
        way = sphere.normalise(sphere.tangent(unit, noise_z(seed, MORE, number, self.info.z_dim)))
        return np.asarray(sphere.exp(unit, angle_rad * way) * sphere.norm(point))

    def rest_at(self, points: Array) -> None:
        radius = sphere.norm(points)[..., 0].ravel().tolist()
        n, d = len(radius), self.info.z_dim
        self._particles = np.zeros((n, 2, d))
        self._particles[:, 0] = sphere.normalise(points).reshape(n, d)
        self._radial = [(math.log(r if r > 0.0 else math.sqrt(d)), 0.0) for r in radius]
        self._place()

    def step(
        self, goal: Array, before: Array | None, follow: Sequence[bool],
        springs: Sequence[Spring], tied: Sequence[float], dts_s: Sequence[float],
    ) -> None:  # fmt: skip
        self._former = self._here()
        bodies, shape = self._bodies, self._particles.shape
        bodies.particles[:] = self._particles
        bodies.goals[:] = goal.reshape(shape[0], shape[2])
        moves = before is not None and min(dts_s) > INSTANT_S
        if moves and before is not None:
            bodies.befores[:] = before.reshape(shape[0], shape[2])
        grams = bodies.grams(moves)
        if not grams:
            self.position = np.full(self._shape, np.nan)  # nowhere to go: the step is taken back
            return
        rows = len(self.bands)
        goals = [_log_radius(gram, tied[i // rows]) for i, gram in enumerate(grams)]
        if not moves and all(map(_arrived, grams, self._radial, goals)):
            return
        dts_s = [dt_s for dt_s in dts_s for _ in range(rows)]
        self._radial = [
            _radius_step(x, v, g, spring, dt_s)
            for (x, v), g, spring, dt_s in zip(self._radial, goals, springs, dts_s, strict=True)
        ]
        held = [True] * shape[0] if before is None else [hold for hold in follow for _ in range(rows)]
        self._particles = bodies.step(grams, springs, held, dts_s)
        self._place()

    def _place(self) -> None:
        radius = np.array([math.exp(x) for x, _ in self._radial])
        self.position = (self._particles[:, 0] * radius[:, None]).reshape(self._shape)

    def _here(self) -> tuple[Array, list[tuple[float, float]], Array, tuple[Array, float] | None, NDArray[np.float32]]:
        return self._particles, self._radial, self.position, self._drawn, self._w

    def undo(self) -> None:
        self._particles, self._radial, self.position, self._drawn, self._w = self._former

    def w(self, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        z = steer.z(self.position, amounts)
        if self._drawn is None or psi != self._drawn[1] or _far(z, self._drawn[0]):
            self._w = np.array(self._map(z, psi), np.float32)
            self._drawn = (z, psi)
        return steer.w(self._w, amounts)

    def w_at(self, position: Array, steer: Steer, amounts: Array, psi: float) -> NDArray[np.float32]:
        return steer.w(np.array(self._map(steer.z(position, amounts), psi), np.float32), amounts)

    def remap(self) -> None:
        self._drawn = None

    def state(self) -> dict[str, Array]:
        drawn = {} if self._drawn is None else {"drawn": self._drawn[0], "drawn_psi": np.array([self._drawn[1]])}
        radial = np.array(self._radial).T.reshape(2, *self._shape[:2])
        return drawn | {
            "position": self._particles[:, 0].reshape(self._shape),
            "velocity": self._particles[:, 1].reshape(self._shape),
            "log_radius": radial[0],
            "log_radius_velocity": radial[1],
            "radius": np.exp(radial[0]),
        }

    def restore(self, state: dict[str, Array]) -> None:
        n, d = len(self._radial), self.info.z_dim
        self._particles = np.stack([state["position"].reshape(n, d), state["velocity"].reshape(n, d)], 1)
        x, v = state["log_radius"].ravel().tolist(), state["log_radius_velocity"].ravel().tolist()
        self._radial = list(zip(x, v, strict=True))
        self._place()
        self._drawn = None
        if "drawn" in state:  # what was drawn last stands until z has moved enough: a restart must not move it
            self._drawn = (state["drawn"], float(state["drawn_psi"][0]))
            self._w = np.array(self._map(*self._drawn), np.float32)


def _turn(pp: float, po: float, oo: float, scale: float) -> tuple[float, float]:
    """How much of a point and of an offset the turned point is, from their inner products."""
    if pp <= 0.0:
        return 1.0, 0.0
    across = math.sqrt(max(oo - po * po / pp, 0.0))
    angle = across * scale
    part = math.sqrt(pp) * (math.sin(angle) / across if across > 0.0 else scale)
    return math.cos(angle) - part * po / pp, part


def _log_radius(gram: Gram, tied: float) -> float:
    """The logarithm of the radius that a body makes for."""
    square = gram[2][1]
    log_goal = 0.5 * math.log(square)
    if tied < 1.0:
        half = math.sqrt(min(max(0.5 * (1.0 + gram[0][1] / math.sqrt(square)), _DEEPEST * _DEEPEST), 1.0))
        log_goal += (1.0 - tied) * math.log(half)
    return log_goal


def _radius_step(x: float, v: float, goal: float, spring: Spring, dt_s: float) -> tuple[float, float]:
    xx, xv, vx, vv = transition(_QUICKER * spring.omega, spring.damping, dt_s)
    away = x - goal
    return goal + xx * away + xv * v, vx * away + vv * v


def _arrived(gram: Gram, radial: tuple[float, float], log_goal: float) -> bool:
    return abs(radial[0] - log_goal) < _REST and abs(radial[1]) < _REST and geodesic.at_rest(gram)


def _far(a: Array, b: Array) -> bool:
    if a is b:
        return False
    way = a - b
    return float(np.vdot(way, way)) > _STILL * _STILL

"""Steering: amounts along directions, straight and bent, on springs of their own, and accents that act at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import Band, ModelInfo
from engine.latent import spring
from engine.latent.directions import Direction, Directions
from engine.latent.flow import Flow
from engine.latent.levels import Spring

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Bend:
    """A direction that bends: which it is, its flow, and the rows it moves."""

    at: int
    flow: Flow
    rows: slice | NDArray[np.intp]  # a slice for all


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The directions of one space: which are straight, one sigma of each, the rows each moves; and those that bend."""

    at: NDArray[np.intp]  # (n,) among all directions
    all: bool  # whether these are all directions
    steps: Array  # (n, dim)
    moves: Array  # (rows, n) 1 or 0
    bends: tuple[_Bend, ...]

    def offset(self, amounts: Array) -> Array | None:
        """(voices, rows, dim) of the straight ones by amounts (voices, directions); None when none is used."""
        if not len(self.at):
            return None
        own = amounts if self.all else amounts[:, self.at]
        if not np.count_nonzero(own):
            return None
        return np.asarray((self.moves * own[:, None, :]) @ self.steps)

    def bent(self, points: Array, amounts: Array) -> Array:
        """Points (voices, rows, dim) carried along those that bend, one after the other; points itself for none."""
        out = points
        for bend in self.bends:
            own = amounts[:, bend.at]
            if not np.count_nonzero(own):
                continue
            if out is points:
                out = np.array(points, np.float64)
            moved = out[:, bend.rows]
            flat = moved.reshape(-1, out.shape[-1])
            out[:, bend.rows] = bend.flow.moved(flat, np.repeat(own, moved.shape[1])).reshape(moved.shape)
        return out


class Steer:
    """The amounts of all directions, (voices, directions) in sigma."""

    def __init__(self, directions: Directions, info: ModelInfo, voices: int) -> None:
        self.names = directions.names
        self.amounts = np.zeros((voices, len(directions)))
        self.velocity = np.zeros((voices, len(directions)))
        self._former = self.amounts, self.velocity
        self.turns = 0  # how often a direction was turned
        self._stepped: tuple[Sequence[Spring], float] = ((), 0.0)  # what the transitions are of
        self._transitions = np.zeros((voices, 2, 2))
        bands = [band_rows(d, info.bands) for d in directions]
        layers = [[d.layers is None or layer in d.layers for layer in range(info.num_ws)] for d in directions]
        self._z = _part(directions, "z", info.z_dim, bands, len(info.bands))
        self._w = _part(directions, "w", info.w_dim, layers, info.num_ws)

    def step(self, targets: Array, springs: Sequence[Spring], dt_s: float) -> None:
        """Carry the amounts towards `targets` (voices, directions) by each voice's spring."""
        self._former = self.amounts, self.velocity
        if not (np.count_nonzero(self.velocity) or np.count_nonzero(self.amounts != targets)):
            return
        if (key := (springs, dt_s)) != self._stepped:
            self._stepped = key
            self._transitions = np.array([spring.transition(*own, dt_s) for own in springs]).reshape(-1, 2, 2)
        moved = np.empty((len(targets), 2, len(self.names)))
        np.subtract(self.amounts, targets, out=moved[:, 0])
        moved[:, 1] = self.velocity
        moved = self._transitions @ moved
        self.amounts, self.velocity = moved[:, 0], moved[:, 1]
        self.amounts += targets

    def undo(self) -> None:
        """Take the last step back."""
        self.amounts, self.velocity = self._former

    def turn(self, at: int, way: Array) -> None:
        """Let the straight direction `at` point another way from now on: one sigma of it, (dim,)."""
        self.turns += 1
        for part in (self._z, self._w):
            if (own := part.at == at).any():
                part.steps[own] = way

    def z(self, points: Array, amounts: Array) -> Array:
        """z (voices, bands, z_dim) moved by amounts (voices, directions), along curves last; itself for nothing."""
        offset = self._z.offset(amounts)
        return self._z.bent(points if offset is None else points + offset, amounts)

    def w(self, points: NDArray[Any], amounts: Array) -> NDArray[Any]:
        """w (voices, num_ws, w_dim) moved by them, in its own precision; itself for nothing."""
        offset = self._w.offset(amounts)
        moved = points if offset is None else points + offset.astype(points.dtype)
        bent = self._w.bent(moved, amounts)
        return bent if bent is moved else bent.astype(points.dtype)


def band_rows(direction: Direction, bands: Sequence[Band]) -> list[bool]:
    """Which bands a direction in z moves: those that hold one of its layers."""
    layers = direction.layers
    return [layers is None or any(band.first <= layer < band.last for layer in layers) for band in bands]


def _part(directions: Directions, space: str, dim: int, moves: list[list[bool]], rows: int) -> _Part:
    at = [i for i, d in enumerate(directions) if d.space == space and d.curve is None]
    items = [directions.items[i] for i in at]
    return _Part(
        np.array(at, np.intp),
        len(at) == len(directions),
        np.array([d.sigma * d.vector for d in items]).reshape(len(at), dim),
        np.array([moves[i] for i in at], np.float64).reshape(len(at), rows).T,
        tuple(
            _Bend(i, Flow(d.curve, d.sigma * d.vector), slice(None) if all(moves[i]) else np.flatnonzero(moves[i]))
            for i, d in enumerate(directions)
            if d.space == space and d.curve is not None
        ),
    )

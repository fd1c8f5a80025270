"""Steering: amounts along directions, on springs of their own, and accents that act at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import Band, ModelInfo
from engine.latent import spring
from engine.latent.directions import Direction, Directions
from engine.latent.levels import Spring

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The directions of one space: which they are, one sigma of each, and the rows each moves."""

    at: NDArray[np.intp]  # (n,) among all directions
    all: bool  # whether these are all directions
    steps: Array  # (n, dim)
    moves: Array  # (rows, n) 1 or 0

    def offset(self, amounts: Array) -> Array | None:
        """(voices, rows, dim) from amounts (voices, directions); None when no direction of this space is used."""
        if not len(self.at):
            return None
        own = amounts if self.all else amounts[:, self.at]
        if not np.count_nonzero(own):
            return None
        return np.asarray((self.moves * own[:, None, :]) @ self.steps)


class Steer:
    """The amounts of all directions, (voices, directions) in sigma."""

    def __init__(self, directions: Directions, info: ModelInfo, voices: int) -> None:
        self.names = directions.names
        self.amounts = np.zeros((voices, len(directions)))
        self.velocity = np.zeros((voices, len(directions)))
        self._former = self.amounts, self.velocity
        self._stepped: tuple[Sequence[Spring], float] = ((), 0.0)  # what the transitions are of
        self._transitions = np.zeros((voices, 2, 2))
        bands = [_band_rows(d, info.bands) for d in directions]
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

    def z_offset(self, amounts: Array) -> Array | None:
        """(voices, bands, z_dim) what amounts (voices, directions) add to z; None for nothing."""
        return self._z.offset(amounts)

    def w_offset(self, amounts: Array) -> Array | None:
        """(voices, num_ws, w_dim) what they add to w; None for nothing."""
        return self._w.offset(amounts)


def _band_rows(direction: Direction, bands: Sequence[Band]) -> list[bool]:
    layers = direction.layers
    return [layers is None or any(band.first <= layer < band.last for layer in layers) for band in bands]


def _part(directions: Directions, space: str, dim: int, moves: list[list[bool]], rows: int) -> _Part:
    at = [i for i, d in enumerate(directions) if d.space == space]
    items = [directions.items[i] for i in at]
    return _Part(
        np.array(at, np.intp),
        len(at) == len(directions),
        np.array([d.sigma * d.vector for d in items]).reshape(len(at), dim),
        np.array([moves[i] for i in at], np.float64).reshape(len(at), rows).T,
    )

"""Steering: amounts along directions, on springs of their own, and accents that act at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import Band, ModelInfo
from engine.latent import spring
from engine.latent.directions import Direction, Directions

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The directions of one space: which they are, one sigma of each, and the rows each moves."""

    at: NDArray[np.intp]  # (n,) among all directions
    steps: Array  # (n, dim)
    moves: Array  # (rows, n) 1 or 0

    def offset(self, amounts: Array) -> Array | None:
        """(voices, rows, dim) from amounts (voices, directions); None when no direction of this space is used."""
        if not len(self.at):
            return None
        own = amounts[:, self.at]
        if not own.any():
            return None
        return np.asarray((self.moves * own[:, None, :]) @ self.steps)


class Steer:
    """The amounts of all directions, (voices, directions) in sigma."""

    def __init__(self, directions: Directions, info: ModelInfo, voices: int) -> None:
        self.names = directions.names
        self.amounts = np.zeros((voices, len(directions)))
        self.velocity = np.zeros((voices, len(directions)))
        bands = [_band_rows(d, info.bands) for d in directions]
        layers = [[d.layers is None or layer in d.layers for layer in range(info.num_ws)] for d in directions]
        self._z = _part(directions, "z", info.z_dim, bands, len(info.bands))
        self._w = _part(directions, "w", info.w_dim, layers, info.num_ws)

    def step(self, targets: Array, frequency_hz: Sequence[float], damping: Sequence[float], dt_s: float) -> None:
        """Carry the amounts towards `targets` (voices, directions)."""
        amounts, velocity = np.empty_like(self.amounts), np.empty_like(self.velocity)
        for i, (f, z) in enumerate(zip(frequency_hz, damping, strict=True)):
            omega = 2.0 * math.pi * f
            spring.step(self.amounts[i], self.velocity[i], targets[i], omega, z, dt_s, out=(amounts[i], velocity[i]))
        self.amounts, self.velocity = amounts, velocity

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
        np.array([d.sigma * d.vector for d in items]).reshape(len(at), dim),
        np.array([moves[i] for i in at], np.float64).reshape(len(at), rows).T,
    )

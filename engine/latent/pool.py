"""A pool: the rows of a sequence as the places of a show, so that a bias edited into it stays in."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.generator.base import ModelInfo
from engine.latent.space import Space
from engine.latent.trajectory import Trajectory, smooth_weights

Array = NDArray[np.float64]
Spot = tuple[Array, Array | None]  # a point (rows, dim), and the class weights that go with it

MORE, STROLL = 0x4D, 0x53  # ways through the pool beside that of `next`
_MASK = 0xFFFFFFFF


class Pool:
    """Rows that are gone through in an order of chance, none twice before all were seen."""

    def __init__(self, path: Path, info: ModelInfo, geometry: str, space: Space) -> None:
        """ModelError for a file that this model does not play, or not in this geometry."""
        self._rows = Trajectory.open(path, info).check(path, geometry)
        self._space = space

    def __len__(self) -> int:
        return len(self._rows.frames)

    @property
    def mixes_classes(self) -> bool:
        """Whether its rows have class weights."""
        return self._rows.classes is not None

    def row(self, number: int) -> Spot:
        """A row by its number, counted on from the start behind the last."""
        latent, classes = self._rows.row(number % len(self))
        return self._space.frame(latent), classes

    def drawn(self, seed: int, turn: int, way: int = 0) -> Spot:
        """The row that a voice of this seed comes to in its `turn`, counted from 0."""
        return self.row(shuffled(len(self), seed * 256 + way, turn))

    def mixed(self, weights: Array, spots: list[Spot]) -> Spot:
        """The spot between spots, by weights that add up to one."""
        point = self._space.mix(weights, np.array([point for point, _ in spots]))
        shares = [classes for _, classes in spots if classes is not None]
        return point, np.maximum(weights @ np.array(shares), 0.0) if len(shares) == len(spots) else None


class Stroll:
    """A smooth walk from row to row of a pool.

    spot : the row of each turn, always the same for the same turn
    """

    def __init__(self, pool: Pool, spot: Callable[[int], Spot]) -> None:
        self._pool, self._spot = pool, spot
        self.phase = 0.0  # rows gone
        self._turn = 0
        self._spots = [spot(turn) for turn in range(-1, 3)]

    def step(self, rate_hz: float, dt_s: float) -> Spot:
        """Go on for `dt_s` at so many rows a second, and say where the walk is."""
        self.phase += rate_hz * dt_s
        turn = math.floor(self.phase)
        if turn > self._turn + 4:
            self._turn, self._spots = turn, [self._spot(turn + i) for i in range(-1, 3)]
        while self._turn < turn:
            self._turn += 1
            self._spots = [*self._spots[1:], self._spot(self._turn + 2)]
        return self._pool.mixed(smooth_weights(self.phase - turn), self._spots)

    def state(self) -> dict[str, Array]:
        """Where the walk is."""
        return {"phase": np.array([self.phase]), "from": self._spots[1][0], "to": self._spots[2][0]}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from a state."""
        self.phase = float(state["phase"][0])
        self._turn = math.floor(self.phase)
        self._spots = [self._spot(self._turn + i) for i in range(-1, 3)]


def shuffled(count: int, seed: int, turn: int) -> int:
    """The number, below `count`, that comes in a turn: each once in every `count` turns, in another order each time.

    A balanced Feistel network that walks its cycle until it is in range (Black and Rogaway 2002): no list is held, so
    that a pool may have millions of rows. Nothing comes twice running where one round meets the next.
    """
    if count < 3:
        return (seed + turn) % count
    around, at = divmod(turn, count)
    if at < 2 and _permuted(count, seed, around, 0) == _permuted(count, seed, around - 1, count - 1):
        at = 1 - at
    return _permuted(count, seed, around, at)


def _permuted(count: int, seed: int, around: int, at: int) -> int:
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    low = (1 << half) - 1
    while True:
        left, right = at >> half, at & low
        for stage in range(4):
            left, right = right, left ^ (_scrambled(right, seed, around * 4 + stage) & low)
        at = left << half | right
        if at < count:
            return at


def _scrambled(number: int, seed: int, key: int) -> int:
    """Mixes 32 bits as MurmurHash3's finaliser does."""
    h = number * 0x9E3779B1 ^ (seed & _MASK) * 0x85EBCA77 ^ (seed >> 32) * 0xC2B2AE3D ^ (key & _MASK) * 0x27D4EB2F
    h &= _MASK
    h ^= h >> 16
    h = h * 0x85EBCA6B & _MASK
    h ^= h >> 13
    h = h * 0xC2B2AE35 & _MASK
    return h ^ h >> 16

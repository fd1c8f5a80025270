"""Chance that repeats: each value follows from a seed and a place on the time axis alone."""

import math
import random
import zlib

_MASK = (1 << 64) - 1
CELLS_PER_PERIOD = 64
CELLS_PER_STEP = 256  # a process that slept jumps the rest of the way in one draw


def seed_of(name: str, seed: int) -> int:
    """A seed for one named signal, the same on every machine."""
    return zlib.crc32(name.encode()) ^ (seed & _MASK)


def lattice(seed: int, index: int) -> float:
    """A uniform value 0..1 for a whole number (splitmix64, Steele et al. 2014)."""
    x = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03 + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / 9007199254740992.0


class SmoothNoise:
    """Value noise: one random value per cell, joined by a curve whose first two derivatives are continuous."""

    def __init__(self, seed: int, octaves: int = 1) -> None:
        self._seed = seed
        self._octaves = octaves

    def at(self, position: float) -> float:
        """0..1 at `position` in cells; halves in size and doubles in speed with each octave."""
        total = weight = 0.0
        for octave in range(self._octaves):
            share = 0.5**octave
            total += share * self._cell(position * 2.0**octave, self._seed + octave)
            weight += share
        return total / weight

    @staticmethod
    def _cell(position: float, seed: int) -> float:
        index = math.floor(position)
        t = position - index
        ease = t * t * t * (t * (t * 6.0 - 15.0) + 10.0)  # Perlin 2002
        a = lattice(seed, index)
        return a + (lattice(seed, index + 1) - a) * ease


class RandomWalk:
    """Brownian motion between two mirrors, drawn on a fixed fine grid of time.

    The path is a function of time and seed: how often it is looked at changes nothing. Over one period it wanders
    by one whole range (standard deviation); reflection keeps it uniform over 0..1 in the long run.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._cell = 0
        self._here = self._random.random()
        self._next = self._here + self._draw(1)

    def at(self, position: float) -> float:
        """0..1 at `position` in periods, which never goes back."""
        cells = position * CELLS_PER_PERIOD
        cell = math.floor(cells)
        missed = cell - self._cell
        if missed > CELLS_PER_STEP:
            self._here = self._next + self._draw(missed - 1)
            self._next = self._here + self._draw(1)
        else:
            for _ in range(missed):
                self._here = self._next
                self._next += self._draw(1)
        self._cell = max(cell, self._cell)
        share = min(1.0, max(0.0, cells - self._cell))
        return 1.0 - abs((self._here + (self._next - self._here) * share) % 2.0 - 1.0)

    def _draw(self, cells: int) -> float:
        return self._random.gauss(0.0, math.sqrt(cells / CELLS_PER_PERIOD))

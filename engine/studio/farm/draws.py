"""Random numbers in chunks: what a cluster is tried with before a model is trusted to it."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.studio.farm.work import Chunk


class Draws:
    """Normal numbers, float32, a row for each place; each row has a seed of its own (Philox).

    asked : "seed"; "dim", numbers in a row; "pause_s", how long a chunk takes at least
    """

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._seed, self._dim = int(asked["seed"]), int(asked["dim"])
        self._pause_s = float(asked.get("pause_s", 0.0))
        if self._dim < 1:
            raise InputError(f"{self._dim} numbers in a row; give 1 or more")

    def do(self, chunk: Chunk, out: Path) -> None:
        time.sleep(self._pause_s)
        rows = np.empty((chunk.last - chunk.first, self._dim), np.float32)
        for i, place in enumerate(range(chunk.first, chunk.last)):
            rows[i] = np.random.Generator(np.random.Philox(key=[self._seed, place])).standard_normal(self._dim)
        with out.open("wb") as file:
            np.save(file, rows)

    def close(self) -> None:
        """Nothing is held."""

"""What a trajectory looks like and how it moves, gathered while it passes: for strips and for figures."""

import numpy as np

from engine.latent import sphere
from engine.studio.strip import Array, speed_deg, turn_deg

SHOWN, WIDTH_PX = 72, 1120  # components, columns


class Trace:
    """Of a trajectory of `count` frames that comes in blocks.

    columns : (at most WIDTH_PX, at most SHOWN) some of its components, frames averaged where there are more
    speeds, turns : (count - 1,) and (count - 2,) how fast it is, and how much its velocity changes at a frame:
        degrees a second for z, whose length is left out; for w its own numbers a second
    """

    def __init__(self, count: int, fps: float) -> None:
        self._count, self._fps, self._done = count, fps, 0
        self._last: Array | None = None
        self.of_z = True
        self._speeds: list[Array] = []
        self._turns: list[Array] = []
        self._sums, self._frames = np.zeros((min(count, WIDTH_PX), 0)), np.zeros(min(count, WIDTH_PX))

    def add(self, rows: Array) -> None:
        """The next rows, z (n, z_dim) or w (n, num_ws, w_dim)."""
        points = sphere.normalise(rows) if rows.ndim == 2 else rows.reshape(len(rows), -1)
        self._draw(points)
        self.of_z = rows.ndim == 2
        former = points[:0] if self._last is None else self._last
        points = np.concatenate([former, points])
        if self.of_z:
            speeds, turns = speed_deg(points, self._fps), turn_deg(points, self._fps)
        else:
            speeds = sphere.norm(np.diff(points, axis=0))[:, 0] * self._fps
            turns = sphere.norm(np.diff(points, 2, axis=0))[:, 0] * self._fps
        self._speeds.append(speeds[max(len(former) - 1, 0) :])
        self._turns.append(turns)
        self._last = points[-2:]

    def _draw(self, points: Array) -> None:
        columns, dims = len(self._frames), points.shape[1]
        shown = points[:, np.linspace(0, dims - 1, min(dims, SHOWN)).astype(int)]
        if not self._sums.size:
            self._sums = np.zeros((columns, shown.shape[1]))
        at = (self._done + np.arange(len(points))) * columns // self._count
        np.add.at(self._sums, at, shown)
        np.add.at(self._frames, at, 1.0)
        self._done += len(points)

    @property
    def columns(self) -> Array:
        return self._sums / np.maximum(self._frames, 1.0)[:, None]

    @property
    def speeds(self) -> Array:
        return np.concatenate(self._speeds)

    @property
    def turns(self) -> Array:
        return np.concatenate(self._turns)

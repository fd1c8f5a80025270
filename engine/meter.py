"""How long things take: histograms that survive the process that filled them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from engine.shared import map_file

_LOW_S, _DECADES, _PER_DECADE = 1e-6, 8, 128  # 1 microsecond to 100 seconds in bins 1.8 % wide
_BINS = _DECADES * _PER_DECADE
_ROW = _BINS + 4  # bins, then count, sum in nanoseconds, maximum in nanoseconds, spare
_LOG_LOW = np.log10(_LOW_S)


class Spread(TypedDict):
    """Milliseconds."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float


class Meter:
    """One histogram of durations per name; with a path, in memory that other processes can read."""

    def __init__(self, names: Sequence[str], path: Path | None = None, create: bool = False) -> None:
        self.names = tuple(names)
        size = 8 * _ROW * len(self.names)
        buffer = bytearray(size) if path is None else map_file(path, size, create)
        self._rows: NDArray[np.int64] = np.frombuffer(buffer, np.int64).reshape(len(self.names), _ROW)
        self._index = {name: i for i, name in enumerate(self.names)}

    def add(self, name: str, duration_s: float) -> None:
        """Count one duration."""
        row = self._rows[self._index[name]]
        place = int((np.log10(duration_s) - _LOG_LOW) * _PER_DECADE) if duration_s > _LOW_S else 0
        row[min(place, _BINS - 1)] += 1
        nanoseconds = int(duration_s * 1e9)
        row[_BINS] += 1
        row[_BINS + 1] += nanoseconds
        if nanoseconds > row[_BINS + 2]:
            row[_BINS + 2] = nanoseconds

    def add_many(self, name: str, durations_s: NDArray[np.float64]) -> None:
        """Count many durations at once."""
        for duration_s in durations_s:
            self.add(name, float(duration_s))

    def clear(self) -> None:
        """Forget everything, for example what happened before the first picture."""
        self._rows[:] = 0

    def spread(self, name: str) -> Spread:
        """Percentiles of one name in milliseconds, good to the width of a bin (1.8 %); zeros when empty."""
        row = self._rows[self._index[name]]
        count = int(row[:_BINS].sum())
        if count == 0:
            return Spread(n=0, p50=0.0, p95=0.0, p99=0.0, max=0.0)
        cumulated = np.cumsum(row[:_BINS])
        maximum_ms = float(row[_BINS + 2]) / 1e6

        def percentile(p: float) -> float:
            place = int(np.searchsorted(cumulated, p * count))
            return min(_LOW_S * 10 ** ((place + 0.5) / _PER_DECADE) * 1e3, maximum_ms)

        return Spread(
            n=count,
            p50=round(percentile(0.50), 4),
            p95=round(percentile(0.95), 4),
            p99=round(percentile(0.99), 4),
            max=round(maximum_ms, 4),
        )

"""Plays a historical series at any speed: features at each of its own rows, joined in between."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mappings.market.features import Features
from mappings.market.series import Series

ROWS_PER_STEP = 256  # at absurd speeds the series falls behind rather than the show
OWN = 1e-9  # of a bar: times this close are the same step


class Player:
    """Where a series stands after so many seconds of show time; depends on nothing else."""

    def __init__(self, series: Series, fresh: Callable[[], Features], speed: float, loop: bool, linear: bool) -> None:
        """fresh : makes the Features, anew for each round of the loop."""
        self._series, self._fresh, self._speed, self._loop, self._linear = series, fresh, speed, loop, linear
        self._offsets_s = series.times_s - series.times_s[0]
        self._length_s = float(self._offsets_s[-1]) + series.bar_s  # the last row lasts as long as most
        self._rewind(0.0)

    @property
    def over(self) -> bool:
        """Whether the last row has passed, for a series that does not loop."""
        return not self._loop and self.row == len(self._offsets_s) - 1

    def step(self, elapsed_s: float, passed: Callable[[int, float], None]) -> NDArray[np.float64]:
        """The features after `elapsed_s` of show time; `passed(row, elapsed_s)` is told of each row on the way."""
        row = self.row
        for _ in range(ROWS_PER_STEP):
            if not self._advance(elapsed_s, passed):
                break
        if self.row != row or self._pushed < self.row:
            self._look()
        if self._ahead is None:
            return self._here
        first, second = self._offsets_s[self.row], self._offsets_s[self.row + 1]
        share = ((elapsed_s - self._began_s) * self._speed - first) / (second - first)
        mixed: NDArray[np.float64] = self._here + (self._ahead - self._here) * min(1.0, max(0.0, float(share)))
        return mixed

    def _advance(self, elapsed_s: float, passed: Callable[[int, float], None]) -> bool:
        """Pass one more row if its time has come."""
        position_s = (elapsed_s - self._began_s) * self._speed + OWN * self._series.bar_s
        if self.row + 1 < len(self._offsets_s):
            due_s = float(self._offsets_s[self.row + 1])
            if position_s < due_s:
                return False
            self.row += 1
            passed(self.row, self._began_s + due_s / self._speed)
            return True
        if not self._loop or position_s < self._length_s:
            return False
        self._rewind(self._began_s + self._length_s / self._speed)
        return True

    def _rewind(self, began_s: float) -> None:
        self._began_s = began_s  # show time
        self._features = self._fresh()
        self.row = self._pushed = -1
        self._here = self._features.values()
        self._ahead: NDArray[np.float64] | None = None

    def _look(self) -> None:
        """The features at `row`, and at the row after it where the way in between is joined."""
        if self._ahead is not None and self._pushed == self.row:
            self._here = self._ahead
        else:
            self._push_to(self.row)
            self._here = self._features.values()
        self._ahead = None
        if self._linear and self.row + 1 < len(self._offsets_s):
            self._push_to(self.row + 1)
            self._ahead = self._features.values()

    def _push_to(self, row: int) -> None:
        while self._pushed < row:
            self._pushed += 1
            volume = float(self._series.volumes[self._pushed])
            imbalance = float(self._series.imbalances[self._pushed])
            self._features.push(
                float(self._series.prices[self._pushed]),
                None if math.isnan(volume) else volume,
                None if math.isnan(imbalance) else imbalance,
            )

"""Plays a historical series at any speed: features at each of its own rows, joined in between."""

import math
from collections.abc import Callable

from mappings.market.features import Features
from mappings.market.series import Series

ROWS_PER_STEP = 256  # at absurd speeds the series falls behind rather than the show
SAME = 1e-9  # of a bar: times this close are the same step


def mix(a: list[float], b: list[float], share: float) -> list[float]:
    """The features a share 0..1 of the way from `a` to `b`."""
    share = min(1.0, max(0.0, share))
    return [x + (y - x) * share for x, y in zip(a, b, strict=True)]


class Player:
    """Where a series stands after so many seconds of show time; depends on nothing else."""

    def __init__(self, series: Series, fresh: Callable[[], Features], speed: float, loop: bool, linear: bool) -> None:
        """fresh : makes the Features, anew for each round of the loop."""
        self._series, self._fresh, self._speed, self._loop, self._linear = series, fresh, speed, loop, linear
        self._rows = len(series.times_s)
        self._offsets_s = series.times_s - series.times_s[0]
        self._same_s = SAME * series.bar_s
        self._length_s = float(self._offsets_s[-1]) + series.bar_s  # the last row lasts as long as most
        self._row_s: float  # of the series: where the row stands ...
        self._due_s: float  # ... and the next one
        self._rewind(0.0)

    @property
    def over(self) -> bool:
        """Whether the last row has passed, for a series that does not loop."""
        return not self._loop and self.row == self._rows - 1

    def step(self, elapsed_s: float, passed: Callable[[int, float], None]) -> list[float]:
        """The features after `elapsed_s` of show time; `passed(row, elapsed_s)` is told of each row on the way."""
        row = self.row
        for _ in range(ROWS_PER_STEP):
            if not self._advance(elapsed_s, passed):
                break
        if self.row != row or self._pushed < self.row:
            self._look()
        if self._ahead is None:
            return self._here
        share = ((elapsed_s - self._began_s) * self._speed - self._row_s) / (self._due_s - self._row_s)
        return mix(self._here, self._ahead, share)

    def _advance(self, elapsed_s: float, passed: Callable[[int, float], None]) -> bool:
        """Pass one more row if its time has come."""
        position_s = (elapsed_s - self._began_s) * self._speed + self._same_s
        if self.row + 1 < self._rows:
            if position_s < self._due_s:
                return False
            self.row += 1
            passed(self.row, self._began_s + self._due_s / self._speed)
            self._row_s = self._due_s
            self._due_s = float(self._offsets_s[self.row + 1]) if self.row + 1 < self._rows else math.inf
            return True
        if not self._loop or position_s < self._length_s:
            return False
        self._rewind(self._began_s + self._length_s / self._speed)
        return True

    def _rewind(self, began_s: float) -> None:
        self._began_s = began_s  # show time
        self._features = self._fresh()
        self.row = self._pushed = -1
        self._row_s, self._due_s = 0.0, 0.0
        self._here = self._features.values()
        self._ahead: list[float] | None = None

    def _look(self) -> None:
        """The features at `row`, and at the row after it where the way in between is joined."""
        if self._ahead is not None and self._pushed == self.row:
            self._here = self._ahead
        else:
            self._push_to(self.row)
            self._here = self._features.values()
        self._ahead = None
        if self._linear and self.row + 1 < self._rows:
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

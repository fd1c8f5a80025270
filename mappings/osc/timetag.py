"""When a message is due: NTP time tags on the monotonic clock, and the heap that holds what is still to come."""

import heapq
import itertools
import time
from collections.abc import Iterator
from typing import Generic, TypeVar

AHEAD_S = 2.0  # a tag further in the future counts as now: its sender's clock is not ours
SCHEDULED = 4096  # messages held at most
NTP_EPOCH_S = 2208988800  # seconds from 1900 to 1970
MEASURED_EVERY_S = 1.0

Item = TypeVar("Item")


def timetag(wall_s: float) -> int:
    """The NTP time tag of a wall time (seconds since 1970), in its era."""
    return round((wall_s + NTP_EPOCH_S) * 2**32) % 2**64


def ahead_s(tag: int, wall_s: float) -> float:
    """Seconds from a wall time to a time tag, negative in the past.

    Counted modulo the era of 136 years: the roll-over of 2036 does not show.
    """
    return ((tag - timetag(wall_s) + 2**63) % 2**64 - 2**63) / 2**32


class WallClock:
    """How far the wall clock is ahead of `time.perf_counter()`, measured again every second, as it may be set."""

    def __init__(self) -> None:
        self.offset_s = _offset_s()
        self._measured_s = time.perf_counter()

    def refresh(self, now_s: float) -> None:
        """Call at every step."""
        if not 0 <= now_s - self._measured_s < MEASURED_EVERY_S:
            self.offset_s = _offset_s()
            self._measured_s = now_s


def _offset_s() -> float:
    """The tightest of three readings: the process may be put aside between two clocks."""
    tries = []
    for _ in range(3):
        before_s, wall_s, after_s = time.perf_counter(), time.time(), time.perf_counter()
        tries.append((after_s - before_s, wall_s - (before_s + after_s) / 2))
    return min(tries)[1]


class Schedule(Generic[Item]):
    """Things that are due later, in order of time; those of one time in order of arrival."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Item]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, due_s: float, item: Item) -> bool:
        """Hold an item until `due_s`; False when the schedule is full."""
        if len(self._heap) >= SCHEDULED:
            return False
        heapq.heappush(self._heap, (due_s, next(self._numbers), item))
        return True

    def due(self, now_s: float) -> Iterator[tuple[float, Item]]:
        """Take out what is due, with the time it was due at."""
        while self._heap and self._heap[0][0] <= now_s:
            due_s, _, item = heapq.heappop(self._heap)
            yield due_s, item

"""Where time comes from: the machine's clock when live, exact steps when rendering."""

import time
from abc import ABC, abstractmethod


class Clock(ABC):
    """Monotonic seconds, and a way to let them pass."""

    @abstractmethod
    def now_s(self) -> float:
        """Seconds since some fixed moment."""

    @abstractmethod
    def sleep_until(self, time_s: float) -> None:
        """Return when `time_s` has come, or at once if it has passed."""


class LiveClock(Clock):
    """time.perf_counter(), which all processes of a machine share."""

    def now_s(self) -> float:
        return time.perf_counter()

    def sleep_until(self, time_s: float) -> None:
        left_s = time_s - time.perf_counter()
        if left_s > 0:
            time.sleep(left_s)


class StepClock(Clock):
    """Time that moves only when told to: the same steps give the same frames."""

    def __init__(self) -> None:
        self._steps = 0
        self.step_s = 0.002

    def now_s(self) -> float:
        return self._steps * self.step_s

    def sleep_until(self, time_s: float) -> None:
        self._steps = max(self._steps, round(time_s / self.step_s))

    def advance(self) -> float:
        """One step further; the new time. Counted in whole steps, so that hours of them do not drift."""
        self._steps += 1
        return self.now_s()

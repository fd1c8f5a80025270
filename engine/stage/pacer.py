"""Keeps the frames of the stage on an even beat, whatever the display says of itself."""

import math
import time
from collections.abc import Callable

_COARSE_S = 0.0015  # the last part of a wait is slept in small steps: one long sleep may come back this late
_FINE_S = 0.0001


class Pacer:
    """Waits for the next frame on an absolute schedule: being late once shifts nothing after it."""

    def __init__(
        self,
        fps: float,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self.late = 0  # frames presented more than half a period after they were due
        self.skipped = 0  # turns of the schedule that no frame was presented for
        self.frames = 0
        self.set_fps(fps)

    def set_fps(self, fps: float) -> None:
        """Begin a new schedule at this rate, now."""
        if not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"{fps} frames per second; a rate above 0 is needed")
        self.period_s = 1.0 / fps
        self._start_s = self._clock()
        self._turn = 0

    @property
    def due_s(self) -> float:
        """When the present frame is due."""
        return self._start_s + self._turn * self.period_s

    def wait(self) -> float:
        """Sleep until the next frame is due; returns that time. Turns already missed by a whole period are skipped."""
        self._turn += 1
        behind = math.floor((self._clock() - self.due_s) / self.period_s)
        if behind > 0:
            self._turn += behind
            self.skipped += behind
        while (left_s := self.due_s - self._clock()) > 0:
            self._sleep(left_s - _COARSE_S if left_s > 2 * _COARSE_S else min(left_s, _FINE_S))
        return self.due_s

    def presented(self, now_s: float | None = None) -> bool:
        """Count a frame that is on the screen; True when it came late."""
        now_s = self._clock() if now_s is None else now_s
        self.frames += 1
        late = now_s > self.due_s + 0.5 * self.period_s
        self.late += late
        return late

"""The clock of renders and tests. A live show runs on time.perf_counter(), which all processes of a machine share."""


class StepClock:
    """Time that moves only when told to: the same steps give the same frames."""

    def __init__(self, step_s: float = 0.002) -> None:
        self.step_s = step_s
        self._steps = 0

    def now_s(self) -> float:
        """Seconds since the first step."""
        return self._steps * self.step_s

    def advance(self) -> float:
        """One step further; the new time. Counted in whole steps, so that hours of them do not drift."""
        self._steps += 1
        return self.now_s()

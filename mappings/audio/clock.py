"""When a frame of a device's stream was sound in the air, on the clock that everything else here uses."""

PULL = 0.02  # of the loop, per block; times of single blocks are off by milliseconds
JUMP_S = 0.1  # a stream this far off has stopped in between


class StreamClock:
    """Follows a device's clock, which drifts against ours, without its jitter."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._origin_s: float | None = None  # when frame 0 was, or would have been

    def observe(self, frame: int, time_s: float) -> None:
        """A driver says that `frame` was at `time_s`."""
        origin_s = time_s - frame / self._rate_hz
        if self._origin_s is None or abs(origin_s - self._origin_s) > JUMP_S:
            self.set(frame, time_s)
        else:
            self._origin_s += PULL * (origin_s - self._origin_s)

    def set(self, frame: int, time_s: float) -> None:
        """`frame` is at `time_s`, whatever was observed before."""
        self._origin_s = time_s - frame / self._rate_hz

    @property
    def is_set(self) -> bool:
        """Whether anything was observed yet."""
        return self._origin_s is not None

    def time_s(self, frame: int) -> float:
        """When a frame was, or will be."""
        return (self._origin_s or 0.0) + frame / self._rate_hz

    def frame(self, time_s: float) -> int:
        """The frame at a time."""
        return int((time_s - (self._origin_s or 0.0)) * self._rate_hz)

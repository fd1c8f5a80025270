"""The doorway between a driver's callback and the signals loop: one writer, one reader, nothing allocated."""

import numpy as np
from numpy.typing import NDArray


class Ring:
    """The last `capacity` frames of sound. One thread writes, one reads; what is not read in time is lost."""

    def __init__(self, capacity: int, channels: int) -> None:
        self.capacity = capacity
        self.channels = channels
        self.written = (
            0  # frames ever; plain ints, so that a thread sees the old or the new number and never half of one
        )
        self.read_to = 0
        self.lost = 0
        self._frames: NDArray[np.float32] = np.zeros((capacity, channels), np.float32)

    def available(self) -> int:
        """Frames written and not read."""
        return self.written - self.read_to

    def write(self, block: NDArray[np.float32]) -> None:
        """Copy frames in. block : (frames, channels), at most `capacity` frames."""
        n = len(block)
        at = self.written % self.capacity
        first = min(n, self.capacity - at)
        self._frames[at : at + first] = block[:first]
        if first < n:
            self._frames[: n - first] = block[first:]
        self.written += n

    def read(self, out: NDArray[np.float32]) -> bool:
        """Fill `out` (frames, channels) with the oldest frames; False, and `out` as it was, when there are too few.

        A reader that fell behind by more than three quarters of the ring goes on at half of it.
        """
        n = len(out)
        behind = self.written - self.read_to
        if behind > self.capacity * 3 // 4:
            self.skip(behind - self.capacity // 2)
        if self.available() < n:
            return False
        at = self.read_to % self.capacity
        first = min(n, self.capacity - at)
        out[:first] = self._frames[at : at + first]
        if first < n:
            out[first:] = self._frames[: n - first]
        self.read_to += n
        return True

    def skip(self, frames: int) -> None:
        """Give up the oldest frames; they count as lost."""
        self.read_to += frames
        self.lost += frames

"""What the looper writes on: an endless tape of the last beats, and the loops cut from it."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Frames = NDArray[np.float32]


class Tape:
    """The last `length` frames of a vector; older ones are written over."""

    def __init__(self, size: int, length: int) -> None:
        self._frames: Frames = np.zeros((length, size), np.float32)
        self._next = 0
        self.written = 0
        self._former: Array | None = None

    def write(self, vector: Array, count: int) -> None:
        """Add `count` frames on the straight line from the last vector to this one."""
        former = vector if self._former is None else self._former
        length = len(self._frames)
        for i in range(max(0, count - length), count):
            self._frames[self._next] = former + (i + 1) / count * (vector - former) if count > 1 else vector
            self._next = (self._next + 1) % length
        self.written = min(self.written + count, length)
        self._former = vector

    def last(self, count: int) -> Frames:
        """A copy of the newest `count` frames, oldest first; before the first one written, that one."""
        count = min(count, len(self._frames))
        held = min(count, self.written)
        frames = self._frames.take(range(self._next - held, self._next), 0, mode="wrap")
        return np.concatenate([np.repeat(frames[:1], count - held, 0), frames]) if held < count else frames


class Loop:
    """One loop: frames over `beats`, the groups it plays, and the beat it began at."""

    def __init__(self, frames: Frames, moved: NDArray[np.bool_], start_beat: float, beats: float) -> None:
        self.frames, self.moved = frames, moved
        self.start_beat, self.beats = start_beat, beats
        self.overdubbing = False
        self._at = 0
        self._passed = range(0)
        self._round: int | None = None
        self._kept: list[tuple[Frames, NDArray[np.bool_]]] = []

    def at(self, beat: float) -> tuple[Array, bool]:
        """The vector at a beat, and whether the loop came round since the last call."""
        turns = (beat - self.start_beat) / self.beats
        turn = math.floor(turns)
        n = len(self.frames)
        position = (turns - turn) * n
        first = min(int(position), n - 1)
        wrapped = self._round is not None and turn != self._round
        ahead = (first - self._at) % n
        self._passed = range(self._at + 1, self._at + 1 + ahead) if self._round is not None else range(first, first + 1)
        self._at, self._round = first, turn
        a, b = self.frames[first].astype(np.float64), self.frames[min(first + 1, n - 1)]
        return a + (position - first) * (b - a), wrapped

    def keep(self, levels: int) -> None:
        """Remember what is here for an undo."""
        self._kept = [*self._kept[1 - levels :], (self.frames.copy(), self.moved.copy())]

    def undo(self) -> bool:
        """Go back to what was kept last; False when there is nothing to go back to."""
        self.overdubbing = False
        if not self._kept:
            return False
        self.frames, self.moved = self._kept.pop()
        return True

    def write(self, vector: Array, touched: NDArray[np.bool_], group: int) -> None:
        """Write the touched groups of a vector over the frames passed since the last call."""
        columns = np.flatnonzero(np.repeat(touched, group))
        for i in self._passed:
            self.frames[i % len(self.frames), columns] = vector[columns]
        self.moved = self.moved | touched

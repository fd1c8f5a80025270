"""What every kernel is: one kind of shape, applied to all routes that stand at it, in one go."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mappings.expr import Formula
from mappings.shapes.grammar import Duration

F64 = NDArray[np.float64]
Rows = NDArray[np.intp]
SHORTEST_S = 1e-9  # stands for a time of 0, so that nothing divides by it


@dataclass(frozen=True, slots=True)
class Op:
    """One shape of one route, ready for a kernel."""

    kind: str
    numbers: tuple[float, ...] = ()
    times: tuple[Duration, ...] = ()
    inputs: tuple[int, ...] = ()  # where in `Tick.values` what it reads besides the route's own value stands
    formula: Formula | None = None
    edges: bool = False  # a trigger that a gate before it fires, not an event


@dataclass(slots=True)
class Tick:
    """What a step brings to every kernel."""

    now_s: float = 0.0
    t_s: float = 0.0  # since the show began
    dt_s: float = -1.0
    beat: float = 0.0
    bpm: float = 120.0
    bar_beats: int = 4
    dt_changed: bool = True
    tempo_changed: bool = True
    crossed_beat: bool = False
    crossed_bar: bool = False
    values: F64 = field(default_factory=lambda: np.zeros(0))  # every input of the plan
    times_s: F64 = field(default_factory=lambda: np.zeros(0))  # when each last came in

    def advance(self, now_s: float, t_s: float, dt_s: float) -> None:
        """Begin a step."""
        self.now_s, self.t_s = now_s, t_s
        self.dt_changed = dt_s != self.dt_s
        self.dt_s = dt_s

    def tempo(self, beat: float, bpm: float, bar_beats: int) -> None:
        """Take over where the music is."""
        self.beat = beat
        self.tempo_changed = bpm != self.bpm or bar_beats != self.bar_beats
        self.bpm, self.bar_beats = bpm, bar_beats


class Kernel(ABC):
    """Works in place on the values of its rows. Bounded finite values go in, bounded finite values come out."""

    @abstractmethod
    def step(self, x: F64, tick: Tick) -> None:
        """Replace each row's value by its shaped one."""

    def prime(self, rows: Rows) -> None:
        """These rows' signals begin now: forget what they were before."""
        return

    def firing(self, row: int) -> Callable[[float], None]:
        """What an event calls with its value. Only kernels that wait for events have it."""
        raise TypeError(f"{type(self).__name__} is not fired by events")


class Memory(Kernel):
    """A kernel whose rows remember: each begins at its first value."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._fresh: Rows = np.arange(len(ops))
        self._any_fresh = True

    def prime(self, rows: Rows) -> None:
        self._fresh = np.union1d(self._fresh, rows).astype(np.intp)
        self._any_fresh = True

    def step(self, x: F64, tick: Tick) -> None:
        if self._any_fresh:
            self._begin(x, self._fresh, tick)
            self._fresh = self._fresh[:0]
            self._any_fresh = False
        self._step(x, tick)

    @abstractmethod
    def _begin(self, x: F64, rows: Rows, tick: Tick) -> None: ...

    @abstractmethod
    def _step(self, x: F64, tick: Tick) -> None: ...


class Times:
    """The nth time of each row, in seconds at the tempo of the moment."""

    def __init__(self, ops: Sequence[Op], nth: int = 0) -> None:
        times = [op.times[nth] for op in ops]
        self._s = np.array([time.s for time in times])
        self._beats = np.array([time.beats for time in times])
        self._bars = np.array([time.bars for time in times])
        self.hangs = any(time.beats or time.bars for time in times)
        self._begun = False

    def seconds(self, tick: Tick) -> F64:
        """Never below SHORTEST_S. Shape (rows,)."""
        beats = self._beats + self._bars * tick.bar_beats
        return np.asarray(np.maximum(self._s + beats * (60.0 / tick.bpm), SHORTEST_S))

    def changed(self, tick: Tick) -> bool:
        """Whether what is made of these times and the step's length must be made anew."""
        if not self._begun:
            self._begun = True
            return True
        return tick.dt_changed or (self.hangs and tick.tempo_changed)


def column(ops: Sequence[Op], nth: int) -> F64:
    """The nth number of each row. Shape (rows,)."""
    return np.array([op.numbers[nth] for op in ops], np.float64)

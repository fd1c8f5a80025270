"""Where every signal stands now: levels, newest wins; events, each exactly once; the age of each."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mappings.signal import Event
from mappings.tempo import Tempo

CAPACITY = 2048  # addresses; a sender that invents new ones for ever is counted and refused
EVENTS_PER_STEP = 1024
STAMPS = 4096  # receive times kept per kind, for measuring latency


@dataclass(frozen=True, slots=True)
class Signals:
    """One look at the bus. Arrays are views that the next `put` changes."""

    levels: NDArray[np.float64]  # (slots,)
    times_s: NDArray[np.float64]  # (slots,) when each last changed hands
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """A hand moved a control (OSC, MIDI, page, key, script): it sets the base and suspends the routes.

    An address ending in `/release` gives the control back to its routes.
    """

    address: str
    value: float
    time_s: float
    who: str  # "osc:127.0.0.1:53211", "midi:nano/1", "key", "script:blink": never sent back to its writer


class Stamps:
    """Receive times of one kind of message, numbered from 0, the newest `STAMPS` kept."""

    def __init__(self) -> None:
        self.count = 0
        self.times_s: NDArray[np.float64] = np.zeros(STAMPS)

    def add(self, time_s: float) -> None:
        """Number one more message."""
        self.times_s[self.count % STAMPS] = time_s
        self.count += 1


class Bus:
    """The signals of one show. Belongs to one thread: drivers' callbacks hand over inside `poll`."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.units: list[str] = []
        self.tempo = Tempo()
        self.dropped: Counter[str] = Counter()
        self.controls: frozenset[str] = frozenset()  # addresses of the show's controls, levels and events alike
        self.writers: dict[str, str] = {}  # control -> who moved it last
        self.stamps: dict[str, Stamps] = {kind: Stamps() for kind in ("osc", "midi", "audio")}
        self.counts: NDArray[np.int64] = np.zeros(CAPACITY, np.int64)
        self.lows: NDArray[np.float64] = np.full(CAPACITY, np.inf)
        self.highs: NDArray[np.float64] = np.full(CAPACITY, -np.inf)
        self._levels: NDArray[np.float64] = np.zeros(CAPACITY)
        self._times_s: NDArray[np.float64] = np.full(CAPACITY, -np.inf)
        self._slots: dict[str, int] = {}
        self.posted = 0  # events ever accepted
        self._events: list[Event] = []
        self._delivered: tuple[Event, ...] = ()
        self._writes: list[Write] = []

    def slot(self, address: str, unit: str = "", rest: float = 0.0) -> int:
        """The slot of an address, made on first use; -1 when the bus is full (counted as `bus_full`)."""
        found = self._slots.get(address)
        if found is not None:
            return found
        index = len(self.addresses)
        if index >= CAPACITY:
            self.dropped["bus_full"] += 1
            return -1
        self._slots[address] = index
        self.addresses.append(address)
        self.units.append(unit)
        self._levels[index] = rest
        return index

    def find(self, address: str) -> int | None:
        """The slot of an address if any source has made it."""
        return self._slots.get(address)

    def put(self, slot: int, value: float, time_s: float) -> None:
        """The newest value of a level. Values that are not finite are refused and counted."""
        if slot < 0:
            return
        if not -1e300 < value < 1e300:  # also false for NaN
            self.dropped["nonfinite"] += 1
            return
        self._levels[slot] = value
        self._times_s[slot] = time_s
        self.counts[slot] += 1
        if value < self.lows[slot]:
            self.lows[slot] = value
        if value > self.highs[slot]:
            self.highs[slot] = value

    def level(self, address: str, value: float, time_s: float, unit: str = "") -> None:
        """`put` by address, for signals whose names are not known beforehand."""
        self.put(self.slot(address, unit), value, time_s)

    def post(self, address: str, value: float, time_s: float) -> None:
        """Something happened; `read` delivers it once."""
        if len(self._events) >= EVENTS_PER_STEP:
            self.dropped["events_overflow"] += 1
        elif not -1e300 < value < 1e300:
            self.dropped["nonfinite"] += 1
        else:
            self._events.append(Event(address, value, time_s))
            self.posted += 1

    def events_since(self, count: int) -> tuple[Event, ...]:
        """The events after the first `count` ever posted, without taking them from anyone.

        Whoever looks once per step and remembers `posted` sees each event once, whatever the order of the sources.
        """
        missed = self.posted - count
        return (*self._delivered, *self._events)[-missed:] if missed > 0 else ()

    def pending_writes(self) -> tuple[Write, ...]:
        """The hands' writes of this step, without taking them."""
        return tuple(self._writes)

    def write(self, address: str, value: float, time_s: float, who: str) -> None:
        """A hand moves a control; the routes take it up at this step."""
        if not -1e300 < value < 1e300:
            self.dropped["nonfinite"] += 1
        elif len(self._writes) >= EVENTS_PER_STEP:
            self.dropped["writes_overflow"] += 1
        else:
            self._writes.append(Write(address, value, time_s, who))
            self.writers[address] = who
            if address not in self.controls and address.endswith("/release"):  # nobody holds it now
                self.writers.pop(address.removesuffix("/release"), None)

    def take_writes(self) -> tuple[Write, ...]:
        """The writes since the last call, oldest first."""
        writes, self._writes = tuple(self._writes), []
        return writes

    def value(self, slot: int) -> float:
        """A level as it stands."""
        return float(self._levels[slot])

    def age_s(self, address: str, now_s: float) -> float:
        """Seconds since a level last came in; infinite before the first time."""
        slot = self._slots.get(address)
        return float("inf") if slot is None else now_s - float(self._times_s[slot])

    def peek_events(self) -> tuple[Event, ...]:
        """The events of this step so far, still to be read."""
        return tuple(self._events)

    def read_levels(self) -> NDArray[np.float64]:
        """All levels as they stand, in the order of `addresses`; a view."""
        return self._levels[: len(self.addresses)]

    def look(self, events: tuple[Event, ...]) -> Signals:
        """What `read` would show, with these events, taking nothing from anyone."""
        n = len(self.addresses)
        return Signals(self._levels[:n], self._times_s[:n], events)

    def read(self) -> Signals:
        """The newest levels, and the events since the last read."""
        n = len(self.addresses)
        self._delivered, self._events = tuple(self._events), []
        return Signals(self._levels[:n], self._times_s[:n], self._delivered)

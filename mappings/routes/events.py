"""Events on their way: to whom each address goes, and what waits for the beat."""

import re
from collections.abc import Callable
from functools import partial

from mappings.bus import EVENTS_PER_STEP, Bus
from mappings.routes.inputs import matcher
from mappings.shapes.kernel import Tick
from mappings.signal import Event

Consumer = Callable[[Event], None]
REMEMBERED = 4096  # addresses whose consumers are kept; a flood of new ones begins anew


class Events:
    """Brings each event to its consumers once; keeps those that wait until the next beat or bar."""

    def __init__(self, bus: Bus) -> None:
        self.out: list[Event] = []
        self.waits = False  # whether anything hangs on beats or bars
        self._bus = bus
        self._exact: dict[str, list[Consumer]] = {}
        self._patterns: list[tuple[re.Pattern[str], Consumer]] = []
        self._known: dict[str, tuple[Consumer, ...]] = {}
        self._waiting: dict[tuple[str, str], float] = {}

    def listen(self, address: str, consumer: Consumer) -> None:
        """From now on, `consumer` gets the events of an address or a pattern with `*`."""
        if "*" in address:
            self._patterns.append((matcher(address), consumer))
        else:
            self._exact.setdefault(address, []).append(consumer)
        self._known.clear()

    def hears(self, address: str) -> bool:
        """Whether anybody listens to an address."""
        return address in self._exact

    def deliver(self, event: Event) -> None:
        """Give an event to everybody who listens. One of value 0 is a button let go: it fires nothing."""
        if event.value == 0.0:
            return
        consumers = self._known.get(event.address)
        if consumers is None:
            consumers = self._consumers(event.address)
        for consumer in consumers:
            consumer(event)

    def fire(self, address: str, wait: str, value: float, time_s: float) -> None:
        """An event reaches its control, or waits; those that wait together arrive as one, the last."""
        if wait:
            self._waiting[address, wait] = value
        elif len(self.out) < EVENTS_PER_STEP:
            self.out.append(Event(address, value, time_s))
        else:
            self._bus.dropped["events_overflow"] += 1

    def to_control(self, address: str, wait: str) -> Consumer:
        """A consumer that fires a control."""
        return partial(self._pass, address, wait)

    def let_through(self, tick: Tick) -> None:
        """What waited for the boundary that this step crossed arrives now."""
        if not self._waiting:
            return
        for address, wait in tuple(self._waiting):
            if tick.crossed_beat if wait == "beat" else tick.crossed_bar:
                self.fire(address, "", self._waiting.pop((address, wait)), tick.now_s)

    def _pass(self, address: str, wait: str, event: Event) -> None:
        self.fire(address, wait, event.value, event.time_s)

    def _consumers(self, address: str) -> tuple[Consumer, ...]:
        found = [*self._exact.get(address, ()), *(c for pattern, c in self._patterns if pattern.match(address))]
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[address] = tuple(found)
        return self._known[address]

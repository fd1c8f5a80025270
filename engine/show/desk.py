"""Sources, bus, routes and loops of one show: the world becomes controls, a step of 2 ms at a time."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent
from engine.latent.control_looper import ControlLooper
from engine.preset import Show
from engine.shared import EventRing
from engine.show.lesson import Lesson
from engine.show.snapshots import Snapshots
from mappings.bus import Bus
from mappings.demonstrate import Poses
from mappings.errors import MappingError
from mappings.recorder import Recorder
from mappings.routes import Plan
from mappings.signal import Event
from mappings.sources.base import Source, State

REOPEN_S = 2.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What one step brought: all level controls, and the events that reached controls."""

    values: NDArray[np.float64]
    events: tuple[ControlEvent, ...]


class Desk:
    """Sources, bus, routes and control loops of one show. Live and stepped it is this same object."""

    def __init__(
        self,
        show: Show,
        *,
        live: bool,
        sources: Sequence[Source] | None = None,
        bus: Bus | None = None,
        start_s: float | None = None,
        poses: Poses | None = None,
    ) -> None:
        """poses : what was demonstrated before, instead of what lies on the disk"""
        self.show = show
        self.bus = bus or Bus()
        self.generation = 0  # of the show in its session
        self.sources = show.open_sources() if sources is None else list(sources)
        if not live:
            self.sources = [source for source in self.sources if source.steppable]
        self.lesson = Lesson(show, self.bus, live=live, poses=poses) if show.demonstrate is not None else None
        taught = self.lesson.demonstration if self.lesson is not None else None
        controls = show.layout.controls
        self.plan = Plan(show.routes, controls, self.bus, known=show.known, start_s=start_s, taught=taught)
        self.bus.controls = frozenset(c.address for c in show.layout.controls)  # once the plan holds
        self.looper = ControlLooper(show.layout, float(self.bus.tempo.bar_beats))
        self.event_counts: Counter[str] = Counter()
        self.snapshots = Snapshots(show.layout)
        self.recorder: Recorder | None = None
        self.last_events: tuple[Event, ...] = ()  # of the bus, in the last step
        self.last_control_events: tuple[ControlEvent, ...] = ()
        self._defaults = show.layout.defaults
        self._free_bpm = show.layout.index("/tempo/free_bpm")
        self._values = show.layout.defaults.copy()
        self._index = {address: i for i, address in enumerate(self.plan.addresses)}
        self._again_s: dict[str, float] = {}  # sources to be opened again, and when
        self.source_s = 0.0  # how long the last step's sources and routes took
        self.route_s = 0.0

    def open(self, now_s: float) -> None:
        """Open every source. SourceError only where the user must mend something."""
        for source in self.sources:
            source.open(self.bus, now_s)

    def close(self) -> None:
        """Close every source and the take, and wait until the poses are kept."""
        for source in self.sources:
            source.close()
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None
        if self.lesson is not None:
            self.lesson.keeper.close()

    def hear(self, ring: EventRing) -> None:
        """Keys, the page and scripts: writes to controls, or events for routes."""
        for event, who in ring.read():
            base = event.address.removesuffix("/release")
            if base in self.bus.controls:
                self.hand(event.address, event.value, event.time_s, who)
            else:
                self.bus.post(event.address, event.value, event.time_s)

    def hand(self, address: str, value: float, time_s: float, who: str) -> None:
        """A key, the page or a script moves a control, or gives it back with `<control>/release`."""
        self.bus.write(address, value, time_s, who)

    def level(self, address: str) -> float:
        """Where a level control stands; 0 for an address that is none."""
        index = self._index.get(address)
        return float(self._values[index]) if index is not None else 0.0

    def step(self, now_s: float, dt_s: float) -> Moved:
        """One step of 2 ms: poll, relax, route, answer."""
        begun = time.perf_counter()
        bus = self.bus
        bus.tempo.step(bus, now_s)
        for source in self.sources:
            self._poll(source, now_s)
        between = time.perf_counter()
        self.last_events = bus.peek_events()
        if self.recorder is not None:
            self.recorder.step(bus, now_s)
        outcome = self.plan.step(now_s, dt_s)
        for heard in self.last_events:
            self.event_counts[heard.address] += 1
        events = tuple(ControlEvent(e.address, e.value, e.time_s) for e in outcome.events) + self._shows(now_s)
        self.last_control_events = events
        for event in events:
            self.event_counts[event.address] += 1
            self._own(event, now_s)
        bus.tempo.free_bpm(float(outcome.values[self._free_bpm]))
        self._values = self.looper.step(outcome.values, self.plan.moved_by_hand, bus.tempo.beat, events)
        for source in self.sources:
            source.feedback(self.plan.addresses, self._values, bus, now_s)
        done = time.perf_counter()
        self.source_s, self.route_s = between - begun, done - between
        return Moved(self._values, events)

    def _poll(self, source: Source, now_s: float) -> None:
        """One source; one that fails is lost, opened again in a while, and costs the others nothing."""
        again_s = self._again_s.get(source.name)
        try:
            if again_s is None:
                source.poll(self.bus, now_s)
            elif now_s >= again_s:
                del self._again_s[source.name]
                source.open(self.bus, now_s)
        except (MappingError, OSError) as error:
            self._lost(source, error, now_s)
        source.relax(self.bus, now_s)

    def _lost(self, source: Source, error: Exception, now_s: float) -> None:
        source.state, source.detail = State.RETRYING, str(error)
        self.bus.dropped[f"{source.name}_faults"] += 1
        self._again_s[source.name] = now_s + REOPEN_S

    def waiting(self, source: Source) -> bool:
        """Whether a source could not be opened and will be tried again."""
        return source.name in self._again_s

    def open_live(self, sources: Sequence[Source], now_s: float) -> None:
        """Open sources of a playing show: one that cannot be opened is tried again, and the show goes on."""
        for source in sources:
            try:
                source.open(self.bus, now_s)
            except (MappingError, OSError) as error:
                self._lost(source, error, now_s)
                sys.stderr.write(f"latenz: {source.name}: {error}\n")

    def _shows(self, now_s: float) -> tuple[ControlEvent, ...]:
        """Changes of show that a replayed take holds, as far as this show lists them in `next`."""
        events = []
        for source in self.sources:
            names = getattr(source, "shows", None)
            while names:
                name = names.popleft()
                if name in self.show.table.next:
                    events.append(ControlEvent("/show/select", self.show.table.next.index(name) + 1.0, now_s))
        return tuple(events)

    def _own(self, event: ControlEvent, now_s: float) -> None:
        """Events that are meant for the desk itself."""
        tempo = self.bus.tempo
        match event.address:
            case "/tempo/tap":
                tempo.tap(now_s)
            case "/tempo/nudge":
                tempo.nudge(event.value)
            case "/tempo/half":
                tempo.half()
            case "/tempo/double":
                tempo.double()
            case "/show/panic":
                self.plan.restore(self._defaults, np.zeros(len(self._defaults), np.bool_))
                self.looper.stop_all()
            case address if address.startswith("/snapshot/"):
                self._snapshot(*address.split("/")[2:])
            case address if self.lesson is not None and address.startswith("/demonstrate/"):
                self.lesson.hear(address, self.plan)

    def _snapshot(self, number: str, verb: str) -> None:
        plan = self.plan
        if verb == "store":
            self.snapshots.store(int(number), plan.bases, plan.suspended)
        elif (kept := self.snapshots.recall(int(number), plan.bases, plan.suspended)) is not None:
            plan.restore(*kept)

    def sound(self) -> NDArray[np.float32] | None:
        """(2, 512): spectrum and wave of the first source that hears, for effects that draw them."""
        return next((sound for source in self.sources if (sound := source.sound()) is not None), None)

    def status(self) -> dict[str, Any]:
        """For the report, the console and `latenz signals`."""
        bus = self.bus
        signals = {
            address: {
                "count": int(bus.counts[i]),
                "min": float(bus.lows[i]),
                "max": float(bus.highs[i]),
                "last": bus.value(i),
            }
            for i, address in enumerate(bus.addresses)
            if bus.counts[i]
        }  # fmt: skip
        dropped = Counter(bus.dropped)
        for source in self.sources:
            dropped.update(source.dropped)
        if self.lesson is not None:
            dropped.update(self.lesson.keeper.dropped)
        return {
            "signals": signals,
            "controls": dict(zip(self.plan.addresses, (float(v) for v in self._values), strict=True)),
            "events": dict(self.event_counts),
            "dropped": dict(dropped),
            "sources": {s.name: {"state": str(s.state), "detail": s.detail} for s in self.sources},
            **({"demonstrate": self.lesson.status()} if self.lesson is not None else {}),
            "tempo": {"bpm": bus.tempo.bpm, "beat": bus.tempo.beat, "source": bus.tempo.source},
        }

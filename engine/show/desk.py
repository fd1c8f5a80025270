"""The signals process: every source, the bus, the routes, at a fixed step of 2 ms."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent
from engine.errors import EngineError
from engine.latent.control_looper import ControlLooper
from engine.preset import Show
from engine.shared import LEVELS, STAMP_KINDS, Board, EventRing
from engine.show.session import STEP_S, Session, parent_gone
from mappings.bus import Bus
from mappings.errors import MappingError
from mappings.recorder import Recorder, TakeWriter
from mappings.routes import Plan
from mappings.signal import Event
from mappings.sources.base import Source, State

LATEST_S = 0.25  # further behind than this the steps in between are not made up for
REOPEN_S = 2.0
NAMES = "signal-names.json"
NO_STAMPS = (0,) * len(STAMP_KINDS)


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
    ) -> None:
        self.show = show
        self.bus = bus or Bus()
        self.bus.controls = frozenset(c.address for c in show.layout.controls)
        self.sources = show.open_sources() if sources is None else list(sources)
        if not live:
            self.sources = [source for source in self.sources if source.steppable]
        self.plan = Plan(show.routes, show.layout.controls, self.bus, known=show.known, start_s=start_s)
        self.looper = ControlLooper(show.layout, float(self.bus.tempo.bar_beats))
        self.event_counts: Counter[str] = Counter()
        self.recorder: Recorder | None = None
        self.last_events: tuple[Event, ...] = ()
        self._defaults = show.layout.defaults
        self._free_bpm = show.layout.index("/tempo/free_bpm")
        self._values = show.layout.defaults.copy()
        self._index = {address: i for i, address in enumerate(self.plan.addresses)}
        self._again_s: dict[str, float] = {}  # sources to be opened again, and when
        self._nothing = np.zeros(len(self.plan.addresses), np.bool_)
        self.source_s = 0.0  # how long the last step's sources and routes took
        self.route_s = 0.0

    def open(self, now_s: float) -> None:
        """Open every source. SourceError only where the user must mend something."""
        for source in self.sources:
            source.open(self.bus, now_s)

    def close(self) -> None:
        """Close every source and the take."""
        for source in self.sources:
            source.close()
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

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
        by_hand = self._moved_by_hand()
        outcome = self.plan.step(now_s, dt_s)
        for heard in self.last_events:
            self.event_counts[heard.address] += 1
        events = tuple(ControlEvent(e.address, e.value, e.time_s) for e in outcome.events) + self._shows(now_s)
        for event in events:
            self.event_counts[event.address] += 1
            self._own(event, now_s)
        bus.tempo.free_bpm(float(outcome.values[self._free_bpm]))
        self._values = self.looper.step(outcome.values, by_hand, bus.tempo.beat, events)
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

    def _moved_by_hand(self) -> NDArray[np.bool_]:
        """Which level controls a hand writes in this step."""
        writes = self.bus.pending_writes()
        if not writes:
            return self._nothing
        moved = self._nothing.copy()
        for write in writes:
            index = self._index.get(write.address)
            if index is not None:
                moved[index] = True
        return moved

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
        return {
            "signals": signals,
            "controls": dict(zip(self.plan.addresses, (float(v) for v in self._values), strict=True)),
            "events": dict(self.event_counts),
            "dropped": dict(dropped),
            "sources": {s.name: {"state": str(s.state), "detail": s.detail} for s in self.sources},
            "tempo": {"bpm": bus.tempo.bpm, "beat": bus.tempo.beat, "source": bus.tempo.source},
        }


def run(folder: Path, incarnation: int) -> None:
    """The signals process, until the session stops."""
    session, parent = Session(folder), os.getppid()
    row = session.board.row("signals", incarnation)
    row[Board.PID] = os.getpid()
    generation = session.generation
    desk = _open(session, generation, None)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing in a step makes cycles; a collection would cost milliseconds
    step, origin_s = 0, time.perf_counter()
    names_written, next_status_s = -1, origin_s + 1.0
    try:
        while not session.stopping:
            now_s = origin_s + step * STEP_S
            wait_s = now_s - time.perf_counter()
            if wait_s > 0:
                time.sleep(wait_s)
                session.meter.add("signals_wake", max(0.0, time.perf_counter() - now_s))
            elif wait_s < -LATEST_S:
                step += int(-wait_s / STEP_S)
                continue
            if session.generation != generation:
                generation = session.generation
                desk = _swap(session, generation, desk)
            for name in ("from_stage", "from_console", "from_script"):
                desk.hear(session.rings[name])
            moved = desk.step(now_s, STEP_S)
            if desk.show.script is not None:
                for heard in desk.last_events:
                    session.rings["heard"].post(heard.address, heard.value, heard.time_s)
            _publish(session, desk, moved, generation, now_s)
            session.meter.add("signals", desk.source_s)
            session.meter.add("routes", desk.route_s)
            if step % 5 == 0:
                sound = desk.sound() if desk.show.draws_sound else None
                if sound is not None:
                    session.sound.write(sound.ravel().astype(np.float64), generation, now_s, 0.0, NO_STAMPS)
                levels = desk.bus.read_levels()[:LEVELS]
                session.signals.write(levels, generation, now_s, desk.bus.tempo.beat, NO_STAMPS)
                if len(desk.bus.addresses) != names_written and step % 50 == 0:
                    session.write(NAMES, desk.bus.addresses[:LEVELS])
                    names_written = len(desk.bus.addresses)
            row[Board.BEAT] = time.perf_counter()
            row[Board.WORK] += 1
            row[Board.GENERATION] = generation
            if now_s >= next_status_s:
                next_status_s = now_s + 1.0
                session.write("status-signals.json", desk.status())
                gc.collect(0)
                if parent_gone(parent):
                    break
            step += 1
    finally:
        session.write("status-signals.json", desk.status())
        desk.close()


def _publish(session: Session, desk: Desk, moved: Moved, generation: int, now_s: float) -> None:
    for event in moved.events:
        session.rings["events"].post(event.address, event.value, event.time_s)
    session.table.bases[: len(desk.plan.bases)] = desk.plan.bases
    session.table.suspended[: len(desk.plan.suspended)] = desk.plan.suspended
    stamps = desk.bus.stamps
    session.table.write(
        moved.values, generation, now_s, desk.bus.tempo.beat, tuple(stamps[kind].count for kind in STAMP_KINDS)
    )


def _open(session: Session, generation: int, former: Desk | None) -> Desk:
    """A desk for a published show. What hands have set is carried over where the addresses agree."""
    show = session.show(generation)
    kept: list[Source] = []
    if former is not None:
        kept = [
            s for s in former.sources if any(spec.name == s.name and spec.config == s.config for spec in show.sources)
        ]
    names = {source.name for source in kept}
    fresh = [source for source in show.open_sources() if source.name not in names]
    bus = former.bus if former is not None else Bus()
    again = former is not None and former.show.path == show.path  # `t` of expressions goes on through a reload
    start_s = former.plan.start_s if former is not None and again else None
    desk = Desk(show, live=True, sources=[*kept, *fresh], bus=bus, start_s=start_s)
    now_s = time.perf_counter()
    if former is not None:
        desk.recorder, former.recorder = former.recorder, None
        if desk.recorder is not None and former.show.path != show.path:
            desk.recorder.writer.show(show.name, now_s - desk.recorder.began_s)
        _carry(desk.plan, former, show)
        for source in former.sources:
            if source not in kept:
                source.close()
    else:
        for kind, rows in zip(STAMP_KINDS, session.stamps.times_s, strict=True):
            desk.bus.stamps[kind].times_s = rows
        _recover(session, desk, generation, now_s)
        options = session.read("options.json") or {}
        if options.get("record"):
            desk.recorder = Recorder(TakeWriter(Path(options["record"]), options["take_header"]), now_s, bus)
    desk.open_live(fresh, now_s)
    return desk


def _recover(session: Session, desk: Desk, generation: int, now_s: float) -> None:
    """After a restart: signals and hands' settings go on from where the dead process left them."""
    view, levels = session.table.read(), session.signals.read()
    if view is not None and view.generation == generation and len(view.values) == len(desk.plan.bases):
        n = len(view.values)
        desk.plan.restore(session.table.bases[:n].copy(), session.table.suspended[:n] > 0)
    if levels is not None:
        for address, value in zip(session.read(NAMES) or (), levels.values, strict=False):
            desk.bus.put(desk.bus.slot(address), float(value), now_s)


def _carry(plan: Plan, former: Desk, show: Show) -> None:
    """Hands' settings survive a reload of the same show; another show starts as it says."""
    if former.show.path != show.path:
        return
    before = {address: i for i, address in enumerate(former.plan.addresses)}
    bases, suspended = plan.bases.copy(), plan.suspended.copy()
    for i, (address, control) in enumerate(zip(plan.addresses, show.layout.levels, strict=True)):
        j = before.get(address)
        if j is not None and former.plan.bases[j] != former.show.layout.levels[j].default:
            bases[i] = min(max(former.plan.bases[j], control.low), control.high)
            suspended[i] = former.plan.suspended[j]
    plan.restore(bases, suspended)


def _swap(session: Session, generation: int, former: Desk) -> Desk:
    try:
        return _open(session, generation, former)
    except (EngineError, MappingError, OSError) as error:
        sys.stderr.write(f"latenz: signals: {error}; the former show's routes stay\n")
        return former

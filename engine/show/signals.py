"""The signals process: a desk at a fixed step of 2 ms, handed over to the others."""

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import EngineError
from engine.preset import Show
from engine.shared import LEVELS, STAMP_KINDS, Board
from engine.show.desk import Desk, Moved
from engine.show.session import NAMES, STEP_S, Session, parent_gone
from mappings.bus import Bus
from mappings.errors import MappingError, TakeError
from mappings.recorder import Recorder, TakeWriter
from mappings.sources.base import Source

LATEST_S = 0.25  # further behind than this the steps in between are not made up for
SNAPSHOTS = "snapshots.json"
SILENCE = np.concatenate([np.zeros(512), np.full(512, 0.5)])
NO_STAMPS = (0,) * len(STAMP_KINDS)


def run(folder: Path, incarnation: int) -> None:
    """The signals process, until the session stops."""
    session = Session(folder)
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
                desk = _swap(session, generation, desk)  # what does not open leaves the former desk playing
            for name in ("from_stage", "from_console", "from_script"):
                desk.hear(session.rings[name])
            moved = desk.step(now_s, STEP_S)
            if desk.show.script is not None:
                for heard in desk.last_events:
                    session.rings["heard"].post(heard.address, heard.value, heard.time_s)
            begun_s = time.perf_counter()
            _publish(session, desk, moved, now_s)
            session.meter.add("publish", time.perf_counter() - begun_s)
            session.meter.add("signals", desk.source_s)
            session.meter.add("routes", desk.route_s)
            if step % 5 == 0:
                if desk.show.draws_sound:
                    drawn = desk.sound()
                    sound = SILENCE if drawn is None else drawn.ravel().astype(np.float64)
                    session.sound.write(sound, generation, now_s, 0.0, NO_STAMPS)
                levels = desk.bus.read_levels()[:LEVELS]
                session.signals.write(levels, generation, now_s, desk.bus.tempo.beat, NO_STAMPS)
                if len(desk.bus.addresses) != names_written and step % 50 == 0:
                    session.write(NAMES, desk.bus.addresses[:LEVELS])
                    names_written = len(desk.bus.addresses)
            row[Board.BEAT] = time.perf_counter()
            row[Board.WORK] += 1
            row[Board.GENERATION] = desk.generation
            if now_s >= next_status_s:
                next_status_s = now_s + 1.0
                session.write("status-signals.json", _status(session, desk))
                session.write(SNAPSHOTS, desk.snapshots.dump())
                gc.collect(0)
                if parent_gone(session):
                    break
            step += 1
    finally:
        session.write("status-signals.json", _status(session, desk))
        desk.close()


def _status(session: Session, desk: Desk) -> dict[str, Any]:
    """The desk's status, with what this process missed of what others told it."""
    status = desk.status()
    lost = sum(session.rings[name].lost for name in ("from_stage", "from_console", "from_script", "events", "heard"))
    status["dropped"]["events_overflow"] = status["dropped"].get("events_overflow", 0) + lost
    return status


def _publish(session: Session, desk: Desk, moved: Moved, now_s: float) -> None:
    for event in moved.events:
        session.rings["events"].post(event.address, event.value, event.time_s)
    session.table.bases[: len(desk.plan.bases)] = desk.plan.bases
    session.table.suspended[: len(desk.plan.suspended)] = desk.plan.suspended
    stamps = desk.bus.stamps
    session.table.write(
        moved.values, desk.generation, now_s, desk.bus.tempo.beat, tuple(stamps[kind].count for kind in STAMP_KINDS)
    )


def _open(session: Session, generation: int, former: Desk | None) -> Desk:
    """A desk for a published show. What hands have set is carried over where the addresses agree."""
    show = session.show(generation)
    kept: list[Source] = []
    if former is not None:
        kept = [
            source
            for source in former.sources
            if not former.waiting(source)
            and any(spec.name == source.name and spec.config == source.config for spec in show.sources)
        ]
    names = {source.name for source in kept}
    fresh = [source for source in show.open_sources() if source.name not in names]
    bus = former.bus if former is not None else Bus()
    again = former is not None and former.show.path == show.path  # `t` of expressions goes on through a reload
    start_s = former.plan.start_s if former is not None and again else None
    if former is not None and former.lesson is not None:
        former.lesson.keeper.close()  # what was pressed is on the disk before it is read again
    desk = Desk(show, live=True, sources=[*kept, *fresh], bus=bus, start_s=start_s)
    desk.generation, now_s = generation, time.perf_counter()
    if former is not None:
        desk.event_counts = former.event_counts
        desk.recorder, former.recorder = former.recorder, None
        if desk.recorder is not None and former.show.path != show.path:
            desk.recorder.writer.show(show.name, now_s - desk.recorder.began_s)
        _carry(desk, former, show)
        if desk.lesson is not None and former.lesson is not None and again:
            desk.lesson.inherit(former.lesson)
        for source in former.sources:
            if source not in kept:
                source.close()
                bus.dropped.update(source.dropped)
    else:
        for kind, rows in zip(STAMP_KINDS, session.stamps.times_s, strict=True):
            desk.bus.stamps[kind].times_s = rows
        _recover(session, desk, generation, now_s)
        options = session.read("options.json") or {}
        if options.get("record"):
            _record(desk, options, now_s)
    desk.open_live(fresh, now_s)
    return desk


def _record(desk: Desk, options: dict[str, Any], now_s: float) -> None:
    """Begin a take. After a restart its folder may be gone: the show goes on without it."""
    try:
        poses = desk.lesson.header() if desk.lesson is not None else {}
        header = {**options["take_header"], **poses}
        desk.recorder = Recorder(TakeWriter(Path(options["record"]), header), now_s, desk.bus)
    except TakeError as error:
        sys.stderr.write(f"latenz: {error}\n")


def _recover(session: Session, desk: Desk, generation: int, now_s: float) -> None:
    """After a restart: signals and hands' settings go on from where the dead process left them."""
    view, levels = session.table.read(), session.signals.read()
    status = session.read("status-signals.json") or {}
    desk.event_counts.update(status.get("events", {}))
    desk.bus.dropped.update(status.get("dropped", {}))
    if view is not None:
        desk.bus.tempo.resume(view.beat)
        for kind, count in zip(STAMP_KINDS, view.stamps, strict=True):
            desk.bus.stamps[kind].count = count
    if view is not None and view.generation == generation and len(view.values) == len(desk.plan.bases):
        n = len(view.values)
        desk.snapshots.load(session.read(SNAPSHOTS) or {}, desk.show.layout)
        desk.plan.restore(session.table.bases[:n].copy(), session.table.suspended[:n] > 0)
    if levels is not None:
        for address, value in zip(session.read(NAMES) or (), levels.values, strict=False):
            desk.bus.put(desk.bus.slot(address), float(value), now_s)


def _carry(desk: Desk, former: Desk, show: Show) -> None:
    """Hands' settings survive a reload of the same show; another show starts as it says."""
    if former.show.path != show.path:
        return
    desk.snapshots.load(former.snapshots.dump(), show.layout)
    plan = desk.plan
    before = {address: i for i, address in enumerate(former.plan.addresses)}
    bases, suspended = plan.bases.copy(), plan.suspended.copy()
    for i, (address, control) in enumerate(zip(plan.addresses, show.layout.levels, strict=True)):
        j = before.get(address)
        if j is not None and (former.plan.suspended[j] or former.plan.bases[j] != former.show.layout.levels[j].default):
            bases[i] = min(max(former.plan.bases[j], control.low), control.high)
            suspended[i] = former.plan.suspended[j]
    plan.restore(bases, suspended)


def _swap(session: Session, generation: int, former: Desk) -> Desk:
    try:
        return _open(session, generation, former)
    except (EngineError, MappingError, OSError) as error:
        sys.stderr.write(f"latenz: signals: {error}; the former show's routes stay\n")
        return former

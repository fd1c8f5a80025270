"""A live monitor of every signal, like a MIDI monitor; `--learn` names the control just touched."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.preset import Options, find_show, load_show
from engine.show.desk import Desk
from engine.show.session import STEP_S
from mappings.signal import Event
from mappings.touch import Touch

LOOK_S = 0.1
TOUCH_STEPS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What the monitor shows at one moment."""

    levels: dict[str, tuple[float, int, float]]  # address: value, how many came, seconds since the last
    events: tuple[str, ...]  # addresses of events since the last look
    sources: dict[str, dict[str, str]]
    touched: str = ""  # a route for what was just touched


def signals(show: str | None, options: Options, seconds: float | None = None, learn: bool = False) -> Iterator[Look]:
    """Open a show's sources and look at them ten times a second, until `seconds` have passed or the caller stops."""
    found = load_show(find_show(show), options)
    desk = Desk(found, live=True)
    touch = Touch() if learn else None
    start_s = time.perf_counter()
    desk.open(start_s)
    by_itself = ("/tempo/", *(f"/{source.name}/" for source in desk.sources if source.steppable))
    step, next_look_s = 0, start_s + LOOK_S
    events: list[str] = []
    by_hand: list[Event] = []
    try:
        while seconds is None or step * STEP_S < seconds:
            now_s = start_s + step * STEP_S
            wait_s = now_s - time.perf_counter()
            if wait_s > 0:
                time.sleep(wait_s)
            desk.step(now_s, STEP_S)
            bus = desk.bus
            events.extend(event.address for event in desk.last_events)
            by_hand += [event for event in desk.last_events if not event.address.startswith(by_itself)]
            touched = None
            if touch is not None and step % TOUCH_STEPS == 0:
                touched = touch.look(bus.addresses, bus.look(tuple(by_hand)), now_s)
                by_hand.clear()
            if touched is not None or now_s >= next_look_s:
                next_look_s = now_s + LOOK_S
                yield _look(desk, tuple(events), now_s, touched.route() if touched is not None else "")
                events.clear()
            step += 1
    finally:
        desk.close()


def _look(desk: Desk, events: tuple[str, ...], now_s: float, touched: str) -> Look:
    bus = desk.bus
    levels = {
        address: (bus.value(i), int(bus.counts[i]), bus.age_s(address, now_s))
        for i, address in enumerate(bus.addresses)
        if bus.counts[i]
    }
    return Look(levels, events, desk.status()["sources"], touched)


def as_row(look: Look) -> dict[str, Any]:
    """For --json: one line per look."""
    return {
        "levels": {address: value for address, (value, _, _) in look.levels.items()},
        "events": list(look.events),
        "sources": {name: row["state"] for name, row in look.sources.items()},
        **({"route": look.touched} if look.touched else {}),
    }

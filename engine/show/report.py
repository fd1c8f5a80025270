"""What a run was like, in numbers: the report of `play`, `render` and `bench`."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.journal import unpack
from engine.meter import Meter
from engine.preset import Show
from engine.show.session import LATENCIES, STAGES, WAKE_UPS, Session
from engine.stage.outputs.picture import latent_text


@dataclass
class Tally:
    """What the stage counts as it presents."""

    frames: int = 0
    repeated: int = 0  # presented again because no new picture had come
    late: int = 0  # presented over half a period after it was due
    black: int = 0  # darker than 2/255 on average without a blackout
    torn: int = 0  # overwritten while it was read
    first_s: float = 0.0  # when the first picture was presented
    last_s: float = 0.0
    last_gap_s: float = 0.0
    restarts: Counter[str] = field(default_factory=Counter)
    pictures: str = "pictures are copied"  # how they come from the generator

    def presented(self, done_s: float, repeated: bool, late: bool) -> None:
        """Count one presented picture; the first one starts the clock."""
        if not self.first_s:
            self.first_s, late = done_s, False
        self.last_gap_s = done_s - self.last_s if self.last_s else 0.0
        self.last_s = done_s
        self.frames += 1
        self.repeated += repeated
        self.late += late

    @property
    def seconds(self) -> float:
        """From the first presented picture to the last."""
        return self.last_s - self.first_s


def report(session: Session, tally: Tally, show: Show) -> dict[str, Any]:
    """The report of a live run, as the contract has it. Milliseconds; percentiles good to 2 %."""
    signals = session.read("status-signals.json") or {}
    generator = session.read("status-generator.json") or {}
    dropped = Counter(signals.get("dropped", {}))
    for lost in (generator.get("lost", 0), sum(ring.lost for ring in session.rings.values())):
        dropped["events_overflow"] += lost
    if generator.get("journal_failed"):
        dropped["journal_failed"] = generator["journal_failed"]
    for name in ("osc_malformed", "osc_nonfinite", "events_overflow"):
        dropped.setdefault(name, 0)
    new = tally.frames - tally.repeated
    return {
        "show": show.name,
        "seconds": round(tally.seconds, 3),
        "frames": tally.frames,
        "fps": round((tally.frames - 1) / tally.seconds, 3) if tally.seconds > 0 else 0.0,
        "generator_fps": round((new - 1) / tally.seconds, 3) if tally.seconds > 0 else 0.0,
        "late_frames": tally.late,
        "repeated_frames": tally.repeated,
        "black_frames": tally.black,
        "torn_frames": tally.torn,
        "pictures": tally.pictures,
        "device": generator.get("device", ""),
        "backend": generator.get("backend", ""),
        "generator": generator.get("notes", {}),
        "model": generator.get("model", show.model),
        "size": list(show.size),
        "generator_size": list(show.drawn_size),
        "frame_ms": session.meter.spread("frame"),
        "stages_ms": {name: session.meter.spread(name) for name in STAGES},
        "latency_ms": {name: session.meter.spread(name) for name in LATENCIES},
        "wake_up_ms": {name: session.meter.spread(name) for name in WAKE_UPS},
        "signals": signals.get("signals", {}),
        "controls": signals.get("controls", {}),
        "events": signals.get("events", {}),
        "sources": signals.get("sources", {}),
        **({"demonstrate": signals["demonstrate"]} if "demonstrate" in signals else {}),
        "restarts": dict(tally.restarts),
        "dropped": dict(dropped),
    }


def stepped_report(
    meter: Meter, tally: Tally, show: Show, status: dict[str, Any], backend: str, threads: int
) -> dict[str, Any]:
    """The report of a render: the same fields; nothing was late, and nothing came from a socket."""
    seconds = tally.frames / show.fps
    return {
        "show": show.name,
        "seconds": round(seconds, 3),
        "frames": tally.frames,
        "fps": show.fps,
        "generator_fps": show.fps,
        "late_frames": 0,
        "repeated_frames": 0,
        "black_frames": tally.black,
        "device": "cpu",
        "backend": backend,
        "threads": threads,
        "model": show.info.name,
        "size": list(show.size),
        "generator_size": list(show.drawn_size),
        "frame_ms": meter.spread("frame"),
        "stages_ms": {name: meter.spread(name) for name in STAGES},
        "latency_ms": {name: meter.spread(name) for name in LATENCIES},
        "signals": status["signals"],
        "controls": status["controls"],
        "events": status["events"],
        "sources": status["sources"],
        **({"demonstrate": status["demonstrate"]} if "demonstrate" in status else {}),
        "restarts": {},
        "dropped": status["dropped"],
    }


def write_report(path: Path, data: dict[str, Any]) -> None:
    """Write a report beside and rename it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    temporary.replace(path)


def picture_notes(session: Session, show: Show) -> dict[str, str]:
    """What goes into the text chunks of a picture: enough to find its place again."""
    notes = {"latenz.show": show.name, "latenz.model": show.info.name, "latenz.model_hash": show.info.hash,
             "latenz.seed": str(show.seed)}  # fmt: skip
    data = session.pad.read()
    state = unpack(data) if data is not None else None
    if state is not None:
        notes["latenz.latent"] = latent_text(state["position"] * state.get("radius", np.ones(1))[..., None])
    return notes

"""Writes a take while a show plays, and never gets in the show's way."""

import json
import os
import threading
from collections import Counter
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

import numpy as np

from mappings.bus import CAPACITY, Bus
from mappings.errors import TakeError
from mappings.take import VERSION

LEVEL_EVERY_S = 0.005  # at most 200 lines a second for each level
TEMPO_EVERY_S = 0.5  # the beat runs straight for most of the time: then one line in a while says all
TEMPO_BEATS = 1e-6  # ... and this far off the line is when it has bent
TEMPO = ["/tempo/bpm", "/tempo/beat", "/tempo/bar", "/tempo/confidence"]
CHUNK_CHARACTERS = 32768
FLUSH_EVERY_S = 1.0
WAITING_CHUNKS = 2048  # 64 MB that a stuck disk has not taken: the recording stops, the show goes on


class TakeWriter:
    """Appends lines to `<path>.part` from a thread of its own and renames it to `path` when closed.

    After a crash the `.part` holds all but about the last second and can be played as it is; the next recording to
    the same path moves it aside to `<name>.cut1<suffix>`. A full or missing disk ends the recording: `failed`
    says why, `dropped["take_stopped"]` counts it, and further lines are let go.
    """

    def __init__(self, path: str | Path, header: dict[str, Any]) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        self.failed = ""
        self.dropped: Counter[str] = Counter()
        self.lines = 0
        self._closed = False
        self._buffer: list[str] = []
        self._characters = 0
        self._flushed_s = 0.0
        self._last_s = 0.0
        self._names: dict[str, str] = {}
        self._signals: set[str] = set()
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        file = self._open()
        self._append(json.dumps({"latenz": "take", "version": VERSION, **header}))
        self._thread = threading.Thread(target=self._drain, args=(file,), name="take", daemon=True)
        self._thread.start()

    def level(self, address: str, value: float, time_s: float) -> None:
        """The value of a level at `time_s` since the take began."""
        self._signals.add(address)
        self._line(time_s, f'"a":{self._name(address)},"v":{value!r}')

    def levels(self, addresses: list[str], values: list[float], time_s: float) -> None:
        """Several levels at one moment."""
        if self.failed or self._closed:
            return
        self._signals.update(addresses)
        self._last_s = max(self._last_s, time_s)
        head, name = f'{{"t":{self._last_s!r},"a":', self._name
        text = "\n".join([f'{head}{name(a)},"v":{v!r}}}' for a, v in zip(addresses, values, strict=True)])
        self.lines += len(addresses)
        self._append(text)

    def event(self, address: str, value: float, time_s: float) -> None:
        """An event."""
        self._signals.add(address)
        self._line(time_s, f'"a":{self._name(address)},"e":{value!r}')

    def write(self, address: str, value: float, time_s: float, who: str) -> None:
        """A hand moved a control."""
        self._line(time_s, f'"a":{self._name(address)},"w":{value!r},"who":{self._name(who)}')

    def show(self, name: str, time_s: float) -> None:
        """The show changed."""
        self._line(time_s, f'"show":{self._name(name)}')

    def close(self, end_s: float = 0.0) -> None:
        """Write what is left and give the take its name; it lasts until `end_s` or its last line. Safe twice."""
        if self._closed:
            return
        self._closed = True
        self._last_s = max(self._last_s, end_s)
        self._append(json.dumps({"t": self._last_s, "end": self.lines, "addresses": sorted(self._signals)}))
        self._flush()
        self._queue.put(None)
        self._thread.join()

    def _name(self, text: str) -> str:
        quoted = self._names.get(text)
        if quoted is None:
            quoted = self._names[text] = json.dumps(text)
        return quoted

    def _line(self, time_s: float, rest: str) -> None:
        if self.failed or self._closed:
            return
        self._last_s = max(self._last_s, time_s)  # a line never goes back behind the one before
        self.lines += 1
        self._append(f'{{"t":{self._last_s!r},{rest}}}')

    def _append(self, text: str) -> None:
        self._buffer.append(text)
        self._characters += len(text) + 1
        if self._characters > CHUNK_CHARACTERS or self._last_s - self._flushed_s >= FLUSH_EVERY_S:
            self._flush()

    def _flush(self) -> None:
        text = "\n".join([*self._buffer, ""])
        self._buffer.clear()
        self._characters, self._flushed_s = 0, self._last_s
        if self.failed:
            return
        if self._queue.qsize() > WAITING_CHUNKS:
            self._stop("the disk does not keep up")
        else:
            self._queue.put(text.encode())

    def _stop(self, why: str) -> None:
        self.failed = f"recording to {self.path} stopped: {why}; what came before is in {self.part}"
        self.dropped["take_stopped"] += 1

    def _open(self) -> BinaryIO:
        try:
            if self.part.exists():
                self.part.rename(self._aside())
            return self.part.open("xb")
        except OSError as error:
            raise TakeError(f"{self.part}: cannot be written ({error.strerror}); record to another folder") from error

    def _aside(self) -> Path:
        number = 1
        while (path := self.path.with_name(f"{self.path.stem}.cut{number}{self.path.suffix}")).exists():
            number += 1
        return path

    def _drain(self, file: BinaryIO) -> None:
        try:
            with file:
                while (chunk := self._queue.get()) is not None:
                    file.write(chunk)
                    file.flush()
                os.fsync(file.fileno())
            if not self.failed:
                self.part.replace(self.path)
        except OSError as error:
            self._stop(error.strerror or str(error))


class Recorder:
    """Looks at the bus once per step and writes down what is new.

    Call after the sources were polled and before the routes take the hands' writes.
    """

    def __init__(self, writer: TakeWriter, now_s: float, bus: Bus) -> None:
        self.writer = writer
        self._began_s = now_s
        self._seen = bus.posted
        self._last = np.full(CAPACITY, np.nan)
        self._due_s = np.full(CAPACITY, -np.inf)
        self._stepped_s = now_s
        self._tempo_s = -np.inf
        self._tempo = (0.0, 0.0, 0.0)  # bpm, beat, bar phase as last written
        self._skipped = 0  # addresses already looked through for those of the tempo

    @property
    def began_s(self) -> float:
        """When the take began, on the clock of the show."""
        return self._began_s

    def step(self, bus: Bus, now_s: float) -> None:
        """Write down the events, writes and changed levels of this step."""
        if self.writer.failed:
            return
        for event in bus.events_since(self._seen):
            time_s = min(max(event.time_s, self._stepped_s), now_s)
            self.writer.event(event.address, event.value, self._at(time_s))
        self._seen = bus.posted
        for write in bus.pending_writes():
            self.writer.write(write.address, write.value, self._at(now_s), write.who)
        self._tempo_step(bus, now_s)
        self._levels(bus, now_s)
        self._stepped_s = now_s

    def close(self) -> None:
        """End the take here, so that a loop of it keeps the silence at its end."""
        self.writer.close(self._at(self._stepped_s))

    def _levels(self, bus: Bus, now_s: float) -> None:
        n = len(bus.addresses)
        for slot in range(self._skipped, n):
            if bus.addresses[slot].startswith("/tempo/"):
                self._due_s[slot] = np.inf  # written by _tempo_step
        self._skipped = n
        levels = bus.read_levels()
        changed = (levels != self._last[:n]) & (self._due_s[:n] <= now_s) & (bus.counts[:n] > 0)
        slots = np.flatnonzero(changed)
        if not len(slots):
            return
        values = levels[slots]
        self._last[slots] = values
        self._due_s[slots] = now_s + LEVEL_EVERY_S - 1e-9
        addresses = [bus.addresses[slot] for slot in slots.tolist()]
        self.writer.levels(addresses, values.tolist(), self._at(now_s))

    def _tempo_step(self, bus: Bus, now_s: float) -> None:
        tempo = bus.tempo
        bpm, beat, bar = self._tempo
        since_s = now_s - self._tempo_s
        straight = (
            tempo.bpm == bpm
            and since_s < TEMPO_EVERY_S
            and abs(tempo.beat - beat - since_s * bpm / 60.0) < TEMPO_BEATS
            and abs((tempo.bar_phase - bar - since_s * bpm / 60.0 / tempo.bar_beats + 0.5) % 1.0 - 0.5) < TEMPO_BEATS
        )
        if straight or since_s < LEVEL_EVERY_S - 1e-9:
            return
        self._tempo_s, self._tempo = now_s, (tempo.bpm, tempo.beat, tempo.bar_phase)
        values = [tempo.bpm, tempo.beat_phase, tempo.bar_phase, tempo.confidence]
        self.writer.levels(TEMPO, values, self._at(now_s))

    def _at(self, now_s: float) -> float:
        """Seconds since the take began, to the nanosecond."""
        return round(now_s - self._began_s, 9)

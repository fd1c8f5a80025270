"""Plays a recorded take: the same signals, events and hands' writes at the same times."""

from collections import deque
from collections.abc import Generator
from pathlib import Path

from pydantic import Field

from mappings.bus import Bus
from mappings.errors import SourceError, TakeError
from mappings.sources.base import Source, SourceConfig, State
from mappings.take import TakeLine, TakeReader

LINES_PER_POLL = 20000  # more than any recording makes in a step; a damaged one is spread over several
SAME_S = 1e-9  # times this close are the same step: what is left of subtracting two clocks


class ReplayConfig(SourceConfig):
    """`[sources.<name>]` with `kind = "replay"`."""

    file: Path
    speed: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    loop: bool = False


class Replay(Source):
    """Brings back what a take holds, line by line, however long it is.

    Levels, events and writes come at their recorded times (divided by `speed`). The beat is offered to the tempo
    as the best clock there is, so that ticks, bars and quantised routes fall where they fell. Changes of show
    wait in `shows` for whoever runs the shows.
    """

    Config = ReplayConfig
    steppable = True

    def __init__(self, name: str, config: ReplayConfig) -> None:
        super().__init__(name, config)
        self.shows: deque[str] = deque(maxlen=16)
        self._file, self._speed, self._loop = config.file, config.speed, config.loop
        self._addresses: tuple[str, ...] | None = None
        self._seconds = 0.0
        self._lines: Generator[TakeLine] | None = None
        self._next: TakeLine | None = None
        self._began_s = 0.0
        self._tempo: dict[str, float] = {}
        self._tempo_s = 0.0  # in the take

    def addresses(self) -> tuple[str, ...]:
        """The levels and events in the file; TakeError when it cannot be read."""
        if self._addresses is None:
            extent = TakeReader(self._file).extent()
            self._seconds = extent.seconds
            self._addresses = tuple(a for a in extent.addresses if not a.startswith("/tempo/"))
        return self._addresses

    def open(self, bus: Bus, now_s: float) -> None:
        """Time zero of the take is now."""
        self.close()
        try:
            for address in self.addresses():
                self.own(bus, address)
            self._rewind(now_s)
        except TakeError as error:
            raise SourceError(str(error)) from error
        self.state, self.detail = State.OK, ""

    def poll(self, bus: Bus, now_s: float) -> None:
        """Play every line whose time has come."""
        if self._lines is None:
            return
        try:
            for _ in range(LINES_PER_POLL):
                if self._next is None and not self._again(now_s):
                    break
                line = self._next
                if line is None or line.time_s > (now_s - self._began_s) * self._speed + SAME_S:
                    break
                self._play(line, bus)
                self._next = next(self._lines, None)
        except TakeError as error:
            self.dropped["take_malformed"] += 1
            self._end(State.LOST, str(error))
        self._offer_tempo(bus, now_s)

    def close(self) -> None:
        """Let go of the file."""
        if self._lines is not None:
            self._lines.close()
        self._lines = self._next = None
        self._tempo.clear()

    def _play(self, line: TakeLine, bus: Bus) -> None:
        time_s = self._began_s + line.time_s / self._speed
        if line.kind == "show":
            self.shows.append(line.address)
        elif line.kind == "write":
            bus.write(line.address, line.value, time_s, "take")
        elif line.address.startswith("/tempo/"):
            if line.kind == "level":  # ticks are made anew from the beat
                self._tempo[line.address] = line.value
                self._tempo_s = line.time_s
        elif line.kind == "level":
            bus.level(line.address, line.value, time_s)
        else:
            bus.post(line.address, line.value, time_s)

    def _offer_tempo(self, bus: Bus, now_s: float) -> None:
        bpm, phase = self._tempo.get("/tempo/bpm"), self._tempo.get("/tempo/beat")
        if bpm is None or phase is None or self._lines is None:
            return
        then_s = self._began_s + self._tempo_s / self._speed
        beats = (now_s - then_s) * bpm * self._speed / 60.0
        bar = self._tempo.get("/tempo/bar")
        bar_phase = None if bar is None else (bar + beats / bus.tempo.bar_beats) % 1.0
        confidence = self._tempo.get("/tempo/confidence", 1.0)
        bus.tempo.offer("take", bpm * self._speed, (phase + beats) % 1.0, now_s, confidence, bar_phase=bar_phase)

    def _rewind(self, began_s: float) -> None:
        self._began_s = began_s
        self._lines = iter(TakeReader(self._file))
        self._next = next(self._lines, None)
        self._tempo.clear()

    def _again(self, now_s: float) -> bool:
        """Begin anew where the take loops, once its last moment has passed; else end it."""
        end_s = self._began_s + self._seconds / self._speed
        if now_s < end_s - SAME_S:
            return False
        if self._loop and self._seconds > 0.0:
            self._rewind(end_s)
            return self._next is not None
        self._end(State.STALE, "the take is over")
        return False

    def _end(self, state: State, detail: str) -> None:
        self.close()
        self.state, self.detail = state, detail

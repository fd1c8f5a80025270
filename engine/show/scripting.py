"""The script process, and the same script inside a render."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

from engine.script import Script
from engine.shared import Board, StatePad, TableView
from engine.show.desk import Desk
from engine.show.session import NAMES, Session, parent_gone
from engine.supervisor import SILENCE_S

STEP_S = 0.005


class LiveWorld:
    """A running session as a script sees it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names: dict[str, int] = {}
        self._levels: dict[str, int] = {}
        self._signals: TableView | None = None
        self._controls: TableView | None = None
        self.beat = 0.0
        self.running = ""

    def refresh(self) -> None:
        """Look at the tables once per step."""
        self._signals, self._controls = self._session.signals.read(), self._session.table.read()
        if self._controls is not None:
            self.beat = self._controls.beat
        if self._signals is not None and len(self._names) != len(self._signals.values):
            self._names = {name: i for i, name in enumerate(self._session.read(NAMES) or [])}

    def know(self, addresses: list[str]) -> None:
        """The level controls of the show, in order."""
        self._levels = {address: i for i, address in enumerate(addresses)}

    def signal(self, address: str) -> float:
        for view, names in ((self._signals, self._names), (self._controls, self._levels)):
            index = names.get(address)
            if view is not None and index is not None and index < len(view.values):
                return float(view.values[index])
        return 0.0

    def write(self, address: str, value: float, who: str) -> None:
        self._session.rings["from_script"].post(address, value, time.perf_counter(), f"{who}:{self.running}")


def run(folder: Path, incarnation: int) -> None:
    """The script process, until the session stops. What it was running when it was killed is left out."""
    session = Session(folder)
    row = session.board.row("script", incarnation)
    row[Board.PID] = os.getpid()
    pad_path = folder / "script-running"
    pad = StatePad(pad_path, 4096, create=not pad_path.exists())
    hung = (pad.read() or b"").decode()
    muted = frozenset({hung} if hung else ())
    world = LiveWorld(session)
    generation, mtime_ns, script = -1, 0, None

    def running(name: str) -> None:
        world.running = name
        pad.write(name.encode()[:4000])

    while not session.stopping:
        row[Board.BEAT] = time.perf_counter()
        if row[Board.WORK] == 0:
            row[Board.WORK] = 1
        if session.generation != generation:
            generation, mtime_ns = session.generation, 0
            show = session.show(generation)
            world.know([c.address for c in show.layout.levels])
            script = Script(show.script, world, show.seed, running) if show.script is not None else None
        world.refresh()
        if script is not None:
            seen_ns = _mtime_ns(script.path)
            if seen_ns != mtime_ns:
                if mtime_ns:
                    muted = frozenset()  # saved again: everything gets another chance
                if muted:
                    _say(f"{script.path.parent.name}/{script.path.name}: {hung} did not come back; it is left out")
                mtime_ns = seen_ns
                if "the file itself" in muted:
                    script.tasks.clear()
                else:
                    script.load(muted)
            events = [(e.address, e.value) for ring in ("heard", "events") for e, _ in session.rings[ring].read()]
            script.step(time.perf_counter(), world.beat, events)
            for line in script.said:
                _say(line)
            script.said.clear()
        if parent_gone(session):
            break
        time.sleep(STEP_S)


def _say(line: str) -> None:
    sys.stderr.write(f"latenz: {line}\n")
    sys.stderr.flush()


def _mtime_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


class HungError(BaseException):
    """Raised inside a script's function that did not come back. Not an Exception: scripts cannot swallow it."""


class SteppedScript:
    """A show's script under a stepped clock, in the same process: the same writes at the same steps every time."""

    def __init__(self, path: Path, desk: Desk) -> None:
        self._desk = desk
        self._name = ""
        self._called_s = 0.0
        self._main = threading.get_ident()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._watchdog, daemon=True)
        self._script = Script(path, self, desk.show.seed, self._running)
        self._watch.start()
        try:
            self._script.load()
        except HungError:
            self._script.tasks.clear()
            self._script.said.append(f"{path.parent.name}/{path.name}: it did not come back; it is left out")
        self._complain()

    def signal(self, address: str) -> float:
        slot = self._desk.bus.find(address)
        return self._desk.bus.value(slot) if slot is not None else self._desk.level(address)

    def write(self, address: str, value: float, who: str) -> None:
        self._desk.hand(address, value, self._script.now_s, f"{who}:{self._name}")

    def step(self, now_s: float) -> None:
        """Run what is due at this step, and the handlers of what the step before brought."""
        desk = self._desk
        events = [(event.address, event.value) for event in desk.last_events]
        events += [(event.address, event.value) for event in desk.last_control_events]
        try:
            self._script.step(now_s, desk.bus.tempo.beat, events)
        except HungError:
            for task in self._script.tasks:
                if task.name == self._name:
                    task.stopped = "it did not come back"
            self._script.said.append(f"{self._script.path.name}: {self._name} did not come back; it is left out")
        self._complain()

    def close(self) -> None:
        """End the watchdog."""
        self._stop.set()
        self._watch.join()

    def _running(self, name: str) -> None:
        self._called_s = time.perf_counter() if name else 0.0
        if name:
            self._name = name

    def _watchdog(self) -> None:
        while not self._stop.wait(0.1):
            if self._called_s and time.perf_counter() - self._called_s > SILENCE_S:
                self._called_s = 0.0
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._main), ctypes.py_object(HungError))

    def _complain(self) -> None:
        for line in self._script.said:
            _say(line)
        self._script.said.clear()

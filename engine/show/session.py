"""The folder in which the processes of one running show meet."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import RoomError
from engine.meter import Meter
from engine.preset import Options, Show, load_show
from engine.shared import Board, ControlTable, EventRing, StampTable, StatePad

STEP_S = 0.002  # routes step at this pace, live and stepped
STAGES = ("signals", "routes", "publish", "motion", "generator", "handover", "effects", "present", "keep")
LATENCIES = ("osc_to_present", "midi_to_present", "audio_to_present")
WAKE_UPS = ("signals_wake", "generator_wake")
RINGS = ("events", "heard", "from_stage", "from_console", "from_script")
NAMES = "signal-names.json"
_PREFIX = "latenz-"


class Session:
    """Everything shared, by name. The stage creates it, children open it."""

    def __init__(self, folder: Path, create: bool = False) -> None:
        self.folder = folder
        self.board = Board(folder / "board", create)
        self.table = ControlTable(folder / "controls", create)
        self.signals = ControlTable(folder / "signals", create)
        self.sound = ControlTable(folder / "sound", create)  # spectrum and wave: 2 x 512
        self.stamps = StampTable(folder / "stamps", create)
        self.rings = {name: EventRing(folder / name, create) for name in RINGS}
        self.pad = StatePad(folder / "motion", capacity=8 << 20, create=create)
        self.loops = StatePad(folder / "loops", capacity=64 << 20, create=create)  # sparse until a loop is caught
        self.meter = Meter((*STAGES, *LATENCIES, *WAKE_UPS, "frame"), folder / "meter", create)

    def announce(self, show: Show) -> int:
        """Leave a show for a generator that is warmed for it; the generation that it will be published as."""
        generation = self.generation + 1
        program = {"path": str(show.path), "text": show.text, "options": asdict(show.options)}
        self._write(f"show-{generation}.json", program)
        return generation

    def publish(self, show: Show) -> int:
        """Make this the show that every process plays; the new generation."""
        generation = self.announce(show)
        self.board.stage[Board.GENERATION] = generation
        (self.folder / f"show-{generation - 8}.json").unlink(missing_ok=True)
        return generation

    @property
    def generation(self) -> int:
        """The show that should be playing."""
        return int(self.board.stage[Board.GENERATION])

    def show(self, generation: int) -> Show:
        """A published show, read as it was when it was published."""
        program = self.read(f"show-{generation}.json")
        if program is None:
            raise RoomError(f"show {generation} of the session is gone")
        options = program["options"]
        options["size"] = tuple(options["size"]) if options["size"] else None
        return load_show(Path(program["path"]), Options(**options), program["text"])

    def _write(self, name: str, data: Any) -> None:
        temporary = self.folder / f"{name}.{os.getpid()}"
        temporary.write_text(json.dumps(data, default=str), "utf-8")
        temporary.replace(self.folder / name)

    def write(self, name: str, data: Any) -> None:
        """Leave plain data for the other processes."""
        self._write(name, data)

    def read(self, name: str) -> Any:
        """What another process left, or None."""
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    @property
    def stopping(self) -> bool:
        """True when the show is over, or its parent is gone."""
        return bool(self.board.stage[Board.STOP])


@contextmanager
def new_session() -> Iterator[Session]:
    """A session in memory where there is such a file system; removed afterwards, with what dead ones left."""
    base = (
        Path("/dev/shm") if sys.platform == "linux" and os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    )
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    (folder / "pid").write_text(str(os.getpid()), "utf-8")
    try:
        yield Session(folder, create=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: Path) -> None:
    """Remove sessions whose stage was killed before it could."""
    if os.name != "posix":  # elsewhere signal 0 is no question
        return
    for pid_file in base.glob(f"{_PREFIX}*/pid"):
        try:
            os.kill(int(pid_file.read_text("utf-8")), 0)
        except ProcessLookupError:
            shutil.rmtree(pid_file.parent, ignore_errors=True)
        except (OSError, ValueError):
            continue  # somebody else's, or still being made


def parent_gone(session: Session) -> bool:
    """True when the stage died without saying goodbye; its children then end themselves."""
    stage = int(session.board.stage[Board.PID])
    return stage > 0 and os.getppid() != stage

"""Kdenlive on a screen without a monitor, with settings of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.real_display import virtual_display

START_S = 60.0


@dataclass(frozen=True, slots=True)
class Screen:
    """An X display; whatever is shown there keeps its settings under a home of its own."""

    environment: dict[str, str]

    def windows(self) -> dict[str, str]:
        """The names of all windows that are seen, by their ids."""
        ids = self._ask("search", "--onlyvisible", "--name", ".").split()
        return {id: name for id in ids if (name := self._ask("getwindowname", id).strip())}

    def wait(self, there: Callable[[list[str]], bool], seconds: float = START_S) -> list[str]:
        """The windows' names once they are as wanted, or when the time is over."""
        end = time.monotonic() + seconds
        while not there(names := [*self.windows().values()]) and time.monotonic() < end:
            time.sleep(0.25)
        return names

    def press(self, key: str, window: str = "") -> None:
        """A key to the first window, or to the one with this in its name."""
        id = next((id for id, name in self.windows().items() if window in name), "")
        self._ask("windowfocus", "--sync", id)
        self._ask("key", "--clearmodifiers", key)

    def click(self, x: int, y: int) -> None:
        """The mouse at a place."""
        self._ask("mousemove", str(x), str(y), "click", "1")

    def picture(self, path: Path) -> None:
        """All of it as a PNG."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=30)

    def _ask(self, *words: str) -> str:
        return subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        ).stdout


@contextmanager
def screen() -> Iterator[Screen]:
    """A screen and a home, whose path is short: names of sockets have at most 107 bytes."""
    with TemporaryDirectory(prefix="k", ignore_cleanup_errors=True) as home, virtual_display(1400, 900) as display:
        folders = {f"XDG_{name}": f"{home}/{name[0].lower()}" for name in ("CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR")}
        for folder in folders.values():
            Path(folder).mkdir(mode=0o700)
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        own = {"DISPLAY": display, "HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8"}
        yield Screen({**kept, **folders, **own})


@contextmanager
def shown(screen: Screen, kdenlive: str, project: Path) -> Iterator[None]:
    """Kdenlive with a project open. Behind this it, and all that it began, is over."""
    words = ["dbus-run-session", "--", kdenlive, str(project)]
    with project.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(words, env=screen.environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The whole group that a process leads."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait(5)

"""Reads shows beside the stage's loop: a checkpoint may have to be converted first, and headers may be long."""

import threading
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.preset import Options, Show, check_routes, find_show, load_show, unconverted


@dataclass(frozen=True, slots=True)
class Loaded:
    """A show that was asked for: read whole, or refused with the reason."""

    show: Show | None
    why: str = ""
    saved: bool = False  # it was asked for because its file was saved
    mtime_ns: int = 0  # of the file that was read

    @property
    def told(self) -> str:
        """What to say when it plays."""
        name = self.show.name if self.show else ""
        return f"{name} was saved: playing it" if self.saved else f"playing {name}"


class Loader:
    """Reads one show after the other in threads; of several that were asked for, the newest counts."""

    def __init__(self) -> None:
        self._number = 0
        self._done: list[tuple[int, Loaded]] = []
        self._news: list[str] = []
        self._door = threading.Lock()  # one conversion at a time: it takes a core, and memory for the whole file

    def ask(self, show: Path | str, options: Options, saved: bool = False) -> None:
        """Read this show. Whatever was asked for before and is not there yet is no longer wanted."""
        self._number += 1
        work = threading.Thread(target=self._load, args=(self._number, show, options, saved), name="show", daemon=True)
        work.start()

    def news(self) -> list[str]:
        """What there is to tell since the last look."""
        told, self._news = self._news, []
        return told

    def take(self) -> Loaded | None:
        """The show that was asked for last, once, when it is there."""
        if not self._done:
            return None
        done, self._done = self._done, []
        return next((loaded for number, loaded in done if number == self._number), None)

    def _load(self, number: int, show: Path | str, options: Options, saved: bool) -> None:
        mtime_ns = 0
        try:
            path = find_show(show)
            mtime_ns = changed_ns(path)
            if unconverted(path, options):
                with self._door:
                    if number != self._number:
                        return
                    self._news.extend(f"converting {file.name}" for file in unconverted(path, options))
                    found = load_show(path, options)
            else:
                found = load_show(path, options)
            check_routes(found)
        except EngineError as error:
            self._done.append((number, Loaded(None, str(error), saved, mtime_ns)))
        else:
            self._done.append((number, Loaded(found, "", saved, mtime_ns)))


def changed_ns(path: Path) -> int:
    """When a file was changed; 0 while it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

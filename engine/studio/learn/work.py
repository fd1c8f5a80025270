"""Work that goes on after it was cut off: its state lies beside what it makes, until that is made."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import printable
from engine.paths import part_beside

SAVE_S = 20.0  # an interrupted run loses no more than this
KIND = "latenz.work"

Tell = Callable[[str, int, int], None]  # what is being done, how much of it is done, of how much
Stop = Callable[[], bool]
Arrays = Mapping[str, NDArray[np.generic]]


def quiet(what: str, done: int, of: int) -> None:
    """A `Tell` that says nothing."""


def never() -> bool:
    """A `Stop` that never comes."""
    return False


class Stopped(Exception):  # noqa: N818  # nothing went wrong
    """Somebody asked to stop; what was done so far is kept."""


class Work:
    """The state of one piece of work, `<out>.work.safetensors`.

    asked : what was asked for, as plain data; work of another request is not gone on with
    A file that is cut off or damaged counts as none.
    """

    def __init__(self, out: Path, asked: Mapping[str, Any], tell: Tell = quiet, stop: Stop = never) -> None:
        self.path = out.with_name(f"{out.name}.work.safetensors")
        self.tell, self.stop = tell, stop
        self._key = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
        self._saved_s = time.perf_counter()

    def found(self) -> dict[str, NDArray[np.generic]] | None:
        """The arrays that were kept of this very request; None where there are none."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, "np") as file:
                if (file.metadata() or {}).get(KIND) != self._key:
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dict
        except (OSError, SafetensorError):
            return None

    def keep(self, arrays: Callable[[], Arrays], now: bool = False) -> None:
        """Write the state down when it is time again, or now. Raises Stopped, with all kept, when one asked to stop."""
        stopped = self.stop()
        if not (now or stopped or time.perf_counter() - self._saved_s >= SAVE_S):
            return
        from safetensors.numpy import save

        data = save({name: np.ascontiguousarray(a) for name, a in arrays().items()}, {KIND: self._key})
        with part_beside(self.path) as part:
            part.write_bytes(data)
        self._saved_s = time.perf_counter()
        if stopped:
            raise Stopped(printable(str(self.path)))

    def done(self) -> None:
        """What it was for is made: forget the state."""
        self.path.unlink(missing_ok=True)

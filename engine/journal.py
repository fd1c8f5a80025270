"""Where the motion stood a moment ago, so that a restart goes on from there.

Written beside, flushed to the disk and renamed, with a checksum and the generations before it: a power cut at any
instant leaves a whole one.
"""

import json
import os
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEEP = 5
_MAGIC = b"latenz journal 1\n"
_LIMIT = 64 << 20


def pack(state: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays by name as bytes with a checksum: a JSON line of names, types and shapes, then the numbers."""
    head = _head(tuple([(name, array.dtype, array.shape) for name, array in state.items()]))
    data = b"".join([head, *[array.tobytes() for array in state.values()]])
    return _MAGIC + zlib.crc32(data).to_bytes(4, "little") + data


@lru_cache(maxsize=8)
def _head(rows: tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]) -> bytes:
    """The line before the numbers: the same from frame to frame."""
    return json.dumps([(name, dtype.str, shape) for name, dtype, shape in rows]).encode() + b"\n"


def unpack(data: bytes) -> dict[str, NDArray[Any]] | None:
    """What `pack` wrote, or None when it is cut, changed or of another version."""
    start = len(_MAGIC) + 4
    if data[: len(_MAGIC)] != _MAGIC or zlib.crc32(data[start:]) != int.from_bytes(data[len(_MAGIC) : start], "little"):
        return None
    try:
        at = data.index(b"\n", start) + 1
        state = {}
        for name, dtype, shape in json.loads(data[start:at]):
            kind = np.dtype(dtype)
            if kind.kind not in "fiub":
                return None
            count = int(np.prod(shape, dtype=np.int64))
            state[name] = np.frombuffer(data, kind, count, at).reshape(shape).copy()
            at += count * kind.itemsize
    except (ValueError, TypeError):
        return None
    return state


class Journal:
    """The last `KEEP` states of one process in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed = 0  # writes a full or vanished disk refused; the show goes on
        folder.mkdir(parents=True, exist_ok=True)
        self._number = max((int(p.stem) for p in self._files()), default=0)

    def write(self, data: bytes) -> None:
        """Keep one packed state. A disk that refuses is counted, not raised."""
        number = self._number + 1
        temporary = self.folder / f"{number:012d}.part"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.folder / f"{number:012d}.state")
        except OSError:
            self.failed += 1
            temporary.unlink(missing_ok=True)
            return
        self._number = number
        for old in sorted(self._files())[:-KEEP]:
            old.unlink(missing_ok=True)

    def read(self) -> dict[str, NDArray[Any]] | None:
        """The newest whole state, or None when there is none."""
        for path in sorted(self._files(), reverse=True):
            try:
                if path.stat().st_size > _LIMIT:
                    continue
                state = unpack(path.read_bytes())
            except OSError:
                continue
            if state is not None:
                return state
        return None

    def _files(self) -> list[Path]:
        return [p for p in self.folder.glob("*.state") if p.stem.isdigit()]

"""The folders of a training: held by one at a time, swept of what a kill left, with room for what will be written."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.paths import part_beside
from engine.studio.tulip import data

LOCK = ".lock"
MEMORIES = {"pictures.npy": 3, "maps.npy": data.CHANNELS}  # as `data.make` names them, and their channels
NOTE = "data.json"
HEADER = 128  # bytes of such an .npy before its numbers
HELD = {"--out": "a training", "--data": "the renderings"}  # what the folder of an option is for


@contextmanager
def held(folder: Path, option: str = "--out") -> Iterator[None]:
    """Keep a second training out of the folder of an option, and remove what a killed one left half-written there.

    InputError for a folder that cannot be used, or is. Where the system has no locks of this kind, no one is kept out.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        said = error.strerror or error
        raise InputError(
            f"{folder} cannot hold {HELD[option]} ({said}); choose another folder with {option}"
        ) from error
    with lock:
        try:
            _lock(lock.fileno())
        except BlockingIOError as error:
            raise InputError(
                f"{folder}: another training is at work there; end it, or give another {option}"
            ) from error
        for part in folder.glob(".*.part"):
            part.unlink(missing_ok=True)
        yield


def _lock(number: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise BlockingIOError from error


def reserve(folder: Path, seed: int, count: int) -> None:
    """Take the room that `count` renderings need, before the first is made: InputError where there is not so much.

    They are written through mapped memory, where a disk that is full would end the process without a word.
    """
    count = -(-count // data.PART) * data.PART
    note = folder / NOTE
    state: dict[str, object] = {"teacher": data.teacher(), "seed": seed, "count": count}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = _read(note)
        if not known and any((folder / name).exists() for name in MEMORIES):
            raise InputError(f"{folder} holds arrays that are no renderings of ours; choose another folder with --data")
        whole = all(_size(folder / name) == _whole(name, count) for name in MEMORIES)
        if not whole or {key: known.get(key) for key in state} != state:
            _lay_out(folder, state, count)
        for name in MEMORIES:
            _fill(folder / name)
    except OSError as error:
        raise InputError(_refused(folder, error, count)) from error


def _read(note: Path) -> dict[str, object]:
    try:
        row = json.loads(note.read_text())
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) and "teacher" in row else {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _whole(name: str, count: int) -> int:
    return HEADER + count * data.SIDE * data.SIDE * MEMORIES[name]


def _lay_out(folder: Path, state: dict[str, object], count: int) -> None:
    """Empty arrays of the right size; what was there is of another renderer, seed or number."""
    with part_beside(folder / NOTE) as part:
        part.write_text(json.dumps({**state, "done": []}))
    for name, channels in MEMORIES.items():
        shape = count, data.SIDE, data.SIDE, channels
        np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)


def _fill(path: Path) -> None:
    """Give every byte of a file its place on the disk; nothing that it holds changes."""
    size = path.stat().st_size
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
                return
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                    raise
    taken = getattr(path.stat(), "st_blocks", 0) * 512
    if shutil.disk_usage(path.parent).free < size - taken:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _refused(folder: Path, error: OSError, count: int) -> str:
    said = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        need = count * data.SIDE * data.SIDE * sum(MEMORIES.values()) / 1e9
        return (
            f"{folder}: {count:,} renderings need {need:.3g} GB there ({said}); "
            "make room, choose another folder with --data, or fewer with --pictures"
        )
    return f"{folder} cannot hold the renderings ({said}); choose another folder with --data"

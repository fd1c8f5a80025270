"""Compiled models on disk: one file each, whole or not at all, and never trusted without its checksum."""

import hashlib
import json
import os
import platform
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.generator.plans.voices import Port
from engine.generator.spec import Canvas

MAGIC = b"latenz compiled 1\n"
LIMIT_BYTES = 4_000_000_000
DAY_S = 86_400.0
_SUM, _LENGTH = hashlib.sha256().digest_size, struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled model of one picture, and what it must draw.

    ports : its inputs in order
    oracle : (3, height, width), drawn by eager from the source's fixed inputs for one voice
    blob : what `openvino.Core.import_model` takes
    facts : what was measured while it was compiled: openvino_cpu_ms, frozen_cpu_ms, compile_s
    """

    ports: tuple[Port, ...]
    oracle: NDArray[np.float32]
    blob: bytes
    facts: Mapping[str, float] = field(default_factory=dict)


def entry_path(key: str, canvas: Canvas, machine: str, folder: Path) -> Path:
    """Where the model `key` for this canvas lies in the folder.

    machine : library and processor it is compiled for. The generators' sources are part of the name, so that a change
    of arithmetic is compiled anew.
    """
    words = (key, canvas.width, canvas.height, canvas.fit, machine, platform.machine(), _sources())
    return folder / f"{hashlib.sha256(repr(words).encode()).hexdigest()[:40]}.compiled"


@cache
def _sources() -> str:
    state = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted((*here.glob("*.py"), *here.parent.glob("*.py"), *here.parent.glob("tulip/*.py"))):
        state.update(path.name.encode() + path.read_bytes())
    return state.hexdigest()


def read(path: Path) -> Entry | None:
    """The entry, or None: there is none, or it is damaged, or another's, and was thrown away."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        entry = _unpack(data, path.stem)
    except (ValueError, KeyError, TypeError, struct.error):
        path.unlink(missing_ok=True)
        return None
    os.utime(path)  # the oldest goes first
    return entry


def write(path: Path, entry: Entry) -> None:
    """Lay an entry down beside its place and rename it; throw out the oldest where there are too many."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for piece in _pack(entry, path.stem):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    prune(path.parent, LIMIT_BYTES, path)


def prune(folder: Path, limit_bytes: int, newest: Path) -> None:
    """Delete the entries used longest ago until all fit, `newest` never; and what a dead process left half-written."""
    rows = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:  # another process prunes too
            continue
        if path.suffix == ".part" and time.time() - status.st_mtime > DAY_S:
            path.unlink(missing_ok=True)
        elif path.suffix == ".compiled":
            rows.append((status.st_mtime, path, status.st_size))
    total = sum(size for _, _, size in rows)
    for _, path, size in sorted(rows):
        if total <= limit_bytes:
            break
        if path != newest:
            path.unlink(missing_ok=True)
            total -= size


def _pack(entry: Entry, name: str) -> tuple[bytes, ...]:
    header = {
        "name": name,
        "ports": [[port.name, list(port.shape), port.shared] for port in entry.ports],
        "oracle": list(entry.oracle.shape),
        "facts": dict(entry.facts),
    }
    text = json.dumps(header, allow_nan=False).encode()
    oracle = np.ascontiguousarray(entry.oracle, np.float32).tobytes()
    body = (_LENGTH.pack(len(text)), text, oracle, entry.blob)
    checksum = hashlib.sha256()
    for piece in body:
        checksum.update(piece)
    return (MAGIC, checksum.digest(), *body)


def _unpack(data: bytes, name: str) -> Entry:
    """ValueError, KeyError, TypeError or struct.error for anything that `_pack` did not write under this name."""
    body = memoryview(data)[len(MAGIC) + _SUM :]
    if not data.startswith(MAGIC) or hashlib.sha256(body).digest() != data[len(MAGIC) : len(MAGIC) + _SUM]:
        raise ValueError("damaged")
    (length,) = _LENGTH.unpack(body[: _LENGTH.size])
    at = _LENGTH.size + length
    header: dict[str, Any] = json.loads(bytes(body[_LENGTH.size : at]))
    if header["name"] != name:
        raise ValueError("another's")
    shape = tuple(header["oracle"])
    end = at + 4 * int(np.prod(shape))
    oracle = np.frombuffer(body[at:end], np.float32).reshape(shape).copy()
    ports = tuple(Port(name, tuple(shape), shared) for name, shape, shared in header["ports"])
    return Entry(ports, oracle, bytes(body[end:]), header["facts"])

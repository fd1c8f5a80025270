"""A .safetensors as bytes: everything in its header is checked before a byte of it is mapped."""

import json
import math
import mmap
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.paths import check_output, part_beside

HEADER_BYTES = 4 << 20  # a StyleGAN3's header is some 30 KiB
TENSORS = 4096
FILE_BYTES = 16 << 30
AXES = 8
NAME = re.compile(r"[\x21-\x7e]{1,256}")
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a file: where it lies behind the header, in bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """What a .safetensors says it holds; all of it lies inside the file, without gap or overlap."""

    path: Path
    metadata: Mapping[str, str]
    entries: Mapping[str, Entry]
    data_start: int


def read_table(path: Path) -> Table:
    """The checked header of a .safetensors. ModelError says what is wrong with it, and what to do."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device may never end
            raise ModelError(f"{path}: cannot be read (it is no ordinary file)")
        with path.open("rb") as file:
            return table_of(file, path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None


def table_of(file: BinaryIO, path: Path) -> Table:
    """As `read_table`, of a file that is open. path : for the messages"""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= HEADER_BYTES:
        raise _bad(path, f"its header would be {length} bytes; up to {HEADER_BYTES >> 20} MiB are read")
    if size > FILE_BYTES:
        raise _bad(path, f"it is {size >> 30} GiB; up to {FILE_BYTES >> 30} GiB are read")
    text = file.read(length)
    if len(text) < length:
        raise _bad(path, "it ends within its header; copy it again")
    rows = _json(path, text)
    metadata = rows.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _bad(path, "its metadata is not a table of texts")
    if len(rows) > TENSORS:
        raise _bad(path, f"it lists {len(rows)} tensors; up to {TENSORS} are read")
    entries = {name: _entry(path, name, row) for name, row in rows.items()}
    _check_places(path, entries, size - 8 - length)
    return Table(path, MappingProxyType(metadata), MappingProxyType(entries), 8 + length)


def arrays(table: Table, file: BinaryIO | None = None) -> dict[str, NDArray[Any]]:
    """The tensors as read-only views of the mapped file; bfloat16 becomes float32."""
    if not table.entries:
        return {}
    if file is None:
        with table.path.open("rb") as opened:
            return arrays(table, opened)
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found: dict[str, NDArray[Any]] = {}
    for name, entry in table.entries.items():
        count = math.prod(entry.shape)
        array = np.frombuffer(mapped, DTYPES[entry.dtype], count, table.data_start + entry.start).reshape(entry.shape)
        found[name] = (array.astype("<u4") << 16).view("<f4") if entry.dtype == "BF16" else array
    return found


def write(
    file: BinaryIO,
    tensors: Mapping[str, NDArray[np.float32]],
    metadata: Mapping[str, str],
    half: Collection[str] = (),
) -> None:
    """Write float32 tensors in the order of their names; those in `half` as float16."""
    rows: dict[str, Any] = {"__metadata__": dict(metadata)}
    place = 0
    for name in sorted(tensors):
        dtype = "F16" if name in half else "F32"
        size = np.dtype(DTYPES[dtype]).itemsize * tensors[name].size
        rows[name] = {"dtype": dtype, "shape": list(tensors[name].shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(rows, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in sorted(tensors):
        file.write(np.ascontiguousarray(tensors[name], DTYPES[rows[name]["dtype"]]).data)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at `path` when the block has ended well, and not at all otherwise."""
    check_output(path)
    with part_beside(path) as part, part.open("wb") as file:
        yield file


def _json(path: Path, text: bytes) -> dict[str, Any]:
    try:
        rows = json.loads(text, object_pairs_hook=_once(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise _bad(path, "its header is not JSON") from None
    if not isinstance(rows, dict):
        raise _bad(path, "its header is not a table")
    return rows


def _once(path: Path) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Two readers may take different ones of two equal names: neither is taken."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _bad(path, "its header gives one name twice")
        return found

    return table


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _entry(path: Path, name: str, row: Any) -> Entry:
    if not NAME.fullmatch(name):
        raise _bad(path, f"a tensor is called {ascii(name[:40])}")
    if not isinstance(row, dict) or set(row) != {"dtype", "shape", "data_offsets"}:
        raise _bad(path, f"the row of {name} does not give dtype, shape and data_offsets")
    dtype, shape, offsets = row["dtype"], row["shape"], row["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _bad(path, f"{name} is of type {ascii(dtype)[:20]}; there are {', '.join(DTYPES)}")
    if not _sizes(shape, 1) or len(shape) > AXES or not _sizes(offsets, 0) or len(offsets) != 2:
        raise _bad(path, f"the shape or the offsets of {name} are no sizes")
    start, end = offsets
    if end - start != math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize:
        raise _bad(path, f"{name} takes {end - start} bytes, which is not what {dtype} {shape} needs")
    return Entry(dtype, tuple(shape), start, end)


def _sizes(values: Any, least: int) -> bool:
    return isinstance(values, list) and all(type(value) is int and least <= value <= FILE_BYTES for value in values)


def _check_places(path: Path, entries: Mapping[str, Entry], size: int) -> None:
    """ModelError unless the tensors fill the file from front to end, each byte once."""
    place = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].end)):
        if entry.start != place:
            raise _bad(path, f"{name} begins at byte {entry.start}, not where the tensor before it ends ({place})")
        place = entry.end
    if place != size:
        raise _bad(path, f"its tensors take {place} bytes and the file has {size}; copy it again")


def _bad(path: Path, why: str) -> ModelError:
    return ModelError(f"{path}: not a .safetensors that can be read: {why}")

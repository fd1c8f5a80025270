"""Any foreign checkpoint as plain data."""

import gc
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import ModelError
from engine.generator.foreign import torch_file
from engine.generator.foreign.budget import Budget
from engine.generator.foreign.known import Reading
from engine.generator.foreign.opcodes import read_pickle
from engine.generator.foreign.refusal import RefusedError
from engine.generator.foreign.strangers import check_kind
from engine.generator.foreign.tensors import Storage
from engine.generator.foreign.values import finish


def read(path: Path) -> Any:
    """The plain data (see `values`) of a checkpoint, whatever its container.

    The result holds no cycle, is at most 200 deep and of bounded size even if every shared part is counted again, so
    that a plain recursive walk over it is safe. Its arrays are views of the file, which stays mapped while they live.
    ModelError `<file>: refused: <why>` for everything else.
    """
    if not path.is_file():
        raise ModelError(
            f"{path.name}: refused: it is no {'ordinary ' if path.exists() else ''}file; give a checkpoint"
        )
    try:
        with path.open("rb") as file:
            return read_stream(file, path.name)
    except OSError as error:
        raise ModelError(f"{path.name}: refused: it cannot be opened ({error.strerror}); give a checkpoint") from None


def read_stream(file: BinaryIO, name: str) -> Any:
    """As `read`, of a file that is open already (a real file: it is mapped). `name` is for the messages."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{name}: refused: it is no ordinary file; give a checkpoint")
    if not status.st_size:
        return read_bytes(memoryview(b""), name)
    return read_bytes(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), name)


def read_bytes(data: memoryview, name: str) -> Any:
    """As `read`, of bytes in memory."""
    budget = Budget.of(len(data))
    try:
        with _uncollected():
            return finish(_contents(data, budget))
    except RefusedError as refused:
        raise ModelError(f"{name}: refused: {refused}") from None
    except MemoryError:
        raise ModelError(f"{name}: refused: it needs more memory than reading it may take") from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: of a million new parts few are garbage, and looking takes most of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _contents(data: memoryview, budget: Budget) -> Any:
    check_kind(data)
    nested = Reading(budget, _no_storage)
    reading = Reading(budget, partial(torch_file.load_storage, reading=nested))
    if bytes(data[:4]) == b"PK\3\4":
        return torch_file.read_zip(data, reading)
    value, end = read_pickle(data, reading)
    if type(value) is int and value == torch_file.MAGIC:
        return torch_file.read_legacy(data, reading)
    if end != len(data):
        raise RefusedError(f"{len(data) - end} bytes follow its end", byte=end)
    return value


def _no_storage(data: memoryview) -> Storage:
    raise RefusedError("a storage holds another torch file")

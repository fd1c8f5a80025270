"""What runs in a Ray worker, on this machine or another: plain data in, plain data and the bytes of files out."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.studio.farm.work import Chunk, worker_of

Said = dict[str, Any]


class Actor:
    """Holds one worker for many chunks. It raises nothing: errors are told by name, as processes do."""

    def __init__(self, folder: str) -> None:
        """folder : where the caller works, for paths that are the same here"""
        if Path(folder).is_dir():
            os.chdir(folder)
        self._worker: Any = None
        self._kept = tempfile.TemporaryDirectory(prefix="latenz-")
        self._file = Path(self._kept.name) / "chunk"

    def hold(self, what: str, asked: Mapping[str, Any]) -> Said:
        """Open what chunks need."""
        try:
            self._worker = worker_of(what, asked)
        except Exception as error:
            return _told(error)
        return {"ready": 1, "version": version_here(), "pid": os.getpid()}

    def do(self, number: int, first: int, last: int) -> Said:
        """Do a chunk; its outcome stays here until the next one."""
        try:
            self._file.unlink(missing_ok=True)
            self._worker.do(Chunk(number, first, last), self._file)
            with self._file.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"done": 1, "size": self._file.stat().st_size, "sha256": digest}
        except Exception as error:
            return _told(error)

    def read(self, offset: int, size: int) -> bytes:
        """A piece of the last outcome."""
        with self._file.open("rb") as file:
            file.seek(offset)
            return file.read(size)


def version_here() -> str:
    """Of latenz; "" in a checkout that was not installed."""
    try:
        return version("latenz")
    except PackageNotFoundError:
        return ""


def _told(error: Exception) -> Said:
    return {"error": type(error).__name__, "text": str(error)[:4000]}

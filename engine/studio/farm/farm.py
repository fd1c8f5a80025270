"""Chunks to workers, and their files back in order."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from engine.errors import InputError
from engine.paths import part_beside
from engine.studio.learn.work import Stop, Stopped, Tell, never, quiet

# What can be asked for: nothing else is ever imported because a name came over a wire or out of a file.
WORKERS = {
    "film": "engine.studio.journey.film:FilmWorker",
}
ASKED = "asked.json"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Work from `first` to `last` - 1: frames, samples or places."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Workers:
    """Who works.

    count : processes on this machine; 1 works in this one
    ray : "" without; "auto" starts or finds a cluster here; else its address
    """

    count: int = 1
    ray: str = ""


class Worker(Protocol):
    """Holds what a chunk needs (a model above all); made once for many chunks from plain data."""

    def __init__(self, asked: Mapping[str, Any]) -> None: ...

    def do(self, chunk: Chunk, out: Path) -> None:
        """Write the chunk's outcome at `out`."""

    def close(self) -> None:
        """Give back what is held."""


def chunks_of(count: int, size: int) -> list[Chunk]:
    """Pieces of `size`, the last one what is left."""
    return [Chunk(n, first, min(first + size, count)) for n, first in enumerate(range(0, count, size))]


def farm(
    what: str, asked: Mapping[str, Any], chunks: list[Chunk], folder: Path, suffix: str,
    workers: Workers = Workers(), tell: Tell = quiet, stop: Stop = never,
) -> list[Path]:  # fmt: skip
    """Do every chunk that is not done yet; their files, in order.

    asked : plain data (JSON); a folder with chunks of another request is emptied first
    folder : where the files are kept until the caller has put them together and removes it
    Raises Stopped, with all finished chunks kept, when asked to stop.
    """
    _claim(folder, {"what": what, "asked": dict(asked), "chunks": [[c.first, c.last] for c in chunks]})
    files = [folder / f"{chunk.number:06d}{suffix}" for chunk in chunks]
    left = [(c, f) for c, f in zip(chunks, files, strict=True) if not f.is_file()]
    done = len(chunks) - len(left)
    tell("working", done, len(chunks))
    if not left:
        return files
    worker = worker_of(what, asked)
    try:
        for chunk, file in left:
            if stop():
                raise Stopped(str(folder))
            with part_beside(file) as part:
                worker.do(chunk, part)
            done += 1
            tell("working", done, len(chunks))
    finally:
        worker.close()
    return files


def worker_of(what: str, asked: Mapping[str, Any]) -> Worker:
    """A worker of the table by its name."""
    module, _, name = WORKERS[what].partition(":")
    worker: Worker = getattr(import_module(module), name)(asked)
    return worker


def _claim(folder: Path, request: Mapping[str, Any]) -> None:
    """Make the folder this request's own."""
    text = json.dumps(request, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    note = folder / ASKED
    try:
        if folder.is_dir():
            kept = json.loads(note.read_text("utf-8")).get("key") if note.is_file() else None
            if kept == key:
                return
            if kept is None and any(folder.iterdir()):
                raise InputError(f"{folder}: holds other files; name another output, or remove the folder")
            shutil.rmtree(folder)
        folder.mkdir()
        note.write_text(json.dumps({"key": key, "request": request}) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from None

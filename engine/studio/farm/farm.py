"""Chunks to workers, and their files back in order."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.paths import part_beside
from engine.studio.farm.crew import Crew, Task, run
from engine.studio.farm.work import Chunk, Workers, worker_of
from engine.studio.learn.work import Stop, Stopped, Tell, never, quiet

ALONE = Workers()
ASKED = "asked.json"


def farm(
    what: str, asked: Mapping[str, Any], chunks: list[Chunk], folder: Path, suffix: str,
    workers: Workers = ALONE, tell: Tell = quiet, stop: Stop = never,
) -> list[Path]:  # fmt: skip
    """Do every chunk that is not done yet; their files, in order.

    asked : plain data (JSON); a folder with chunks of another request is emptied first
    folder : where the files are kept until the caller has put them together and removes it
    A worker that is lost is replaced, and its chunk done again. Raises Stopped, with all finished chunks kept, when
    asked to stop; what a chunk raised, when it did so too often; RoomError for workers that are lost again and again.
    """
    key = _claim(folder, {"what": what, "asked": dict(asked), "chunks": [[c.first, c.last] for c in chunks]})
    tasks = [Task(chunk, folder / f"{chunk.number:06d}.{key[:12]}{suffix}") for chunk in chunks]
    left = [task for task in tasks if not task.file.is_file()]

    def told(done: int) -> None:
        tell("working", len(tasks) - len(left) + done, len(tasks))

    told(0)
    if left and (crew := _crew(what, asked, workers, len(left))) is not None:
        run(crew, left, told, stop)
    elif left:
        _alone(what, asked, left, told, stop)
    return [task.file for task in tasks]


def forget(folder: Path) -> None:
    """Remove the chunks of a request. A folder that is no request's stays as it is."""
    if _kept(folder / ASKED) is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _crew(what: str, asked: Mapping[str, Any], workers: Workers, tasks: int) -> Crew | None:
    """Who does so many chunks; None where this process does."""
    if workers.ray:
        from engine.studio.farm.cluster import Cluster

        return Cluster(what, asked, workers, tasks)
    count = min(workers.count or os.cpu_count() or 1, tasks)
    if count <= 1 and workers.count == 1:
        return None
    from engine.studio.farm.processes import Processes

    return Processes(what, asked, count, workers.patience_s)


def _alone(what: str, asked: Mapping[str, Any], tasks: list[Task], told: Any, stop: Stop) -> None:
    """In this process, one after another."""
    worker = worker_of(what, asked)
    try:
        for done, task in enumerate(tasks, 1):
            if stop():
                raise Stopped(str(task.file.parent))
            with part_beside(task.file) as part:
                worker.do(task.chunk, part)
            told(done)
    finally:
        worker.close()


def _claim(folder: Path, request: Mapping[str, Any]) -> str:
    """Make the folder this request's own; the request's digest."""
    key = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    note = folder / ASKED
    try:
        if folder.is_dir():
            kept = _kept(note)
            if kept == key:
                return key
            if kept is None and any(folder.iterdir()):
                raise InputError(f"{folder}: holds other files; name another output, or remove the folder")
            shutil.rmtree(folder)
        folder.mkdir()
        with part_beside(note) as part:
            part.write_text(json.dumps({"key": key, "request": request}) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror})") from None
    return key


def _kept(note: Path) -> str | None:
    """The digest that a folder was claimed for; None where it was not, or no one can tell."""
    try:
        key = json.loads(note.read_text("utf-8"))["key"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return key if isinstance(key, str) else None

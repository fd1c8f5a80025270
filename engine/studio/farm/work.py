"""What is asked of workers: chunks, who does them, and the closed table of what a worker can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from engine.errors import InputError

# What can be asked for: nothing else is ever imported because a name came over a wire or out of a file.
WORKERS = {
    "draws": "engine.studio.farm.draws:Draws",
    "film": "engine.studio.journey.film:FilmWorker",
    "layers": "engine.studio.journey.layers:LayersWorker",
    "moments": "engine.studio.learn.samples:MomentsWorker",
    "scores": "engine.studio.learn.samples:ScoresWorker",
}
MOST = 1024  # workers
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Work from `first` to `last` - 1: frames, samples or places."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Workers:
    """Who works.

    count : processes on this machine, 1 works in this one; actors at most on a cluster; 0: as many as there are cores
        here, or cores or GPUs in the cluster
    ray : "" without; "auto" finds a cluster or starts one here; "local" starts one here; else its address
    patience_s : a process that gives no sign of life for so long is lost
    """

    count: int = 1
    ray: str = ""
    patience_s: float = PATIENCE_S

    def __post_init__(self) -> None:
        if not 0 <= self.count <= MOST:
            raise InputError(f"--workers {self.count}: give 1 to {MOST}, or 0 for as many as there are cores")


class Worker(Protocol):
    """Holds what a chunk needs (a model above all); made once for many chunks from plain data.

    What it writes depends on `asked` and the chunk alone. Paths in `asked` are absolute. An error of the tree in
    `engine.errors` that it raises reaches the caller as it is.
    """

    def __init__(self, asked: Mapping[str, Any]) -> None: ...

    def do(self, chunk: Chunk, out: Path) -> None:
        """Write the chunk's outcome at `out`."""

    def close(self) -> None:
        """Give back what is held."""


def chunks_of(count: int, size: int) -> list[Chunk]:
    """Pieces of `size`, the last one what is left."""
    return [Chunk(n, first, min(first + size, count)) for n, first in enumerate(range(0, count, size))]


def worker_of(what: str, asked: Mapping[str, Any]) -> Worker:
    """A worker of the table by its name. InputError for any other name."""
    if what not in WORKERS:
        raise InputError(f"no work is called {what}; there are {', '.join(WORKERS)}")
    module, _, name = WORKERS[what].partition(":")
    worker: Worker = getattr(import_module(module), name)(asked)
    return worker

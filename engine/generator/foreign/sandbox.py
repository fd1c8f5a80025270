"""A child process that reads a stranger's file and can do nothing else."""

from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use."""

    memory_bytes: int
    cpu_s: int
    file_bytes: int
    wall_s: float


def run(source: BinaryIO, target: BinaryIO, request: Any, *, name: str, limits: Limits) -> Any:
    """In the parent: let a child read `source` and write `target`; returns what it reports as "ok".

    Starts `python -m engine.generator.foreign` with the source as its standard input, the target (a real file, open for
    writing) as its standard output and `request` (plain JSON data) as its argument; see `take`.
    ModelError when it refuses, dies, or goes over a limit; RoomError when it fails by our own mistake.
    """
    raise NotImplementedError


def take() -> tuple[BinaryIO, BinaryIO, Any, Limits]:
    """In the child, first thing: source, target, request and limits. From here on `print` talks to the parent.

    At the end the child prints one line of JSON: `{"ok": anything}` or `{"refused": "message"}`, and exits with 0.
    """
    raise NotImplementedError


def confine(memory_bytes: int, cpu_s: int, file_bytes: int) -> tuple[str, ...]:
    """In the child, after its imports: give up everything but the files that are open. Returns what is in force.

    `memory_bytes` counts what is mapped from now on.
    """
    raise NotImplementedError

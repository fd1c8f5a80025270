"""Projects of video editors, by the ending of their name: read into a Timeline, written from one."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from stat import S_ISREG
from typing import Any

from engine.errors import InputError
from engine.studio.journey.timeline import MAX_BYTES, Timeline

READERS = {
    ".kdenlive": "engine.studio.journey.kdenlive.read:read",
    ".mlt": "engine.studio.journey.kdenlive.read:read",
    ".otio": "engine.studio.journey.otio:read",
    ".edl": "engine.studio.journey.edl:read",
    ".xml": "engine.studio.journey.fcp7:read",
}
WRITERS = {
    ".kdenlive": "engine.studio.journey.kdenlive.write:write",
    ".otio": "engine.studio.journey.otio:write",
    ".edl": "engine.studio.journey.edl:write",
}


def read_project(path: Path, **options: Any) -> Timeline:
    """What a project says. InputError for what cannot be read, is too large, or is of no known kind."""
    reader = _found(path, READERS, "read")
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not S_ISREG(facts.st_mode):  # opening a pipe would wait for ever
        raise InputError(f"{path}: no file; give the project that the editor saved")
    if facts.st_size > MAX_BYTES:
        raise InputError(f"{path}: {facts.st_size >> 20} MB; a project has at most {MAX_BYTES >> 20} MB")
    timeline: Timeline = reader(path, **options)
    return timeline


def write_project(timeline: Timeline, path: Path) -> None:
    """Write an edit as a project that its editor opens; it appears whole or not at all."""
    _found(path, WRITERS, "written")(timeline, path)


def _found(path: Path, table: dict[str, str], verb: str) -> Callable[..., Any]:
    row = table.get(path.suffix.lower())
    if row is None:
        raise InputError(f"{path}: no project that can be {verb}; give {', '.join(table)}")
    module, _, name = row.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function

"""What stands in a project's file, as bytes or lines, within bounds."""

from pathlib import Path

from engine.errors import InputError
from engine.studio.journey.timeline import MAX_BYTES


def contents(path: Path) -> bytes:
    """The bytes of a file. InputError for what cannot be read or is larger than any project."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: over {MAX_BYTES >> 20} MB; a project has at most that")
    return data


def file_name(text: str, where: str) -> str:
    """A name of a file as a project gives it. InputError for what no system takes as one."""
    if "\0" in text or len(text) > 4096:
        raise InputError(f"{where}: {text[:40]!r}... is no name of a file: over 4096 characters, or a zero in it")
    return text

"""Any foreign checkpoint as plain data."""

from pathlib import Path
from typing import Any, BinaryIO


def read(path: Path) -> Any:
    """The plain data (see `values`) of a checkpoint, whatever its container.

    The result holds no cycle, is at most 200 deep and of bounded size even if every shared part is counted again, so
    that a plain recursive walk over it is safe. Its arrays are views of the file, which stays mapped while they live.
    ModelError `<file>: refused: <why>` for everything else.
    """
    with path.open("rb") as file:
        return read_stream(file, path.name)


def read_stream(file: BinaryIO, name: str) -> Any:
    """As `read`, of a file that is open already (a real file: it is mapped). `name` is for the messages."""
    raise NotImplementedError

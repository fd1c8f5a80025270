"""A log of a training: a line of JSON each time that it was saved."""

import json
from collections.abc import Mapping
from pathlib import Path

from engine.errors import InputError


def write_row(path: Path, row: Mapping[str, object]) -> None:
    """Add a line; one that a kill or a full disk cut short before it is ended first."""
    try:
        with path.open("a+b") as log:
            if log.seek(0, 2) > 0:
                log.seek(-1, 2)
                cut = log.read(1) != b"\n"
            else:
                cut = False
            log.write(b"\n" * cut + json.dumps(row, allow_nan=False).encode() + b"\n")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}. What was trained is saved: "
            "make room and give the same command to go on"
        ) from error

"""Snapshots: models of one training, in the order of their names."""

import re
from collections.abc import Sequence
from pathlib import Path

from engine.errors import InputError
from engine.generator.catalog import SUFFIXES


def snapshots_of(given: Sequence[str]) -> tuple[str, ...]:
    """Files and built-in names as they are given; of a folder its models, numbers in their names in order of size.

    InputError for a folder without models.
    """
    found: list[str] = []
    for name in given:
        if not Path(name).is_dir():
            found.append(name)
            continue
        models = [path for path in Path(name).iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
        if not models:
            raise InputError(f"{name}: a folder without models ({', '.join(SUFFIXES)})")
        found += [str(path) for path in sorted(models, key=_natural)]
    return tuple(found)


def names_of(models: Sequence[str]) -> tuple[str, ...]:
    """What each is called in its cell: the file's name without its ending."""
    return tuple(Path(model).stem if Path(model).suffix.lower() in SUFFIXES else model for model in models)


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.stem)]

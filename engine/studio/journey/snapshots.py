"""Snapshots: models of one training, in the order of their names."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import InputError
from engine.generator.catalog import SUFFIXES, models_in


def snapshots_of(given: Sequence[str]) -> tuple[str, ...]:
    """Files and built-in names as they are given; of a folder its models, numbers in their names in order of size.

    InputError for a folder without models.
    """
    found: list[str] = []
    for name in given:
        if not Path(name).is_dir():
            found.append(name)
            continue
        models = models_in(Path(name))
        if not models:
            raise InputError(f"{name}: a folder without models ({', '.join(SUFFIXES)})")
        found += map(str, models)
    return tuple(found)


def names_of(models: Sequence[str]) -> tuple[str, ...]:
    """What each is called in its cell: the file's name without its ending."""
    return tuple(Path(model).stem if Path(model).suffix.lower() in SUFFIXES else model for model in models)

"""The models latenz knows by name: what they are and which directions they have, without loading torch."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from engine.errors import ModelError
from engine.generator.base import Generator, ModelInfo
from engine.latent.directions import Directions


@dataclass(frozen=True, slots=True)
class Row:
    """Where a model's parts live: `module:name` of what tells its facts, its directions, and what opens it."""

    info: str
    directions: str
    generator: str


CATALOG: dict[str, Row] = {
    "silk": Row(
        info="engine.generator.silk:info",
        directions="engine.generator.silk:directions",
        generator="engine.generator.silk:open_silk",
    ),
}


def model_info(name: str) -> ModelInfo:
    """What the model `name` is; `silk:3` is the third garden of silk. ModelError for a name nobody knows."""
    row, garden = _find(name)
    info: ModelInfo = _load(row.info)(garden)
    return info


def model_directions(name: str) -> Directions:
    """The model's own bank of directions."""
    row, garden = _find(name)
    bank: Directions = _load(row.directions)(garden)
    return bank


def open_model(name: str, device: str = "cpu", threads: int = 2) -> Generator:
    """The generator called `name`, not yet prepared. device: auto, cpu, cuda or mps."""
    row, garden = _find(name)
    generator: Generator = _load(row.generator)(garden, device, threads)
    return generator


def _find(name: str) -> tuple[Row, int]:
    """The row of a name and its garden: the number behind a colon, 0 without one."""
    stem, colon, number = name.partition(":")
    row = CATALOG.get(stem)
    if row is None:
        near = difflib.get_close_matches(stem, CATALOG, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ";"
        raise ModelError(f"no model {name!r} is built in{hint} built in: {', '.join(sorted(CATALOG))}")
    if colon and not (number.isascii() and number.isdecimal() and len(number) <= 9):
        raise ModelError(f"the model {name!r} has a bad garden: give a whole number from 0, for example {stem}:3")
    return row, int(number or 0)


def _load(path: str) -> Callable[..., Any]:
    """The callable at `module:name`."""
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found

"""What every reader of a foreign layout gives: one network's tensors by their canonical names, and the facts beside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.foreign.values import Stub

Tensors = dict[str, NDArray[Any]]
TENSORS = 4096
WORD = re.compile(r"\w{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A network out of somebody's file.

    facts : what no shape shows, for `Spec.infer`; each family's reader says in its docstring what it gives
    container : a key of `licence.NOTES`
    about : words for the provenance: what the file was
    averaged : False where `mapping.w_avg` is a place-holder that must be measured
    """

    family: str
    tensors: Tensors
    facts: Mapping[str, Any]
    container: str
    about: Mapping[str, str] = field(default_factory=dict)
    averaged: bool = True


def array(value: Any, name: str) -> NDArray[Any]:
    """The floating point array that `value` is. ModelError for anything else."""
    if not isinstance(value, np.ndarray):
        raise ModelError(f"{name} is a {kind(value)}; an array of numbers is needed")
    if value.dtype.kind != "f":
        raise ModelError(f"{name} holds {value.dtype} numbers; floating point is needed")
    return _single(value)


def arrays(value: Any, what: str) -> Tensors:
    """The arrays of a flat table of names; what is no floating point array is left out."""
    rows = table(value, what)
    if len(rows) > TENSORS:
        raise ModelError(f"{what} lists {len(rows)} tensors; up to {TENSORS} are read")
    return {
        name: _single(inner)
        for name, inner in rows.items()
        if isinstance(name, str) and isinstance(inner, np.ndarray) and inner.dtype.kind == "f"
    }


def _single(value: NDArray[Any]) -> NDArray[Any]:
    """At most 32 bits wide: what is too large for that becomes infinite, which is refused later by its name."""
    with np.errstate(over="ignore"):
        return value.astype(np.float32) if value.dtype.itemsize > 4 else value


def table(value: Any, what: str) -> Mapping[Any, Any]:
    """The table that `value` is, whatever class of dict it was; none at all is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ModelError(f"{what} is a {kind(value)}; a table is needed")
    return value


def is_number(value: Any) -> TypeGuard[float]:
    """Whether this is a number that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e30 < value < 1e30


def word(value: Any) -> str:
    """A part of a dotted name."""
    if not (isinstance(value, str) and WORD.fullmatch(value)):
        raise ModelError(f"a part of its network is called {ascii(value)[:60]}")
    return value


def kind(value: Any) -> str:
    """What a value is, for a message."""
    if isinstance(value, Stub):
        return value.name
    return {"NoneType": "nothing", "ndarray": "array"}.get(type(value).__name__, type(value).__name__)

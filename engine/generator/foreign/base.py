"""What every reader of a foreign layout gives: one network's tensors by their canonical names, and the facts beside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Tensors = dict[str, NDArray[Any]]


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

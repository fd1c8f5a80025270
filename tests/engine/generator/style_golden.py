"""Genuine StyleGAN checkpoints with what the reference made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.generator.foreign.read import read
from engine.generator.foreign.recognise import recognise
from engine.generator.spec import Spec, family, load
from tests.engine.generator.golden import golden


@dataclass(frozen=True)
class Case:
    """spec : inferred from the file; tensors : those that are kept; arrays : the reference's own."""

    spec: Spec
    tensors: Mapping[str, NDArray[Any]]
    arrays: Mapping[str, NDArray[Any]]

    def classes(self, rows: slice = slice(None)) -> NDArray[np.float64] | None:
        c = self.arrays.get("c")
        return None if c is None else c[rows].astype(np.float64)


@cache
def case(name: str) -> Case:
    """The file of this name in the golden set, read as data."""
    found = recognise(read(golden(f"{name}.pkl")))
    shapes = {key: array.shape for key, array in found.tensors.items()}
    spec: Spec = load(family(found.family).spec).infer(shapes, found.facts)
    kept = {key: np.array(found.tensors[key]) for key in spec.shapes()}
    return Case(spec, kept, dict(np.load(golden(f"{name}.npz"))))

"""The tulip's own directions: each factor it was taught is a row of its basis, known and not searched for."""

from pathlib import Path

import numpy as np

from engine.generator import model_file, tensor_file
from engine.generator.spec import Spec
from engine.generator.tulip.factors import FACTORS, Factor
from engine.latent.directions import Direction, Directions

BASIS = "mapping.basis"
EVERYWHERE = ("wilt",)  # bends the petals, and browns them in the palette


def directions(path: Path) -> Directions:
    """One for each factor: unit in z, 1.0 is one sigma. Colours move the palette's layer alone, form all the others."""
    header = model_file.read_header(path)
    basis = np.asarray(tensor_file.arrays(tensor_file.read_table(path))[BASIS], np.float64)
    return Directions(
        tuple(
            Direction(factor.name, row, "z", 1.0, _layers(factor, header.spec), header.hash, "construction")
            for factor, row in zip(FACTORS, basis, strict=True)
        )
    )


def _layers(factor: Factor, spec: Spec) -> tuple[int, ...] | None:
    if factor.name in EVERYWHERE:
        return None
    palette = spec.num_ws - 1
    return (palette,) if factor.colour else tuple(range(palette))

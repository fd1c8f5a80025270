"""What the names and shapes of a StyleGAN2's tensors say of its architecture."""

import re
from typing import Literal

from engine.errors import ModelError
from engine.generator.spec import Shapes

Architecture = Literal["skip", "resnet", "orig"]


def blocks_of(shapes: Shapes) -> tuple[int, ...]:
    """The blocks by name, 4, 8, 16, ... ModelError where one is left out."""
    found = {int(m[1]) for m in (re.match(r"synthesis\.b(\d{1,5})\.", name) for name in shapes) if m}
    blocks = tuple(sorted(found))
    for i, block in enumerate(blocks):
        if block != 4 << i:
            raise ModelError(f"this is no StyleGAN2: it has synthesis.b{block} but no synthesis.b{4 << i}")
    if not blocks:
        raise ModelError("this is no StyleGAN2: it has no tensor synthesis.b4.const")
    return blocks


def architecture_of(shapes: Shapes, blocks: tuple[int, ...]) -> Architecture:
    """resnet has 1x1 convolutions beside its blocks; orig draws from the last block alone."""
    if any(f"synthesis.b{r}.skip.weight" in shapes for r in blocks):
        return "resnet"
    return "skip" if "synthesis.b4.torgb.weight" in shapes else "orig"


def shape_of(shapes: Shapes, name: str, rank: int) -> tuple[int, ...]:
    """The shape of a tensor that must be there, with so many axes."""
    shape = shapes.get(name)
    if shape is None:
        raise ModelError(f"the tensor {name} is missing")
    if len(shape) != rank:
        raise ModelError(f"the tensor {name} has the shape {tuple(shape)}; a StyleGAN2 has {rank} axes there")
    return shape

"""What the names and shapes of a StyleGAN2's tensors say of its architecture."""

import difflib
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


def mapping_widths_of(shapes: Shapes) -> tuple[int, ...]:
    """Width of each fully connected layer of the mapping."""
    widths: list[int] = []
    while (name := f"mapping.fc{len(widths)}.weight") in shapes:
        widths.append(shape_of(shapes, name, 2)[0])
    if not widths:
        raise ModelError("this is no StyleGAN2: it has no tensor mapping.fc0.weight")
    return tuple(widths)


def shape_of(shapes: Shapes, name: str, rank: int) -> tuple[int, ...]:
    """The shape of a tensor that must be there with so many sides."""
    shape = shapes.get(name)
    if shape is None:
        raise ModelError(f"the model has no tensor {name}")
    if len(shape) != rank:
        raise ModelError(f"the tensor {name} has the shape {_said(shape)}; expected {rank} sides")
    return shape


def compare(expected: Shapes, found: Shapes) -> None:
    """ModelError for the first tensor that is missing, has another shape, or belongs to nothing.

    Resampling filters that nothing uses are let pass: the public files carry them.
    """
    for name, shape in expected.items():
        if name not in found:
            raise ModelError(f"the model has no tensor {name}; expected one of {_said(shape)}")
        if tuple(found[name]) != shape:
            raise ModelError(f"the tensor {name} is {_said(found[name])}; the layers around it need {_said(shape)}")
    for name in found:
        if name not in expected and not name.endswith(".resample_filter"):
            near = difflib.get_close_matches(name, expected, n=1)
            hint = f" (the nearest is {near[0]})" if near else ""
            raise ModelError(f"the tensor {name}, {_said(found[name])}, fits nothing in a StyleGAN2{hint}")


def _said(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"

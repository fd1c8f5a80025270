"""The sizes of StyleGAN's mapping, from the shapes of its tensors and back."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Protocol

from engine.errors import ModelError
from engine.generator.spec import Shapes


class Mapped(Protocol):
    """What a specification says of its mapping.

    mapping : width of each fully connected layer
    embed_features : width of the class embedding; 0 without classes
    class_average : the average w is kept for each class
    """

    @property
    def z_dim(self) -> int: ...
    @property
    def w_dim(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def mapping(self) -> tuple[int, ...]: ...
    @property
    def embed_features(self) -> int: ...
    @property
    def class_average(self) -> bool: ...


def mapping_shapes(spec: Mapped) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a mapping, by its canonical name."""
    found: dict[str, tuple[int, ...]] = {}
    if spec.classes:
        found["mapping.embed.weight"] = (spec.embed_features, spec.classes)
        found["mapping.embed.bias"] = (spec.embed_features,)
    for i, (before, after) in enumerate(pairwise((spec.z_dim + spec.embed_features, *spec.mapping))):
        found[f"mapping.fc{i}.weight"] = (after, before)
        found[f"mapping.fc{i}.bias"] = (after,)
    found["mapping.w_avg"] = (spec.classes, spec.w_dim) if spec.class_average else (spec.w_dim,)
    return found


def mapping_sizes(shapes: Shapes) -> Mapping[str, Any]:
    """The fields of `Mapped` from canonical tensors. ModelError where a mapping lacks its first layer."""
    weights: list[tuple[int, ...]] = []
    while (shape := shapes.get(f"mapping.fc{len(weights)}.weight")) is not None:
        if len(shape) != 2:
            raise ModelError(f"the tensor mapping.fc{len(weights)}.weight has shape {tuple(shape)}; it needs two axes")
        weights.append(shape)
    if not weights:
        numbered = sorted(name for name in shapes if re.match(r"mapping\.fc\d+\.", name))
        found = f"; the first of its mapping is {numbered[0]}" if numbered else ""
        raise ModelError(f"the tensor mapping.fc0.weight is missing{found}")
    embed = shapes.get("mapping.embed.weight", (0, 0))
    if len(embed) != 2:
        raise ModelError(f"the tensor mapping.embed.weight has shape {tuple(embed)}; it needs two axes")
    return {
        "z_dim": weights[0][1] - embed[0],
        "w_dim": weights[-1][0],
        "classes": embed[1],
        "mapping": tuple(shape[0] for shape in weights),
        "embed_features": embed[0],
        "class_average": len(shapes.get("mapping.w_avg", ())) == 2,
    }

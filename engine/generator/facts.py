"""Numbers out of a stranger's JSON: each is what it should be, or a ModelError says what it is."""

import math
from collections.abc import Mapping
from typing import Any

from engine.errors import ModelError
from engine.generator.spec import Shapes, Spec


def whole(row: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """The whole number called `name`, within low..high."""
    value = given(row, name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ModelError(f"{name} is {shown(value)}; allowed is a whole number from {low} to {high}")
    return value


def real(row: Mapping[str, Any], name: str, low: float, high: float) -> float:
    """The finite number called `name`, within low..high."""
    value = given(row, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ModelError(f"{name} is {shown(value)}; allowed is a number from {low:g} to {high:g}")
    return float(value)


def listed(row: Mapping[str, Any], name: str, low: int, high: int) -> list[Any]:
    """The list called `name`, of low..high entries."""
    value = given(row, name)
    if not isinstance(value, list) or not low <= len(value) <= high:
        size = f"a list of {len(value)}" if isinstance(value, list) else shown(value)
        raise ModelError(f"{name} is {size}; allowed is a list of {low} to {high} entries")
    return value


def given(row: Mapping[str, Any], name: str) -> Any:
    """What is called `name`, whatever it is."""
    if name not in row:
        raise ModelError(f"{name} is missing")
    return row[name]


def only(row: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """ModelError for a name that means nothing."""
    for name in row:
        if name not in names:
            raise ModelError(f"{shown(name)} means nothing here; there are: {', '.join(names)}")


def same_tensors(spec: Spec, shapes: Shapes) -> None:
    """ModelError naming the first tensor that is missing, has another shape, or belongs to no part of this model."""
    wanted = spec.shapes()
    for name, shape in wanted.items():
        if name not in shapes:
            raise ModelError(f"the tensor {name} is missing; this {spec.family} needs it with shape {shape}")
        if tuple(shapes[name]) != shape:
            raise ModelError(f"the tensor {name} has shape {tuple(shapes[name])}; this {spec.family} needs {shape}")
    for name in shapes:
        if name not in wanted:
            raise ModelError(f"the tensor {shown(name)} {tuple(shapes[name])} belongs to no part of this {spec.family}")


def native_only(spec: Spec, width: int, height: int) -> None:
    """ModelError for any size but the model's own."""
    if (width, height) != (spec.width, spec.height):
        raise ModelError(
            f"this {spec.family} draws at {spec.width}x{spec.height} only, not {width}x{height}; "
            "leave [generator] size out: the stage scales"
        )


def thirds(count: int) -> tuple[int, int]:
    """Where the middle and the fine third of so many layers begin."""
    return math.ceil(count / 3), math.ceil(2 * count / 3)


def shown(value: Any) -> str:
    """A value as a message shows it, short whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return "a huge number"
    if isinstance(value, (dict, list, tuple, set)):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""The compasses of a show: from its tables to sorted examples, in the axes in which they are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.complaints import Where
from engine.errors import EngineError, ModelError, ShowError
from engine.generator.base import ModelInfo
from engine.latent.bank import check_name
from engine.latent.compass import Axes
from engine.latent.compasses import CompassSpec, compass_controls, direction_of
from engine.latent.directions import Direction, Directions
from engine.preset.examples import Example, check_apart, one_space, read_examples
from engine.preset.find import inside
from engine.tables import CompassTable, ShowTable

MOST = 16  # compasses of a show
UPRIGHT = 1e-3  # rows of a bank that are orthonormal so far are taken as they are


@dataclass(frozen=True, slots=True, eq=False)
class Compassed:
    """The compasses of a show, and its directions with theirs; aside : those whose examples are of another model."""

    specs: tuple[CompassSpec, ...]
    directions: Directions
    aside: tuple[str, ...] = ()


def compasses(
    path: Path, table: ShowTable, info: ModelInfo, directions: Directions, own: Directions, where: Where, vanish: bool
) -> Compassed:
    """Read and learn the compasses of a show. ShowError says which table cannot be read, and why.

    own : the model's own directions, whose span they compare in where a table names no bank
    vanish : a compass that does not fit the model is set aside
    """
    if len(table.compass) > MOST:
        raise ShowError(f"{where('compass', MOST)}: {len(table.compass)} compasses; at most {MOST}")
    specs: list[CompassSpec] = []
    aside: list[str] = []
    learned = Directions()
    for i, row in enumerate(table.compass):
        at = where("compass", i)
        if row.name in (*directions.names, *(spec.name for spec in specs), *aside):
            raise ShowError(f'{at}: a direction is called "{row.name}" already; give the compass another name')
        try:
            spec = _spec(path, row, info, own, table.motion.geometry)
            learned = learned.merged(Directions((direction_of(spec, info),)).check(info))
            specs.append(spec)
        except EngineError as error:
            if not (vanish and isinstance(error, ModelError)):
                raise ShowError(f"{at}: {error}") from None
            aside.append(row.name)
    return Compassed(tuple(specs), directions.merged(learned), tuple(aside))


def told(show: str, model: str, aside: Sequence[str]) -> list[str]:
    """Which compasses are set aside, in a line for people."""
    return (
        [f"{show}: compasses sorted on another model than {model} are set aside: {', '.join(aside)}"] if aside else []
    )


def addresses(name: str, voices: int) -> set[str]:
    """Where a compass is played: what a show may ask for even while it is set aside."""
    played = {f"/{kind}/{name}" for kind in ("direction", "accent")}
    played |= {f"/voice/{n}{address}" for address in played for n in range(1, voices + 1)} if voices > 1 else set()
    return played | {control.address for control in compass_controls([name], voices)}


def axes_of(rows: Sequence[Direction], space: Literal["z", "w"], count: int) -> Axes:
    """The span of the first straight directions of a space. ModelError where there are none."""
    kept = [d for d in rows if d.space == space and d.curve is None][:count]
    if not kept:
        raise ModelError(f"no straight directions in {space} to compare places in; learn some with `learn components`")
    vectors = np.array([d.vector for d in kept])
    scale = np.array([1.0 if space == "z" else d.sigma for d in kept])
    middle = np.zeros(vectors.shape[1])
    if np.abs(vectors @ vectors.T - np.eye(len(kept))).max() < UPRIGHT:
        return Axes(vectors, middle, scale, tuple(d.layers for d in kept))
    _, lengths, upright = np.linalg.svd(scale[:, None] * vectors, full_matrices=False)
    held = lengths > 1e-6 * lengths[0]
    return Axes(upright[held], middle, np.ones(int(held.sum())) if space == "z" else lengths[held])


def _spec(path: Path, row: CompassTable, info: ModelInfo, own: Directions, geometry: str) -> CompassSpec:
    check_name(row.name, "[[compass]]")
    if row.components:
        bank = Directions.load(inside(path, row.components, "components")).check(info)
        space = bank.items[0].space
        axes = axes_of(bank.items, space, row.count)
    else:
        space = "z"
        if not any(d.space == "z" for d in own):
            raise ModelError(
                f"{info.name} has no directions of its own to compare places in; learn its components "
                "(`latenz learn components`) and name their bank: components = FILE"
            )
        axes = axes_of(own.items, space, row.count)
    if space == "z" and geometry == "flat":
        raise ShowError('it compares z, and geometry = "flat" has none; name a bank of components in w')
    more, less = (_pile(path, given, info) for given in (row.more, row.less))
    check_apart(more, less)
    ups, downs = (_array(pile, space, axes) for pile in (more, less))
    return CompassSpec(row.name, axes, ups, downs, space, row.layers, str(path))


def _pile(path: Path, given: str | tuple[str | int, ...], info: ModelInfo) -> list[Example]:
    """What a table names: one source or several; a number is a seed."""
    sources = (given,) if isinstance(given, str) else given
    return [example for source in sources if source != "" for example in read_examples(str(source), info, path.parent)]


def _array(pile: Sequence[Example], space: Literal["z", "w"], axes: Axes) -> NDArray[np.float64]:
    return one_space(pile, space) if pile else np.zeros((0, axes.rows.shape[1]))

"""Directions combine: their sum, one without what others do, one on other layers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.latent.directions import Direction

Array = NDArray[np.float64]


def summed(name: str, parts: Sequence[tuple[Direction, float]]) -> Direction:
    """A direction whose 1.0 moves each part by so many sigma at once. ModelError for parts of several kinds."""
    if not parts:
        raise ModelError(f'"{name}": a sum needs at least one direction')
    first = parts[0][0]
    for direction, _ in parts:
        _straight(direction)
        if (direction.space, direction.layers) != (first.space, first.layers):
            raise ModelError(
                f'"{name}": {first.name} moves {_where(first)}, {direction.name} {_where(direction)}; '
                "a sum needs directions of one space and the same layers"
            )
    way = np.sum([amount * d.sigma * d.vector for d, amount in parts], 0)
    length = float(np.linalg.norm(way))
    if length < 1e-9:
        raise ModelError(f'"{name}": the directions cancel each other')
    words = " ".join(f"{amount:+g} {d.name}" for d, amount in parts)
    return _made(first, name, way, length, f"sum: {words}")


def without(direction: Direction, others: Iterable[Direction]) -> Direction:
    """The part of a direction that is orthogonal to others: less of them comes along with it.

    In z every unit vector has a sigma of 1; in w sigma stays as it was: measure it again. Others that live in another
    space, or move no layer that it moves, take nothing away. ModelError when nothing is left.
    """
    _straight(direction)
    names, rows = [], []
    for other in others:
        if other.name != direction.name and other.space == direction.space and _meet(direction, other):
            names.append(other.name)
            rows.append(other.vector)
    if not rows:
        return direction
    basis = np.linalg.svd(np.array(rows), full_matrices=False)
    span = basis.Vh[basis.S > 1e-6 * basis.S[0]]
    way = direction.vector - span.T @ (span @ direction.vector)
    left = float(np.linalg.norm(way))
    if left < 0.05:
        raise ModelError(
            f'direction "{direction.name}": {100 * (1 - left * left):.0f} % of it lies along {", ".join(names)}; '
            "take it out along fewer directions"
        )
    method = f"{direction.method} without {', '.join(names)}".strip()
    return _made(direction, direction.name, way, direction.sigma, method)


def on_layers(direction: Direction, layers: Iterable[int]) -> Direction:
    """The same direction, moving these layers alone."""
    return replace(direction, layers=tuple(sorted(set(layers))), safe=None, pace=None)


def _made(like: Direction, name: str, vector: Array, sigma: float, method: str) -> Direction:
    """What was measured of the old one does not hold of the new one."""
    return replace(like, name=name, vector=vector, sigma=sigma, method=method, measures={}, safe=None, pace=None)


def _straight(direction: Direction) -> None:
    if direction.curve is not None:
        raise ModelError(f'direction "{direction.name}" bends; only straight directions can be combined')


def _meet(a: Direction, b: Direction) -> bool:
    return a.layers is None or b.layers is None or bool(set(a.layers) & set(b.layers))


def _where(direction: Direction) -> str:
    layers = "all layers" if direction.layers is None else f"layers {list(direction.layers)}"
    return f"{layers} in {direction.space}"

"""A child from its parents and its recipe: the same ones always give the same child, bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.studio.breed.cross import mixed, spliced
from engine.studio.breed.genome import Genome, of_w, of_z
from engine.studio.journey.drawing import Drawing
from engine.studio.journey.explore_noise import Neighbours
from engine.studio.latents import Along, Latents


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a child comes of its parents: crossed, then mutated, then moved along its genes.

    parents : their ids; weights : one for each, adding up to 1
    layers : for each layer of w the number of the parent that it is from; () for a mix
    mutation : 0..1 as `Neighbours` has it, in the direction that the seed draws; 0 is none
    genes : amounts along directions in sigma; bank, bank_sha256 : where they are from beside the model's own
    """

    parents: tuple[str, ...]
    weights: tuple[float, ...]
    cross: str = "mix"
    layers: tuple[int, ...] = ()
    mutation: float = 0.0
    seed: int = 0
    genes: tuple[tuple[str, float], ...] = ()
    bank: str = ""
    bank_sha256: str = ""


def born(parents: Sequence[Genome], recipe: Recipe, drawing: Drawing, along: Along | None = None) -> Genome:
    """The child.

    parents : in the order of the recipe's; along : its genes. ModelError for a gene in z from parents in w.
    """
    child = parents[0]
    if len(parents) > 1 and recipe.layers:
        child = spliced(parents, recipe.layers, drawing)
    elif len(parents) > 1:
        child = mixed(parents, np.array(recipe.weights), drawing)
    if recipe.mutation > 0.0:
        child = _mutated(child, recipe, drawing)
    return child if along is None else _moved(child, along, drawing)


def _mutated(child: Genome, recipe: Recipe, drawing: Drawing) -> Genome:
    """A neighbour; the bands of z are all turned the same way."""
    near = Neighbours(recipe.mutation, recipe.seed, lambda: drawing)
    if child.space == "w":
        return of_w(near.of(child.latent, range(1), child.classes)[0], child.classes)
    rows = child.banded(len(drawing.info.bands))
    return of_z(np.array([near.of(row, range(1))[0] for row in rows]), child.classes)


def _moved(child: Genome, along: Along, drawing: Drawing) -> Genome:
    """The child with its genes, as a show that stands still at psi 1 plays them."""
    moved = along.from_(Latents(child.space, child.latent[None].astype(np.float64)))
    if moved.space == "z":
        child = of_z(np.atleast_2d(moved.array[0]), child.classes)
    if not along.moves_w:
        return child
    return of_w(along.on_w(child.w(drawing, 1.0)[None])[0], child.classes)

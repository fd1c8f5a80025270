"""Crossing: what children take from two or more parents, as a mean of them all or layer by layer."""

from collections.abc import Sequence

import numpy as np

from engine.generator.base import ModelInfo
from engine.latent import sphere
from engine.studio.breed.genome import Genome, of_w, of_z
from engine.studio.journey.drawing import Drawing
from engine.studio.pace import Array

KINDS = ("mix", "bands", "layers", "each")
_ROUNDS, _NEAR = 100, 1e-13
_TRIES = 32  # to draw more than one parent by lot


def mean_on_shell(points: Array, weights: Array) -> Array:
    """The weighted mean (d,) of points (n, d): the direction is the spherical average, the length geometric.

    The spherical average is the point whose squared angles to all others, weighted, are least (Buss and Fillmore,
    "Spherical averages", 2001, algorithm A1); of two points it is slerp. weights : (n,), add up to 1
    """
    lengths = sphere.norm(points)[:, 0]
    if not (lengths > 0.0).all():
        return np.asarray(weights @ points)
    units = points / lengths[:, None]
    mean = weights @ units
    mean = sphere.normalise(mean) if sphere.norm(mean)[0] > 1e-6 else units[int(weights.argmax())]
    for _ in range(_ROUNDS):
        step = weights @ sphere.log(mean, units)
        mean = sphere.exp(mean, step)
        if sphere.norm(step)[0] < _NEAR:
            break
    return np.asarray(mean * np.exp(weights @ np.log(lengths)))


def mixed(parents: Sequence[Genome], weights: Array, drawing: Drawing) -> Genome:
    """A weighted mean of all: on the shell for z, band by band; straight for w, if one parent is there."""
    classes = _classes(parents, weights)
    if all(parent.space == "z" for parent in parents):
        bands = len(drawing.info.bands)
        rows = np.stack([parent.banded(bands) for parent in parents], 1)
        if (rows == rows[:, :1]).all():
            return of_z(rows[:, 0], classes)
        return of_z(np.array([mean_on_shell(points, weights) for points in rows]), classes)
    return of_w(np.einsum("n,nld->ld", weights, _in_w(parents, drawing)), classes)


def spliced(parents: Sequence[Genome], layers: Sequence[int], drawing: Drawing) -> Genome:
    """Each layer of w from the parent that `layers` (num_ws,) names.

    Where every band is of one parent, all are z and of the same classes, the child stays in z, a row for each band: so
    its genes can be moved on.
    """
    own = np.array(layers, np.intp)
    classes = _classes(parents, np.bincount(own, minlength=len(parents)) / len(own))
    by_band = [own[band.first : band.last] for band in drawing.info.bands]
    in_z = all(parent.space == "z" for parent in parents) and len({_bytes(parent) for parent in parents}) == 1
    if in_z and all((one == one[0]).all() for one in by_band):
        rows = [parents[one[0]].banded(len(by_band))[i] for i, one in enumerate(by_band)]
        return of_z(np.array(rows), parents[0].classes)
    return of_w(_in_w(parents, drawing)[own, np.arange(len(own))], classes)


def draw_layers(kind: str, info: ModelInfo, weights: Array, random: np.random.RandomState) -> tuple[int, ...]:
    """Which parent each layer of w is from, by lot; parents of more weight are drawn more often.

    kind : "bands" each of the model's bands is one parent's; "layers" stretches of layers between cuts anywhere, a cut
    less than there are parents (Karras et al. 2019 mix styles so, with one); "each" each layer by itself
    """
    count = info.num_ws
    if kind == "layers":
        cuts = np.sort(random.permutation(count - 1)[: len(weights) - 1] + 1)
        stretches = np.split(np.arange(count), cuts)
    elif kind == "bands":
        stretches = [np.arange(band.first, band.last) for band in info.bands]
    else:
        stretches = [np.array([layer]) for layer in range(count)]
    lots = [0] * len(stretches)
    for _ in range(_TRIES):
        lots = _lots(len(stretches), weights, random, kind == "layers")
        if len(set(lots)) > 1:
            break
    found = np.zeros(count, np.intp)
    for layers, lot in zip(stretches, lots, strict=True):
        found[layers] = lot
    return tuple(found.tolist())


def _lots(count: int, weights: Array, random: np.random.RandomState, other: bool) -> list[int]:
    """Numbers of parents by lot. other : no two the same behind one another, where there are others to draw."""
    found: list[int] = []
    for _ in range(count):
        odds = weights.copy()
        if other and found and weights.sum() > weights[found[-1]]:
            odds[found[-1]] = 0.0
        found.append(int(random.choice(len(odds), p=odds / odds.sum())))
    return found


def _in_w(parents: Sequence[Genome], drawing: Drawing) -> Array:
    return np.array([parent.w(drawing, 1.0) for parent in parents], np.float64)


def _bytes(parent: Genome) -> bytes:
    return b"" if parent.classes is None else parent.classes.tobytes()


def _classes(parents: Sequence[Genome], weights: Array) -> Array | None:
    """Class weights, mixed."""
    if parents[0].classes is None:
        return None
    if len({_bytes(parent) for parent in parents}) == 1:
        return parents[0].classes
    return np.asarray(sum(weight * np.asarray(p.classes) for weight, p in zip(weights, parents, strict=True)))

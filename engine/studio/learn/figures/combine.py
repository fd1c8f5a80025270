"""What orthogonalising and adding up do to directions, judged by the factors of the tulip themselves.

Five directions are learned as they come out in life: from piles of pictures in which something else leans with what was
meant. 24 and 24 pictures of 2,048 are sorted into each, by the wanted factor plus 0.6 of another one; those of size by
their measured `object_size`, which an open flower has more of too. Whoever sorts sees the factors, as people see a
flower; what learns sees the piles alone. Then each is made orthogonal to compasses of the other 18 factors, which are
learned from 24 and 24 sorted pictures each as well. The true rows alone judge: the change of
the wanted factor over the largest change of another one.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from engine.generator.catalog import model_directions
from engine.latent.combine import summed, without
from engine.latent.compass import learn
from engine.latent.directions import Direction
from engine.studio.figures import Bar, Row
from engine.studio.learn.compass import Compared, compared_in
from engine.studio.learn.measures import MEASURES
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import Tell

Array = NDArray[np.float64]

MODEL = "tulip"
POOL, DRAWN = 2_048, 768  # places to sort; of them those that are drawn, for what is measured in pictures
SIDE = 48  # pixels of those
PILE = 24
LEAN = 0.6
LEANS = {"bloom": "hue", "stripes": "saturation", "hue": "value", "sway": "light"}  # what leans with what was meant
SIZE = "zoom"  # the factor of size; sorted by what is measured
APART, KEPT = 5.0, 0.8
CHANGE = "combine: wanted change over the largest other one (beside: before orthogonalising)"
SHARE = "combine: share of its own effect that each of two keeps in their sum"


def rows(seed: int, threads: int, tell: Tell, drawn: int = DRAWN) -> list[Row]:
    """Wanted change over the largest unwanted one, before and after orthogonalising; what two keep when added up."""
    truth = model_directions(MODEL)
    subject = Subject(MODEL, SIDE, threads)
    tell("finding axes", 0, 3)
    compared = compared_in(subject, "z", len(truth), 0, seed)
    z = np.random.RandomState((seed + 1) % 2**32).randn(POOL, subject.info.z_dim)
    factors = np.array([d.vector for d in truth])
    x = z @ factors.T
    sorted_by = {name: x[:, i] for i, name in enumerate(truth.names)}
    others = [_learned(name, z, score, compared) for name, score in sorted_by.items()]
    tell("measuring sizes", 1, 3)
    leaning = [_learned(name, z, sorted_by[name] + LEAN * sorted_by[to], compared) for name, to in LEANS.items()]
    leaning.insert(3, _learned(SIZE, z[:drawn], _sizes(subject, z[:drawn]), compared))
    tell("judging", 2, 3)
    clean = [without(direction, others) for direction in leaning]
    found = [
        Row(CHANGE, "size" if after.name == SIZE else after.name,
            _apart(after, truth.names, factors), Bar(low=APART), _apart(before, truth.names, factors), "x")
        for before, after in zip(leaning, clean, strict=True)
    ]  # fmt: skip
    kept = min(_kept(pair, truth.names, factors) for pair in combinations(clean, 2))
    return [
        *found,
        Row(SHARE, "worst pair", kept, Bar(low=KEPT)),
    ]


def _learned(name: str, z: Array, score: Array, compared: Compared) -> Direction:
    """A compass between the ends of a pool that was sorted by a score."""
    order = np.argsort(score)
    return Direction(name, learn(z[order[-PILE:]], z[order[:PILE]], compared.axes).vector)


def _sizes(subject: Subject, z: Array) -> Array:
    import torch

    with torch.inference_mode():
        pictures = subject.pictures(subject.w(Sample(torch.from_numpy(z.astype(np.float32)))))
        return np.asarray(MEASURES["object_size"].of(pictures).double().numpy())


def _apart(direction: Direction, names: tuple[str, ...], factors: Array) -> float:
    change = factors @ direction.vector
    wanted = names.index(direction.name)
    return float(change[wanted] / np.abs(np.delete(change, wanted)).max())


def _kept(pair: tuple[Direction, ...], names: tuple[str, ...], factors: Array) -> float:
    both = summed("both", [(direction, 1.0) for direction in pair])
    change = factors @ (both.sigma * both.vector)
    own = [(names.index(d.name), d.sigma * factors[names.index(d.name)] @ d.vector) for d in pair]
    return float(min(change[i] / effect for i, effect in own))

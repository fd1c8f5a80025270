"""Figures of components: whether other places give the same ones, whether they are true, whether they show."""

import numpy as np
import torch

from engine.generator.catalog import model_directions
from engine.studio.figures import Bar, Row
from engine.studio.learn.components import component_space
from engine.studio.learn.perceived import distance, seen
from engine.studio.learn.space import Array, Space, seed_of
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell

MODEL = "tulip"
FIRST = 10  # components that are compared
MANY, USUAL = 1_000_000, 100_000  # places in all: as many as GANSpace's authors took, and as many as are usual here
GRADIENTS = 4_000
SHOWN = 16  # places at which weights are judged
ALPHA = 3.0  # in w: the end of the range in the released code of SeFa


def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
    """All of them, on the tulip, at places of this seed and of seeds made from it."""
    subject = Subject(MODEL, threads=threads)
    return [*_halves(subject, seed, tell), *_active(subject, seed, tell), *_sefa(subject, seed, tell)]


def _halves(subject: Subject, seed: int, tell: Tell) -> list[Row]:
    found: list[Row] = []
    spaces: list[Space] = []
    for i, (places, bar) in enumerate(((USUAL, None), (MANY, Bar(low=0.98)))):
        pair = []
        for half in range(2):
            tell("components of halves", 2 * i + half, 4)
            pair.append(component_space(subject, "w", FIRST, places // 2, seed_of(seed, places, half)))
        cosine = np.abs((pair[0].basis * pair[1].basis).sum(1)).min()
        of = f"least of the first {FIRST}, halves of {places:,} places"
        found.append(Row("components: cosine between two halves", of, float(cosine), bar))
        spaces.append(pair[0])
    few, many = (space.share.sum() for space in spaces)
    stable = float(abs(few / many - 1)) * 100
    found.append(Row("components: explained variance, change", f"first {FIRST}, half of {USUAL:,} to half of {MANY:,} "
                     "places", stable, Bar(high=1.0), unit="%"))  # fmt: skip
    found.append(Row("components: explained variance", f"first {FIRST} of w", float(many) * 100, unit="%"))
    return found


def _active(subject: Subject, seed: int, tell: Tell) -> list[Row]:
    """The tulip's factors are rows of z: the subspace that matters is known."""
    truth = np.array([direction.vector for direction in model_directions(MODEL)])
    pair = []
    for half in range(2):
        tell("active subspace", half, 2)
        pair.append(component_space(subject, "z", 2 * len(truth), GRADIENTS // 2, seed_of(seed, 2, half)))
    return [
        Row("components: dimensions of z that matter", f"{len(truth)} are true", float(len(pair[0])),
            Bar(len(truth), len(truth))),
        Row("components: largest angle between subspaces of z", "found and true", _angle_deg(pair[0].basis, truth),
            Bar(high=1.0), unit="degrees"),
        Row("components: largest angle between subspaces of z", "the first 10, two halves of "
            f"{GRADIENTS:,} places", _angle_deg(pair[0].basis[:FIRST], pair[1].basis[:FIRST]), unit="degrees"),
    ]  # fmt: skip


def _sefa(subject: Subject, seed: int, tell: Tell) -> list[Row]:
    space = component_space(subject, "sefa", subject.info.w_dim, 2_000, seed_of(seed, 3))
    w = subject.w(subject.sample(SHOWN, seed_of(seed, 4)))
    still = seen(subject.pictures(w))
    change = []
    for i, way in enumerate([*space.basis[:FIRST], *space.basis[-FIRST:]]):
        tell("weights' directions", i, 2 * FIRST)
        step = torch.from_numpy((ALPHA * way).astype(np.float32)).to(w.device)
        moved = [distance(seen(subject.pictures(w + sign * step)), still).mean() for sign in (-1, 1)]
        change.append(float(torch.stack(moved).mean()))
    top, bottom = np.mean(change[:FIRST]), np.mean(change[FIRST:])
    of = f"first {FIRST} over last {FIRST}, {ALPHA:g} in w either way"
    return [Row("components: visible change along SeFa's", of, float(top / bottom), Bar(low=3.0), unit="times")]


def _angle_deg(a: Array, b: Array) -> float:
    """The largest principal angle between the spans of orthonormal rows, from its sine, which small angles need."""
    apart = b - (b @ a.T) @ a
    return float(np.degrees(np.arcsin(np.linalg.norm(apart, 2).clip(0.0, 1.0))))

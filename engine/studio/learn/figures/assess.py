"""Figures of assess: whether a score follows what is asked of it, at places that nothing was learned from."""

import numpy as np

from engine.studio.figures import Bar, Row
from engine.studio.learn.assess import Asked, assess
from engine.studio.learn.assessed import Assessed, learned
from engine.studio.learn.assessors import wish
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet

MODEL = "tulip"
JUDGED = ("brightness", "colourfulness", "redness", "object_size")
TOLD = ("symmetry",)  # without a bar: what leans left and what leans right become symmetric in opposite ways
FREE = "brightness"


def rows(seed: int, threads: int, tell: Tell = quiet) -> list[Row]:
    """Each score's slope on alpha within the range, how straight and how monotone, and chance; on the tulip."""
    subject, asked = Subject(MODEL, threads=threads), Asked(seed=seed)
    found: list[Row] = []
    for i, name in enumerate((*JUDGED, *TOLD)):
        tell(f"assess: {name}", i, len(JUDGED) + len(TOLD) + 1)
        (one,) = learned(subject, [wish(name)], asked)
        found.extend(_rows(name, one, judged=name in JUDGED))
    tell("assess: by differences", len(JUDGED) + len(TOLD), len(JUDGED) + len(TOLD) + 1)
    return [*found, _gradient_free(subject, asked)]


def _rows(name: str, one: Assessed, judged: bool) -> list[Row]:
    seen = one.followed
    table = (
        ("assess: slope of score on alpha", seen.slope, Bar(0.8, 1.2)),
        ("assess: R2, mean over places", seen.r2, Bar(low=0.9)),
        ("assess: monotone places", seen.monotone, Bar(low=0.9)),
        ("assess: slope along directions of chance", one.chance, Bar(high=0.05)),
        ("assess: deviations for a sigma", one.direction.measures["deviations"], None),
    )
    return [Row(measure, name, value, bar if judged else None) for measure, value, bar in table]


def _gradient_free(subject: Subject, asked: Asked) -> Row:
    """The cosine of what is learned with and without gradients."""
    wishes = [wish(FREE)]
    ways = []
    for free in (False, True):
        theta = assess(subject, wishes, _quick(asked, free)).theta[0]
        ways.append(theta / np.linalg.norm(theta))
    return Row("assess: gradient-free, cosine with the other", FREE, float(ways[0] @ ways[1]), Bar(low=0.9))


def _quick(asked: Asked, free: bool) -> Asked:
    return Asked(asked.move, asked.reach, asked.places, asked.steps // 2, seed=asked.seed, gradient_free=free)

"""Figures of assess: whether a score follows what is asked of it, at places that nothing was learned from."""

import time
from dataclasses import replace

from engine.studio.figures import Bar, Row
from engine.studio.learn.assess import Asked
from engine.studio.learn.assessed import Assessed, learned
from engine.studio.learn.assessors import wish
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet

MODEL = "tulip"
JUDGED = ("brightness", "colourfulness", "redness", "object_size")
TOLD = ("symmetry",)  # without a bar: what leans left and what leans right become symmetric in opposite ways
FREE = "brightness"
CHANCES = 96  # directions: of fewer, chance itself is known too badly to be judged
SOON_S = Bar(high=600.0)


def rows(seed: int, threads: int, tell: Tell = quiet) -> list[Row]:
    """Each score's slope on alpha within the range, how straight and how monotone, and chance; on the tulip."""
    subject, asked = Subject(MODEL, threads=threads), Asked(seed=seed, chances=CHANCES)
    found: list[Row] = []
    took_s = 0.0
    for i, name in enumerate((*JUDGED, *TOLD)):
        tell(f"assess: {name}", i, len(JUDGED) + len(TOLD) + 1)
        begun_s = time.perf_counter()
        (one,) = learned(subject, [wish(name)], asked)
        took_s = max(took_s, time.perf_counter() - begun_s)
        found.extend(_rows(name, one, judged=name in JUDGED))
    tell("assess: by differences", len(JUDGED) + len(TOLD), len(JUDGED) + len(TOLD) + 1)
    (one,) = learned(subject, [wish(FREE)], replace(asked, gradient_free=True))
    found.append(
        Row("assess: time to learn and judge", f"the slowest score, {threads} threads", took_s, SOON_S, unit="s")
    )
    return [*found, *_rows(f"{FREE}, by differences, without gradients", one, judged=True)]


def _rows(name: str, one: Assessed, judged: bool) -> list[Row]:
    seen = one.followed
    table = (
        ("assess: slope of score on alpha", seen.slope, Bar(0.8, 1.2)),
        ("assess: R2, mean over places", seen.r2, Bar(low=0.9)),
        ("assess: places in order (Spearman's rho at least 0.95)", seen.monotone, Bar(low=0.9)),
        ("assess: slope along directions of chance", one.chance, Bar(high=0.05)),
        ("assess: deviations for a sigma", one.direction.measures["deviations"], None),
    )
    return [Row(measure, name, value, bar if judged else None) for measure, value, bar in table]

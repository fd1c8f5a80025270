"""What a compass must show: on the tulip, whose factors are known, sorted by the factor itself."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.generator.catalog import model_directions
from engine.latent.compass import Axes, Found, Method, learn
from engine.studio.figures import Bar, Row
from engine.studio.learn.compass import COUNT, compared_in
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell

Array = NDArray[np.float64]

EACH = 6  # examples a side
POOL = 200  # places that they are picked from
DRAWS = 5
JUDGED = 1_000  # places that no draw has seen
PICTURES = 1_000
FACTORS = ("bloom", "curl", "zoom", "sway", "light", "hue", "saturation", "stripes")
MOVED = ("stripes", "hue", "light", "sway")  # learned on buds, used on open flowers


@dataclass(frozen=True, slots=True)
class _Judged:
    """One compass against the truth."""

    cosine: float
    accuracy: float  # at places that it was not learned from
    left_out: float  # its own word for that


def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
    """A compass is learned from 6 + 6 extremes of a pool of 200, picked by the true factor, in 20 components of z."""
    subject = Subject("tulip", 64, threads)
    truth = {d.name: d.vector for d in model_directions("tulip")}
    tell("compass: components of z", 0, 3)
    axes = compared_in(subject, "z", COUNT, seed=seed).axes
    raw = Axes(np.eye(subject.info.z_dim), np.zeros(subject.info.z_dim), np.ones(subject.info.z_dim))
    tell("compass: sorting", 1, 3)
    places = _places(subject, seed)
    found = {name: _all(places, truth, name, axes, "svm") for name in FACTORS}
    means = {name: _all(places, truth, name, axes, "means") for name in FACTORS}
    deep = [_all(places, truth, name, raw, "means") for name in FACTORS]
    told = [
        Row("compass: cosine with the true factor", "mean", _mean(found.values(), "cosine"), Bar(0.82),
            _mean(means.values(), "cosine")),
        Row("compass: accuracy at places held out", "mean", _mean(found.values(), "accuracy"), Bar(0.84),
            _mean(means.values(), "accuracy")),
        Row("compass: accuracy, each example left out", "mean", _mean(found.values(), "left_out"), None,
            _mean(means.values(), "left_out")),
        Row("compass: cosine without components", "512 numbers of z", _mean(deep, "cosine")),
    ]  # fmt: skip
    for name in FACTORS:
        told.append(Row("compass: cosine with the true factor", name, _mean([found[name]], "cosine"), None,
                        _mean([means[name]], "cosine")))  # fmt: skip
    told += [_moved(places, truth, name, axes) for name in MOVED]
    told.append(Row("compass: time to learn 6 + 6", "with its judging", _time_s(places, truth, axes), Bar(high=1.0),
                    unit="s"))  # fmt: skip
    tell("compass: 1,000 pictures", 2, 3)
    begun = time.perf_counter()
    subject.pictures(subject.w(subject.sample(PICTURES, seed)))
    told.append(Row("compass: time to draw 1,000 pictures", f"64 px, {threads} threads", time.perf_counter() - begun,
                    Bar(high=60.0), unit="s"))  # fmt: skip
    return told


def _all(places: "_Places", truth: dict[str, Array], name: str, axes: Axes, method: Method) -> list[_Judged]:
    """All draws of one factor."""
    held = places.held
    return [_judged(_sorted(pool, truth[name], axes, method), truth[name], axes, held) for pool in places.pools]


def _moved(places: "_Places", truth: dict[str, Array], name: str, axes: Axes) -> Row:
    """Sorted among buds alone, judged at open flowers alone: bloom below and above its median."""
    bloom = truth["bloom"]
    judged = []
    for pool in places.wide:
        buds = pool[pool @ bloom < 0.0][:POOL]
        opened = places.held[places.held @ bloom > 0.0]
        judged.append(_judged(_sorted(buds, truth[name], axes, "svm"), truth[name], axes, opened).accuracy)
    return Row("compass: learned on buds, accuracy at open flowers", name, float(np.mean(judged)), Bar(0.75))


def _sorted(pool: Array, factor: Array, axes: Axes, method: Method) -> Found:
    """From the extremes of a pool."""
    order = np.argsort(pool @ factor)
    return learn(pool[order[-EACH:]], pool[order[:EACH]], axes, method)


def _judged(found: Found, factor: Array, axes: Axes, places: Array) -> _Judged:
    right = (found.score(axes, places) > 0.0) == (places @ factor > 0.0)
    more = places @ factor > 0.0
    balanced = (right[more].mean() + right[~more].mean()) / 2.0
    return _Judged(float(found.vector @ factor), float(balanced), found.accuracy)


def _time_s(places: "_Places", truth: dict[str, Array], axes: Axes) -> float:
    """The slowest of the draws."""
    took = []
    for pool in places.pools:
        begun = time.perf_counter()
        _sorted(pool, truth["bloom"], axes, "svm")
        took.append(time.perf_counter() - begun)
    return max(took)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """z of pools to pick from, of wider ones with as many buds in them, and of places that no compass has seen."""

    pools: tuple[Array, ...]
    wide: tuple[Array, ...]
    held: Array


def _places(subject: Subject, seed: int) -> _Places:
    def drawn(count: int, number: int) -> Array:
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        return np.asarray(subject.sample(count, own).z.cpu().numpy(), np.float64)

    return _Places(
        tuple(drawn(POOL, i) for i in range(DRAWS)),
        tuple(drawn(3 * POOL, 100 + i) for i in range(DRAWS)),
        drawn(JUDGED, 1_000),
    )


def _mean(judged: Iterable[list[_Judged]], what: str) -> float:
    return float(np.mean([getattr(one, what) for draws in judged for one in draws]))

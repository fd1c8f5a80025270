"""Keys become a trajectory: on springs, along great circles, along a smooth curve, or at a constant pace to the eye."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.paths import check_output
from engine.studio.journey.drawing import info_of
from engine.studio.journey.moved import is_there
from engine.studio.journey.pair import Pair, PairWriter, check_place, open_pair
from engine.studio.journey.smooth_keys import keys_of
from engine.studio.journey.smooth_trace import Trace
from engine.studio.journey.sprung import Pull, by_spring
from engine.studio.journey.timeline import Mark
from engine.studio.journey.trajectories import Keys, by_curve, by_slerp
from engine.studio.learn.work import Tell, quiet
from engine.studio.pace import Block, Evened
from engine.studio.strip import Curve, draw_sheet

Way = Literal["spring", "slerp", "curve", "pace"]
WAYS: tuple[Way, ...] = ("spring", "slerp", "curve", "pace")
FASTEST_HZ, LEAST_DAMPING, MOST_DAMPING = 1000.0, 0.05, 10.0


@dataclass(frozen=True, slots=True)
class Smooth:
    """What is asked for.

    keys, leg_s, seconds : as `smooth_keys.keys_of` takes them; fps : None is the sequence's own
    model : that paces, and that a sequence without a `.json` is of; None is the one that the `.json` names
    strips : a PNG of the trajectory beside great circles past the same keys
    side, class_ : of the pictures that pace looks at
    proxy : a video is drawn afterwards, and replaces what has its name
    psi : that the trajectory is drawn with from now on; None is the sequence's own
    """

    source: Path
    out: Path
    way: Way = "spring"
    keys: str = "runs"
    leg_s: float | None = None
    seconds: float | None = None
    fps: Fraction | None = None
    closed: bool = False
    pull: Pull = field(default_factory=Pull)
    model: str | None = None
    strips: Path | None = None
    side: int = 64
    class_: int | None = None
    threads: int = 2
    device: str = "cpu"
    proxy: bool = False
    psi: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """What came of it.

    kink, kink_slerp : the largest change of velocity from one frame to the next, here and along great circles
    unit : of both
    pace : what is seen of each frame before and after it was paced
    """

    pair: Pair
    keys: int
    kink: float
    kink_slerp: float
    unit: str
    pace: Evened | None = None


def smooth(wanted: Smooth, tell: Tell = quiet) -> Smoothed:
    """Write the trajectory as a sequence; its proxy is for `film` to draw. Memory does not grow with its length, but
    for a few numbers a frame. InputError for what cannot be.
    """
    _check(wanted)
    pair = open_pair(wanted.source, wanted.fps).check_finite()
    model = wanted.model or pair.facts.model
    if wanted.way == "pace" and not model:
        raise InputError(f"{pair.path}: no .json beside it names a model to look at; give --model M")
    info = None
    if model and (wanted.way == "pace" or wanted.model or is_there(model)):
        info = info_of(model)
        pair.check(info)
    fps = wanted.fps or pair.facts.fps
    keys = keys_of(
        pair, wanted.keys, leg_s=wanted.leg_s, seconds=wanted.seconds, fps=float(fps), closed=wanted.closed
    )  # fmt: skip
    pace = _paced(wanted, model, keys, tell) if wanted.way == "pace" else None
    facts = replace(
        pair.facts, fps=fps, model=model, made=f"smooth {pair.path.name} --way {wanted.way}", proxy="", digest="",
        model_hash=pair.facts.model_hash or (info.hash if info else ""), marks=_marks(pair, keys, wanted.keys, pace),
        snapshots=pair.facts.snapshots if model == pair.facts.model else (),
        psi=pair.facts.psi if wanted.psi is None else wanted.psi,
    )  # fmt: skip
    own, plain = Trace(keys.count, float(fps)), Trace(keys.count, float(fps))
    classes = 0 if pair.classes is None else pair.classes.shape[1]
    with PairWriter(wanted.out, pair.rows.shape[1:], keys.count, facts, classes, wanted.proxy) as writer:
        done = 0
        for rows, weights in _blocks(wanted, keys, float(fps), pace):
            own.add(rows)
            writer.write(rows, weights)
            done += len(rows)
            tell("going from key to key", done, keys.count)
        for rows, _ in by_slerp(keys):
            plain.add(rows)
        if wanted.strips is not None:
            _draw(wanted, own, plain, pace, wanted.strips)
        made = writer.close()
    unit = "degrees/s" if pair.space == "z" else "of w a second"
    return Smoothed(made, len(keys), _most(own.turns), _most(plain.turns), unit, pace)


def _blocks(wanted: Smooth, keys: Keys, fps: float, pace: Evened | None) -> Iterator[Block]:
    if pace is not None:
        from engine.studio.journey.paced import blocks_along

        return blocks_along(keys, pace.at)
    ways: dict[Way, Callable[[], Iterator[Block]]] = {
        "spring": lambda: by_spring(keys, fps, wanted.pull),
        "slerp": lambda: by_slerp(keys),
        "curve": lambda: by_curve(keys),
    }
    return ways[wanted.way]()


def _paced(wanted: Smooth, model: str, keys: Keys, tell: Tell) -> Evened:
    from engine.studio.journey.paced import FEWEST, evened_along
    from engine.studio.learn.subject import Subject

    if keys.count < FEWEST:
        raise InputError(f"--way pace: {keys.count} frames; give at least {FEWEST}")
    classes = () if wanted.class_ is None else (wanted.class_,)
    return evened_along(Subject(model, wanted.side, wanted.threads, wanted.device, classes), keys, tell)


def _marks(pair: Pair, keys: Keys, which: str, pace: Evened | None) -> tuple[Mark, ...]:
    """Marks that stand on a key, or within its run, at the frame where it is passed first."""
    passed = keys.at if pace is None else np.array([int(np.abs(pace.at - i).argmin()) for i in range(len(keys))])
    found = []
    for mark in pair.facts.marks:
        i = _key_at(keys.numbers, mark.frame, which == "runs")
        if i is not None:
            found.append(replace(mark, frame=int(passed[i])))
    return tuple(sorted(found, key=lambda mark: mark.frame))


def _key_at(numbers: NDArray[np.intp], frame: int, within: bool) -> int | None:
    if within:
        return int(np.searchsorted(numbers, frame, "right")) - 1
    same = np.flatnonzero(numbers == frame)
    return int(same[0]) if len(same) else None


def _check(wanted: Smooth) -> None:
    """InputError for what can be said before anything is read."""
    if wanted.way not in WAYS:
        raise InputError(f"--way {wanted.way}: give {', '.join(WAYS)}")
    hz, damping = wanted.pull.frequency_hz, wanted.pull.damping
    if hz is not None and not 0.0 < hz <= FASTEST_HZ:
        raise InputError(f"--frequency-hz {hz:g}: give more than 0, at most {FASTEST_HZ:g}")
    if not LEAST_DAMPING <= damping <= MOST_DAMPING:
        raise InputError(f"--damping {damping:g}: give {LEAST_DAMPING:g} to {MOST_DAMPING:g}; 1 is critical")
    if wanted.psi is not None and not 0.0 <= wanted.psi <= 2.0:
        raise InputError(f"--psi {wanted.psi:g}: give 0 to 2")
    check_place(wanted.out, [wanted.source], wanted.proxy)
    if wanted.strips is not None:
        if wanted.strips.suffix.lower() != ".png":
            raise InputError(f"--strips {wanted.strips}: a picture of strips is a .png; name one")
        check_output(wanted.strips)


def _most(values: NDArray[np.float64]) -> float:
    return float(values.max(initial=0.0))


def _draw(wanted: Smooth, own: Trace, plain: Trace, pace: Evened | None, out: Path) -> None:
    """Strips of great circles and of the trajectory, and how both move."""
    unit = "degrees a second" if own.of_z else "of w a second"
    name: str = wanted.way
    strips = [("slerp: constant speed from key to key", plain.columns), (f"{name}: {_said(wanted)}", own.columns)]
    plots = [
        (label, [Curve("slerp", a), Curve(name, b)])
        for label, a, b in (
            (f"speed, {unit}", plain.speeds, own.speeds),
            (f"change of velocity from frame to frame, {unit}", plain.turns, own.turns),
        )
    ]
    if pace is not None:
        plots[1] = (
            "what is seen to change from frame to frame",
            [Curve("slerp", pace.before), Curve(name, pace.after)],
        )
    draw_sheet(out, strips, plots)


def _said(wanted: Smooth) -> str:
    if wanted.way == "spring":
        hz = wanted.pull.frequency_hz
        pulls = "as quick as each leg needs" if hz is None else f"{hz:g} Hz"
        return f"each key draws in turn; {pulls}, damping {wanted.pull.damping:g}"
    return {"pace": "constant speed to the eye", "curve": "Catmull-Rom"}.get(wanted.way, "constant speed")

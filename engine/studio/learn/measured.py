"""Facts of many directions, measured one after the other, and kept when that is cut off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.latent.directions import Direction
from engine.latent.pace import Pace
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Stop, Tell, Work, never, quiet

Arrays = Mapping[str, NDArray[np.generic]]


def measured_each(
    subject: Subject, out: Path, directions: Sequence[Direction], measure: Callable[[Direction], Direction], *,
    seed: int = 0, tell: Tell = quiet, stop: Stop = never,
) -> list[Direction]:  # fmt: skip
    """Each direction with the sigma, pace and safe range that `measure` gives it.

    out : the bank that they are for; what was measured of the same directions is kept beside it until all are
    """
    asked = {"facts": subject.info.hash, "side": subject.side, "seed": seed, "of": [_told(d) for d in directions]}
    work = Work(out.with_name(f"{out.name}.facts"), asked, tell, stop)
    kept: dict[str, NDArray[np.generic]] = dict(work.found() or {})
    found = []
    for i, direction in enumerate(directions):
        tell(f"measuring {direction.name}", i, len(directions))
        if f"{i}/sigma" not in kept:
            kept.update({f"{i}/{name}": array for name, array in facts_of(measure(direction)).items()})
        found.append(with_facts_of(direction, {name: kept[f"{i}/{name}"] for name in NAMES}))
        work.keep(lambda: kept)
    work.done()
    return found


NAMES = ("sigma", "safe", "amounts", "arc")


def facts_of(direction: Direction) -> dict[str, NDArray[np.generic]]:
    """What is measured of a direction, as arrays; those that it lacks are empty."""
    none = np.zeros(0)
    return {
        "sigma": np.array([direction.sigma]),
        "safe": none if direction.safe is None else np.array(direction.safe),
        "amounts": none if direction.pace is None else np.array(direction.pace.amounts),
        "arc": none if direction.pace is None else np.array(direction.pace.arc),
    }


def with_facts_of(direction: Direction, facts: Arrays) -> Direction:
    """The direction with what `facts_of` gave."""
    ends = facts["safe"].tolist()
    amounts, arc = (np.asarray(facts[name], np.float64) for name in ("amounts", "arc"))
    return replace(
        direction, sigma=float(facts["sigma"].item()), safe=(ends[0], ends[1]) if ends else None,
        pace=Pace(amounts, arc) if len(arc) else None,
    )  # fmt: skip


def _told(direction: Direction) -> list[object]:
    d = direction
    return [d.name, d.space, d.vector.tolist(), d.sigma, d.layers, dict(d.measures)]

"""Figures of steering: five edits on the tulip, judged at places that nothing was learned from."""

import time

from engine.studio.figures import Bar, Row
from engine.studio.learn.edits import EDITS
from engine.studio.learn.response import Response
from engine.studio.learn.steer import Plan, steer
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet

SHARE, ERROR = Bar(low=0.9), Bar(high=0.7)
EDITED = ("zoom", "shift_x", "shift_y", "brightness", "hue")
COMPARED = "zoom"  # learned both ways
PLACES = 32
SOON_S = Bar(high=600.0)
FIT = 0.95  # of the places: a measure that does not see the edit itself at so many does not judge what the model does


def rows(seed: int = 0, threads: int = 2, tell: Tell = quiet) -> list[Row]:
    """How far the tulip follows five edits along ways that bend, in w, and what bending gains."""
    subject = Subject("tulip", threads=threads)
    bent = Plan(space="w", walk="curved", seed=seed)
    begun_s = time.perf_counter()
    found = {name: _learned(subject, name, bent, tell) for name in EDITED}
    took = Row("steer: time to learn and judge", f"all five, {threads} threads", time.perf_counter() - begun_s, SOON_S,
               unit="s")  # fmt: skip
    other = _learned(subject, COMPARED, Plan(seed=seed), tell)
    against = Row("steer: held-out masked error along a straight way in z", COMPARED, other.ratio)
    return [*(row for name in EDITED for row in _rows(name, found[name])), took, against]


def _learned(subject: Subject, name: str, plan: Plan, tell: Tell) -> Response:
    return steer(subject, [EDITS[name]], plan, places=PLACES, tell=tell)[0].response


def _rows(name: str, found: Response) -> list[Row]:
    """Spearman's rho twice: of the alpha whose edited picture comes nearest, and of an independent measure, where it
    sees the edit itself (beside)."""
    measure, unit = EDITS[name].measure, EDITS[name].unit
    low, high = found.limits
    fit = found.edited_share >= FIT
    return [
        Row("steer: places where Spearman's rho of asked and done is at least 0.95", name, found.share, SHARE),
        Row(f"steer: the same by the measure {measure} (beside: of the edit itself)", name, found.measured_share,
            SHARE if fit else None, found.edited_share),
        Row("steer: held-out masked error against doing nothing", name, found.ratio, ERROR),
        Row("steer: done for each unit asked, in the middle", name, found.gain),
        Row("steer: follows down to", name, low, unit=unit),
        Row("steer: follows up to", name, high, unit=unit),
    ]  # fmt: skip

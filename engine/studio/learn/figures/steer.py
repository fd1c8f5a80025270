"""Figures of steering: five edits on the tulip, judged at places that nothing was learned from."""

from dataclasses import replace

from engine.studio.figures import Bar, Row
from engine.studio.learn.edits import EDITS
from engine.studio.learn.response import Response
from engine.studio.learn.steer import Plan, steer
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet

SHARE, ERROR = Bar(low=0.9), Bar(high=0.7)
STRAIGHT = ("zoom", "brightness", "hue")
BENT = ("shift_x", "shift_y")  # the tulip's stem stands still: no straight way shifts all of them, one that bends does
COMPARED = "zoom"  # learned both ways
PLACES = 32


def rows(seed: int = 0, threads: int = 2, tell: Tell = quiet) -> list[Row]:
    """How far the tulip follows zoom, shift_x, shift_y, brightness and hue, and what bending gains."""
    subject = Subject("tulip", threads=threads)
    straight = Plan(space="z", seed=seed)
    bent = Plan(space="w", walk="curved", seed=seed)
    found = {name: _learned(subject, name, bent if name in BENT else straight, tell) for name in (*BENT, *STRAIGHT)}
    table = [row for name in ("zoom", "shift_x", "shift_y", "brightness", "hue") for row in _rows(name, found[name])]
    other = _learned(subject, COMPARED, replace(straight, walk="curved"), tell)
    against = found[COMPARED].ratio / other.ratio
    return [*table, Row("steer: held-out error of a straight walk against one that bends", COMPARED, against)]


def _learned(subject: Subject, name: str, plan: Plan, tell: Tell) -> Response:
    return steer(subject, [EDITS[name]], plan, places=PLACES, tell=tell)[0].response


def _rows(name: str, found: Response) -> list[Row]:
    of, unit = f"{name}, {'bent, in w' if name in BENT else 'straight, in z'}", EDITS[name].unit
    low, high = found.limits
    return [
        Row("steer: places where Spearman's rho of asked and done is at least 0.95", of, found.share, SHARE),
        Row("steer: held-out masked error against doing nothing", of, found.ratio, ERROR),
        Row(f"steer: the same places by the measure {EDITS[name].measure}", of, found.measured_share),
        Row("steer: done for each unit asked, in the middle", of, found.gain),
        Row("steer: follows down to", of, low, unit=unit),
        Row("steer: follows up to", of, high, unit=unit),
    ]

"""New directions out of those that are there: sums, parts that leave others alone, parts on some layers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.complaints import nearest
from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_directions
from engine.latent.combine import on_layers, summed, without
from engine.latent.directions import Direction, Directions
from engine.latent.pace import Pace
from engine.studio.learn.bank import check_bank, keep, others
from engine.studio.learn.facts import completed
from engine.studio.learn.strips import save_strips
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell, quiet

MOST_PARTS = 64
_NUMBER = r"\d+\.?\d*|\.\d+"
_NAME = r"'[^']+'|[^\s'*+=-][^\s'*+=]*?"
_TERM = re.compile(
    rf"\s*(?P<sign>[+-])?\s*(?:(?P<by>{_NUMBER})\s*\*\s*)?(?P<name>{_NAME})(?:\s*\*\s*(?P<after>{_NUMBER}))?\s*(?=[+-]|$)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Sum:
    """What is asked for: a name, and of which directions how many sigma make one of it."""

    name: str
    parts: tuple[tuple[str, float], ...]


def read_sum(text: str) -> Sum:
    """`spooky=bloom+0.5*stripes`. A name with + or - goes between single quotes. InputError says what is wrong."""
    name, equals, rest = text.partition("=")
    name, at = name.strip(), 0
    parts: list[tuple[str, float]] = []
    while equals and name and at < len(rest):
        term = _TERM.match(rest, at)
        if term is None or (parts and not term["sign"]) or len(parts) == MOST_PARTS:
            break
        by = float(term["by"] or 1.0) * float(term["after"] or 1.0)
        parts.append((term["name"].strip("'"), -by if term["sign"] == "-" else by))
        at = term.end()
    if not parts or at < len(rest):
        raise InputError(
            f"{text}: give NAME=DIRECTION, or a sum of at most {MOST_PARTS}, for example spooky=bloom+0.5*stripes; "
            "a name with + or - in it goes between single quotes"
        )
    if not any(amount for _, amount in parts):
        raise InputError(f"{text}: all its amounts are 0; give one that moves")
    return Sum(name, tuple(parts))


def known(model: str, info: ModelInfo, banks: Sequence[Path]) -> Directions:
    """The model's own directions and those of the banks; the later name wins."""
    directions = model_directions(model)
    for path in banks:
        directions = directions.merged(Directions.load(path).check(info))
    return directions


def made(
    wanted: Sum, directions: Directions, leave: Sequence[Direction] = (), layers: Sequence[int] | None = None
) -> Direction:
    """The direction that a sum asks for, not measured yet.

    1.0 of it moves each part by its amount; what leaving others alone took away is missing from it.
    layers : all parts are put onto these first; without, onto all that any of them moves
    """
    parts: list[tuple[Direction, float]] = []
    for name, amount in wanted.parts:
        if name not in directions.names:
            there = ", ".join(directions.names) or "none"
            raise InputError(
                f'{wanted.name}: no direction "{name}"{nearest(name, list(directions.names))}; there are: {there}'
            )
        parts.append((directions[name], amount))
    parts = [(_onto(part, parts, layers), amount) for part, amount in parts]
    if len(parts) == 1 and parts[0][1] == 1.0:
        whole = replace(parts[0][0], name=wanted.name, measures={})
    else:
        whole = summed(wanted.name, parts)
    left = without(whole, [other for other in leave if other.name not in dict(wanted.parts)])
    return replace(left, sigma=whole.sigma * float(whole.vector @ left.vector))


def _asked(
    one: Sum, directions: Directions, leave: Sequence[str], layers: Sequence[int] | None, model: str, info: ModelInfo
) -> Direction:
    """`made`, leaving alone what is named."""
    first = one.parts[0][0]
    space = directions[first].space if first in directions.names else ""
    return made(one, directions, others(leave, model, info, space), layers)


def _onto(part: Direction, parts: Sequence[tuple[Direction, float]], layers: Sequence[int] | None) -> Direction:
    """The part on the layers of the sum."""
    if layers is not None:
        return on_layers(part, layers)
    each = [other.layers for other, _ in parts]
    if part.layers is None or all(own == part.layers for own in each):
        return part
    if any(own is None for own in each):
        return replace(part, layers=None)
    return on_layers(part, [layer for own in each if own is not None for layer in own])


def measured(subject: Subject, direction: Direction, one: bool, seed: int) -> Direction:
    """With sigma, pace and safe range.

    one : it was made of one direction, and its 1.0 becomes one sigma of the model's own; that of a sum is its parts'
    """
    found = completed(subject, direction, seed=seed)
    if one:
        return found
    per = found.sigma / direction.sigma
    pace = found.pace and Pace(found.pace.amounts * per, found.pace.arc)
    safe = found.safe and (found.safe[0] * per, found.safe[1] * per)
    return replace(found, sigma=direction.sigma, pace=pace, safe=safe)


def combine(
    model: str, out: Path, sums: Sequence[str], *, banks: Sequence[Path] = (), leave: Sequence[str] = (),
    layers: Sequence[int] | None = None, add: bool = False, seed: int = 0, threads: int = 2, device: str = "cpu",
    tell: Tell = quiet,
) -> Directions:  # fmt: skip
    """Write a bank of the sums, and a picture of them beside it.

    leave : directions that none of them may move along, as `--without` names them; those of the sum itself stay
    Gives the whole bank. InputError and ModelError name the sum that cannot be.
    """
    wanted = [read_sum(text) for text in sums]
    subject = Subject(model, threads=threads, device=device)
    info = subject.info
    former = check_bank(out, add, info)
    directions = known(model, info, banks)
    fresh = Directions(tuple(_asked(one, directions, leave, layers, model, info) for one in wanted)).check(info)
    found = []
    for i, (one, direction) in enumerate(zip(wanted, fresh, strict=True)):
        tell(f"measuring {one.name}", i, len(wanted))
        found.append(measured(subject, direction, len(one.parts) == 1, seed))
    bank = keep(out, former, found, info)
    save_strips(out.with_suffix(".png"), subject, found, tell=tell)
    return bank

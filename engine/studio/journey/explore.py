"""Look around: neighbours of chosen frames, short journeys between them, places that a sequence does not show yet."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from engine.complaints import nearest
from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.latent.sequence_file import Facts
from engine.paths import check_output
from engine.studio.journey.drawing import Drawing, Look, info_of
from engine.studio.journey.explore_noise import Neighbours
from engine.studio.journey.explore_pieces import Journeys, Middle, Piece, around, held
from engine.studio.journey.explore_sheet import COLUMNS, LONGER_PX, Sheet
from engine.studio.journey.moments import moments
from engine.studio.journey.novel import Novel, novel
from engine.studio.journey.pair import Pair, PairWriter, check_place, named, open_pair
from engine.studio.journey.strangers import Opened, Strangers
from engine.studio.journey.timeline import MAX_FRAMES, Mark
from engine.studio.learn.work import Tell, quiet

MIDDLES: tuple[Middle, ...] = ("none", "pair", "random")
MOST = 999  # places around one, journeys, novel places


@dataclass(frozen=True, slots=True)
class Explore:
    """What is asked for: neighbours where `around` is given, else journeys, or novel places alone.

    around, between : moments of the sequence, as `moments` reads them; between: two or three
    novel : seek novel places: in the middle of journeys where `between` is given, else alone
    noise : 0..1 as `Neighbours` takes it; layers : of w, that neighbours differ in
    count : neighbours of each place, journeys, novel places; hold : frames for each place; frames : for each journey
    middle : where a journey's place in the middle is from; None: of the pair between two places, none by chance
    apart : a pair for each place or journey; None: journeys apart, places together
    candidates : among which novel places are sought
    proxy : videos are drawn afterwards, and replace what has their names
    """

    source: Path
    out: Path
    around: str | None = None
    between: str | None = None
    novel: bool = False
    noise: float = 0.3
    layers: tuple[int, ...] | None = None
    count: int = 20
    hold: int = 1
    frames: int = 75
    middle: Middle | None = None
    apart: bool | None = None
    candidates: int = 1000
    seed: int = 0
    sheet: bool = True
    proxy: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """pairs : in order; sheet : None where there is none; found : novel places, where they were sought"""

    pairs: tuple[Pair, ...]
    sheet: Path | None
    found: Novel | None = None


def explore(wanted: Explore, look: Look, tell: Tell = quiet) -> Explored:
    """Write the pairs without their proxies, and NAME.png, a contact sheet. InputError for what cannot be."""
    pair = open_pair(wanted.source)
    middle = _check(wanted, pair, look)
    info = info_of(look.model)
    apart = wanted.apart if wanted.apart is not None else not (wanted.around or _alone(wanted))
    numbers = range(1, _many(wanted, pair, middle) + 1)
    for out in (_numbered(wanted, n) for n in numbers) if apart else [wanted.out]:
        check_place(out, [wanted.source], wanted.proxy)
    with ExitStack() as stack:
        opened = cache(lambda: _opened(look, stack))
        found = None
        if wanted.novel:
            found = novel(
                pair, opened(), wanted.count, candidates=wanted.candidates, seed=wanted.seed, tell=tell
            )  # fmt: skip
        pieces, total = _pieces(wanted, pair, info, opened, middle, found)
        facts = replace(
            pair.facts, model=look.model, model_hash=info.hash, seed=None, psi=look.psi, proxy="", digest="",
            marks=(), made=f"explore {pair.path.name}{_said(wanted)} --seed {wanted.seed}",
            snapshots=pair.facts.snapshots if look.model == pair.facts.model else (),
        )  # fmt: skip
        sheet = Sheet(opened(), f"{pair.path.stem}{_said(wanted)}") if wanted.sheet else None
        write = _write_apart if apart else _write_together
        pairs = tuple(write(wanted, pair, facts, _seen(pieces, sheet, apart, tell), total))
        path = None
        if sheet is not None:
            path = named(wanted.out).with_suffix(".png")
            sheet.save(path)
        return Explored(pairs, path, found)


def _opened(look: Look, stack: ExitStack) -> Drawing:
    """What draws small pictures, closed with the stack."""
    drawing = Drawing(_small(look))
    stack.callback(drawing.close)
    return drawing


def parse_middle(text: str | None) -> Middle | None:
    """Where a journey's place in the middle is from, checked."""
    if text is None:
        return None
    for known in MIDDLES:
        if text == known:
            return known
    raise InputError(f"--middle {text}: give {', '.join(MIDDLES)}{nearest(text, list(MIDDLES))}")


def _alone(wanted: Explore) -> bool:
    """Whether novel places are what is made."""
    return wanted.novel and wanted.between is None


def _check(wanted: Explore, pair: Pair, look: Look) -> Middle:
    """Where a place in the middle is from. InputError for what can be said before anything is drawn."""
    info = info_of(look.model)
    pair.check(info).check_finite()
    if wanted.around is not None and (wanted.between is not None or wanted.novel):
        raise InputError(f"give either --around or --{'between' if wanted.between is not None else 'novel'}")
    for option, value in (("--count", wanted.count), ("--hold", wanted.hold)):
        if not 1 <= value <= MOST:
            raise InputError(f"{option} {value}: give 1 to {MOST}")
    if not 1 <= wanted.frames <= MAX_FRAMES:
        raise InputError(f"--frames {wanted.frames}: give 1 to {MAX_FRAMES}")
    if wanted.layers is not None:
        if pair.space == "z" or wanted.around is None:
            raise InputError("--layers: neighbours (--around) in w differ in layers; these rows are z, whole")
        if bad := [layer for layer in wanted.layers if not 0 <= layer < info.num_ws]:
            raise InputError(f"--layers {bad[0]}: {info.name} has 0 to {info.num_ws - 1}")
    if wanted.sheet:
        check_output(named(wanted.out).with_suffix(".png"))
    given = None if wanted.between is None else moments(wanted.between, pair, "--between")
    if given is not None and len(given) == 3:
        if wanted.middle is not None or wanted.novel:
            raise InputError(f"--between {wanted.between}: the place in the middle is given; leave out the other one")
        return "near"
    if wanted.novel:
        return "novel"
    return wanted.middle or ("none" if given is None else "pair")


def _many(wanted: Explore, pair: Pair, middle: Middle) -> int:
    """How many pieces are made: of a frame's neighbours, of all novel places, of each journey."""
    if wanted.around is not None:
        return len(moments(wanted.around, pair, "--around"))
    if _alone(wanted) or (middle == "none" and wanted.between is not None):
        return 1
    return wanted.count


def _numbered(wanted: Explore, number: int) -> Path:
    """NAME_01, NAME_02, ..."""
    base = named(wanted.out).with_suffix("")
    return base.with_name(f"{base.name}_{number:02d}")


def _pieces(
    wanted: Explore, pair: Pair, info: ModelInfo, opened: Opened, middle: Middle, found: Novel | None
) -> tuple[Iterable[Piece], int]:
    """What is made, and frames in all."""
    near = Neighbours(wanted.noise, wanted.seed, opened, wanted.layers)
    many = _many(wanted, pair, middle)
    if wanted.around is not None:
        return around(pair, wanted.around, near, wanted.count, wanted.hold), many * wanted.count * wanted.hold
    if found is not None and _alone(wanted):
        return held(found, wanted.hold), wanted.count * wanted.hold
    strangers = Strangers(pair, info, opened, wanted.seed)
    journeys = Journeys(
        pair, strangers, wanted.between, middle, many, wanted.frames, wanted.seed, near, found
    )  # fmt: skip
    return journeys, many * wanted.frames


def _seen(pieces: Iterable[Piece], sheet: Sheet | None, apart: bool, tell: Tell) -> Iterator[Piece]:
    """The pieces as they are, while the sheet shows them."""
    before = 0
    for n, piece in enumerate(pieces):
        tell("exploring", n, 0)
        if sheet is not None:
            _show(piece, sheet, 0 if apart else before)
        before += piece.frames
        yield piece


def _show(piece: Piece, sheet: Sheet, before: int) -> None:
    """A line of the sheet: every place that is held, or a few frames of a journey."""
    if piece.held:
        rows, classes, captions = piece.rows, piece.classes, [str(before + at) for at in piece.at]
        if piece.origin is not None:
            rows = np.concatenate([piece.origin[0], rows])
            classes = None if classes is None else np.concatenate([piece.origin[1], classes])
            captions = ["from", *captions]
    else:
        wanted = np.unique(np.linspace(0, piece.frames - 1, COLUMNS - 1).round().astype(np.intp))
        taken, first = [], 0
        for rows, classes in piece.blocks():
            own = wanted[(wanted >= first) & (wanted < first + len(rows))] - first
            taken.append((rows[own], None if classes is None else classes[own]))
            first += len(rows)
        rows = np.concatenate([part for part, _ in taken])
        classes = None if taken[0][1] is None else np.concatenate([part for _, part in taken if part is not None])
        captions = [str(before + frame) for frame in wanted.tolist()]
    sheet.line(piece.heading, rows, classes, captions)


def _write_apart(wanted: Explore, pair: Pair, facts: Facts, pieces: Iterable[Piece], total: int) -> Iterator[Pair]:
    """A pair for each."""
    for n, piece in enumerate(pieces, 1):
        marks = tuple(Mark(at, name) for at, name in zip(piece.at, piece.names, strict=True))
        own = replace(facts, marks=marks if not piece.held else (), made=f"{facts.made}: {piece.heading}")
        out = _numbered(wanted, n)
        with PairWriter(out, pair.rows.shape[1:], piece.frames, own, _classes(pair), wanted.proxy) as writer:
            for rows, classes in piece.blocks():
                writer.write(rows, classes)
            yield writer.close()


def _write_together(wanted: Explore, pair: Pair, facts: Facts, pieces: Iterable[Piece], total: int) -> Iterator[Pair]:
    """One pair with all, a mark where each begins."""
    marks: list[Mark] = []
    first = 0
    with PairWriter(wanted.out, pair.rows.shape[1:], total, facts, _classes(pair), wanted.proxy) as writer:
        for piece in pieces:
            marks.append(Mark(first, " ".join(piece.heading.split())))
            first += piece.frames
            for rows, classes in piece.blocks():
                writer.write(rows, classes)
        writer.facts = replace(facts, marks=tuple(marks))
        yield writer.close()


def _classes(pair: Pair) -> int:
    return 0 if pair.classes is None else pair.classes.shape[1]


def _small(look: Look) -> Look:
    """The look as contact sheets and features need it: small where the model draws any size."""
    info = info_of(look.model)
    width, height = look.size or (info.width, info.height)
    scale = min(1.0, LONGER_PX / max(width, height))
    if info.native or scale == 1.0:
        return replace(look, size=None if info.native else look.size)
    return replace(look, size=(max(16, round(width * scale)), max(16, round(height * scale))))


def _said(wanted: Explore) -> str:
    """What was asked for, in words."""
    if wanted.around is not None:
        return f" --around {wanted.around} --noise {wanted.noise:g}"
    between = "" if wanted.between is None else f" --between {wanted.between}"
    return between + (" --novel" if wanted.novel else "")

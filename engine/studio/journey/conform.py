"""Conform: the edit that an artist made of proxies, applied to their latents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.errors import InputError, printable
from engine.latent.sequence_file import Facts, Mark
from engine.studio.journey.bridge import Gap, bridge, spans
from engine.studio.journey.cut import Cut, held
from engine.studio.journey.drawing import info_of
from engine.studio.journey.media import find
from engine.studio.journey.pair import Pair, PairWriter, check_place, coming, named
from engine.studio.journey.plan import Plan, plan
from engine.studio.journey.projects import read_project
from engine.studio.journey.report import Report, Used, line, runs_of, times_used, unsupported_of
from engine.studio.journey.source import Source
from engine.studio.journey.stretch import stretches
from engine.studio.journey.timeline import Timeline, Unsupported, clock
from engine.studio.learn.work import Tell, quiet

_MOST_MARKS = 10_000
_LISTED, _NAMED = 100, 5

Check = Callable[[Pair], None]


def anything(pair: Pair) -> None:
    """Refuses no pair."""


@dataclass(frozen=True, slots=True)
class How:
    """How an edit is applied.

    media : folders to search beside the project's own, with all below
    gap : hold the last latent, carry on springs or along the great circle to what comes
    between : a place between two rows is their mixture; without, the row that the editor shows
    by_name : a file of the name is taken even where it is not the one that was edited
    strict : nothing may be left out
    proxy : a video is drawn afterwards, and may replace what has its name
    model : of sources whose `.json` names none
    fps : of an `.edl`, which does not say its rate
    """

    media: tuple[Path, ...] = ()
    gap: Gap = "hold"
    between: bool = False
    by_name: bool = False
    strict: bool = False
    proxy: bool = False
    model: str | None = None
    fps: Fraction | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conformed:
    """The sequence that came out, and what came from where."""

    pair: Pair
    report: Report


def conform(project: Path, out: Path, how: How = How(), tell: Tell = quiet, check: Check = anything) -> Conformed:
    """Write NAME.npy and NAME.json of a project: one row for each frame of its timeline, in flat memory.

    InputError for a project that cannot be read or does not hold together, for media that are not found or not
    certain, and with `strict` for anything that latents have no counterpart of. Nothing is written then.
    check : is shown the pair that will be written, without its rows, and may refuse it
    """
    check_place(out, proxy=how.proxy)
    if how.fps is not None and project.suffix.lower() != ".edl":
        raise InputError(f"--fps {how.fps}: {project.name} says its own rate; only an .edl does not")
    timeline = read_project(project, fps=how.fps) if how.fps is not None else read_project(project)
    return conformed(timeline, project, out, how, tell, check)


def conformed(
    timeline: Timeline, project: Path, out: Path, how: How = How(), tell: Tell = quiet, check: Check = anything
) -> Conformed:
    """`conform` for a timeline that is read already; its media lie beside `project`."""
    check_place(out, proxy=how.proxy)
    unsupported = unsupported_of(timeline)
    if how.strict and unsupported:
        what = "--strict, and it holds what latents cannot do; take it out of the edit, or leave --strict away"
        raise InputError(f"{project}: {what}{_listed(unsupported, timeline.fps)}")
    laid = stretches(timeline) if any(track.clips for track in timeline.tracks) else []
    used = {clip.media for stretch in laid for clip, _ in stretch.seen if clip.media is not None}
    if not used:
        what = "no clip is seen in it; put a proxy on a track of pictures"
        raise InputError(f"{project}: {what}{_listed(unsupported, timeline.fps)}")
    sources = find(timeline, used, (project.resolve().parent, *how.media), how.by_name)
    if any(source.pair.path == named(out).resolve() for source in sources.values()):
        raise InputError(f"{out}: a source of this project; give another name, so that the project keeps its media")
    media = range(len(timeline.media))
    counts = [len(sources[i].pair) if i in sources else None for i in media]
    made = plan(timeline, counts, [sources[i].rate if i in sources else Fraction(1) for i in media], laid, how.between)
    marks = _marks(timeline, made, sources)
    facts = _facts(timeline, sources, marks, project)
    if how.model is not None:
        facts = _of_model(how.model, facts, sources)
    if how.proxy and not facts.model:
        raise InputError(f"{project}: no .json of its sources names a model to draw the proxy with; give --model M")
    cut = Cut(held(made), sources, how.between)
    check(coming(out, cut.shape, facts, cut.classes))
    pair = _write(made, cut, facts, out, how, tell)
    report = Report(
        project.name, pair.path.name, timeline.fps, made, runs_of(laid, made, sources),
        tuple(Used(i, s, times_used(made, i, len(s.pair))) for i, s in sources.items()), how.gap, marks, unsupported,
        (*(told for source in sources.values() for told in source.told), *_behind(timeline, len(made))),
    )  # fmt: skip
    return Conformed(pair, report)


def _behind(timeline: Timeline, length: int) -> Iterator[str]:
    """The marks that no frame of the edit has, told in one line."""
    if lost := [mark for mark in timeline.marks if not 0 <= mark.frame <= length]:
        names = ", ".join(f"{mark.name} at {clock(mark.frame, timeline.fps)}" for mark in lost[:_NAMED])
        yield f"{len(lost)} of the marks outside of the edit, left out: {names}{', ...' if len(lost) > _NAMED else ''}"


def _listed(unsupported: Sequence[Unsupported], fps: Fraction) -> str:
    """A line for each thing that is left out, as far as anybody reads."""
    lines = [line(thing, fps) for thing in unsupported[:_LISTED]]
    more = [f"and {len(unsupported) - _LISTED} more"] if len(unsupported) > _LISTED else []
    return "".join(f"\n{each}" for each in (*lines, *more))


def _write(made: Plan, cut: Cut, facts: Facts, out: Path, how: How, tell: Tell) -> Pair:
    """All rows, block after block."""
    n = len(made)
    over = spans(made.gap) if how.gap != "hold" else np.empty((0, 2), np.intp)
    with PairWriter(out, cut.shape, n, facts, cut.classes, how.proxy) as writer:
        for first in range(0, n, cut.block):
            last = min(first + cut.block, n)
            rows, classes = cut.rows(np.arange(first, last))
            for begins, ends in over[(over[:, 0] < last) & (over[:, 1] > first)].tolist():
                way = bridge(begins, ends, made.gap, cut, facts.fps, how.gap == "spring")
                own = slice(max(begins, first) - first, min(ends, last) - first)
                rows[own], weights = way.rows(np.arange(first, last)[own])
                if classes is not None and weights is not None:
                    classes[own] = weights
            writer.write(rows, classes)
            cut.let_go()
            tell("conforming", last, n)
        return writer.close()


def _facts(timeline: Timeline, sources: Mapping[int, Source], marks: tuple[Mark, ...], project: Path) -> Facts:
    """What the result is: what its sources agree on."""
    every = [source.pair.facts for source in sources.values()]
    known = next((facts for facts in every if facts.model), every[0])
    psis, snapshots = {facts.psi for facts in every}, {facts.snapshots for facts in every}
    return Facts(
        fps=timeline.fps, model=known.model, model_hash=next((f.model_hash for f in every if f.model_hash), ""),
        psi=known.psi if len(psis) == 1 else 1.0, made=printable(f"conform of {project.name}"), marks=marks,
        snapshots=known.snapshots if len(snapshots) == 1 else (),
    )  # fmt: skip


def _of_model(model: str, facts: Facts, sources: Mapping[int, Source]) -> Facts:
    """The facts of a sequence of a model. ModelError where it cannot draw the sources."""
    info = info_of(model)
    for source in sources.values():
        source.pair.check(info)
    return facts if facts.model else replace(facts, model=model, model_hash=info.hash)


def _marks(timeline: Timeline, made: Plan, sources: Mapping[int, Source]) -> tuple[Mark, ...]:
    """The marks of the timeline, and those of its sources wherever their frames come to be seen."""
    found = {Mark(mark.frame, printable(mark.name)) for mark in timeline.marks if 0 <= mark.frame <= len(made)}
    for media, source in sources.items():
        for mark in source.pair.facts.marks:
            shown = ((made.media == media) & (made.frame == mark.frame) & (made.weight >= 0.5)).any(0)
            begins = np.flatnonzero(shown & ~np.concatenate([[False], shown[:-1]]))
            found.update(replace(mark, frame=int(frame)) for frame in begins[:_MOST_MARKS])
    return tuple(sorted(found, key=lambda mark: (mark.frame, mark.name))[:_MOST_MARKS])

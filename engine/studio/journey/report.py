"""The report of a conform: what came from where, and how often each frame of a source is used."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, printable
from engine.latent.sequence_file import Mark, read_facts
from engine.paths import check_output, part_beside
from engine.studio.journey.pair import named
from engine.studio.journey.plan import Plan
from engine.studio.journey.source import Source
from engine.studio.journey.stretch import Stretch
from engine.studio.journey.timeline import Clip, Timeline, Unsupported, clock

KIND, VERSION = "conform", 1


@dataclass(frozen=True, slots=True)
class Part:
    """A clip in a run.

    media : its number in the project; first, last : the frames of its file that the run begins and ends with
    speed : frames of the file for each of the timeline; None where it changes
    share : how much of the picture it is, at the run's first and last frame
    """

    media: int
    clip: str
    first: int
    last: int
    speed: float | None
    share: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """Frames at .. at + length - 1, throughout which the same clips are seen. how : cut, mix, dissolve or gap."""

    at: int
    length: int
    how: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Used:
    """A source, and how often each of its rows is used: times (rows,), in a mix by the share."""

    media: int
    source: Source
    times: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that an edit did to its sources.

    gap : how gaps were filled; told : what one should know of how it was found
    """

    project: str
    out: str
    fps: Fraction
    plan: Plan
    runs: tuple[Run, ...]
    used: tuple[Used, ...]
    gap: str
    marks: tuple[Mark, ...]
    unsupported: tuple[Unsupported, ...]
    told: tuple[str, ...]


def runs_of(laid: Sequence[Stretch], plan: Plan, sources: Mapping[int, Source]) -> tuple[Run, ...]:
    """The runs of an edit: stretches, those joined that show the same."""
    joined: list[list[Stretch]] = []
    for stretch in laid:
        before = joined[-1][-1] if joined else None
        if before is not None and before.how == stretch.how and _clips(before) == _clips(stretch):
            joined[-1].append(stretch)
        else:
            joined.append([stretch])
    return tuple(_run(own[0], own[-1], plan, sources) for own in joined)


def times_used(plan: Plan, media: int, rows: int) -> NDArray[np.float64]:
    """How often each row of a media is used: (rows,). What is held over a gap does not count."""
    times = np.zeros(rows)
    for layer in range(len(plan.media)):
        own = plan.media[layer] == media
        times += np.bincount(plan.frame[layer, own], plan.weight[layer, own], rows)
    return times


def unsupported_of(timeline: Timeline) -> tuple[Unsupported, ...]:
    """What has no counterpart in latents: as the reader tells it, and clips that are no file, of which it does not."""
    told = sorted(thing.frame for thing in timeline.unsupported)
    found = list(timeline.unsupported)
    for track in timeline.tracks:
        for clip in track.clips:
            begins = np.searchsorted(told, clip.at)
            if clip.media is None and not (begins < len(told) and told[begins] < clip.end):
                what = "no file, and so no latents; what lies under it is seen"
                found.append(Unsupported(clip.at, what, clip.name, clip.where))
    return tuple(sorted(found, key=lambda thing: thing.frame))


def line(thing: Unsupported, fps: Fraction) -> str:
    """One line of a thing that is not supported: time, clip, what, where."""
    clip = f" {thing.clip}:" if thing.clip else ""
    where = f" ({thing.where})" if thing.where else ""
    return printable(f"{clock(thing.frame, fps)}:{clip} {thing.what}{where}")


def as_json(report: Report) -> dict[str, Any]:
    """It as plain data."""
    n, fps = len(report.plan), report.fps
    return {
        "latenz": KIND, "version": VERSION, "project": report.project, "out": report.out,
        "frames": n, "fps": str(fps), "seconds": float(n / fps),
        "sources": [_source(used) for used in report.used],
        "runs": [_as_json(run, fps) for run in report.runs],
        "gaps": {"filled": report.gap, "frames": int(report.plan.gap.sum())},
        "marks": [{"frame": m.frame, "clock": clock(m.frame, fps), "name": m.name} for m in report.marks],
        "unsupported": [
            {"frame": u.frame, "clock": clock(u.frame, fps), "clip": u.clip, "what": u.what, "where": u.where}
            for u in report.unsupported
        ],
        "told": list(report.told),
    }  # fmt: skip


def text(report: Report) -> str:
    """It as JSON, a line for each run and each source."""
    rows = (f" {_dumped(key)}: {_lines(value)}" for key, value in as_json(report).items())
    found = "{\n" + ",\n".join(rows) + "\n}"
    return found.encode("utf-8", "backslashreplace").decode()  # half a character in a name stays one, escaped


def check_report(path: Path, out: Path) -> None:
    """InputError for a name that a report of a conform to NAME (`out`) would destroy something by."""
    check_output(path)
    if path.suffix.lower() != ".json":
        raise InputError(f"--report {path}: give a name that ends in .json")
    own = named(out).with_suffix(".json")
    if path.resolve() == own.resolve():
        raise InputError(f"--report {path}: there the sequence itself says what it is; give {own.stem}.report.json")
    try:
        taken = read_facts(path) is not None
    except InputError:
        taken = False  # an earlier report, which is replaced
    if taken:
        raise InputError(f"--report {path}: it belongs to the sequence {named(path).name}; give another name")


def save(report: Report, path: Path) -> None:
    """Write it as JSON; it appears whole or not at all."""
    with part_beside(path) as part:
        part.write_text(text(report) + "\n", "utf-8")


def show(report: Report) -> None:
    """A short table on the terminal: the sources, how much of each is seen, and what the edit consists of."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("source", "frames", "used", "seen", "most often", box=None, pad_edge=False)
    for used in report.used:
        rows = len(used.times)
        kept = int((used.times > 0.0).sum())
        seen = used.times.sum() / len(report.plan)
        words = [str(rows), f"{kept} ({100 * kept / rows:.0f} %)", f"{100 * seen:.1f} %", f"{used.times.max():.4g} x"]
        table.add_row(Text(printable(used.source.pair.path.name)), *words)
    console = Console()
    console.print(table)
    counts = Counter(run.how for run in report.runs)
    what = ", ".join(f"{count} {how}{_plural(how, count)}" for how, count in counts.items())
    length = f"{len(report.plan)} frames, {clock(len(report.plan), report.fps)}"
    marks = f"{len(report.marks)} mark{_plural('mark', len(report.marks))}"
    console.print(Text(f"{length}: {what}; {marks}, {len(report.unsupported)} left out"))


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _lines(value: Any) -> str:
    """A list with a line for each of its things."""
    if not isinstance(value, list) or not value:
        return _dumped(value)
    return "[\n  " + ",\n  ".join(map(_dumped, value)) + "\n ]"


def _plural(how: str, count: int) -> str:
    return "" if count == 1 else "es" if how == "mix" else "s"


def _clips(stretch: Stretch) -> tuple[int, ...]:
    return tuple(id(clip) for clip, _ in stretch.seen)


def _run(first: Stretch, last: Stretch, plan: Plan, sources: Mapping[int, Source]) -> Run:
    parts = [_part(layer, clip, first, last, plan, sources) for layer, (clip, _) in enumerate(first.seen)]
    how = first.how or ("cut" if parts else "gap")
    return Run(first.first, last.last - first.first, how, tuple(parts))


def _part(
    layer: int, clip: Clip, first: Stretch, last: Stretch, plan: Plan, sources: Mapping[int, Source]
) -> Part:  # fmt: skip
    media = clip.media if clip.media is not None else -1
    source = sources[media]
    speed = None if clip.shown is not None else 0.0 if source.still else float(clip.speed * source.rate)
    share = float(first.seen[layer][1][0]), float(last.seen[layer][1][-1])
    ends = plan.frame[layer, first.first], plan.frame[layer, last.last - 1]
    return Part(media, clip.name, int(ends[0]), int(ends[1]), speed, share)


def _as_json(run: Run, fps: Fraction) -> dict[str, Any]:
    data: dict[str, Any] = {"at": run.at, "length": run.length, "clock": clock(run.at, fps), "how": run.how}
    parts = [
        {"media": p.media, "clip": p.clip, "from": p.first, "to": p.last, "speed": p.speed} for p in run.parts
    ]  # fmt: skip
    if len(parts) > 1:
        shares = [[round(share, 6) for share in p.share] for p in run.parts]
        return data | {"parts": [{**part, "share": share} for part, share in zip(parts, shares, strict=True)]}
    return data | (parts[0] if parts else {})


def _source(used: Used) -> dict[str, Any]:
    source, facts, times = used.source, used.source.pair.facts, used.times
    return {
        "media": used.media, "name": source.name, "file": source.pair.path.name, "sha256": source.hash,
        "model": facts.model, "model_hash": facts.model_hash, "space": source.pair.space, "still": source.still,
        "rows": len(times), "fps": str(facts.fps), "rate": str(source.rate),
        "rows_used": int((times > 0.0).sum()), "frames_seen": round(float(times.sum()), 6),
        "most_often": round(float(times.max()), 6), "use": _lengths(times), "told": list(source.told),
    }  # fmt: skip


def _lengths(times: NDArray[np.float64]) -> list[list[float]]:
    """[first row, last row, times] of each piece that is used as often throughout."""
    rounded = times.round(6)
    begins = np.flatnonzero(np.concatenate([[True], rounded[1:] != rounded[:-1]]))
    ends = np.append(begins[1:], len(rounded)) - 1
    return [[a, b, c] for a, b, c in zip(begins.tolist(), ends.tolist(), rounded[begins].tolist(), strict=True)]

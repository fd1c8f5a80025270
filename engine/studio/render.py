"""Render a show to a file: the same functions that play it, under a stepped clock. Twice the same bytes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InputError, RoomError, ShowError
from engine.paths import check_output
from engine.preset import Options, Show, SourceSpec, check_routes, find_show, load_show
from engine.show.desk import Desk
from engine.show.report import stepped_report, write_report
from engine.show.stepped import THREADS, Stepped
from engine.stage.offscreen import Offscreen
from engine.stage.outputs.video import open_output
from mappings.sources import source_class

Progress = Callable[[int, int], None]  # frames done, frames in all


@dataclass(frozen=True, slots=True)
class Render:
    """What the command line asks for."""

    show: str
    out: Path
    seconds: float
    options: Options = Options()
    take: Path | None = None
    report: Path | None = None


def render(wanted: Render, progress: Progress = lambda done, of: None) -> dict[str, Any]:
    """Draw `seconds` of a show into `out`; its report. Nothing half-written is left behind."""
    if not 0 < wanted.seconds <= 24 * 3600:
        raise InputError(f"--seconds {wanted.seconds:g}: give more than 0 and at most a day")
    show = load_show(find_show(wanted.show), wanted.options)
    check_routes(show)
    count = max(1, round(wanted.seconds * show.fps))
    sound = Path(wanted.options.audio) if wanted.options.audio else None
    if sound is not None and not sound.is_file():
        raise InputError(f"--audio {sound}: no such file (a render hears files, not devices)")
    notes = {"latenz.show": show.name, "latenz.model": show.info.name, "latenz.seed": str(show.seed),
             "latenz.backend": f"eager, {THREADS} thread"}  # fmt: skip
    desk = Desk(show, live=False) if wanted.take is None else taken(show, wanted.take)
    if wanted.report is not None:
        check_output(wanted.report)
    output = open_output(wanted.out, show.size, show.fps, count, sound=sound, notes=notes)
    try:
        with Offscreen(*show.size) as stage:
            stepped = Stepped(show, stage, desk=desk)
            try:
                for done, frame in enumerate(stepped.frames(count), 1):
                    output.write(frame)
                    _check_take(desk)
                    progress(done, count)
            finally:
                stepped.close()
        output.close()
    except OSError as error:
        output.abort()
        if isinstance(error, EngineError):
            raise
        raise RoomError(f"{wanted.out}: {error.strerror or error}; nothing of it was kept") from error
    except BaseException:
        output.abort()
        raise
    result = stepped_report(
        stepped.meter, stepped.tally, show, stepped.desk.status(), stepped.picture.generator.backend
    )
    if wanted.report is not None:
        write_report(wanted.report, result)
    return result


def _check_take(desk: Desk) -> None:
    """A render does not go on behind a line of the take that cannot be read."""
    for source in desk.sources:
        if source.dropped["take_malformed"]:
            raise ShowError(source.detail)


def taken(show: Show, take: Path) -> Desk:
    """A desk that hears a recorded take in place of the show's own sources."""
    if not take.is_file():
        raise InputError(f"--take {take}: no such file")
    replay = source_class("replay")
    config = replay.Config.model_validate({"file": str(take.resolve())})  # type: ignore[attr-defined]
    show = replace(show, sources=(SourceSpec("take", "replay", config),))
    return Desk(show, live=False)

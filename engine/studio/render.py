"""Render a show to a file: the same functions that play it, under a stepped clock. Twice the same bytes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InputError, RoomError, ShowError
from engine.paths import check_output
from engine.preset import Options, Show, SourceSpec, check_routes, find_show, load_show, unconverted
from engine.show.desk import Desk
from engine.show.picture import Picture
from engine.show.report import stepped_report, write_report
from engine.show.stepped import THREADS, Stepped
from engine.stage.offscreen import Offscreen
from engine.stage.outputs.video import Output, open_output
from mappings.demonstrate import Poses
from mappings.demonstrate.pose_file import parse
from mappings.errors import MappingError
from mappings.sources import source_class
from mappings.take import TakeReader

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
    path = find_show(wanted.show)
    for file in unconverted(path, wanted.options):
        _warn(f"converting {file.name}")
    show = load_show(path, wanted.options)
    if wanted.take is not None:
        show = as_recorded(show, wanted.take)
    check_routes(show)
    for line in show.told:
        _warn(line)
    count = max(1, round(wanted.seconds * show.fps))
    sound = Path(wanted.options.audio) if wanted.options.audio else None
    if sound is not None and not sound.is_file():
        raise InputError(f"--audio {sound}: no such file (a render hears files, not devices)")
    notes = {"latenz.show": show.name, "latenz.model": show.info.name, "latenz.seed": str(show.seed),
             "latenz.backend": f"{show.pinned.how.backend}, {THREADS} thread"}  # fmt: skip
    desk = Desk(show, live=False) if wanted.take is None else taken(show, wanted.take)
    if wanted.report is not None:
        check_output(wanted.report)
    output = open_output(wanted.out, show.size, show.fps, count, sound=sound, notes=notes)
    stepped, drew = onto(output, show, desk, count, progress)
    result = stepped_report(stepped.meter, stepped.tally, show, stepped.desk.status(), drew, THREADS)
    if wanted.report is not None:
        write_report(wanted.report, result)
    return result


def onto(
    output: Output, show: Show, desk: Desk, count: int, progress: Progress, picture: Picture | None = None
) -> tuple[Stepped, str]:
    """Draw so many frames of a show into an output and close it; what played, and what drew the pictures.

    picture : instead of the show's own. RoomError where it cannot be written: nothing half-written is left behind
    """
    try:
        with Offscreen(*show.size) as stage:
            stepped = Stepped(show, stage, desk=desk, picture=picture)
            try:
                for done, frame in enumerate(stepped.frames(count), 1):
                    output.write(frame)
                    _check_take(desk)
                    progress(done, count)
                drew = stepped.picture.generator.backend
            finally:
                stepped.close()
        output.close()
    except OSError as error:
        output.abort()
        if isinstance(error, EngineError | MappingError):
            raise
        raise RoomError(f"{output.path}: {error.strerror or error}; nothing of it was kept") from error
    except BaseException:
        output.abort()
        raise
    return stepped, drew


def _check_take(desk: Desk) -> None:
    """A render does not go on behind a line of the take that cannot be read."""
    for source in desk.sources:
        if source.dropped["take_malformed"]:
            raise ShowError(source.detail)


def as_recorded(show: Show, take: Path) -> Show:
    """The show with the take's seed and model where the command line names none, and without its script.

    What the script wrote is in the take. A take of another show, or of none (an analysed song), changes nothing.
    What is no longer as it was recorded is said.
    """
    header = _header(take)
    recorded = header.get("show"), header.get("show_hash")
    if recorded == (None, None):
        return show
    if show.name != recorded[0] and show.hash != recorded[1]:
        _warn(f"{take} was recorded with another show ({recorded[0]}); the seed, model and script are {show.name}'s")
        return show
    if recorded[1] not in (None, show.hash):
        _warn(f"{take} was recorded with another version of this show")
    models = header.get("models", {})
    options = show.options
    if options.seed is None and header.get("seed") is not None:
        options = replace(options, seed=header["seed"])
    if options.model is None and len(models) == 1 and not {show.model, show.model_name} & models.keys():
        options = replace(options, model=next(iter(models)))
    try:
        show = load_show(show.path, options)
    except InputError as error:
        raise InputError(f"{error}\n(recorded so in {take}; choose another with --model)") from None
    if models.get(show.model_name, show.info.hash) != show.info.hash:
        _warn(f"{take} was recorded with another version of the model {show.model}")
    if show.script is not None:
        _warn(f"{take} holds what {show.table.script} did; the script itself does not run")
    return replace(show, table=show.table.model_copy(update={"script": None}))


def _header(take: Path) -> dict[str, Any]:
    """What a take says about its show. InputError for what cannot be."""
    _check_file(take)
    header = TakeReader(take).header
    seed, models = header.get("seed"), header.get("models", {})
    if seed is not None and (type(seed) is not int or not 0 <= seed < 2**32):
        raise InputError(f"{take}:1: seed {seed!r}: give a whole number from 0 to {2**32 - 1}, or leave it out")
    if not isinstance(models, dict):
        raise InputError(f'{take}:1: models {models!r}: give {{"name": "hash"}}, or leave it out')
    return header


def _check_file(take: Path) -> None:
    if not take.is_file():
        raise InputError(f"--take {take}: no such file")


def _warn(line: str) -> None:
    sys.stderr.write(f"latenz: {line}\n")


def taken(show: Show, take: Path) -> Desk:
    """A desk that hears a recorded take in place of the show's own sources."""
    _check_file(take)
    replay = source_class("replay")
    config = replay.Config.model_validate({"file": str(take.resolve())})  # type: ignore[attr-defined]
    poses = _recorded_poses(show, take)
    show = replace(show, sources=(SourceSpec("take", "replay", config),))
    return Desk(show, live=False, poses=poses)


def _recorded_poses(show: Show, take: Path) -> Poses | None:
    """What had been demonstrated when the recording began; None where the take does not hold it."""
    data = TakeReader(take).header.get("poses") if show.demonstrate is not None else None
    return None if data is None else parse(data, f"{take}:1")

"""Play a show: the stage here, everything else in processes of its own."""

import errno
import hashlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ShowError
from engine.paths import check_output
from engine.preset import Options, Show, check_routes, find_show, load_show, unconverted
from engine.shared import Board
from engine.show.report import report, write_report
from engine.show.session import new_session
from engine.show.wall import Wall
from engine.stage.base import Stage
from engine.stage.outputs.picture import save_png
from engine.supervisor import Supervisor
from mappings.audio.decode import Decoder


@dataclass(frozen=True, slots=True)
class Play:
    """What the command line asks of a run."""

    show: str | None = None
    options: Options = Options()
    fullscreen: bool = False
    monitor: int | None = None
    headless: bool = False
    seconds: float | None = None
    record: Path | None = None
    snapshot: Path | None = None
    report: Path | None = None
    console_port: int = 0
    resume: bool = False


def play(wanted: Play) -> dict[str, Any]:
    """Run a show until it is over; its report. Errors of the caller's input come before anything is started."""
    path = find_show(wanted.show)
    for file in unconverted(path, wanted.options):
        sys.stderr.write(f"latenz: converting {file.name}\n")
    show = load_show(path, wanted.options)
    check_routes(show)
    _check_outputs(wanted)
    _check_port(show)
    _check_sound(show)
    with new_session() as session, _stage(wanted, show) as stage, _asked_to_stop() as asked:
        session.write(
            "options.json",
            {
                "record": str(wanted.record.resolve()) if wanted.record else None,
                "take_header": take_header(show),
                "console_port": wanted.console_port,
                "resume": wanted.resume,
            },
        )
        session.board.stage[Board.PID] = os.getpid()
        supervisor = Supervisor(session.folder, session.board)
        wall = Wall(session, stage, show, supervisor)
        try:
            supervisor.start("generator")
            supervisor.start("signals")
            supervisor.start("console")
            wall.playing.follow_script()
            wall.run(wanted.seconds, until=asked.is_set)
            if wanted.snapshot is not None:
                save_png(wanted.snapshot, stage.grab(), wall.describe())
        finally:
            supervisor.stop()
        result = report(session, wall.tally, wall.show)
    if wanted.report is not None:
        write_report(wanted.report, result)
    if asked.is_set():
        raise KeyboardInterrupt
    return result


def take_header(show: Show) -> dict[str, Any]:
    """What a take must know to be the same show again."""
    return {
        "show": show.name,
        "show_hash": show.hash,
        "seed": show.seed,
        "models": {show.model_name: show.info.hash},
        "banks": {
            name: hashlib.sha256((show.folder / name).read_bytes()).hexdigest()
            for name in (*show.table.generator.banks, *show.table.generator.places)
        },
        "fps": show.fps,
        "size": list(show.size),
    }


def _check_outputs(wanted: Play) -> None:
    for path in (wanted.record, wanted.snapshot, wanted.report):
        if path is not None and path.is_dir():
            raise ShowError(f"{path}: is a folder; name a file in it")
        if path is not None:
            check_output(path)
    if wanted.snapshot is not None and wanted.snapshot.suffix.lower() != ".png":
        raise ShowError(f"--snapshot {wanted.snapshot}: cannot write {wanted.snapshot.suffix or 'that'}; give .png")


def _check_port(show: Show) -> None:
    """A port that another program has is said before anything starts; one lost later is waited for."""
    for spec in show.sources:
        if spec.kind != "osc" or not spec.config.port:
            continue
        family = socket.AF_INET6 if ":" in spec.config.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((spec.config.host, spec.config.port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    continue  # the interface is not up yet: the source waits for it
                raise ShowError(
                    f"OSC port {spec.config.host}:{spec.config.port} is taken by another program (another latenz?); "
                    f"close it, or play --osc {spec.config.host}:{spec.config.port + 1}"
                ) from None


def _check_sound(show: Show) -> None:
    """FeedError where a sound file cannot be played; one that vanishes later is waited for."""
    for spec in show.sources:
        if spec.kind == "audio" and spec.config.file is not None:
            Decoder(spec.config.file).close()


@contextmanager
def _stage(wanted: Play, show: Show) -> Iterator[Stage]:
    """The window, or the offscreen stage where there is none to be."""
    width, height = show.size
    if wanted.headless:
        from engine.stage.offscreen import Offscreen

        stage: Stage = Offscreen(width, height, live=True)
    elif show.table.stage.layout == "windows" and len(show.voices) > 1:
        from engine.stage.windows import Windows

        stage = Windows(len(show.voices), width, height, title="latenz")
    else:
        from engine.stage.window import Window

        stage = Window(
            width,
            height,
            title="latenz",
            fullscreen=wanted.fullscreen or wanted.monitor is not None,
            monitor=(wanted.monitor or 1) - 1,
        )
    with stage:
        yield stage


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the show after the present frame, cleanly."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(*_: object) -> None:
        asked.set()

    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def summary(result: dict[str, Any]) -> str:
    """One line for people."""
    dropped = {name: count for name, count in result["dropped"].items() if count}
    return (
        f"{result['show']}: {result['seconds']:.1f} s, {result['frames']} frames at {result['fps']:.1f} fps, "
        f"generator {result['generator_fps']:.1f} fps on {result['device']} ({result['backend']}), "
        f"{result['late_frames']} late, {result['black_frames']} black"
        + (f", dropped {json.dumps(dropped)}" if dropped else "")
    )

"""`latenz journey play`: a pair in a window at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import DeviceOption, ModelOfPair, PairArgument
from engine.cli.options import AudioOption, FpsOption, SizeOption, options_of
from engine.errors import InputError


@journey.command(epilog="Example: latenz journey play first --size 1280x720")
def play(
    pair: PairArgument,
    model: ModelOfPair = None,
    show: Annotated[
        str | None, typer.Option("--show", metavar="SHOW", help="Play it in this show: its routes, effects, springs.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--end", metavar="HOW", help="Behind the last frame: again (leap; the default), close (go on), hold."
        ),
    ] = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Fill the monitor.")] = False,
    monitor: Annotated[int | None, typer.Option("--monitor", min=1, help="Fill this monitor, from 1.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    device: DeviceOption = "auto",
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="TAKE", help="Record the performance.")] = None,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", metavar="PNG", help="Keep the last picture.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where it stood last time.")] = False,
) -> None:
    """Play a pair live: springs tie the picture to it, arrow keys jump between its marks, OSC moves it."""
    from engine.show.play import Play, summary
    from engine.studio.journey.play import play as run

    wanted = Play(
        show=show, options=options_of(None, None, size, fps, device, osc, audio), fullscreen=fullscreen,
        monitor=monitor, headless=headless, seconds=seconds, record=record, snapshot=snapshot, report=report,
        resume=resume,
    )  # fmt: skip
    if show is not None and end is not None:
        raise InputError(
            f"--end {end}: --show {show} says this itself (sequence_end of its first voice); leave one out"
        )
    match end or "again":
        case "again" | "close" | "hold" as how:
            sys.stderr.write(summary(run(pair, wanted, model, how)) + "\n")
        case _:
            raise InputError(f"--end {end}: give again, close or hold")

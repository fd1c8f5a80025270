"""Commands on shows: play them, record, render, watch, make and check them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import app, progress, status
from engine.cli.options import (
    AudioOption,
    BackendOption,
    FpsOption,
    JsonOption,
    ModelOption,
    SeedOption,
    ShowArgument,
    ShowNeeded,
    SizeOption,
    UpstreamOption,
    options_of,
)


@app.command(epilog="Example: latenz play first_light --size 1280x720 --audio song.wav")
def play(
    show: ShowArgument = None,
    model: ModelOption = None,
    seed: SeedOption = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Fill the monitor.")] = False,
    monitor: Annotated[int | None, typer.Option("--monitor", min=1, help="Fill this monitor, from 1.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="TAKE", help="Record the performance.")] = None,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", metavar="PNG", help="Keep the last picture.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    console: Annotated[
        int, typer.Option("--console", metavar="PORT", min=0, max=65535, help="Port of the console; 0 takes any.")
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where this show stood last time.")] = False,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Play a show: signals move a picture on a screen."""
    from engine.show.play import Play, summary
    from engine.show.play import play as run

    result = run(
        Play(
            show=show, options=options_of(model, seed, size, fps, device, osc, audio, None, upstream_exact),
            fullscreen=fullscreen, monitor=monitor, headless=headless, seconds=seconds, record=record,
            snapshot=snapshot, report=report, console_port=console, resume=resume,
        )
    )  # fmt: skip
    sys.stderr.write(summary(result) + "\n")


@app.command(epilog="Example: latenz record pulse -o tonight.take")
def record(
    show: ShowNeeded,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="TAKE", help="Where the take goes.")],
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    audio: AudioOption = None,
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
) -> None:
    """Play a show and record everything that moves it."""
    play(show=show, record=out, seconds=seconds, headless=headless, audio=audio, osc=osc)


@app.command(epilog="Example: latenz render pulse --audio song.wav --seconds 60 -o song.mp4")
def render(
    show: ShowNeeded,
    seconds: Annotated[float, typer.Option("--seconds", help="How long.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help=".mp4 .mov .mkv, a folder of .png, or .npy")],
    take: Annotated[Path | None, typer.Option("--take", metavar="TAKE", help="A recorded performance.")] = None,
    audio: Annotated[
        str | None, typer.Option("--audio", metavar="FILE", help="Heard by the show and muxed in.")
    ] = None,
    model: ModelOption = None,
    seed: SeedOption = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    backend: BackendOption = None,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Render a show to a file; the same command twice gives the same bytes."""
    from engine.studio.render import Render
    from engine.studio.render import render as run

    options = options_of(model, seed, size, fps, "cpu", None, audio, backend, upstream_exact)
    wanted = Render(show, out, seconds, options, take, report)
    with progress("rendering") as advance:
        run(wanted, advance)


@app.command(epilog="Example: latenz signals hands_on --learn")
def signals(
    show: ShowArgument = None,
    learn: Annotated[bool, typer.Option("--learn", help="Name the control just touched, as a route to paste.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch every signal that comes in, like a MIDI monitor."""
    from engine.studio.monitor import watch
    from engine.studio.signals import signals as run

    watch(run(show, options_of(osc=osc, audio=audio), seconds, learn), as_json, learn)


@app.command(epilog="Example: latenz analyse song.wav -o song.take")
def analyse(
    song: Annotated[Path, typer.Argument(metavar="SONG", help="A sound file.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="TAKE", help="Where the take goes.")],
) -> None:
    """Find a song's beats, segments and what is coming, as a take to play along with."""
    from engine.studio.analyse import analyse as run

    with status("listening") as tell:
        summary = run(song, out, tell)
    sys.stderr.write(f"{out}: {summary}\n")


@app.command(epilog="Example: latenz new my_show && latenz play my_show")
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="A new folder.")]) -> None:
    """Make a show to start from."""
    from engine.studio.new import new as run

    sys.stderr.write(f"{run(name)}: made; play it with: latenz play {name}\n")


@app.command(epilog="Example: latenz check my_show")
def check(show: ShowNeeded, as_json: JsonOption = False) -> None:
    """Say what is wrong with a show, before the audience does."""
    from engine.studio.check import check as run
    from engine.studio.monitor import print_tree

    print_tree(run(show), as_json)

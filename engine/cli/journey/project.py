"""`latenz journey project`: a project to start from, for an editor."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import RateOption, parse_rate, telling
from engine.cli.options import parse_size


@journey.command(epilog="Example: latenz journey project first -o edit.kdenlive --audio song.wav")
def project(
    pairs: Annotated[
        list[Path], typer.Argument(metavar="PAIR...", help="Sequences with proxies: NAME, NAME.npy or NAME.mp4.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PROJECT", help="A .kdenlive, .otio or .edl.")],
    each: Annotated[
        int | None,
        typer.Option("--each", metavar="N", help="Frames of every clip; without, a clip for each held sample."),
    ] = None,
    dissolve: Annotated[int, typer.Option("--dissolve", metavar="N", help="Frames that neighbours dissolve.")] = 0,
    gap: Annotated[int, typer.Option("--gap", metavar="N", help="Empty frames between clips.")] = 0,
    audio: Annotated[Path | None, typer.Option("--audio", metavar="FILE", help="Sound, on a track of its own.")] = None,
    fps: RateOption = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="Of the project; that of the first proxy.")
    ] = None,
) -> None:
    """Lay proxies out in a project: open it in an editor, throw away what is bad, double what is rare, and conform."""
    from engine.studio.journey.project import Layout
    from engine.studio.journey.project import project as run
    from engine.studio.journey.timeline import clock

    layout = Layout(tuple(pairs), out, parse_rate(fps), parse_size(size), each, dissolve, gap, audio)
    with telling() as tell:
        made = run(layout, tell)
    clips = sum(len(track.clips) for track in made.tracks)
    typer.echo(f"{out}: {clips} clip{'s' * (clips != 1)}, {made.length} frames, {clock(made.length, made.fps)}")

"""`latenz journey render`: the final of a sequence."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import tidy
from engine.cli.journey import journey
from engine.cli.journey.options import (
    ClassOption,
    DeviceOption,
    ModelOfPair,
    PairArgument,
    PsiOption,
    RateOption,
    RayOption,
    SizeOption,
    SoundOption,
    WorkersOption,
    look_of,
    parse_rate,
    telling,
    workers_of,
    working,
)  # fmt: skip


@journey.command(epilog="Example: latenz journey render piece --size 1024x1024 --audio song.wav -o piece.mp4")
def render(
    pair: PairArgument,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help=".mp4 .mov .mkv, a folder of PNG, or .npy")],
    model: ModelOfPair = None,
    size: SizeOption = None,
    fps: RateOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    audio: SoundOption = None,
    show: Annotated[
        str | None, typer.Option("--show", metavar="SHOW", help="Through the effects and directions of a show.")
    ] = None,
    take: Annotated[
        Path | None, typer.Option("--take", metavar="TAKE", help="A recorded performance, which moves the show.")
    ] = None,
    workers: WorkersOption = 0,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Draw a sequence as the final: any size, any rate, with its sound; a killed one goes on where it was."""
    from engine.studio.journey.pair import open_pair
    from engine.studio.journey.render import Final
    from engine.studio.journey.render import render as run

    rate = parse_rate(fps)
    given = open_pair(pair, rate)
    look = look_of(given, model, size, psi, class_, device)
    final, crew = Final(out, rate, audio, show or "", take), workers_of(workers, ray)
    if show:  # in one pass: nothing is left to go on from
        with tidy(), telling() as tell:
            run(given, look, final, crew, tell)
        return
    with working() as (tell, stop):
        run(given, look, final, crew, tell, stop)

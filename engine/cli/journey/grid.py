"""`latenz journey grid`: the same sequence through several models side by side."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import (
    DeviceOption,
    PairArgument,
    PsiOption,
    RayOption,
    SizeOption,
    SoundOption,
    WorkersOption,
    look_of,
    workers_of,
    working,
)  # fmt: skip
from engine.errors import InputError


@journey.command(epilog="Example: latenz journey grid first --snapshots my_tulip/snapshots -o grid.png")
def grid(
    pair: PairArgument,
    more: Annotated[list[str] | None, typer.Argument(metavar="[M...]", help="More models behind --snapshots.")] = None,
    snapshots: Annotated[
        list[str] | None,
        typer.Option("--snapshots", metavar="M...", help="Models or a folder of them; those of the .json without."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="A .png of one frame, or a film: .mp4 .mov .mkv.")
    ] = None,
    frame: Annotated[int, typer.Option("--frame", metavar="N", min=0, help="Which, of a .png.")] = 0,
    columns: Annotated[
        int, typer.Option("--columns", metavar="N", min=0, max=64, help="0 is what fits: 28 are 7 x 4.")
    ] = 0,
    pick: Annotated[
        int | None,
        typer.Option("--pick", metavar="N", min=1, help="The cell that the sequence is drawn by from now on."),
    ] = None,
    psi: PsiOption = None,
    size: SizeOption = None,
    audio: SoundOption = None,
    workers: WorkersOption = 0,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Show the same latents through several models, numbered and named, and pick one by eye."""
    from engine.studio.journey.grid import grid as run
    from engine.studio.journey.grid import pick as choose
    from engine.studio.journey.pair import open_pair
    from engine.studio.journey.snapshots import names_of, snapshots_of

    if out is None and pick is None:
        raise InputError("give -o OUT to see the grid, or --pick N to choose from it")
    given = open_pair(pair)
    models = snapshots_of([*(snapshots or ()), *(more or ())]) or given.facts.snapshots
    if not models:
        raise InputError(
            f"{given.path}: its .json names no snapshots; give --snapshots with models or a folder of them"
        )
    if out is not None:
        look = look_of(given, models[0], size, psi, device=device)
        with working() as (tell, stop):
            run(
                given, look, models, out, frame=frame, columns=columns, sound=audio, workers=workers_of(workers, ray),
                tell=tell, stop=stop,
            )  # fmt: skip
    if pick is not None:
        chosen = choose(given, models, pick)
        typer.echo(f"{pick}  {names_of(models)[pick - 1]}: {chosen.facts.model}")

"""`latenz journey explore`: look around in a sequence."""

from typing import Annotated

import typer

from engine.cli.app import tidy
from engine.cli.journey import journey
from engine.cli.journey.options import (
    BurnOption,
    ClassOption,
    DeviceOption,
    ModelOfPair,
    OutOption,
    PairArgument,
    ProxyOption,
    PsiOption,
    RayOption,
    SeedOption,
    SizeOption,
    WorkersOption,
    look_of,
    parse_burn,
    telling,
    workers_of,
    working,
)
from engine.cli.learn.options import LayersOption, layers_of

FRAMES = "frames (12), clocks (00:00:03:10), seconds (6.5s) or marks, with commas between"


@journey.command(epilog="Example: latenz journey explore first --between 12,40 --count 20 --frames 75 -o ways")
def explore(
    pair: PairArgument,
    out: OutOption,
    around: Annotated[
        str | None, typer.Option("--around", metavar="FRAMES", help=f"Neighbours of these: {FRAMES}.")
    ] = None,
    between: Annotated[
        str | None, typer.Option("--between", metavar="FRAMES", help="Journeys between two or three of them.")
    ] = None,
    novel: Annotated[bool, typer.Option("--novel", help="Places unlike all in the sequence.")] = False,
    noise: Annotated[
        float, typer.Option("--noise", metavar="0..1", help="How far neighbours are: 1 is a quarter turn, a stranger.")
    ] = 0.3,
    layers: LayersOption = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", help="Neighbours of each frame, journeys, or novel places.")
    ] = 20,
    hold: Annotated[int, typer.Option("--hold", metavar="K", help="Frames for each place that is no journey.")] = 1,
    frames: Annotated[int, typer.Option("--frames", metavar="N", help="Of each journey.")] = 75,
    middle: Annotated[
        str | None,
        typer.Option("--middle", metavar="none|pair|random", help="What journeys pass: another frame, any sample."),
    ] = None,
    apart: Annotated[
        bool | None, typer.Option("--apart/--together", help="NAME_01, NAME_02, ... or all in one; journeys are apart.")
    ] = None,
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", help="Samples among which novel places are sought.")
    ] = 1000,
    model: ModelOfPair = None,
    size: SizeOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    seed: SeedOption = 0,
    proxy: ProxyOption = True,
    burn: BurnOption = "label",
    sheet: Annotated[bool, typer.Option("--sheet/--no-sheet", help="NAME.png, a contact sheet.")] = True,
    workers: WorkersOption = 1,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Look around in a sequence: neighbours of frames, journeys between them, places that it does not show yet.

    Without --around, --between and --novel: journeys between frames that are drawn by chance.
    """
    from engine.studio.journey.explore import Explore, parse_middle
    from engine.studio.journey.explore import explore as run
    from engine.studio.journey.film import check_proxy, proxy_of
    from engine.studio.journey.pair import open_pair

    burnt, by = parse_burn(burn), workers_of(workers, ray)
    given = open_pair(pair)
    look = look_of(given, model, size, psi, class_, device)
    if proxy:
        check_proxy(out, look, given.facts.snapshots if look.model == given.facts.model else ())
    wanted = Explore(
        pair, out, around, between, novel, noise, layers_of(layers), count, hold, frames, parse_middle(middle), apart,
        candidates, seed, sheet, proxy,
    )  # fmt: skip
    with tidy(), telling() as tell:
        made = run(wanted, look, tell)
    if proxy:
        with working() as (tell, stop):
            for one in made.pairs:
                proxy_of(one, look, burnt, workers=by, tell=tell, stop=stop)
    total = sum(map(len, made.pairs))
    last = f" to {made.pairs[-1].path.stem}" if len(made.pairs) > 1 else ""
    typer.echo(f"{made.pairs[0].path.stem}{last}: {total} frames" + (f"; {made.sheet.name}" if made.sheet else ""))
    if made.found is not None:
        far, random = made.found.far, made.found.far_random
        typer.echo(
            f"how far from what is kept and from each other: {far.mean():.2f} on average, the nearest {far.min():.2f}; "
            f"of as many random places {random.mean():.2f}, {random.min():.2f}"
        )

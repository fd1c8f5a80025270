"""`latenz learn compass`: two piles of pictures become a direction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from engine.cli.app import tidy
from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    DeviceOption,
    LayersOption,
    ModelNeeded,
    NameOption,
    OutOption,
    SeedOption,
    SideOption,
    ThreadsOption,
    WithoutOption,
    layers_of,
    working,
)
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.latent.compass import Method

METHODS = ("svm", "means")
PILE = "A folder of our stills, seeds such as 3,17,42, a .npy of latents, or FILE[:NAME,...] of places."


@learn.command(epilog="Example: latenz learn compass --model tulip --more solemn/ --less lively/ -o solemn.safetensors")
def compass(
    model: ModelNeeded,
    out: OutOption,
    more: Annotated[str, typer.Option("--more", metavar="A", help=PILE)],
    less: Annotated[str, typer.Option("--less", metavar="B", help="The other pile, as --more.")],
    name: NameOption = None,
    space: Annotated[
        str | None, typer.Option("--space", metavar="S", help="Compare in components of z, w or layer:NAME.")
    ] = None,
    within: Annotated[
        Path | None, typer.Option("--in", metavar="BANK", help="Compare in the span of this bank instead.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=512, help="Components to compare in.")] = 20,
    samples: Annotated[int, typer.Option("--samples", min=0, help="To find them from; 0 as many as usual.")] = 0,
    method: Annotated[str, typer.Option("--method", help="svm, or means: the shrunk difference of the means.")] = "svm",
    layers: LayersOption = None,
    without: WithoutOption = None,
    add: AddOption = False,
    seed: SeedOption = 0,
    side: SideOption = 64,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """Sort pictures into two piles; learn the way from the one to the other. Six a side are enough."""
    from engine.studio.learn.compass import compass as run

    if method not in METHODS:
        raise InputError(f"--method {method}: give {' or '.join(METHODS)}")
    with tidy(), working() as (tell, stop):
        learned = run(
            model, out, more, less, name=name or "", of=space or "", within=within, count=count, samples=samples,
            method=cast("Method", method), layers=layers_of(layers), leave=without or (), add=add, seed=seed,
            side=side, threads=threads, device=device, tell=tell, stop=stop,
        )  # fmt: skip
    found, measures = learned.found, learned.direction.measures
    n, m = (int(measures.get(side, 0)) for side in ("more", "less"))
    counted = f"{n} more, {m} less: " if n else ""
    typer.echo(
        f"{learned.direction.name}: {counted}accuracy {found.accuracy:.2f} with each example left out "
        f"(guessing gets {found.chance:.2f}), learned in {learned.took_s:.2f} s"
    )
    if found.warning:
        typer.echo(f"latenz: {found.warning}", err=True)

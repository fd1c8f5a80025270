"""`latenz learn combine`: sums of directions, and parts of them that leave others alone."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import tidy
from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    DeviceOption,
    LayersOption,
    ModelNeeded,
    OutOption,
    SeedOption,
    ThreadsOption,
    WithoutOption,
    layers_of,
    telling,
)


@learn.command(
    epilog='Example: latenz learn combine --model tulip "spooky=bloom+0.5*stripes" --without hue -o spooky.safetensors'
)
def combine(
    sums: Annotated[list[str], typer.Argument(metavar="NAME=SUM...", help='For example "spooky=bloom+0.5*stripes".')],
    model: ModelNeeded,
    out: OutOption,
    bank: Annotated[
        list[Path] | None, typer.Option("--bank", metavar="BANK", help="Directions to combine; may be repeated.")
    ] = None,
    without: WithoutOption = None,
    layers: LayersOption = None,
    add: AddOption = False,
    seed: SeedOption = 0,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """Add directions up, take out of them what others do, or put them on other layers."""
    from engine.studio.learn.combine import combine as run

    with tidy(), telling() as tell:
        run(
            model, out, sums, banks=bank or (), leave=without or (), layers=layers_of(layers), add=add, seed=seed,
            threads=threads, device=device, tell=tell,
        )  # fmt: skip

"""`latenz breed`: children of places, generation after generation."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import app, tidy
from engine.cli.journey.options import ClassOption, DeviceOption, PsiOption, SeedOption, SizeOption, telling
from engine.cli.options import MODELS, parse_match, parse_size
from engine.errors import InputError


@app.command(epilog="Example: latenz breed g1-05 g1-08 --mutation 0.1 --gene bloom=1 -o garden")
def breed(
    parents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PARENT...]",
            help="A still (.png), a seed (17), PAIR.npy:FRAME, PLACES.safetensors:NAME, or one of the family (g2-05).",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Of the family.")] = Path("family"),
    model: Annotated[
        str | None, typer.Option("--model", metavar="M", help=f"{MODELS[:-1]}; without, the parents' own.")
    ] = None,
    children: Annotated[int, typer.Option("--children", metavar="N", help="How many.")] = 12,
    mutation: Annotated[
        float, typer.Option("--mutation", metavar="0..1", help="How far from what they inherit: 1 is a quarter turn.")
    ] = 0.2,
    gene: Annotated[
        list[str] | None, typer.Option("--gene", metavar="NAME=SIGMA", help="Along a direction, for every child.")
    ] = None,
    bank: Annotated[Path | None, typer.Option("--bank", metavar="BANK", help="More directions.")] = None,
    match: Annotated[
        str, typer.Option("--match", metavar="HOW", help="Of a bank: only of this model, or of its architecture.")
    ] = "model",
    cross: Annotated[
        str,
        typer.Option(
            "--cross", metavar="HOW",
            help="mix (a mean of all), or layers from one parent each: bands, layers (between cuts), each.",
        ),
    ] = "mix",
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="A,B,...", help="Of the parents; without, by chance.")
    ] = None,
    seed: SeedOption = 0,
    tree: Annotated[
        Path | None, typer.Option("--tree", metavar="FILE", help="The family's file; FOLDER/family.json.")
    ] = None,
    to_sequence: Annotated[
        Path | None,
        typer.Option("--to-sequence", metavar="NAME", help="Breed nobody: write the named as NAME.npy, for journeys."),
    ] = None,
    size: SizeOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    device: DeviceOption = "cpu",
) -> None:  # fmt: skip
    """Breed pictures: children of one, two or more, of which you choose the next parents.

    Without a parent: seeds to choose from. The folder holds a still of each, sheet.png, tree.png, family.json and
    places.safetensors.
    """
    from engine.studio.breed.breed import Breed, gather
    from engine.studio.breed.breed import breed as run

    wanted = Breed(
        tuple(parents or ()), out, model, children, mutation, tuple(gene or ()), bank, parse_match(match), cross,
        _weights(weights), seed, tree, parse_size(size), psi, class_, device,
    )  # fmt: skip
    if to_sequence is not None:
        pair = gather(wanted, to_sequence)
        typer.echo(f"{pair.path.name}: {len(pair)} of the family, a row of {pair.space} each")
        return
    with tidy(), telling() as tell:
        made = run(wanted, tell)
    if made.warning:
        typer.echo(made.warning, err=True)
    last = f" to {made.born[-1].id}" if len(made.born) > 1 else ""
    typer.echo(
        f"{made.born[0].id}{last} in {out}; sheet.png shows them, tree.png the family of {len(made.family.nodes)}"
    )


def _weights(text: str | None) -> tuple[float, ...] | None:
    """`2,1` as numbers."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--weights {text}: give numbers with commas between, such as 2,1") from None

"""Commands on models and files: draw places of them, convert, tell what they are."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import app, status, tidy
from engine.cli.options import (
    MODELS,
    BackendOption,
    JsonOption,
    SizeOption,
    UpstreamOption,
    parse_backend,
    parse_match,
    parse_size,
)
from engine.errors import InputError, printable


@app.command(epilog="Example: latenz still --model silk --seed 7 -o seven.png")
def still(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help=".png or .npy")],
    model: Annotated[str, typer.Option("--model", metavar="M", help=MODELS)] = "silk",
    seed: Annotated[int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the place.")] = None,
    z: Annotated[
        Path | None, typer.Option("--z", metavar="F.npy", help="Latents, N x z_dim, used as they are.")
    ] = None,
    w: Annotated[
        Path | None, typer.Option("--w", metavar="F.npy", help="Mapped latents, N x num_ws x w_dim or N x w_dim.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", metavar="FILE[:NAME]", help="A place of a file of places.")
    ] = None,
    c: Annotated[
        Path | None, typer.Option("--c", metavar="F.npy", help="Class weights, N x classes or classes.")
    ] = None,
    class_: Annotated[
        int | None, typer.Option("--class", metavar="N", help="One class of a conditional model.")
    ] = None,
    psi: Annotated[float, typer.Option("--psi", min=-2, max=2, help="Truncation: 1 as learned.")] = 1.0,
    cutoff: Annotated[
        int | None, typer.Option("--cutoff", metavar="N", min=0, help="Truncate the first N layers only.")
    ] = None,
    noise: Annotated[str, typer.Option("--noise", help="const, none or random.")] = "const",
    size: SizeOption = None,
    amount: Annotated[
        list[str] | None, typer.Option("--amount", metavar="NAME=SIGMA", help="Along a direction.")
    ] = None,
    bank: Annotated[Path | None, typer.Option("--bank", metavar="BANK", help="More directions.")] = None,
    match: Annotated[
        str, typer.Option("--match", metavar="HOW", help="Of a bank: only of this model, or of its architecture.")
    ] = "model",
    backend: BackendOption = None,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Draw one place of a model, or several."""
    from engine.studio.still import Still
    from engine.studio.still import still as run

    wanted = Still(
        model, out, seed=seed, z=z, w=w, place=place, c=c, class_=class_, psi=psi, cutoff=cutoff, noise=noise,
        size=parse_size(size), amounts=tuple(amount or ()), bank=bank, match=parse_match(match),
        backend=parse_backend(backend) or "eager", upstream_exact=upstream_exact,
    )  # fmt: skip
    warnings: list[str] = []
    with status("drawing") as tell:
        run(wanted, tell, warnings.append)
    for line in warnings:
        sys.stderr.write(printable(f"{line}\n", keep="\n"))


@app.command(epilog="Example: latenz convert afhq.pkl -o afhq.safetensors")
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A .pkl, .pt, .pth, or a BigGAN's folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="MODEL", help=".safetensors; by default beside it.")
    ] = None,
    upstream_exact: Annotated[
        bool, typer.Option("--upstream-exact", help="BigGAN: truncate as the public code does, its fault included.")
    ] = False,
) -> None:
    """Make a model to play out of somebody's checkpoint; nothing in it is ever run."""
    from engine.generator.convert import convert as run
    from engine.studio.models import sentence

    with tidy(), status("converting") as tell:
        made = run(checkpoint, out, tell, upstream_exact=upstream_exact)
    sys.stderr.write(printable(f"{sentence(made)}\n", keep="\n"))


@app.command(epilog="Example: latenz inspect first_light")
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A show, take, bank, sequence, picture or model.")],
    as_json: JsonOption = False,
    strip: Annotated[
        Path | None, typer.Option("--strip", metavar="PNG", help="Draw how the latent moves: a column per frame.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=3600, help="How much of it to draw.")] = 12.0,
    strips: Annotated[
        Path | None, typer.Option("--strips", metavar="PNG", help="Of a bank: draw what its directions do.")
    ] = None,
    pages: Annotated[
        Path | None, typer.Option("--pages", metavar="FOLDER", help="Of a bank: a web page for each direction.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="M", help="Of a bank: draw with this; else the model it names.")
    ] = None,
    match: Annotated[
        str, typer.Option("--match", metavar="HOW", help="Of a bank: only of this model, or of its architecture.")
    ] = "model",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 2, help="Of pages: seed of the places.")] = 0,
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256, help="Of the processor.")] = 2,
) -> None:
    """Say what a file is; draw its trajectory as the artist's strip, or what a bank's directions do."""
    from engine.studio.inspect import inspect as run
    from engine.studio.inspect import print_bank
    from engine.studio.monitor import print_tree

    if strip is not None:
        from engine.studio.strips import draw_strip

        draw_strip(file, strip, seconds)
    with status("looking") as tell:
        found = run(file, tell)
    if strips is not None or pages is not None:
        if found["kind"] != "directions":
            raise InputError(f"{file}: strips and pages are of banks of directions; this is a {found['kind']}")
        from engine.cli.learn.options import telling
        from engine.studio.learn.look import look

        with tidy(), telling() as telling_of:
            look(
                Path(file), strips=strips, pages=pages, model=model, match=parse_match(match), seed=seed,
                threads=threads, tell=telling_of,
            )  # fmt: skip
    if found["kind"] == "directions" and not as_json:
        print_bank(found)
    else:
        print_tree(found, as_json)

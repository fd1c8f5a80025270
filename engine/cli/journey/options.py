"""What all steps of a journey are asked in the same words."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.learn.options import RayOption, WorkersOption, telling, workers_of, working
from engine.cli.options import parse_device, parse_size
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.studio.journey.burn import Burn
    from engine.studio.journey.drawing import Look
    from engine.studio.journey.pair import Pair

__all__ = ["RayOption", "WorkersOption", "telling", "workers_of", "working"]

MODELS = "A built-in name (tulip), a .safetensors, or a checkpoint"
ModelNeeded = Annotated[str, typer.Option("--model", metavar="M", help=f"{MODELS}.")]
ModelOfPair = Annotated[
    str | None, typer.Option("--model", metavar="M", help=f"{MODELS}; without, the one that the .json names.")
]
PairArgument = Annotated[
    Path, typer.Argument(metavar="PAIR", help="A sequence: NAME, NAME.npy, NAME.mp4 or NAME.json.")
]
OutOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="NAME", help="Writes NAME.npy, NAME.json and, with a proxy, NAME.mp4.")
]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="WxH", help="Of the pictures, for example 512x512; the model's own.")
]
PsiOption = Annotated[
    float | None, typer.Option("--psi", metavar="P", help="Truncation: 1 as learned, 0 the average picture.")
]
RateOption = Annotated[
    str | None, typer.Option("--fps", metavar="F", help="Pictures a second: 25, 29.97 or 30000/1001.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of what is drawn by chance.")]
ClassOption = Annotated[
    int | None, typer.Option("--class", metavar="N", help="Of a conditional model, this class alone.")
]
ProxyOption = Annotated[bool, typer.Option("--proxy/--no-proxy", help="Draw NAME.mp4, to be edited.")]
BurnOption = Annotated[
    str, typer.Option("--burn", metavar="HOW", help="Into the proxy: none, label (number and name), or bars as well.")
]
SoundOption = Annotated[
    Path | None, typer.Option("--audio", metavar="FILE", help="Sound, cut to the length of the pictures.")
]
DeviceOption = Annotated[str, typer.Option("--device", help="Where to draw: auto, cpu, cuda or mps.")]


def parse_rate(text: str | None) -> Fraction | None:
    """`25`, `29.97` (which means 30000/1001) or `30000/1001`. InputError for anything else."""
    if text is None:
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"--fps {text}: give a number such as 25, 29.97 or 30000/1001") from None
    for whole in (24, 30, 48, 60, 120):
        if abs(rate - Fraction(whole * 1000, 1001)) < Fraction(1, 200):
            return Fraction(whole * 1000, 1001)
    if not 1 <= rate <= 240:
        raise InputError(f"--fps {text}: give 1 to 240")
    if rate.denominator > 1001:
        raise InputError(f"--fps {text}: too fine; give a fraction such as 30000/1001")
    return rate


def parse_burn(text: str) -> "Burn":
    """What is burnt in, checked."""
    from engine.complaints import nearest
    from engine.studio.journey.burn import BURNS

    for known in BURNS:
        if text == known:
            return known
    raise InputError(f"--burn {text}: give {', '.join(BURNS)}{nearest(text, list(BURNS))}")


def look_of(
    pair: "Pair", model: str | None = None, size: str | None = None, psi: float | None = None,
    class_: int | None = None, device: str = "cpu",
) -> "Look":  # fmt: skip
    """How a pair is drawn: as the options say, else as its `.json` does.

    InputError where neither names a model, or the one of the `.json` is not found, or is another one now.
    """
    from engine.studio.journey.drawing import Look
    from engine.studio.journey.moved import check_model

    facts = pair.facts
    if not (model or facts.model):
        raise InputError(f"{pair.path}: no .json beside it names a model; give --model M")
    if not model:
        check_model(facts, pair.path)
        _check_classes(pair, class_)
    if psi is not None and not 0 <= psi <= 2:
        raise InputError(f"--psi {psi:g}: give 0 to 2")
    return Look(
        model or facts.model, parse_size(size), facts.psi if psi is None else psi, class_, device=parse_device(device)
    )


def _check_classes(pair: "Pair", class_: int | None) -> None:
    """InputError for z of a conditional model whose class weights were lost: any class would be a guess."""
    from engine.studio.journey.drawing import info_of

    if class_ is None and pair.classes is None and pair.space == "z" and info_of(pair.facts.model).extra.get("classes"):
        raise InputError(
            f"{pair.path}: {pair.path.stem}.classes.npy, which its model draws it with, is missing; put it beside, or "
            "give --class N"
        )

"""`latenz learn steer`: directions that do what an edit of a picture does."""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    ClassOption,
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
)  # fmt: skip
from engine.cli.options import JsonOption
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.studio.learn.steer import Steered

EDITS = (
    "zoom, shift_x, shift_y, rotate, shear, brightness, contrast, red, green, blue, saturation, hue, blur; or "
    "FILE.py:FUNCTION of your own, which is run. May be repeated."
)


class SpaceName(StrEnum):
    """Where a walk is learned."""

    z = "z"
    w = "w"


class WalkName(StrEnum):
    """Whether a walk may bend."""

    linear = "linear"
    curved = "curved"


@learn.command(epilog="Example: latenz learn steer --model tulip --edit zoom --edit hue -o steered.safetensors")
def steer(
    model: ModelNeeded,
    edit: Annotated[list[str], typer.Option("--edit", metavar="EDIT", help=EDITS)],
    out: OutOption,
    name: NameOption = None,
    reach: Annotated[
        str | None, typer.Option("--range", metavar="LOW,HIGH", help="What to ask for, in the edit's unit.")
    ] = None,
    space: Annotated[SpaceName, typer.Option("--space", help="Where to look for it.")] = SpaceName.z,
    layers: LayersOption = None,
    walk: Annotated[WalkName, typer.Option("--walk", help="A straight line, or a curve.")] = WalkName.linear,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=1, max=1_000_000, help="Of learning.")] = 240,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=2, max=1024, help="Pictures in a step.")] = 8,
    rate: Annotated[
        float,
        typer.Option("--rate", metavar="R", help="How far a step leads at most, in sigma; 0: what suits the walk."),
    ] = 0.0,
    without: WithoutOption = None,
    features: Annotated[
        Path | None, typer.Option("--features", metavar="FILE", help="A TorchScript network to compare pictures by.")
    ] = None,
    places: Annotated[
        int, typer.Option("--places", metavar="N", min=4, max=4096, help="Held out, to measure at.")
    ] = 24,
    side: SideOption = 64,
    classes: ClassOption = None,
    seed: SeedOption = 0,
    add: AddOption = False,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Learn directions that do what edits of a picture do, and how far the model follows."""
    from engine.latent.bank import check_name
    from engine.studio.learn.bank import check_bank, keep, others
    from engine.studio.learn.likeness import network, pyramid
    from engine.studio.learn.response_picture import picture
    from engine.studio.learn.steer import Plan
    from engine.studio.learn.steer import steer as learned
    from engine.studio.learn.strips import save
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.user_edits import edits_of
    from engine.studio.learn.work import Work
    from engine.studio.monitor import print_json

    plan = Plan(space.value, layers_of(layers), walk.value, steps, batch, rate, seed)
    edits = edits_of(edit, _range(reach))
    names = [check_name(one, "--name") for one in _names(name, [one.name for one in edits])]
    subject = Subject(model, side, threads, device, classes or ())
    former = check_bank(out, add, subject.info)
    shown = out.with_suffix(".png")
    leave = others(without or (), model, subject.info, space.value)
    compared = pyramid if features is None else network(features, subject.device)
    asked = {
        "learn": "steer", "model": subject.info.hash, "edits": [[e.name, e.range, e.source] for e in edits],
        "names": names, "plan": repr(plan), "without": [[d.name, d.vector.tolist()] for d in leave],
        "features": features and sha256(features.read_bytes()).hexdigest(), "side": side, "classes": classes,
    }  # fmt: skip
    with working() as (tell, stop):
        work = Work(out, asked, tell, stop)
        found = learned(
            subject, edits, plan, names=names, leave=leave, features=compared, places=places, work=work, tell=tell
        )
        save(shown, picture(subject, found, seed))
        keep(out, former, [one.direction for one in found], subject.info)
        work.done()
    if as_json:
        print_json({"bank": str(out), "picture": str(shown), "directions": [_as_json(one) for one in found]})
        return
    for one in found:
        typer.echo(_line(one))
    typer.echo(f"{len(found)} in {out}; {shown} shows how far the model follows")


def _line(one: "Steered") -> str:
    found, unit = one.response, one.edit.unit
    low, high = found.limits
    return (
        f"{one.direction.name}: one sigma is {found.per_sigma:.3g} {unit}; followed from {low:.3g} to {high:.3g}; "
        f"{100 * found.share:.0f} % of the places follow in order; error {found.ratio:.2f} of doing nothing"
    )


def _as_json(one: "Steered") -> dict[str, Any]:
    import numpy as np

    found, edit, direction = one.response, one.edit, one.direction
    low, median, high = (np.quantile(found.done, q, axis=0).tolist() for q in (0.1, 0.5, 0.9))
    return {
        "name": direction.name, "edit": edit.name, "unit": edit.unit, "range": edit.range, "space": direction.space,
        "sigma": direction.sigma, "layers": direction.layers, "bends": direction.curve is not None,
        "safe": direction.safe, "measures": dict(direction.measures), "limits": found.limits,
        "response": {"asked": found.asked.tolist(), "low": low, "median": median, "high": high},
    }  # fmt: skip


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--range {text}: give two numbers, LOW,HIGH") from None
    return low, high


def _names(name: str | None, edits: list[str]) -> list[str]:
    """What the directions are called: as their edits, or the one as asked."""
    if name is not None and len(edits) > 1:
        raise InputError(f"--name {name}: goes with one --edit; {len(edits)} are given, and keep their names")
    names = edits if name is None else [name]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"--edit {twice}: given twice; give it once")
    return names

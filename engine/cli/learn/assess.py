"""`latenz learn assess`: directions along which an assessor's score of the picture rises."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    AssessorOutputOption,
    AssessorScaleOption,
    AssessorSizeOption,
    ClassOption,
    ClipOption,
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
from engine.cli.learn.steer import SpaceName
from engine.cli.options import JsonOption
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.studio.learn.assessed import Assessed
    from engine.studio.learn.assessors import Wish

ASSESSORS = (
    "brightness, contrast, colourfulness, redness, saturation, hue, edge_density, sharpness, entropy, symmetry, "
    "object_size, centredness, shift_x, shift_y; a TorchScript (.pt, .ts) or .onnx FILE; FILE.py:FUNCTION or "
    'SHOW:FUNCTION, which is run; clip:"a text" or clip:"this|that". =WEIGHT after it; may be repeated.'
)


@learn.command(epilog="Example: latenz learn assess --model tulip --assessor redness -o red.safetensors")
def assess(
    model: ModelNeeded,
    assessor: Annotated[list[str], typer.Option("--assessor", metavar="A[=WEIGHT]", help=ASSESSORS)],
    out: OutOption,
    name: NameOption = None,
    hold: Annotated[
        list[str] | None, typer.Option("--hold", metavar="A", help="An assessor whose score is to stay as it is.")
    ] = None,
    without: WithoutOption = None,
    space: Annotated[SpaceName, typer.Option("--space", help="Where to look for it.")] = SpaceName.z,
    layers: LayersOption = None,
    shell: Annotated[
        bool, typer.Option("--shell", help="In z: each place keeps its distance from the middle.")
    ] = False,
    each_class: Annotated[
        bool, typer.Option("--each-class", help="Of a conditional model: a direction for each class, NAME@CLASS.")
    ] = False,
    reach: Annotated[
        float, typer.Option("--range", metavar="A", min=0.05, max=4.0, help="Ask for up to so many deviations.")
    ] = 1.0,
    places: Annotated[
        int, typer.Option("--places", metavar="N", min=16, max=100_000, help="Pictures to learn from.")
    ] = 1024,
    steps: Annotated[int, typer.Option("--steps", metavar="N", min=0, max=1_000_000, help="Of learning.")] = 200,
    batch: Annotated[int, typer.Option("--batch", metavar="N", min=1, max=1024, help="Pictures in a step.")] = 16,
    size: AssessorSizeOption = None,
    normalise: AssessorScaleOption = "0..1",
    output: AssessorOutputOption = None,
    clip_model: ClipOption = None,
    gradient_free: Annotated[
        bool, typer.Option("--gradient-free", help="Learn by differences even where there are gradients.")
    ] = False,
    side: SideOption = 64,
    classes: ClassOption = None,
    seed: SeedOption = 0,
    add: AddOption = False,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Learn what more of a score looks like: of one assessor, or of several at once."""
    from engine.latent.bank import check_name
    from engine.studio.learn.assess import Asked
    from engine.studio.learn.assessed import learned, request, save_alpha_strips
    from engine.studio.learn.assessors import Input, digest_of, held, named, wish
    from engine.studio.learn.bank import check_bank, keep, others
    from engine.studio.learn.places import Move
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.work import Work
    from engine.studio.monitor import print_json

    move = Move(space.value, layers_of(layers), shell)
    asked = Asked(move, reach, places, steps, batch, seed=seed, each_class=each_class, gradient_free=gradient_free)
    subject = Subject(model, side, threads, device, classes or ())
    former = check_bank(out, add, subject.info)
    shown = out.with_suffix(".png")
    given = Input(size, normalise, output)
    wishes = [wish(text, given, subject.device, clip_model) for text in assessor]
    wishes += [held(text, given, subject.device, clip_model) for text in hold or ()]
    _once(wishes)
    check_name((name or named(wishes)) + ("@000" if each_class else ""), "--name")
    leave = others(without or (), model, subject.info, space.value)
    said = {
        **request(wishes, asked, leave), "model": subject.info.hash, "side": side, "classes": classes, "name": name,
        "from": [[text, digest_of(text)] for text in (*assessor, *(hold or ()))], "input": repr(given),
        "clip": clip_model,
    }  # fmt: skip
    with working() as (tell, stop):
        work = Work(out, said, tell, stop)
        found = learned(subject, wishes, asked, name, leave, work)
        tell("drawing strips", 0, 1)
        save_alpha_strips(shown, subject, found, reach)
        keep(out, former, [one.direction for one in found], subject.info)
        work.done()
    for one in found:
        if one.warning:
            typer.echo(one.warning, err=True)
    if as_json:
        print_json({"bank": str(out), "picture": str(shown), "directions": [_as_json(one) for one in found]})
        return
    for one in found:
        typer.echo(_line(one))
    typer.echo(f"{len(found)} in {out}; {shown} shows what a bit more of it looks like")


def _line(one: "Assessed") -> str:
    seen, deviations = one.followed, one.direction.measures["deviations"]
    by = " (by differences)" if "gradient-free" in one.direction.method else ""
    return (
        f"{one.direction.name}: one sigma brings {deviations:.2f} deviations of the score{by}; asked for one it brings "
        f"{seen.slope:.2f} (chance {one.chance:.2f}), R2 {seen.r2:.2f}, "
        f"in order at {100 * seen.monotone:.0f} % of the places"
    )


def _as_json(one: "Assessed") -> dict[str, Any]:
    direction = one.direction
    return {
        "name": direction.name, "method": direction.method, "space": direction.space, "sigma": direction.sigma,
        "layers": direction.layers, "safe": direction.safe, "class": one.class_, "measures": dict(direction.measures),
        "warning": one.warning, "alphas": one.followed.alphas.tolist(), "changes": one.followed.changes.tolist(),
    }  # fmt: skip


def _once(wishes: "list[Wish]") -> None:
    names = [w.assessor.name for w in wishes]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"--assessor {twice}: asked for twice, or held too; name it once")

"""`latenz journey sample`: random places of a model as a sequence, and as a video to edit."""

from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import (
    BurnOption,
    ClassOption,
    DeviceOption,
    OutOption,
    ProxyOption,
    PsiOption,
    RateOption,
    RayOption,
    SeedOption,
    SizeOption,
    SoundOption,
    WorkersOption,
    parse_burn,
    parse_rate,
    workers_of,
    working,
)  # fmt: skip
from engine.cli.options import parse_device, parse_size
from engine.errors import InputError


@journey.command(epilog="Example: latenz journey sample --model tulip --frames 250 -o first")
def sample(
    frames: Annotated[int, typer.Option("--frames", metavar="N", min=1, help="How many samples.")],
    out: OutOption,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="M", help="A built-in name (tulip), a .safetensors, or a checkpoint."),
    ] = None,
    snapshots: Annotated[
        list[str] | None,
        typer.Option("--snapshots", metavar="M...", help="Models or a folder of them: the proxy is their grid."),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[M...]", help="More models behind --snapshots.")] = None,
    hold: Annotated[
        int, typer.Option("--hold", metavar="K", min=1, help="Frames that each stays: N x K frames in all.")
    ] = 1,
    fps: RateOption = None,
    seed: SeedOption = 0,
    space: Annotated[str, typer.Option("--space", help="Of the rows: z, or w (of psi 1).")] = "z",
    class_: ClassOption = None,
    all_classes: Annotated[
        bool, typer.Option("--all-classes", help="Each class in turn; otherwise a random one each.")
    ] = False,
    psi: PsiOption = None,
    size: SizeOption = None,
    proxy: ProxyOption = True,
    burn: BurnOption = "label",
    audio: SoundOption = None,
    workers: WorkersOption = 0,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Draw N random samples, unbiased, one a frame or each held: NAME.npy, NAME.json and the proxy NAME.mp4."""
    from fractions import Fraction

    from engine.studio.journey.sample import Wanted
    from engine.studio.journey.sample import sample as run
    from engine.studio.journey.snapshots import snapshots_of

    models = (*((model,) if model else ()), *snapshots_of([*(snapshots or ()), *(more or ())]))
    if not models:
        raise InputError("nothing to sample: give --model M, or --snapshots with models or a folder of them")
    if space not in ("z", "w"):
        raise InputError(f"--space {space}: give z or w")
    wanted = Wanted(
        models, out, frames, hold, parse_rate(fps) or Fraction(25), seed, "w" if space == "w" else "z", class_,
        all_classes, 1.0 if psi is None else psi, parse_size(size), proxy, parse_burn(burn), audio,
        parse_device(device),
    )  # fmt: skip
    with working() as (tell, stop):
        pair = run(wanted, workers_of(workers, ray), tell, stop)
    made = f" and {pair.proxy.name}" if proxy and pair.proxy else ""
    typer.echo(f"{pair.path.name}{made}: {len(pair)} frames at {float(pair.facts.fps):g} a second")

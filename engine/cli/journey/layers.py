"""`latenz journey layers`: short walks as time paintings."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import (
    ClassOption,
    DeviceOption,
    ModelOfPair,
    PsiOption,
    RayOption,
    SizeOption,
    WorkersOption,
    look_of,
    workers_of,
    working,
)


@journey.command(epilog="Example: latenz journey layers ways_*.npy --size 1024x1024 -o paintings")
def layers(
    pairs: Annotated[
        list[Path], typer.Argument(metavar="PAIR...", help="Short walks: NAME, NAME.npy, NAME.mp4 or NAME.json.")
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="OUT", help="A .png (of several walks: their sheet), or a folder for all."),
    ],
    way: Annotated[
        str, typer.Option("--way", metavar="WAY", help="How frames meet: veils, bloom, mean, light, dark or slit.")
    ] = "veils",
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", min=0, help="Cut pairs into walks of so many; 0: each is one.")
    ] = 0,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=0, help="Pictures over one another, odd; 0: what suits the way.")
    ] = 0,
    model: ModelOfPair = None,
    size: SizeOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    workers: WorkersOption = 1,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Lay the frames of short walks over one another: a time painting of each."""
    from engine.complaints import nearest
    from engine.errors import InputError
    from engine.studio.journey.exposure import WAYS
    from engine.studio.journey.layers import Layering
    from engine.studio.journey.layers import layers as run
    from engine.studio.journey.pair import named, open_pair

    if way not in WAYS:
        raise InputError(f"--way {way}: give {', '.join(WAYS)}{nearest(way, list(WAYS))}")
    paths = dict.fromkeys(named(path) for path in pairs if not path.name.endswith(".classes.npy"))
    opened = [open_pair(path) for path in paths]
    models = {pair.facts.model or "nobody says which" for pair in opened}
    if not opened or (model is None and len(models) > 1):
        raise InputError(f"PAIR: of {len(models)} models ({', '.join(sorted(models)) or 'none'}); give those of one")
    look, *others = dict.fromkeys(look_of(pair, model, size, psi, class_, device) for pair in opened)
    if others:
        given = ", ".join(f"{one.psi:g}" for one in (look, *others))
        raise InputError(f"PAIR: drawn with several psi ({given}); give --psi P for all")
    with working() as (tell, stop):
        written = run(
            opened, look, out, Layering(way, frames, count), workers=workers_of(workers, ray), tell=tell, stop=stop
        )
    typer.echo(f"{out}" if len(written) == 1 else f"stills in {out}: {len(written) - 1}; {written[0]} shows them all")

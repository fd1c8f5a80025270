"""`latenz learn sheet`: a contact sheet of a model, sorted by an assessor."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.learn import learn
from engine.cli.learn.options import (
    AssessorOutputOption,
    AssessorScaleOption,
    AssessorSizeOption,
    ClipOption,
    DeviceOption,
    ModelNeeded,
    RayOption,
    SeedOption,
    ThreadsOption,
    WorkersOption,
    workers_of,
    working,
)


@learn.command(epilog="Example: latenz learn sheet --model tulip --assessor redness -o sheet.png")
def sheet(
    model: ModelNeeded,
    assessor: Annotated[
        str, typer.Option("--assessor", metavar="A", help="What sorts, as `latenz learn assess` takes it: redness.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PNG", help="The sheet.")],
    count: Annotated[int, typer.Option("--count", metavar="N", min=2, max=1024, help="Pictures on it.")] = 64,
    pool: Annotated[
        int, typer.Option("--pool", metavar="N", min=0, max=100_000, help="Sort so many, show N of them; else N.")
    ] = 0,
    seed: SeedOption = 0,
    class_: Annotated[
        int | None, typer.Option("--class", metavar="N", help="Of a conditional model, pictures of this class.")
    ] = None,
    side: Annotated[int, typer.Option("--side", min=16, max=512, help="Pixels of each picture.")] = 112,
    size: AssessorSizeOption = None,
    normalise: AssessorScaleOption = "0..1",
    output: AssessorOutputOption = None,
    clip_model: ClipOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
    workers: WorkersOption = 1,
    ray: RayOption = "",
) -> None:
    """Draw many places of a model, sorted by what an assessor says of them."""
    from engine.studio.learn.assessors import Input
    from engine.studio.learn.sheet import sheet as run

    with working() as (tell, stop):
        run(
            model, out, assessor, given=Input(size, normalise, output), clip=clip_model, count=count, pool=pool,
            seed=seed, class_=class_, side=side, threads=threads, device=device, workers=workers_of(workers, ray),
            tell=tell, stop=stop,
        )  # fmt: skip

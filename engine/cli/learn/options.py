"""What all ways to learn are asked in the same words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.app import Stop, stopping
from engine.errors import InputError, printable

if TYPE_CHECKING:
    from engine.studio.farm import Workers
    from engine.studio.learn.work import Tell

ModelNeeded = Annotated[
    str, typer.Option("--model", metavar="M", help="A built-in name (tulip), a .safetensors, or a checkpoint.")
]
OutOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="BANK", help="The bank; a .png beside it shows what was found.")
]
AddOption = Annotated[bool, typer.Option("--add", help="Into the bank that is there; the later name wins.")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the direction is called.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the samples.")]
SideOption = Annotated[int, typer.Option("--side", min=16, max=1024, help="Pixels of the pictures learned from.")]
ThreadsOption = Annotated[int, typer.Option("--threads", metavar="N", min=1, max=256, help="Of the processor.")]
DeviceOption = Annotated[str, typer.Option("--device", help="Where to learn: auto, cpu, cuda or mps.")]
ClassOption = Annotated[
    list[int] | None, typer.Option("--class", metavar="N", help="Of a conditional model, samples of this class alone.")
]
LayersOption = Annotated[
    str | None, typer.Option("--layers", metavar="A-B", help="Layers of w that it moves: 0-4, or 2,5,7.")
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="[BANK:]NAME", help="Leave alone what this direction does; may be repeated."),
]
AssessorSizeOption = Annotated[
    int | None, typer.Option("--assessor-size", metavar="PX", min=1, max=4096, help="Of a file's square input.")
]
AssessorScaleOption = Annotated[
    str, typer.Option("--assessor-normalise", metavar="HOW", help="0..1, -1..1, 0..255, imagenet or clip.")
]
AssessorOutputOption = Annotated[
    int | None,
    typer.Option("--assessor-output", metavar="K", min=0, help="Which of a file's several numbers."),
]
ClipOption = Annotated[
    str | None, typer.Option("--clip-model", metavar="NAME:WEIGHTS", help="Of open_clip; fetched at first use.")
]
WorkersOption = Annotated[
    int,
    typer.Option("--workers", metavar="N", min=0, max=1024, help="Processes; 0: one a core. The result is the same."),
]
RayOption = Annotated[
    str, typer.Option("--ray", metavar="auto|ADDRESS", help="Work on a cluster; the result is the same.")
]


def workers_of(count: int, ray: str) -> "Workers":
    """Who works. On a cluster all that it has, or N of it where more than one is asked for."""
    from engine.studio.farm import Workers

    return Workers(0 if ray and count == 1 else count, ray)


def layers_of(text: str | None) -> tuple[int, ...] | None:
    """`0-4` or `2,5,7` as numbers; None for all."""
    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.partition("-")
        ends = (low, high if dash else low)
        if not all(end.isascii() and end.isdecimal() and len(end) < 4 for end in ends) or int(ends[0]) > int(ends[1]):
            raise InputError(f"--layers {text}: give 0-4, or 2,5,7")
        found.extend(range(int(ends[0]), int(ends[1]) + 1))
    return tuple(sorted(set(found)))


@contextmanager
def telling() -> Iterator["Tell"]:
    """A bar of progress, for work of seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def tell(what: str, done: int, of: int) -> None:
            bar.update(task, description=printable(what), completed=done, total=of)

        yield tell


@contextmanager
def working() -> Iterator[tuple["Tell", Stop]]:
    """A bar of progress, and whether one asked to stop: Ctrl-C keeps what is done, and the same command goes on."""
    from engine.studio.learn.work import Stopped

    with stopping() as stop:
        try:
            with telling() as tell:
                yield tell, stop
        except Stopped as kept:
            typer.echo(f"stopped; {kept} is kept and the same command goes on", err=True)
            raise typer.Exit(128 + stop.number) from None

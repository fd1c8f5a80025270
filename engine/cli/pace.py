"""`latenz pace`: a sequence of latents, at an even visible pace."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import app, tidy
from engine.cli.learn.options import ClassOption, DeviceOption, ModelNeeded, SideOption, ThreadsOption, telling


@app.command(epilog="Example: latenz pace journey.npy --model tulip -o even.npy")
def pace(
    sequence: Annotated[
        Path, typer.Argument(metavar="SEQ.npy", help="Latents, N x z_dim or N x num_ws x w_dim, as a voice plays them.")
    ],
    model: ModelNeeded,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.npy", help="The same way in as many frames.")],
    side: SideOption = 64,
    class_: ClassOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """Go the way of a sequence so that each frame is as far from the last one to the eye."""
    from engine.studio.pace import pace as run
    from engine.studio.pace import unevenness, worst

    with tidy(), telling() as tell:
        found = run(
            model, sequence, out, side=side, threads=threads, device=device, classes=class_ or (), tell=tell
        )  # fmt: skip
    for when, changes in (("before", found.before), ("after", found.after)):
        typer.echo(
            f"{when}: change from frame to frame varies by {100 * unevenness(changes):.0f} % (CV), "
            f"the worst is {worst(changes):.1f} x the median"
        )

"""`latenz journey`: compose time in a video editor, one step of the way in each file."""

import typer

from engine.cli.app import app

journey = typer.Typer(
    name="journey", help="Compose time in a video editor: sample, edit, conform, play, render.", no_args_is_help=True,
    rich_markup_mode=None, epilog="Example: latenz journey sample --model tulip --frames 250 -o first",
)  # fmt: skip
app.add_typer(journey)

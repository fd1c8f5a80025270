"""`latenz learn`: find directions in a model, one way to learn in each file."""

import typer

from engine.cli.app import app

learn = typer.Typer(
    name="learn", help="Find directions in a model and keep them in a bank.", no_args_is_help=True,
    rich_markup_mode=None, epilog="Example: latenz learn components --model tulip -o components.safetensors",
)  # fmt: skip
app.add_typer(learn)

"""The command `latenz`: one thin function per sub-command; what is heavy is imported where it is used."""

from engine.cli import machine, models, shows, train
from engine.cli.start import main, run

__all__ = ["machine", "main", "models", "run", "shows", "train"]

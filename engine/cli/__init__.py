"""The command `latenz`: one thin function per sub-command; what is heavy is imported where it is used."""

from engine.cli import machine, models, shows, train
from engine.cli.learn import combine as learn_combine
from engine.cli.start import main, run

__all__ = ["learn_combine", "machine", "main", "models", "run", "shows", "train"]

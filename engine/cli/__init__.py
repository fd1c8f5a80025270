"""The command `latenz`: one thin function per sub-command; what is heavy is imported where it is used."""

from engine.cli import breed, machine, models, pace, shows, train
from engine.cli.journey import conform as journey_conform
from engine.cli.journey import explore as journey_explore
from engine.cli.journey import grid as journey_grid
from engine.cli.journey import layers as journey_layers
from engine.cli.journey import play as journey_play
from engine.cli.journey import project as journey_project
from engine.cli.journey import render as journey_render
from engine.cli.journey import sample as journey_sample
from engine.cli.journey import smooth as journey_smooth
from engine.cli.learn import assess as learn_assess
from engine.cli.learn import combine as learn_combine
from engine.cli.learn import compass as learn_compass
from engine.cli.learn import components as learn_components
from engine.cli.learn import measure as learn_measure
from engine.cli.learn import sheet as learn_sheet
from engine.cli.learn import steer as learn_steer
from engine.cli.learn import vocabulary as learn_vocabulary
from engine.cli.start import main, run

__all__ = [
    "breed",
    "journey_layers",
    "journey_render",
    "journey_play",
    "journey_project",
    "journey_sample",
    "journey_grid",
    "journey_conform",
    "journey_explore",
    "journey_smooth",
    "learn_assess",
    "learn_combine",
    "learn_compass",
    "learn_components",
    "learn_measure",
    "learn_sheet",
    "learn_steer",
    "learn_vocabulary",
    "machine",
    "main",
    "models",
    "pace",
    "run",
    "shows",
    "train",
]

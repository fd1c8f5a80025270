"""A show, read from its folder and checked: every error names the file, the line and the remedy."""

from engine.preset.find import find_show, show_names
from engine.preset.load import check_routes, load_show, unconverted
from engine.preset.parts import show_controls
from engine.preset.show import Options, Show, SourceSpec, same_generator

__all__ = [
    "Options",
    "Show",
    "SourceSpec",
    "check_routes",
    "find_show",
    "load_show",
    "same_generator",
    "show_controls",
    "show_names",
    "unconverted",
]

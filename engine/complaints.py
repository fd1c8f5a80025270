"""How a mistake in a show is told: file, line, what was given, what is allowed, the nearest name."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from engine.tables import (
    BandTable,
    CompassTable,
    DemonstrateTable,
    GeneratorTable,
    MotionTable,
    RouteTable,
    ShowTable,
    StageTable,
    VoiceTable,
)
from engine.toml_lines import line_of, lines


def nearest(word: str, words: Sequence[str]) -> str:
    """`; did you mean "x"?` where something is near enough, else nothing."""
    close = difflib.get_close_matches(word, words, 1, 0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


class Where:
    """Builds error texts with the file and line of a place."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self._lines = path, lines(text)

    def __call__(self, *place: str | int) -> str:
        try:
            shown = self.path.relative_to(Path.cwd())
        except ValueError:
            shown = self.path
        return f"{shown}:{line_of(self._lines, place)}"


def explain(error: ValidationError, where: Where) -> str:
    """The first mistake of a table, in a sentence."""
    first = error.errors()[0]
    place = tuple(first["loc"])
    name = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        table: type[BaseModel] = ShowTable
        tables: dict[str, type[BaseModel]] = {
            "generator": GeneratorTable,
            "motion": MotionTable,
            "bands": BandTable,
            "stage": StageTable,
            "voice": VoiceTable,
            "compass": CompassTable,
            "route": RouteTable,
            "demonstrate": DemonstrateTable,
        }
        for part in place[:-1]:
            table = tables.get(str(part), table)
        keys = [f.alias or n for n, f in table.model_fields.items()]
        return f'{where(*place)}: unknown key "{place[-1]}"{nearest(str(place[-1]), keys)}; allowed: {", ".join(keys)}'
    given = first.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{where(*place)}: {name}: {first['msg'][:1].lower()}{first['msg'][1:]}{shown}"

"""`latenz learn measure`: what every way to learn reaches on the tulip, whose factors are known, in one report."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError
from engine.generator.catalog import model_info
from engine.studio.figures import Bar, Report, Row
from engine.studio.learn.work import Stop, Tell, Work, never, quiet

Rows = Callable[[int, int, Tell], list[Row]]  # seed, threads, tell

MODEL = "tulip"
KIND = "latenz.directions.report"
PARTS = ("components", "steer", "assess", "compass", "vocabulary", "combine", "pace")  # figures/<name>.py


def measure(
    out: Path, only: Sequence[str] = (), *, seed: int = 0, threads: int = 2, tell: Tell = quiet, stop: Stop = never,
    parts: Mapping[str, Rows] | None = None,
) -> Report:  # fmt: skip
    """Run the parts, or those of `only`, one after the other.

    out : beside it the parts that are done lie until all are, so that an interrupted run goes on with the next
    parts : by name, what gives their rows; none: all of `PARTS`
    InputError for a part that there is not, with what there is; Stopped where `stop` asked to, between two pictures.
    """
    parts = parts if parts is not None else {name: _rows(name) for name in PARTS}
    for name in only:
        if name not in parts:
            raise InputError(f'--only {name}: no part "{name}"{nearest(name, list(parts))}; give {", ".join(parts)}')
    info = model_info(MODEL)
    work = Work(out, {"measure": MODEL, "hash": info.hash, "seed": seed, "threads": threads}, tell, stop)
    done = {name: _read(array) for name, array in (work.found() or {}).items()}
    wanted = [name for name in parts if not only or name in only]

    def kept() -> dict[str, NDArray[np.generic]]:
        return {name: _written(rows) for name, rows in done.items()}

    for name in wanted:
        if name in done:
            continue

        def said(what: str, now: int, of: int, name: str = name) -> None:
            tell(f"{name}: {what}", now, of)
            work.keep(kept)

        said("", 0, 1)
        done[name] = parts[name](seed, threads, said)
        work.keep(kept, now=True)
    work.done()
    rows = tuple(row for name in wanted for row in done[name])
    about = {"model": MODEL, "hash": info.hash, "seed": seed, "threads": threads, "parts": wanted}
    return Report(rows, about, KIND)


def _rows(name: str) -> Rows:
    """What a part measures; its module is read when its turn comes."""

    def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
        found: list[Row] = import_module(f"engine.studio.learn.figures.{name}").rows(seed, threads, tell)
        return found

    return rows


def _written(rows: Sequence[Row]) -> NDArray[np.generic]:
    """Rows as the bytes of JSON; that of Python knows infinity."""
    return np.frombuffer(json.dumps([asdict(row) for row in rows]).encode(), np.uint8)


def _read(array: NDArray[np.generic]) -> list[Row]:
    found: list[dict[str, Any]] = json.loads(array.tobytes())
    return [Row(**{**row, "bar": row["bar"] and Bar(**row["bar"])}) for row in found]

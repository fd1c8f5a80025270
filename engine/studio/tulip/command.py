"""`latenz train tulip`, from its options to a model that plays.

Call `engine.paths.use_numba_cache` before importing this module.
"""

import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engine.errors import InputError
from engine.generator.tulip.maps import PALETTE
from engine.paths import check_output, part_beside
from engine.studio.tulip import data
from engine.studio.tulip.export import export
from engine.studio.tulip.folders import held, reserve
from engine.studio.tulip.grid import Grid
from engine.studio.tulip.polish import Lesson, polish
from engine.studio.tulip.student import Student
from engine.studio.tulip.threads import torch_threads
from engine.studio.tulip.train import STATE, Moment, Plan, Training

PICTURES = 40_960
DATA_SEED = 1  # of the renderings; what is held out has others
MODEL, GRID = "tulip.safetensors", "grid.png"
SNAPSHOTS, MOST_SNAPSHOTS = "snapshots", 1000
MOST_PICTURES = 4_000_000
LONGEST_H = 24 * 365


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. InputError, naming the option, for what cannot be done.

    out : folder of the state, the log, the grid and the model. data : folder of the renderings
    hours : of this start, after which it stops and keeps what it has. export : where the model goes as well
    lesson : of the palette, when all samples have been shown
    snapshots : models to keep on the way, in the folder `snapshots` of `out`
    """

    out: Path
    data: Path
    pictures: int = PICTURES
    plan: Plan = field(default_factory=Plan)
    hours: float | None = None
    export: Path | None = None
    lesson: Lesson = field(default_factory=Lesson)
    snapshots: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.snapshots <= MOST_SNAPSHOTS:
            raise InputError(f"--snapshots {self.snapshots}: give 0 to {MOST_SNAPSHOTS}")
        if not 1 <= self.pictures <= MOST_PICTURES:
            raise InputError(f"--pictures {self.pictures}: give 1 to {MOST_PICTURES}")
        if self.hours is not None and not 0 < self.hours <= LONGEST_H:
            raise InputError(f"--hours {self.hours:g}: give more than 0 and at most {LONGEST_H}")
        if self.export is not None and self.export.suffix != ".safetensors":
            raise InputError(f"--export {self.export}: give a name that ends in .safetensors")


class Teller(Protocol):
    """Who is told how it goes."""

    def say(self, text: str) -> None:
        """A sentence that stays."""

    def rendered(self, done: int, of: int) -> None:
        """Pictures of the data."""

    def trained(self, moment: Moment) -> None:
        """Pictures that were shown."""

    def polished(self, done: int, of: int) -> None:
        """Steps of the palette's polish."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far it came.

    samples : pictures shown in all; None where it was stopped while rendering, before it looked at its state
    done : whether all samples were shown and the palette polished. model : None before the first
    """

    samples: int | None
    done: bool
    model: Path | None


class _Stopped(Exception):  # noqa: N818 : it is no error
    """Rendering was asked to stop."""


def train(wanted: Wanted, teller: Teller, stop: Callable[[], bool]) -> Outcome:
    """Render what is missing, train from where it stood, polish, and write the model; `stop` ends it early, well."""
    if wanted.export is not None:
        check_output(wanted.export)
    until_s = time.perf_counter() + 3600 * (wanted.hours or math.inf)

    def ended() -> bool:
        return stop() or time.perf_counter() > until_s

    with ExitStack() as stack:
        stack.enter_context(held(wanted.out))
        if not (wanted.data.exists() and wanted.data.samefile(wanted.out)):
            stack.enter_context(held(wanted.data, "--data"))
        # Work is shared out among threads of our own; more within one operation would only stand in their way.
        stack.enter_context(torch_threads(1))
        try:
            renderings = rendered(wanted, teller, ended)
        except _Stopped:
            return Outcome(None, False, None)
        training = Training(wanted.out, renderings, wanted.plan)
        if training.progress.samples:
            done, of = training.progress.samples, wanted.plan.samples
            teller.say(f"going on from {done:,} of {of:,} pictures ({wanted.out / STATE})")
        pages = _Pages(wanted, training)

        def tell(moment: Moment) -> None:
            if moment.marked:
                pages.keep(moment.samples)
            elif moment.saved:
                pages.write()
            teller.trained(moment)

        training.run(tell, ended, marks(wanted.snapshots, wanted.plan))
        if training.done and training.polished is None and not ended():
            found = polish(training.average, wanted.lesson, teller.polished, ended)
            if found is not None:
                training.polish(found)
                teller.say(found.sentence())
                pages.write()
        model = pages.last()
        return Outcome(training.progress.samples, training.done and training.polished is not None, model)


def rendered(wanted: Wanted, teller: Teller, ended: Callable[[], bool]) -> data.Data:
    """The renderings, made where they are missing. InputError for a folder that cannot hold them."""

    def told(done: int, of: int) -> None:
        teller.rendered(done, of)
        if done < of and ended():
            raise _Stopped

    reserve(wanted.data, DATA_SEED, wanted.pictures)
    try:
        return data.make(wanted.data, DATA_SEED, wanted.pictures, wanted.plan.workers, told)
    except OSError as error:
        said = error.strerror or error
        raise InputError(
            f"{wanted.data} cannot hold the renderings ({said}); make room and give the same command to go on"
        ) from error


class _Pages:
    """What is shown of a training, written anew after each time that it was saved."""

    def __init__(self, wanted: Wanted, training: Training) -> None:
        self._wanted, self._training = wanted, training
        self._model = wanted.out / MODEL
        self._grid = Grid()
        self._shown = Student(wanted.plan.seed, wanted.plan.channels).requires_grad_(False)

    def write(self) -> None:
        self._shown.load_state_dict(self._training.shipped())
        self._grid.save(self._shown, self._wanted.out / GRID)
        with _kept(self._model):
            export(self._wanted.out / STATE, self._model, self._card())

    def keep(self, samples: int) -> None:
        """The model as it is now, under the number of pictures that it was shown."""
        folder = self._wanted.out / SNAPSHOTS
        model = folder / f"{samples:0{len(str(self._wanted.plan.samples))}d}.safetensors"
        with _kept(model):
            folder.mkdir(exist_ok=True)
            export(self._wanted.out / STATE, model, self._card())

    def last(self) -> Path | None:
        """The model, also where it was asked for; None before anything was saved."""
        if not (self._wanted.out / STATE).is_file():
            return None
        if not self._model.is_file():
            self.write()
        if self._wanted.export is not None:
            _copy(self._model, self._wanted.export)
        return self._wanted.export or self._model

    def _card(self) -> dict[str, Any]:
        """What the model was made from, as JSON."""
        training, plan = self._training, self._wanted.plan
        done = training.progress
        card: dict[str, Any] = {
            "teacher": data.teacher(),
            "renderings": len(training.data.x),
            "seed": plan.seed,
            "samples": done.samples,
            "of_samples": plan.samples,
            "core_hours": round(done.core_s / 3600, 2),
            "hours": round(done.wall_s / 3600, 2),
            "starts": done.starts,
            "commit": _commit(),
        }
        if training.polished is not None:
            before, after = training.polished.before.tolist(), training.polished.after.tolist()
            rows = {name: [round(a, 4), round(b, 4)] for name, a, b in zip(PALETTE, before, after, strict=True)}
            card["palette_error_before_and_after_polish"] = rows
        return card


def marks(count: int, plan: Plan) -> list[int]:
    """After how many samples a model is kept: each so many times the last, as it learns most at the beginning.

    The first comes after one step, the last at the end.
    """
    steps = max(1, math.ceil(plan.samples / plan.batch))
    found = [round(steps ** (i / max(1, count - 1))) for i in range(count)] if count > 1 else [steps] * count
    for i in range(1, len(found)):
        found[i] = max(found[i], found[i - 1] + 1)  # the first of them would fall together
    return [plan.batch * step for step in found if step <= steps]


def _commit() -> str:
    """Which commit of the sources this is; empty where they are no checkout."""
    try:
        said = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()


def _copy(model: Path, out: Path) -> None:
    with _kept(out), part_beside(out) as part:
        shutil.copyfile(model, part)


@contextmanager
def _kept(out: Path) -> Iterator[None]:
    """InputError, naming the file, where it cannot be written."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror or error}. What was trained is saved: "
            "make room and give the same command to go on"
        ) from error

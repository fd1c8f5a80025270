"""`latenz train`: teach a network what a renderer of ours knows, on this machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import Stop, app, status, stopping
from engine.cli.options import JsonOption
from engine.errors import InputError, printable

if TYPE_CHECKING:
    from engine.studio.tulip.train import Moment

MEASURING = ("report", "timed", "as_json")  # go with --measure only
# What never goes with --measure:
TRAINING = ("data", "pictures", "samples", "batch", "seed", "rate", "hours", "save", "export", "snapshots")
MEASURING_THREADS, MOST_THREADS = 2, 256

train = typer.Typer(
    name="train", help="Train a built-in model on this machine.", no_args_is_help=True, rich_markup_mode=None,
    epilog="Example: latenz train tulip --hours 2",
)  # fmt: skip
app.add_typer(train)


@train.command(epilog="Example: latenz train tulip --out my_tulip --hours 2; the same command goes on.")
def tulip(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="For its state, log, grid.png, tulip.safetensors.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Where renderings go, 131 kB each; the cache.")
    ] = None,
    pictures: Annotated[int, typer.Option("--pictures", metavar="N", help="Renderings to learn from.")] = 40_960,
    samples: Annotated[int, typer.Option("--samples", metavar="N", help="Pictures to show it in all.")] = 258_000,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Pictures in a step.")] = 16,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="That share the work; the cores, or 2 with --measure.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the first weights and of the order.")] = 0,
    rate: Annotated[float, typer.Option("--rate", help="Learning rate at its highest.")] = 2e-3,
    hours: Annotated[float | None, typer.Option("--hours", metavar="H", help="Stop after H hours; keep all.")] = None,
    save: Annotated[float, typer.Option("--save", metavar="S", help="Seconds between two saves.")] = 150.0,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="MODEL", help="Write the model here as well, at the end.")
    ] = None,
    snapshots: Annotated[
        int, typer.Option("--snapshots", metavar="N", help="Keep N models on the way, in OUT/snapshots.")
    ] = 0,
    measure: Annotated[
        bool, typer.Option("--measure", help="Train nothing: measure the shipped model, or that of --out.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="With --measure: a .json, or a page's tables (.md).")
    ] = None,
    timed: Annotated[bool, typer.Option("--timed", help="With --measure: frames a second too; needs quiet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Distil the tulip's renderer into a network; resumable. Ctrl-C saves."""
    from engine.paths import cache_dir, use_numba_cache, work_dir

    _refuse(context, TRAINING if measure else MEASURING, "does not go with" if measure else "only goes with")
    use_numba_cache()
    if measure:
        _measure(out, MEASURING_THREADS if threads is None else threads, timed, report, as_json)
        return
    from engine.studio.tulip.command import Wanted
    from engine.studio.tulip.command import train as run
    from engine.studio.tulip.train import Plan

    workers = _threads(batch) if threads is None else threads
    wanted = Wanted(
        out or work_dir("training") / "tulip", data or cache_dir("tulip"), pictures,
        Plan(samples, batch, workers, rate, seed, save), hours, export, snapshots=snapshots,
    )  # fmt: skip
    with stopping() as stop, _display() as display:
        result = run(wanted, display, stop)
    where = "while rendering" if result.samples is None else f"at {result.samples:,} of {samples:,} pictures"
    how = "trained" if result.done else f"stopped {where}; the same command goes on"
    _say(how if result.model is None else f"{how}; play it with: latenz play --model {result.model}")
    _end(stop)


def _refuse(context: typer.Context, names: tuple[str, ...], why: str) -> None:
    """InputError, naming the option, where one of these was given."""
    remedy = "leave it out" if why.startswith("does not") else "give that too, or leave it out"
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in names and source is not None and source.name != "DEFAULT":
            raise InputError(f"{option.opts[0]} {why} --measure; {remedy}")


def _measure(out: Path | None, threads: int, timed: bool, page: Path | None, as_json: bool) -> None:
    from engine.paths import check_output
    from engine.studio.figures import around, show, write_page
    from engine.studio.monitor import print_json
    from engine.studio.tulip.measure import measure

    if not 1 <= threads <= MOST_THREADS:
        raise InputError(f"--threads {threads}: give 1 to {MOST_THREADS}")
    if page is not None:
        check_output(page)
        if page.suffix == ".md":
            around(page)
    model = training = None
    if out is not None:
        from engine.studio.tulip.command import MODEL
        from engine.studio.tulip.train import STATE

        model, training = out / MODEL, out / STATE
        if not model.is_file():
            raise InputError(f"{model}: no such file; train first, or leave out --out to measure the shipped model")
    with status("measuring") as tell:
        found = measure(
            model, training=training, timed=timed, workers=threads,
            tell=lambda what, done, of: tell(what if of < 2 else f"{what}: {done} of {of}"),
        )  # fmt: skip
    if page is not None and page.suffix == ".md":
        write_page(page, found)
    elif page is not None:
        found.save(page)
    if as_json:
        rows = [{"measure": r.measure, "of": r.of, "value": r.value, "passed": r.passed} for r in found.rows]
        print_json({"passed": found.passed, "about": found.about, "rows": rows})
    else:
        show(found)


def _threads(batch: int) -> int:
    """As many as there are cores, as far as they can share a step evenly."""
    import os

    cores = max(1, min(os.cpu_count() or 1, batch))
    return next(n for n in range(cores, 0, -1) if batch % n == 0)


def _end(stop: Stop) -> None:
    if stop.number:
        import signal

        raise typer.Exit(130 if stop.number == signal.SIGINT else 128 + stop.number)


def _say(text: str) -> None:
    sys.stderr.write(printable(f"{text}\n", keep="\n"))


class _Display:
    """Two bars on a terminal; where there is none, a line each time that it was saved."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._tasks: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """A line above the bars."""
        from rich.markup import escape

        if self._bar.console.is_terminal:
            self._bar.console.print(escape(printable(text)))
        else:
            _say(text)

    def rendered(self, done: int, of: int) -> None:
        self._advance("rendering", done, of)

    def trained(self, moment: "Moment") -> None:
        self._advance("training", moment.samples, moment.of, f"loss {moment.loss:.3f}, {moment.rate_hz:.0f}/s")
        if moment.saved and not self._bar.console.is_terminal:
            left_h = (moment.of - moment.samples) / max(moment.rate_hz, 1e-9) / 3600
            _say(
                f"{moment.samples:,} of {moment.of:,} pictures, loss {moment.loss:.3f}, {moment.rate_hz:.0f} a second, "
                f"{left_h:.1f} h left; saved"
            )

    def polished(self, done: int, of: int) -> None:
        self._advance("polishing", done, of)

    def _advance(self, what: str, done: int, of: int, said: str = "") -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, said="", total=of, completed=done)
        self._bar.update(self._tasks[what], completed=done, total=of, said=said)


@contextmanager
def _display() -> Iterator[_Display]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Display(bar)

"""The command `latenz`: one thin function per sub-command; what is heavy is imported where it is used."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli_options import (
    MODELS,
    AudioOption,
    BackendOption,
    FpsOption,
    JsonOption,
    ModelOption,
    SeedOption,
    ShowArgument,
    ShowNeeded,
    SizeOption,
    UpstreamOption,
    options_of,
    parse_backend,
    parse_device,
    parse_size,
)
from engine.errors import InputError, printable

# Typer carries its own copy of click from 0.26 on, and click's own before: this is the right one of either.
USAGE_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "UsageError")

app = typer.Typer(
    name="latenz",
    help="Play a generative image model like an instrument.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog="Example: latenz play first_light --size 1280x720 --audio song.wav")
def play(
    show: ShowArgument = None,
    model: ModelOption = None,
    seed: SeedOption = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Fill the monitor.")] = False,
    monitor: Annotated[int | None, typer.Option("--monitor", min=1, help="Fill this monitor, from 1.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="TAKE", help="Record the performance.")] = None,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", metavar="PNG", help="Keep the last picture.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    console: Annotated[
        int, typer.Option("--console", metavar="PORT", min=0, max=65535, help="Port of the console; 0 takes any.")
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where this show stood last time.")] = False,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Play a show: signals move a picture on a screen."""
    from engine.show.play import Play, summary
    from engine.show.play import play as run

    result = run(
        Play(
            show=show, options=options_of(model, seed, size, fps, device, osc, audio, None, upstream_exact),
            fullscreen=fullscreen, monitor=monitor, headless=headless, seconds=seconds, record=record,
            snapshot=snapshot, report=report, console_port=console, resume=resume,
        )
    )  # fmt: skip
    sys.stderr.write(summary(result) + "\n")


@app.command(epilog="Example: latenz record pulse -o tonight.take")
def record(
    show: ShowNeeded,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="TAKE", help="Where the take goes.")],
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    audio: AudioOption = None,
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
) -> None:
    """Play a show and record everything that moves it."""
    play(show=show, record=out, seconds=seconds, headless=headless, audio=audio, osc=osc)


@app.command(epilog="Example: latenz render pulse --audio song.wav --seconds 60 -o song.mp4")
def render(
    show: ShowNeeded,
    seconds: Annotated[float, typer.Option("--seconds", help="How long.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help=".mp4 .mov .mkv, a folder of .png, or .npy")],
    take: Annotated[Path | None, typer.Option("--take", metavar="TAKE", help="A recorded performance.")] = None,
    audio: Annotated[
        str | None, typer.Option("--audio", metavar="FILE", help="Heard by the show and muxed in.")
    ] = None,
    model: ModelOption = None,
    seed: SeedOption = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    backend: BackendOption = None,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Render a show to a file; the same command twice gives the same bytes."""
    from engine.studio.render import Render
    from engine.studio.render import render as run

    options = options_of(model, seed, size, fps, "cpu", None, audio, backend, upstream_exact)
    wanted = Render(show, out, seconds, options, take, report)
    with _progress("rendering") as advance:
        run(wanted, advance)


@app.command(epilog="Example: latenz signals hands_on --learn")
def signals(
    show: ShowArgument = None,
    learn: Annotated[bool, typer.Option("--learn", help="Name the control just touched, as a route to paste.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch every signal that comes in, like a MIDI monitor."""
    from engine.studio.monitor import watch
    from engine.studio.signals import signals as run

    watch(run(show, options_of(osc=osc, audio=audio), seconds, learn), as_json, learn)


@app.command(epilog="Example: latenz analyse song.wav -o song.take")
def analyse(
    song: Annotated[Path, typer.Argument(metavar="SONG", help="A sound file.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="TAKE", help="Where the take goes.")],
) -> None:
    """Find a song's beats, segments and what is coming, as a take to play along with."""
    from engine.studio.analyse import analyse as run

    with _status("listening") as tell:
        summary = run(song, out, tell)
    sys.stderr.write(f"{out}: {summary}\n")


@app.command(epilog="Example: latenz inspect first_light")
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A show, take, bank, sequence, picture or model.")],
    as_json: JsonOption = False,
    strip: Annotated[
        Path | None, typer.Option("--strip", metavar="PNG", help="Draw how the latent moves: a column per frame.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=3600, help="How much of it to draw.")] = 12.0,
) -> None:
    """Say what a file is; draw its trajectory as the artist's strip."""
    from engine.studio.inspect import inspect as run
    from engine.studio.monitor import print_tree

    if strip is not None:
        from engine.studio.strips import draw_strip

        draw_strip(file, strip, seconds)
    with _status("looking") as tell:
        found = run(file, tell)
    print_tree(found, as_json)


@app.command(epilog="Example: latenz convert afhq.pkl -o afhq.safetensors")
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A .pkl, .pt, .pth, or a BigGAN's folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="MODEL", help=".safetensors; by default beside it.")
    ] = None,
    upstream_exact: Annotated[
        bool, typer.Option("--upstream-exact", help="BigGAN: truncate as the public code does, its fault included.")
    ] = False,
) -> None:
    """Make a model to play out of somebody's checkpoint; nothing in it is ever run."""
    from engine.generator.convert import convert as run
    from engine.studio.models import sentence

    with _tidy(), _status("converting") as tell:
        made = run(checkpoint, out, tell, upstream_exact=upstream_exact)
    sys.stderr.write(printable(f"{sentence(made)}\n", keep="\n"))


@app.command(epilog="Example: latenz new my_show && latenz play my_show")
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="A new folder.")]) -> None:
    """Make a show to start from."""
    from engine.studio.new import new as run

    sys.stderr.write(f"{run(name)}: made; play it with: latenz play {name}\n")


@app.command(epilog="Example: latenz check my_show")
def check(show: ShowNeeded, as_json: JsonOption = False) -> None:
    """Say what is wrong with a show, before the audience does."""
    from engine.studio.check import check as run
    from engine.studio.monitor import print_tree

    print_tree(run(show), as_json)


@app.command(epilog="Example: latenz doctor")
def doctor(as_json: JsonOption = False) -> None:
    """Say what works on this machine, what is missing, and what mends it."""
    from engine.studio.doctor import as_rows
    from engine.studio.doctor import doctor as run
    from engine.studio.monitor import print_findings

    with _status("looking") as tell:
        tell("looking at this machine")
        findings = run()
    print_findings(as_rows(findings), as_json)


@app.command(epilog="Example: latenz bench --model silk --size 512x512 --threads 1")
def bench(
    model: Annotated[str, typer.Option("--model", metavar="M", help=MODELS)] = "silk",
    device: Annotated[str, typer.Option("--device", help="cpu, cuda or mps.")] = "cpu",
    size: SizeOption = None,
    threads: Annotated[int, typer.Option("--threads", help="Threads that draw.")] = 1,
    backend: Annotated[
        str | None, typer.Option("--backend", metavar="B", help="Measure eager and this one alone, of a model file.")
    ] = None,
    live: Annotated[
        float,
        typer.Option("--live", metavar="S", help="Also play for S seconds while 1,000 OSC messages a second come."),
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast this machine draws and routes."""
    from engine.studio.bench import bench as run
    from engine.studio.monitor import print_tree

    with _status("measuring") as tell:
        result = run(model, parse_device(device), parse_size(size), threads, tell, parse_backend(backend))
        if live > 0:
            from engine.studio.bench_live import bench_live

            result["live"] = bench_live(live, model, parse_size(size) or (512, 512), tell)
    print_tree(result, as_json)


@app.command(epilog="Example: latenz still --model silk --seed 7 -o seven.png")
def still(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help=".png or .npy")],
    model: Annotated[str, typer.Option("--model", metavar="M", help=MODELS)] = "silk",
    seed: Annotated[int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the place.")] = None,
    z: Annotated[
        Path | None, typer.Option("--z", metavar="F.npy", help="Latents, N x z_dim, used as they are.")
    ] = None,
    w: Annotated[
        Path | None, typer.Option("--w", metavar="F.npy", help="Mapped latents, N x num_ws x w_dim or N x w_dim.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", metavar="FILE[:NAME]", help="A place of a file of places.")
    ] = None,
    c: Annotated[
        Path | None, typer.Option("--c", metavar="F.npy", help="Class weights, N x classes or classes.")
    ] = None,
    class_: Annotated[
        int | None, typer.Option("--class", metavar="N", help="One class of a conditional model.")
    ] = None,
    psi: Annotated[float, typer.Option("--psi", min=-2, max=2, help="Truncation: 1 as learned.")] = 1.0,
    cutoff: Annotated[
        int | None, typer.Option("--cutoff", metavar="N", min=0, help="Truncate the first N layers only.")
    ] = None,
    noise: Annotated[str, typer.Option("--noise", help="const, none or random.")] = "const",
    size: SizeOption = None,
    amount: Annotated[
        list[str] | None, typer.Option("--amount", metavar="NAME=SIGMA", help="Along a direction.")
    ] = None,
    bank: Annotated[Path | None, typer.Option("--bank", metavar="BANK", help="More directions.")] = None,
    backend: BackendOption = None,
    upstream_exact: UpstreamOption = False,
) -> None:
    """Draw one place of a model, or several."""
    from engine.studio.still import Still
    from engine.studio.still import still as run

    wanted = Still(
        model, out, seed=seed, z=z, w=w, place=place, c=c, class_=class_, psi=psi, cutoff=cutoff, noise=noise,
        size=parse_size(size), amounts=tuple(amount or ()), bank=bank, backend=parse_backend(backend) or "eager",
        upstream_exact=upstream_exact,
    )  # fmt: skip
    with _status("drawing") as tell:
        run(wanted, tell)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; nothing where there is none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def _status(what: str) -> Iterator[Callable[[str], None]]:
    """A turning mark with what is being done."""
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(what) as status:
        yield lambda text: status.update(escape(printable(str(text))))


@contextmanager
def _tidy() -> Iterator[None]:
    """A closed terminal and SIGTERM end the work as Ctrl-C does: what is half done is removed."""

    def end(number: int, _: Any) -> None:
        sys.exit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    former = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def main() -> None:
    """Run the command line. Exit status: 0 done, 2 wrong input, 1 our failure, 130 on Ctrl-C."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except USAGE_ERROR as error:
        where = f"{error.ctx.command_path}: " if error.ctx else ""
        sys.stderr.write(f"{where}{error.format_message()} (try --help)\n")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """Say what went wrong: a sentence for the caller's mistakes, all we know for our own."""
    from engine.errors import EngineError
    from mappings.errors import MappingError

    if isinstance(error, InputError | MappingError):
        sys.stderr.write(printable(f"{error}\n", keep="\n\t"))
        return 2
    if isinstance(error, EngineError):
        sys.stderr.write(printable(f"{error}\n", keep="\n\t"))
        return 1
    import traceback

    traceback.print_exc()
    sys.stderr.write("This is a fault of latenz itself; please report it with the lines above.\n")
    return 1

"""The command `latenz`: one thin function per sub-command; what is heavy is imported where it is used."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import InputError

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

ShowArgument = Annotated[str | None, typer.Argument(metavar="[SHOW]", help="A folder, a show.toml, or a shipped show.")]
ShowNeeded = Annotated[str, typer.Argument(metavar="SHOW", help="A folder, a show.toml, or a shipped show.")]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="M", help="A built-in model (silk, silk:3).")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the first place.")]
SizeOption = Annotated[str | None, typer.Option("--size", metavar="WxH", help="Size of the output, for example 1280x720.")]
FpsOption = Annotated[float | None, typer.Option("--fps", min=1, max=240, help="Pictures a second.")]
AudioOption = Annotated[str | None, typer.Option("--audio", metavar="DEVICE|FILE", help="Hear this instead.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]


def parse_size(text: str | None) -> tuple[int, int] | None:
    """`1280x720` as width and height in pixels."""
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and len(text) < 12):
        raise InputError(f"--size {text}: give width x height in pixels, for example 1280x720")
    size = int(width), int(height)
    if not all(16 <= side <= 16384 for side in size):
        raise InputError(f"--size {text}: each side must be 16 to 16384 pixels")
    return size


def parse_address(text: str | None) -> str | None:
    """HOST:PORT as it is, checked."""
    if text is None:
        return None
    port = text.rpartition(":")[2]
    if not (port.isdecimal() and int(port) < 65536):
        raise InputError(f"--osc {text}: give HOST:PORT, for example 127.0.0.1:9000")
    return text


def _options(
    model: str | None = None, seed: int | None = None, size: str | None = None, fps: float | None = None,
    device: str = "auto", osc: str | None = None, audio: str | None = None,
) -> Any:  # fmt: skip
    from engine.preset import Options

    if device not in ("auto", "cpu", "cuda", "mps"):
        raise InputError(f"--device {device}: give auto, cpu, cuda or mps")
    return Options(model, seed, parse_size(size), fps, device, parse_address(osc), audio)


@app.command(epilog="Example: latenz play first_light --size 1280x720 --audio song.wav")
def play(
    show: ShowArgument = None,
    model: ModelOption = None,
    seed: SeedOption = None,
    size: SizeOption = None,
    fps: FpsOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Fill the monitor.")] = False,
    monitor: Annotated[int | None, typer.Option("--monitor", min=1, help="Which monitor, from 1.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No window: draw offscreen.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after this long.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    osc: Annotated[str | None, typer.Option("--osc", metavar="HOST:PORT", help="Listen for OSC here.")] = None,
    audio: AudioOption = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="TAKE", help="Record the performance.")] = None,
    snapshot: Annotated[Path | None, typer.Option("--snapshot", metavar="PNG", help="Keep the last picture.")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="JSON", help="Write how the run was.")] = None,
    console: Annotated[int, typer.Option("--console", metavar="PORT", help="Port of the console; 0 takes any.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where this show stood last time.")] = False,
) -> None:
    """Play a show: signals move a picture on a screen."""
    from engine.show.play import Play, summary
    from engine.show.play import play as run

    result = run(
        Play(
            show=show, options=_options(model, seed, size, fps, device, osc, audio), fullscreen=fullscreen,
            monitor=monitor, headless=headless, seconds=seconds, record=record, snapshot=snapshot, report=report,
            console_port=console, resume=resume,
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

    if isinstance(error, InputError) or (isinstance(error, MappingError) and not isinstance(error, OSError)):
        sys.stderr.write(f"{error}\n")
        return 2
    if isinstance(error, EngineError | MappingError):
        sys.stderr.write(f"{error}\n")
        return 1
    import traceback

    traceback.print_exc()
    sys.stderr.write("This is a fault of latenz itself; please report it with the lines above.\n")
    return 1

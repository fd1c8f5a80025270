"""Options that several commands share, and how their texts are read."""

from typing import Annotated, Any, Literal

import typer

from engine.errors import InputError

ShowArgument = Annotated[str | None, typer.Argument(metavar="[SHOW]", help="A folder, a show.toml, or a shipped show.")]
ShowNeeded = Annotated[str, typer.Argument(metavar="SHOW", help="A folder, a show.toml, or a shipped show.")]
MODELS = "A built-in name (silk, silk:3), a .safetensors, or a checkpoint."
ModelOption = Annotated[str | None, typer.Option("--model", metavar="M", help=MODELS)]
BackendOption = Annotated[
    str | None, typer.Option("--backend", metavar="B", help="What draws: eager (always the same), frozen, openvino.")
]
UpstreamOption = Annotated[
    bool, typer.Option("--upstream-exact", help="BigGAN's truncation as its public code has it.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of the first place.")]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="WxH", help="Size of the output, for example 1280x720.")
]
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


def parse_device(text: str) -> str:
    """Where to draw, checked."""
    if text not in ("auto", "cpu", "cuda", "mps"):
        raise InputError(f"--device {text}: give auto, cpu, cuda or mps")
    return text


def parse_match(text: str) -> Literal["model", "architecture"]:
    """Whose directions a bank may hold, checked."""
    if text == "model":
        return "model"
    if text != "architecture":
        raise InputError(f"--match {text}: give model or architecture")
    return "architecture"


def parse_backend(name: str | None) -> str | None:
    """What draws, checked."""
    from engine.generator.plan import BACKENDS

    if name is not None and name not in BACKENDS:
        raise InputError(f"--backend {name}: give {', '.join(BACKENDS)}")
    return name


def options_of(
    model: str | None = None, seed: int | None = None, size: str | None = None, fps: float | None = None,
    device: str = "auto", osc: str | None = None, audio: str | None = None, backend: str | None = None,
    upstream_exact: bool = False,
) -> Any:  # fmt: skip
    from engine.preset import Options

    return Options(
        model, seed, parse_size(size), fps, parse_device(device), parse_address(osc), audio, parse_backend(backend),
        upstream_exact,
    )  # fmt: skip

"""Commands on this machine: what works on it, and how fast."""

from typing import Annotated

import typer

from engine.cli.app import app, status
from engine.cli.options import (
    MODELS,
    JsonOption,
    SizeOption,
    parse_backend,
    parse_device,
    parse_size,
)


@app.command(epilog="Example: latenz doctor")
def doctor(as_json: JsonOption = False) -> None:
    """Say what works on this machine, what is missing, and what mends it."""
    from engine.studio.doctor import as_rows
    from engine.studio.doctor import doctor as run
    from engine.studio.monitor import print_findings

    with status("looking") as tell:
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

    with status("measuring") as tell:
        result = run(model, parse_device(device), parse_size(size), threads, tell, parse_backend(backend))
        if live > 0:
            from engine.studio.bench_live import bench_live

            result["live"] = bench_live(live, model, parse_size(size) or (512, 512), tell)
    print_tree(result, as_json)

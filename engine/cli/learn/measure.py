"""`latenz learn measure`: what every way to learn reaches on the tulip."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.learn import learn
from engine.cli.learn.options import SeedOption, ThreadsOption, working
from engine.cli.options import JsonOption

UNTOUCHED = 34  # a seed of the judged places that nothing was chosen by


@learn.command(epilog="Example: latenz learn measure --only components --only compass --report figures.json")
def measure(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="PART", help="components, steer, ...; may be repeated. Else all, most of an hour."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="A .json, or a page's tables (.md).")
    ] = None,
    as_json: JsonOption = False,
    seed: SeedOption = UNTOUCHED,
    threads: ThreadsOption = 2,
) -> None:
    """Measure all ways to learn on the tulip, whose factors are known; resumable."""
    from engine.paths import check_output, use_numba_cache, work_dir
    from engine.studio.figures import around, show, write_page
    from engine.studio.figures import as_json as plain
    from engine.studio.learn.measure import measure as run
    from engine.studio.monitor import print_json

    use_numba_cache()
    if report is not None:
        check_output(report)
        if report.suffix == ".md":
            around(report)
    beside = report or work_dir("figures") / "directions"
    beside.parent.mkdir(parents=True, exist_ok=True)
    with working() as (tell, stop):
        found = run(beside, only or (), seed=seed, threads=threads, tell=tell, stop=stop)
    if report is not None and report.suffix == ".md":
        write_page(report, found)
    elif report is not None:
        found.save(report)
    if as_json:
        print_json(plain(found))
    else:
        show(found)

"""`latenz journey conform`: the edit of the proxies, applied to their latents."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.journey import journey
from engine.cli.journey.options import (
    BurnOption,
    ClassOption,
    DeviceOption,
    ModelOfPair,
    OutOption,
    PsiOption,
    RateOption,
    RayOption,
    SizeOption,
    SoundOption,
    WorkersOption,
    look_of,
    parse_burn,
    parse_rate,
    workers_of,
    working,
)
from engine.cli.options import JsonOption


@journey.command(epilog="Example: latenz journey conform edit.kdenlive -o second --gap spring --picture second.png")
def conform(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="A .kdenlive, .mlt, .otio, .edl or .xml.")],
    out: OutOption,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="JSON", help="Write down what came from where.")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="PNG", help="Draw it as well.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse what latents have no counterpart of.")] = False,
    media: Annotated[
        list[Path] | None,
        typer.Option("--media", metavar="DIR", help="Search here too, with all below; may be repeated."),
    ] = None,
    gap: Annotated[
        str, typer.Option("--gap", metavar="hold|spring|slerp", help="How gaps are crossed; hold stays where it is.")
    ] = "hold",
    fps: RateOption = None,
    between: Annotated[
        bool, typer.Option("--between", help="Mix neighbouring rows where a speed lies between frames.")
    ] = False,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Take media by their names, even where they were drawn again.")
    ] = False,
    proxy: Annotated[bool, typer.Option("--proxy/--no-proxy", help="Draw NAME.mp4, to be edited again.")] = False,
    burn: BurnOption = "label",
    model: ModelOfPair = None,
    size: SizeOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    audio: SoundOption = None,
    workers: WorkersOption = 1,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
    json: JsonOption = False,
) -> None:
    """Apply the edit that a project makes of proxies to their latents, frame for frame."""
    from engine.errors import printable
    from engine.studio.journey.bar import check_picture, save_bar
    from engine.studio.journey.bridge import parse_gap
    from engine.studio.journey.conform import How
    from engine.studio.journey.conform import conform as run
    from engine.studio.journey.drawing import info_of
    from engine.studio.journey.film import check_proxy, proxy_of
    from engine.studio.journey.pair import Pair
    from engine.studio.journey.report import check_report, line, save, show, text

    how = How(tuple(media or ()), parse_gap(gap), between, by_name, strict, proxy, model, parse_rate(fps))
    burnt, who = parse_burn(burn), workers_of(workers, ray)
    if report is not None:
        check_report(report, out)
    if picture is not None:
        check_picture(picture)

    def check(coming: Pair) -> None:
        if proxy:
            look = look_of(coming, model, size, psi, class_, device)
            check_proxy(out, look, coming.facts.snapshots, audio)
            for drawn in coming.facts.snapshots or (look.model,):
                coming.check(info_of(drawn))

    with working() as (tell, stop):
        found = run(project, out, how, tell, check)
        if report is not None:
            save(found.report, report)
        if picture is not None:
            save_bar(found.report, picture)
        if proxy:
            look = look_of(found.pair, model, size, psi, class_, device)
            proxy_of(found.pair, look, burnt, sound=audio, workers=who, tell=tell, stop=stop)
    for told in found.report.told:
        typer.echo(printable(told), err=True)
    for thing in found.report.unsupported:
        typer.echo(f"left out: {line(thing, found.report.fps)}", err=True)
    if json:
        typer.echo(text(found.report))
    else:
        show(found.report)

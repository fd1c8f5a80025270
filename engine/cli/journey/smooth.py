"""`latenz journey smooth`: keys become a trajectory."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import tidy
from engine.cli.journey import journey
from engine.cli.journey.options import (
    BurnOption,
    ClassOption,
    DeviceOption,
    ModelOfPair,
    OutOption,
    PairArgument,
    ProxyOption,
    PsiOption,
    RateOption,
    RayOption,
    SizeOption,
    WorkersOption,
    look_of,
    parse_burn,
    parse_rate,
    telling,
    workers_of,
    working,
)
from engine.cli.learn.options import SideOption, ThreadsOption
from engine.cli.options import parse_device


@journey.command(epilog="Example: latenz journey smooth chosen --way spring --leg-s 2 -o flowing --strips flowing.png")
def smooth(
    pair: PairArgument,
    out: OutOption,
    way: Annotated[
        str, typer.Option("--way", metavar="spring|slerp|curve|pace", help="How it goes from key to key.")
    ] = "spring",
    keys: Annotated[
        str,
        typer.Option("--keys", metavar="KEYS", help="runs of held rows, every-N, marks, or frames: 12,40,6.5s,flower."),
    ] = "runs",
    leg_s: Annotated[float | None, typer.Option("--leg-s", metavar="S", help="From key to key.")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", metavar="S", help="In all.")] = None,
    frequency_hz: Annotated[
        float | None, typer.Option("--frequency-hz", metavar="F", help="Of the spring; without, as each leg needs it.")
    ] = None,
    damping: Annotated[float, typer.Option("--damping", metavar="D", help="Of the spring; 1: past no key.")] = 0.7,
    closed: Annotated[bool, typer.Option("--closed", help="Back to the first key: the film goes round.")] = False,
    strips: Annotated[
        Path | None, typer.Option("--strips", metavar="PNG", help="Draw it beside slerp: a column per frame.")
    ] = None,
    model: ModelOfPair = None,
    fps: RateOption = None,
    size: SizeOption = None,
    psi: PsiOption = None,
    class_: ClassOption = None,
    proxy: ProxyOption = True,
    burn: BurnOption = "label",
    side: SideOption = 64,
    threads: ThreadsOption = 2,
    workers: WorkersOption = 1,
    ray: RayOption = "",
    device: DeviceOption = "cpu",
) -> None:
    """Go from key to key: on springs, at constant speed, along a curve, or at a constant pace to the eye."""
    from engine.studio.journey.film import check_proxy, proxy_of
    from engine.studio.journey.pair import open_pair
    from engine.studio.journey.smooth import WAYS, Smooth
    from engine.studio.journey.smooth import smooth as run
    from engine.studio.journey.sprung import Pull
    from engine.studio.pace import unevenness, worst

    known = next((known for known in WAYS if known == way), None)
    if known is None:
        from engine.complaints import nearest
        from engine.errors import InputError

        raise InputError(f"--way {way}: give {', '.join(WAYS)}{nearest(way, list(WAYS))}")
    burnt = parse_burn(burn)
    look = None
    if proxy:
        given = open_pair(pair)
        look = look_of(given, model, size, psi, class_, device)
        check_proxy(out, look, given.facts.snapshots if look.model == given.facts.model else ())
    wanted = Smooth(
        pair, out, known, keys, leg_s, seconds, parse_rate(fps), closed, Pull(frequency_hz, damping), model, strips,
        side, class_, threads, parse_device(device), proxy, psi,
    )  # fmt: skip
    with tidy(), telling() as tell:
        made = run(wanted, tell)
    if look is not None:
        with working() as (tell, stop):
            proxy_of(made.pair, look, burnt, workers=workers_of(workers, ray), tell=tell, stop=stop)
    typer.echo(f"{made.pair.path.name}: {made.keys} keys in {len(made.pair)} frames")
    typer.echo(
        f"largest change of velocity from frame to frame: {made.kink:.3g} {made.unit}; slerp {made.kink_slerp:.3g}"
    )
    if made.pace is not None:
        for when, changes in (("before", made.pace.before), ("after", made.pace.after)):
            typer.echo(
                f"{when}: change from frame to frame varies by {100 * unevenness(changes):.0f} % (CV), "
                f"the worst is {worst(changes):.1f} x the median"
            )

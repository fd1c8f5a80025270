"""`latenz learn components`: what a model does most, without a word about what it is."""

from typing import Annotated

import typer

from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    ClassOption,
    DeviceOption,
    LayersOption,
    ModelNeeded,
    OutOption,
    RayOption,
    SeedOption,
    ThreadsOption,
    WithoutOption,
    WorkersOption,
    layers_of,
    workers_of,
    working,
)
from engine.cli.options import JsonOption

OF = "w, z, sefa, or layer:NAME; w, or the first layer of a model that has none."


@learn.command(epilog="Example: latenz learn components --model tulip -o components.safetensors")
def components(
    model: ModelNeeded,
    out: OutOption,
    of: Annotated[str, typer.Option("--of", metavar="WHAT", help=OF)] = "",
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=512, help="How many.")] = 20,
    layers: LayersOption = None,
    samples: Annotated[
        int,
        typer.Option("--samples", metavar="N", min=0, max=10_000_000, help="Places to look at; 0: as many as usual."),
    ] = 0,
    name: Annotated[str, typer.Option("--name", metavar="PREFIX", help="c names them c01, c02 and so on.")] = "c",
    without: WithoutOption = None,
    classes: ClassOption = None,
    seed: SeedOption = 0,
    add: AddOption = False,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
    workers: WorkersOption = 1,
    ray: RayOption = "",
    as_json: JsonOption = False,
) -> None:
    """Find the directions in which a model varies most (GANSpace, SeFa)."""
    from engine.latent.bank import check_name
    from engine.studio.learn.bank import check_bank, keep, others
    from engine.studio.learn.components import components as find
    from engine.studio.learn.components import told, with_facts
    from engine.studio.learn.measured import measured_each
    from engine.studio.learn.samples import shared
    from engine.studio.learn.space import chosen, leads_into
    from engine.studio.learn.strips import save_strips
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.work import Work
    from engine.studio.monitor import print_json

    check_name(f"{name}001", "--name")
    subject = Subject(model, threads=threads, device=device, classes=classes or ())
    former = check_bank(out, add, subject.info)
    picture = out.with_suffix(".png")
    moving, of_ = layers_of(layers), chosen(subject, of)
    leave = others(without or (), model, subject.info, leads_into(subject, of_))
    asked = {
        "learn": "components", "model": subject.info.hash, "of": of, "count": count, "samples": samples, "seed": seed,
        "layers": moving, "classes": classes,
    }  # fmt: skip
    together = shared(out, workers_of(workers, ray))
    with working() as (tell, stop):
        work = Work(out, asked, tell, stop)
        found = find(subject, of, count, samples, seed, moving, name, leave, work, together)
        found = measured_each(
            subject, out, found, lambda d: with_facts(subject, d, seed), seed=seed, tell=tell, stop=stop
        )  # fmt: skip
        save_strips(picture, subject, found, tell=tell)
        keep(out, former, found, subject.info)
        work.done()
    if as_json:
        print_json({"bank": str(out), "picture": str(picture), "directions": [told(d) for d in found]})
        return
    for d in found:
        carries = f", {100 * d.measures['share']:.1f} %" if "share" in d.measures else ""
        typer.echo(f"{d.name}: sigma {d.sigma:.3g} in {d.space}{carries}")
    few = f"; {count} were asked for, and nothing else moves" if len(found) < count else ""
    typer.echo(f"{len(found)} directions in {out}{few}; {picture} shows them")

"""`latenz learn components`: the directions in which a model varies most, found without a word about what they do."""

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.latent.pace import Pace
from engine.studio.learn.active import active
from engine.studio.learn.bank import cleared
from engine.studio.learn.facts import completed
from engine.studio.learn.principal import of_layer, of_w
from engine.studio.learn.samples import Shared
from engine.studio.learn.sefa import sefa
from engine.studio.learn.space import RUN, Space, Task, chosen, features
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Work

__all__ = ["Space", "component_space", "components", "features", "told", "with_facts"]

COUNT = 20
SAMPLES = {"w": 100_000, "z": 20_000, "layer": 2_000, "sefa": 20_000}  # where nobody says how many
METHODS = {"w": "components", "z": "active", "layer": "components", "sefa": "sefa"}


def component_space(
    subject: Subject,
    of: str = "",
    count: int = COUNT,
    samples: int = 0,
    seed: int = 0,
    layers: Sequence[int] | None = None,
    work: Work | None = None,
    shared: Shared | None = None,
) -> Space:
    """The space of the first components.

    of : "w", principal components of w; "layer:NAME", of a layer's features, regressed back to w, or to z where there
    is no mapping; "z", the active subspace: directions of z that move w (or the first layer) most; "sefa", of the
    weights that take w; "": w, or the first layer where there is no mapping
    shared : who looks at places of w together; the space is the same, bit for bit
    samples : 0 for as many as usual; layers : for "sefa", those whose weights are looked at
    What moves nothing is left out, so that there may be fewer than `count`. InputError for what there is not.
    """
    of = chosen(subject, of)
    task = Task(subject, of, count, samples or SAMPLES[of.partition(":")[0]], seed, work, shared)
    if shared is not None and task.kind != "w":
        raise InputError(f"--workers: places of w are looked at by several; give --of w, or leave it out for {of}")
    if count < 1 or task.samples < 2 * RUN:
        raise InputError(f"{count} components of {task.samples} samples; give at least 1, and {2 * RUN} samples")
    if task.kind == "sefa":
        return sefa(task, layers)
    if task.kind == "z":
        return active(task)
    return of_w(task) if task.kind == "w" else of_layer(task)


def components(
    subject: Subject,
    of: str = "",
    count: int = COUNT,
    samples: int = 0,
    seed: int = 0,
    layers: Sequence[int] | None = None,
    prefix: str = "c",
    leave: Sequence[Direction] = (),
    work: Work | None = None,
    shared: Shared | None = None,
) -> list[Direction]:
    """The first components as directions c01, c02, ..., in order of what they carry; 1.0 is one sigma.

    layers : of w, that they move; None: all that matter
    leave : what these do is taken out of each
    Their measures: `share` of the variance each carries; of a layer's, the `correlation` of the latent with it.
    """
    if layers is not None and not all(0 <= layer < subject.info.num_ws for layer in layers):
        raise InputError(f"layers {list(layers)}: {subject.info.name} has 0 to {subject.info.num_ws - 1}")
    space = component_space(subject, of, count, samples, seed, layers, work, shared)
    method = METHODS[space.of.partition(":")[0]] + (f" of {space.of}" if ":" in space.of else "")
    moving = space.layers if layers is None else tuple(layers)
    found = []
    for i, way in enumerate(space.ways):
        measures = {"share": float(space.share[i])}
        if ":" in space.of:
            measures["correlation"] = float(space.follows[i])
        name = f"{prefix}{i + 1:0{max(2, len(str(len(space))))}d}"
        found.append(Direction(name, way, space.into, float(space.spread[i]), moving, "", method, measures))
    return found if not leave else [replace(d, measures={}) for d in cleared(found, leave)]


def with_facts(subject: Subject, direction: Direction, seed: int = 0) -> Direction:
    """The direction with its pace and safe range, in its own sigma, which more places tell than `completed` looks at.

    A direction without its measures was changed since: its sigma is told anew.
    """
    found = completed(subject, direction, seed=seed)
    if not direction.measures:
        return found
    times = found.sigma / direction.sigma
    pace = found.pace and Pace(found.pace.amounts * times, found.pace.arc)
    safe = found.safe and (found.safe[0] * times, found.safe[1] * times)
    return replace(found, sigma=direction.sigma, pace=pace, safe=safe)


def told(direction: Direction) -> dict[str, object]:
    """A direction's facts as plain data, without its vector."""
    return {
        "name": direction.name, "space": direction.space, "sigma": direction.sigma, "method": direction.method,
        "layers": direction.layers, "safe": direction.safe, "measures": dict(direction.measures),
    }  # fmt: skip

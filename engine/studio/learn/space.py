"""A component space: the few coordinates in which a model's w, its features or its pictures really move."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import InputError
from engine.studio.farm.work import Chunk
from engine.studio.learn.layers import activations, check_layer, early_layer
from engine.studio.learn.moments import Axes
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import Work

if TYPE_CHECKING:
    from engine.studio.learn.samples import Shared

Array = NDArray[np.float64]
Kept = Mapping[str, NDArray[np.generic]]

BATCH = {"w": 10_000, "z": 2_000, "layer": 200, "sefa": 10_000}  # places that are looked at together
RUN = 4  # places in a row of one class, where classes are not to count as components
MOST_FEATURES = 1 << 20  # numbers of a layer at one place
NOTHING = 1e-9  # of all variance: what carries less of it is no component


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Coordinates for what was looked at, in sigma of the model's own distribution, and the way back to its latents.

    of : "w", "z", "layer:NAME" or "sefa"; into : where the way back leads
    mean : (dim,), basis : (count, dim) orthonormal, scale : (count,) of what was looked at
    share : (count,) of the variance of all; for "z" of all change, for "sefa" of the sum of the eigenvalues
    ways : (count, z_dim or w_dim) how the latent moves for one sigma of each coordinate
    spread : (count,) standard deviation of the model's own latents along each of `ways`; 1 in z
    follows : (count,) correlation of that with the coordinate: 1 but for what was regressed from a layer
    layers : of w, those that what was looked at depends on; None: all
    """

    of: str
    into: Literal["z", "w"]
    mean: Array
    basis: Array
    scale: Array
    share: Array
    ways: Array
    spread: Array
    follows: Array
    layers: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.basis)

    def project(self, latents: NDArray[np.floating]) -> Array:
        """What was looked at, (n, dim) as `features` gives it -> coordinates (n, count) in sigma."""
        return np.asarray((np.asarray(latents, np.float64) - self.mean) @ self.basis.T / self.scale)

    def lift(self, vector: NDArray[np.floating]) -> Array:
        """A step (count,) or (n, count) in coordinates -> the step in z or w (z_dim or w_dim) that makes it."""
        return np.asarray(np.asarray(vector, np.float64) @ self.ways)


@dataclass(frozen=True, slots=True)
class Task:
    """A space that is asked for, and the places that it is learned from."""

    subject: Subject
    of: str
    count: int
    samples: int
    seed: int
    work: Work | None = None
    shared: "Shared | None" = None

    @property
    def kind(self) -> str:
        """w, z, layer or sefa."""
        return self.of.partition(":")[0]

    @property
    def into(self) -> Literal["z", "w"]:
        """Where ways back lead from features."""
        return "w" if mapped(self.subject) else "z"

    def found(self) -> Kept | None:
        """What was kept of an interrupted run."""
        return None if self.work is None else self.work.found()

    def batches(self, found: Kept | None) -> Iterator[tuple[int, Sample]]:
        """Places that were not looked at yet; how many it will be with them."""
        for chunk in self.chunks(found):
            yield chunk.last, self.subject.sample(chunk.last - chunk.first, seed_of(self.seed, chunk.first))
            self.tell(chunk.last)

    def chunks(self, found: Kept | None) -> Iterator[Chunk]:
        """The places that were not looked at yet, those that are looked at together."""
        first = 0 if found is None else int(found["done"].item())
        number = 0
        while first < self.samples:
            size = max(RUN, min(BATCH[self.kind], self.samples - first) // RUN * RUN)
            yield Chunk(number, first, first + size)
            number, first = number + 1, first + size

    def tell(self, done: int) -> None:
        """Move the bar."""
        if self.work is not None:
            self.work.tell(f"looking at {self.of}", min(done, self.samples), self.samples)

    def keep(self, done: int, **parts: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep what was gathered so far: when it is time, and when it is all."""
        if self.work is not None:
            state = {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
            self.work.keep(lambda: {"done": np.array(done), **state}, now=done >= self.samples)


def part(found: Kept | None, name: str) -> Kept | None:
    """One part of what `Task.keep` kept."""
    if found is None:
        return None
    return {key.removeprefix(f"{name}/"): array for key, array in found.items() if key.startswith(f"{name}/")}


def seed_of(*numbers: int) -> int:
    """A seed of its own for each list of numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def chosen(subject: Subject, of: str) -> str:
    """What to look at; w, or the first layer where there is no mapping, for "". InputError for what there is not."""
    if not of:
        return "w" if mapped(subject) else f"layer:{early_layer(subject)}"
    kind, colon, name = of.partition(":")
    if kind == "layer" and colon:
        return f"layer:{check_layer(subject, name)}"
    if of == "w" and not mapped(subject):
        raise InputError(
            f"--of w: {subject.info.name} has no mapping from z to w; give layer:{early_layer(subject)}, z or sefa"
        )
    if of not in ("w", "z", "sefa"):
        raise InputError(f"--of {of}: give w, z, sefa, or layer:NAME")
    return of


def leads_into(subject: Subject, of: str) -> Literal["z", "w"]:
    """Where directions lie that are found by looking at this."""
    return "z" if of.partition(":")[0] == "z" or not mapped(subject) else "w"


def mapped(subject: Subject) -> bool:
    """Whether the model has a w that is more than z."""
    return subject.net().spec.family not in ("biggan", "progan")


def features(subject: Subject, of: str, sample: Sample) -> NDArray[np.floating]:
    """What spaces of this kind look at, at these places: (n, dim)."""
    kind, _, name = of.partition(":")
    with torch.no_grad():
        if kind == "z" or (kind == "sefa" and not mapped(subject)):
            return array(sample.z)
        if kind != "layer":
            return array(subject.w(sample)[:, 0])
        rows = activations(subject, subject.w(sample), [name])[name].flatten(1)
    if rows.shape[1] > MOST_FEATURES:
        raise InputError(
            f"layer {name} gives {rows.shape[1]:,} numbers; the most are {MOST_FEATURES:,}: choose another"
        )
    return array(rows)


def array(tensor: torch.Tensor) -> NDArray[np.floating]:
    """A tensor of any device in numpy."""
    found: NDArray[np.floating] = tensor.detach().cpu().numpy()
    return found


def true_axes(axes: Axes) -> Axes:
    """Those along which anything moves."""
    real = (axes.share > NOTHING) & (axes.scale > 0.0)
    if not real.any():
        raise InputError("nothing that was looked at moves: there are no components")
    return Axes(axes.mean, axes.basis[real], axes.scale[real], axes.share[real])

"""A row of models of one architecture that is played as one: a pair that blends, or snapshots of one training."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator import convert, model_file
from engine.generator.base import Band
from engine.generator.latent import Latent, Tensors
from engine.generator.spec import Spec

F32 = NDArray[np.float32]

MOST_SNAPSHOTS = 256
MOST_BYTES = 8 << 30  # of the weights of all of them in memory
REBUILT_BYTES = 1 << 30  # of those that another process compiles a second time


@dataclass(frozen=True, slots=True)
class Mixture:
    """Which models lie in the row, and which of them is the one that the show names.

    paths, hashes : of all, in order; own : the number of the model itself; age : they are snapshots of a training
    """

    paths: tuple[Path, ...]
    hashes: tuple[str, ...]
    own: int = 0
    age: bool = False

    @property
    def key(self) -> str:
        """What they are known by, from the hashes of their weights."""
        together = "+".join(self.hashes)
        return together if len(self.hashes) < 3 else hashlib.sha256(together.encode()).hexdigest()

    def controls(self, spec: Spec) -> list[Control]:
        """What plays the place in the row; nothing for a model alone."""
        if len(self.paths) == 1:
            return []
        last = float(len(self.paths) - 1)
        if self.age:
            common = Control("/generator/age", float(self.own), 0.0, last, about="number of the snapshot, from 0")
            word, more = "age", "older"
        else:
            common = Control("/generator/blend", 0.0, 0.0, 1.0, about="0 the first model, 1 the second")
            word, more = "blend", "more of the second model"
        return [
            common,
            *(
                Control(f"/generator/{word}_{band.name}", 0.0, -last, last, about=f"{more} in {band.name}")
                for band in spec.bands()
            ),
        ]

    def places(self, controls: Mapping[str, float], bands: Sequence[Band], num_ws: int) -> F32:
        """Where each layer lies in the row, (num_ws,): the common place and the band's own added, within the row."""
        places = np.zeros(num_ws, np.float32)
        if len(self.paths) > 1:
            word, rest = ("age", float(self.own)) if self.age else ("blend", 0.0)
            common = controls.get(word, rest)
            for band in bands:
                places[band.first : band.last] = common + controls.get(f"{word}_{band.name}", 0.0)
        return places.clip(0.0, len(self.paths) - 1)


def mixture_of(path: Path, second: Path | None, snapshots: Sequence[Path]) -> Mixture:
    """The row that a model is played in. ModelError for models that cannot lie in one.

    Snapshots keep their order; the model goes behind the last of them where it is none of them itself.
    """
    if second is not None and snapshots:
        raise ModelError("a model blends with a second one or ages through snapshots; leave one of them out")
    if len(snapshots) > MOST_SNAPSHOTS:  # before any is converted
        raise ModelError(f"{len(snapshots)} snapshots; at most {MOST_SNAPSHOTS} can be played")
    header = model_file.read_header(path)
    others = [convert.playable(other) for other in (snapshots or ([second] if second else []))]
    headers = [model_file.read_header(other) for other in others]
    for other, theirs in zip(others, headers, strict=True):
        _check_pair(_named(path, header), header.spec, _named(other, theirs), theirs.spec)
    if not snapshots:
        return Mixture((path, *others), (header.hash, *(h.hash for h in headers)))
    hashes = [h.hash for h in headers]
    if header.hash not in hashes:
        others, hashes = [*others, path], [*hashes, header.hash]
    if len(others) > MOST_SNAPSHOTS:
        raise ModelError(f"{len(others)} snapshots; at most {MOST_SNAPSHOTS} can be played")
    if len(others) == 1:
        return Mixture((path,), (header.hash,))
    size = _bytes(header.spec) * len(others)
    if size > MOST_BYTES:
        raise ModelError(
            f"{len(others)} snapshots of {_named(path, header)} take {size / 2**30:.1f} GiB of memory; up to "
            f"{MOST_BYTES >> 30} are allowed: list every other one"
        )
    return Mixture(tuple(others), tuple(hashes), hashes.index(header.hash), age=True)


def rebuilt(mixture: Mixture, spec: Spec) -> tuple[str, ...]:
    """The words that rebuild its source in another process; none for what would take too much memory a second time."""
    large = mixture.age and _bytes(spec) * len(mixture.paths) > REBUILT_BYTES
    return () if large else tuple(map(str, mixture.paths))


def reader(mixture: Mixture) -> Callable[[int], Tensors]:
    """What gives the tensors of each model: read once, but those of snapshots each time, so that they are not held."""
    if mixture.age:
        return lambda number: model_file.read_tensors(mixture.paths[number])[1]
    return [model_file.read_tensors(path)[1] for path in mixture.paths].__getitem__


def mapped(
    latents: Sequence[Latent], places: F32, z: NDArray[np.float64], psi: float,
    classes: NDArray[np.float64] | None, cutoff: int | None,
) -> F32:  # fmt: skip
    """z (n, z_dim) -> w (n, num_ws, w_dim), each layer's between those of its two neighbours in the row.

    Only the neighbours are asked; at a whole number w is that model's, bit for bit.
    """
    if len(latents) == 1:
        return latents[0].w(z, psi, classes, cutoff)
    below = np.minimum(np.floor(places).astype(np.intp), len(latents) - 2)
    parts = places - below
    found: dict[int, F32] = {}

    def of(number: int) -> F32:
        if number not in found:
            found[number] = latents[number].w(z, psi, classes, cutoff)
        return found[number]

    out: F32 | None = None
    for number in np.unique(below).tolist():
        for part in np.unique(parts[below == number]).tolist():
            layers = (below == number) & (parts == np.float32(part))
            own = of(number + 1 if part == 1.0 else number)[:, layers]
            if 0.0 < part < 1.0:
                own = own + np.float32(part) * (of(number + 1)[:, layers] - own)
            if out is None:
                out = np.empty((len(z), len(places), own.shape[2]), np.float32)
            out[:, layers] = own
    assert out is not None
    return out


def carried(
    classes: NDArray[np.float64], played: NDArray[np.float64], moved: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Class weights (voices, classes), each row adding up to 1: what a journey carries, with what hands add to it.

    classes : what it carries, (voices, classes); a row adds up to how far the journey has a say
    played : (classes,) what the controls say alone, adding up to 1; moved : (classes,) how far each is from its rest
    """
    said = np.minimum(classes.sum(1, keepdims=True), 1.0)
    own = np.maximum(classes / np.where(said > 0.0, said, 1.0) + moved, 0.0)
    total = own.sum(1, keepdims=True)
    own = np.where(total > 0.0, own / np.where(total > 0.0, total, 1.0), played)
    return np.asarray((1.0 - said) * played + said * own)


def _bytes(spec: Spec) -> int:
    return 4 * sum(math.prod(shape) for shape in spec.shapes().values())


def _named(path: Path, header: model_file.ModelHeader) -> str:
    return header.about.name or path.stem


def _check_pair(name: str, spec: Spec, second: str, other: Spec) -> None:
    """ModelError unless both models have tensors of the same names and shapes."""
    mine, theirs = spec.shapes(), other.shapes()
    if spec.family != other.family or mine != theirs:
        names = [n for n in mine if theirs.get(n) != mine[n]] or [n for n in theirs if n not in mine]
        at = f": {names[0]} is {mine.get(names[0])} and {theirs.get(names[0])}" if names else ""
        raise ModelError(f"{name} and {second} are not of one architecture and cannot blend{at}")

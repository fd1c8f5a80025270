"""Latents and classes that users hand in: from seeds, arrays and places to arrays of the model's own shape."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_directions
from engine.latent.directions import Directions
from engine.latent.places import Places
from engine.studio.arrays import load_npy

MOST_SIGMA = 100.0
MOST = 1e6  # of a number in a latent: its square and a sum of those still fit into float32


@dataclass(frozen=True, slots=True)
class Latents:
    """Where to draw: z (n, z_dim), or w (n, num_ws, w_dim)."""

    space: Literal["z", "w"]
    array: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.array)

    def moved(self, by: dict[str, NDArray[np.float64]], info: ModelInfo) -> "Latents":
        """Along directions, whose sum is given by space. ModelError for a way in z from a place in w."""
        for space, way in by.items():
            if space != self.space:
                raise ModelError(
                    f"--amount: a direction in {space} from a latent in {self.space}; {info.name} takes it live"
                )
            self = replace(self, array=self.array + way)
        return self


def latents_of(info: ModelInfo, *, seed: int | None, z: Path | None, w: Path | None, place: str | None) -> Latents:
    """The latents that one of these names. ModelError for an array that is not of this model."""
    if seed is not None:
        return Latents("z", np.random.RandomState(seed).randn(1, info.z_dim))
    if z is not None:
        array = np.atleast_2d(np.asarray(load_npy(z), np.float64))
        if array.ndim != 2 or not len(array) or array.shape[1] != info.z_dim:
            raise ModelError(f"{z}: shape {array.shape}; the model takes finite N x {info.z_dim}")
        _check_numbers(array, f"{z}", f"the model takes finite N x {info.z_dim}")
        return Latents("z", array)
    if w is not None:
        return Latents("w", _of_w(np.asarray(load_npy(w), np.float64), info, str(w)))
    return _place(info, place or "")


def _of_w(array: NDArray[np.float64], info: ModelInfo, what: str) -> NDArray[np.float64]:
    """w (n, num_ws, w_dim), from that or from n rows that are the same in every layer."""
    if array.ndim in (1, 2) and array.shape[-1] == info.w_dim:
        array = np.repeat(np.atleast_2d(array)[:, None], info.num_ws, 1)
    taken = f"the model takes finite N x {info.num_ws} x {info.w_dim}, or N x {info.w_dim}"
    if array.ndim != 3 or not len(array) or array.shape[1:] != (info.num_ws, info.w_dim):
        raise ModelError(f"{what}: shape {array.shape}; {taken}")
    _check_numbers(array, what, taken)
    return array


def _check_numbers(array: NDArray[np.float64], what: str, taken: str) -> None:
    """ModelError for what is not a number, or so large that nothing can be drawn from it."""
    fine = np.abs(array) <= MOST
    if not fine.all():
        raise ModelError(f"{what}: it holds {array[~fine].flat[0]:g}; {taken}, at most {MOST:g} in size")


def _place(info: ModelInfo, given: str) -> Latents:
    file, colon, name = (given, "", "") if Path(given).is_file() else given.rpartition(":")
    if not Path(file).is_file():
        raise InputError(f"--place {given}: no such file; give FILE or FILE:NAME")
    places = Places.load(Path(file)).check(info)
    if not colon and len(places) != 1:
        raise InputError(f"--place {given}: it holds {', '.join(places.names) or 'none'}; give {file}:NAME")
    place = places[name] if colon else places.items[0]
    if place.space == "z":
        return Latents("z", place.latent[None])
    latent = place.latent[None] if place.latent.ndim == 2 else place.latent
    return Latents("w", _of_w(latent, info, given))


def classes_of(info: ModelInfo, c: Path | None, number: int | None, count: int) -> NDArray[np.float64] | None:
    """Class weights (count, classes): as they are given, one class, or None for a model without classes.

    Without either it is class 0.
    """
    classes = int(info.extra.get("classes", 0))
    if not classes:
        if c is not None or number is not None:
            raise InputError(f"{info.name} has no classes; leave out {'--c' if c is not None else '--class'}")
        return None
    if c is None:
        number = number or 0
        if not 0 <= number < classes:
            raise InputError(f"--class {number}: {info.name} has classes 0 to {classes - 1}")
        weights = np.zeros((count, classes))
        weights[:, number] = 1.0
        return weights
    weights = np.atleast_2d(np.asarray(load_npy(c), np.float64))
    taken = f"{count} latents take finite {count} x {classes}, or {classes}"
    if weights.ndim != 2 or weights.shape not in ((1, classes), (count, classes)):
        raise ModelError(f"{c}: shape {weights.shape}; {taken}")
    _check_numbers(weights, f"{c}", taken)
    return np.broadcast_to(weights, (count, classes))


def amounts_of(
    model: str, info: ModelInfo, amounts: tuple[str, ...], bank: Path | None
) -> dict[str, NDArray[np.float64]]:
    """What amounts such as `bloom=2` add up to, by space: z (z_dim,), w (num_ws, w_dim)."""
    directions = model_directions(model)
    if bank is not None:
        directions = directions.merged(Directions.load(bank).check(info))
    total: dict[str, NDArray[np.float64]] = {}
    for text in amounts:
        name, _, value = text.partition("=")
        if name not in directions.names:
            known = list(directions.names)
            raise InputError(
                f'--amount {text}: no direction "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}'
            )
        try:
            sigma = float(value)
        except ValueError:
            raise InputError(f"--amount {text}: give NAME=SIGMA, for example {name}=2") from None
        if not abs(sigma) <= MOST_SIGMA:
            raise InputError(f"--amount {text}: at most {MOST_SIGMA:g} sigma")
        direction = directions[name]
        way = sigma * direction.sigma * direction.vector
        if direction.space == "w":
            layers = range(info.num_ws) if direction.layers is None else direction.layers
            way = np.isin(np.arange(info.num_ws), list(layers))[:, None] * way
        total[direction.space] = total.get(direction.space, 0.0) + way
    return total

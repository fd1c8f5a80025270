"""Latents and classes that users hand in: from seeds, arrays and places to arrays of the model's own shape."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_directions
from engine.latent.directions import Directions, Match
from engine.latent.places import Places
from engine.latent.steer import Steer
from engine.studio.arrays import load_npy

MOST_SIGMA = 100.0
MOST = 1e6  # of a number in a latent: its square and a sum of those still fit into float32


@dataclass(frozen=True, slots=True)
class Latents:
    """Where to draw: z (n, z_dim), or (n, bands, z_dim) where bands differ, or w (n, num_ws, w_dim)."""

    space: Literal["z", "w"]
    array: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.array)


class Along:
    """Amounts along directions, as a show that stands still plays them.

    amounts : in sigma by name; option : that they were given with, for messages
    """

    def __init__(
        self, directions: Directions, amounts: dict[str, float], info: ModelInfo, option: str = "--amount"
    ) -> None:
        used = directions.select(name for name, sigma in amounts.items() if sigma)
        self._row = np.array([amounts[name] for name in used.names])
        self._of_z = [d.name for d in used if d.space == "z"]
        self._info, self._directions, self._option = info, used, option
        self.moves_w = len(self._of_z) < len(used)

    def from_(self, latents: Latents) -> Latents:
        """The latents moved along the directions of z. ModelError where there is no z that could move."""
        if not self._of_z:
            return latents
        if latents.space != "z":
            raise ModelError(
                f"{self._option} {self._of_z[0]}: a direction in z from a latent in w; {self._info.name} takes it live"
            )
        bands = latents.array
        if bands.ndim == 2:
            bands = np.repeat(bands[:, None], len(self._info.bands), 1)
        steer, amounts = self._steer(len(latents))
        moved = steer.z(bands, amounts)
        return Latents("z", moved if (moved != moved[:, :1]).any() else moved[:, 0])

    def on_w(self, w: NDArray[np.float32]) -> NDArray[np.float32]:
        """w (n, num_ws, w_dim) as psi has made it, moved along the directions of w."""
        steer, amounts = self._steer(len(w))
        return steer.w(w, amounts)

    def _steer(self, count: int) -> tuple[Steer, NDArray[np.float64]]:
        return Steer(self._directions, self._info, count), np.broadcast_to(self._row, (count, len(self._row)))


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
    model: str, info: ModelInfo, amounts: tuple[str, ...], bank: Path | None, match: Match = "model",
    option: str = "--amount",
) -> tuple[Along, tuple[str, ...]]:  # fmt: skip
    """Amounts such as `bloom=2`, and which of their directions were learned on another model.

    match : as for `Directions.check`; option : that amounts were given with, for messages
    """
    directions, strangers = model_directions(model), frozenset[str]()
    if bank is not None:
        more = Directions.load(bank)
        strangers = frozenset(more.strangers(info))
        try:
            more.check(info, match)
        except ModelError as error:
            hint = " (--match architecture)" if strangers and match == "model" else ""
            raise ModelError(f"{bank}: {error}{hint}") from None
        directions = directions.merged(more)
    total: dict[str, float] = {}
    for text in amounts:
        name, _, value = text.partition("=")
        if name not in directions.names:
            known = list(directions.names)
            raise InputError(
                f'{option} {text}: no direction "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}'
            )
        try:
            sigma = float(value)
        except ValueError:
            raise InputError(f"{option} {text}: give NAME=SIGMA, for example {name}=2") from None
        if not abs(sigma) <= MOST_SIGMA:
            raise InputError(f"{option} {text}: at most {MOST_SIGMA:g} sigma")
        total[name] = total.get(name, 0.0) + sigma
    return Along(directions, total, info, option), tuple(name for name in total if name in strangers)

"""Examples for a compass: stills in a folder, seeds, arrays or places become latents, or an error that says why not."""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.latent.places import Places
from engine.latent.space import seed_z
from engine.stage.outputs.picture import read_latent, read_text

Array = NDArray[np.float64]
Space = Literal["z", "w"]

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST = 4096  # examples of a pile
_SEEDS = re.compile(r"\s*\d{1,10}\s*(,\s*\d{1,10}\s*)*")


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One latent that somebody has sorted.

    latent : (z_dim,) in z, (num_ws, w_dim) in w
    """

    name: str
    space: Space
    latent: Array
    picture: Path | None = None  # the still that it was read from


def read_examples(given: str, info: ModelInfo, folder: Path | None = None) -> list[Example]:
    """What `more` or `less` names: a folder of stills, seeds "3,17,42", a .npy of latents, FILE[:NAME,...] of places.

    folder : of a show, which nothing may lie outside of. NAME may hold * and ?.
    InputError for what is not there, is no still, or holds none; ModelError for what is of another model.
    """
    if _SEEDS.fullmatch(given):
        found = _seeds(given, info)
    else:
        found = _files(given, info, folder)
    if not found:
        raise InputError(f"{given}: no stills in it; draw some with `latenz still`")
    if len(found) > MOST:
        raise InputError(f"{given}: {len(found)} examples; at most {MOST}")
    return found


def one_space(examples: Sequence[Example], space: Space) -> Array:
    """(n, dim) of all of them, those in w as the mean of their layers. ModelError for one of the other space."""
    for example in examples:
        if example.space != space:
            raise ModelError(
                f"{example.name} lies in {example.space} and this compass compares {space}; "
                f"give stills of {'seeds or of --z' if space == 'z' else '--w'}"
            )
    return np.array([e.latent if e.latent.ndim == 1 else e.latent.mean(0) for e in examples])


def check_apart(more: Sequence[Example], less: Sequence[Example]) -> None:
    """InputError for a place that lies on both sides."""
    there = {(example.space, example.latent.tobytes()): example.name for example in more}
    for other in less:
        name = there.get((other.space, other.latent.tobytes()))
        if name is not None:
            names = name if name == other.name else f"{name} and {other.name}"
            raise InputError(f"{names}: one place lies in more and in less; leave it on one side")


def _seeds(given: str, info: ModelInfo) -> list[Example]:
    numbers = [int(part) for part in given.split(",")]
    for number in numbers:
        if number >= 2**32:
            raise InputError(f"{given}: the seed {number} is too large; give 0 to {2**32 - 1}")
    return [Example(f"seed {n}", "z", seed_z(n, info.z_dim)) for n in dict.fromkeys(numbers)]


def _files(given: str, info: ModelInfo, folder: Path | None) -> list[Example]:
    path, names = _found(given, folder)
    if path.is_dir():
        return [_still(file, info) for file in _pictures(path)]
    if names or path.suffix == ".safetensors":
        return _places(path, names, info)
    if path.suffix == ".npy":
        return _array(path, info)
    if path.suffix.lower() in PICTURES:
        return [_still(path, info)]
    raise InputError(f"{given}: give a folder of stills, seeds such as 3,17,42, a .npy of latents or a file of places")


def _found(given: str, folder: Path | None) -> tuple[Path, str]:
    """The file or folder, and what stands behind its colon."""
    file, colon, names = given.rpartition(":")
    for name, rest in ((given, ""), (file, names)) if colon else ((given, ""),):
        try:
            path = Path(name).expanduser() if folder is None else (folder / name).resolve()
            exists = path.exists()
        except (OSError, ValueError, RuntimeError):
            raise InputError(f"{given[:80]!r}: no file can have this name; nor is it seeds such as 3,17,42") from None
        if folder is not None and not path.is_relative_to(folder.resolve()):
            raise InputError(f'"{given}" lies outside the show; copy it into {folder.name}/')
        if exists:
            return path, rest
    where = "" if folder is None else f" in {folder.name}/"
    raise InputError(f"{given}: no such file or folder{where}; nor is it seeds such as 3,17,42")


def _pictures(folder: Path) -> Iterator[Path]:
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None
    return (f for f in files if f.suffix.lower() in PICTURES and not f.name.startswith(".") and f.is_file())


def _still(path: Path, info: ModelInfo) -> Example:
    """A picture that latenz has drawn."""
    text = read_text(path)
    if "latenz.latent" not in text:
        raise InputError(f"{path}: it holds no latent; only stills that latenz has drawn do (`latenz still`)")
    whose = text.get("latenz.model_hash", "")
    if whose != info.hash:
        raise ModelError(
            f"{path}: a still of {text.get('latenz.model', 'another model')} ({whose[:12] or 'no hash'}), not of "
            f"{info.name} ({info.hash[:12]}); draw it again with this model"
        )
    try:
        latent = read_latent(text["latenz.latent"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Example(path.name, *_fitted(latent, text.get("latenz.space", "z"), info, path), path)


def _places(path: Path, names: str, info: ModelInfo) -> list[Example]:
    places = Places.load(path).check(info)
    wanted = [name.strip() for name in names.split(",")] if names else ["*"]
    for name in wanted:
        if not fnmatch.filter(places.names, name):
            raise InputError(f'{path}: no place "{name}"{nearest(name, list(places.names))}')
    kept = [place for place in places if any(fnmatch.fnmatchcase(place.name, name) for name in wanted)]
    return [Example(place.name, *_fitted(place.latent, place.space, info, path)) for place in kept]


def _array(path: Path, info: ModelInfo) -> list[Example]:
    try:
        array = np.load(path, allow_pickle=False)
        array = np.atleast_2d(np.asarray(array, np.float64))
    except (OSError, ValueError, TypeError, EOFError, SyntaxError, MemoryError) as error:
        raise InputError(f"{path}: not a .npy of plain numbers ({type(error).__name__})") from None
    space = "z" if array.shape[1:] == (info.z_dim,) else "w"
    return [Example(f"{path.name}[{i}]", *_fitted(row, space, info, path)) for i, row in enumerate(array)]


def _fitted(latent: NDArray[np.floating], space: str, info: ModelInfo, path: Path) -> tuple[Space, Array]:
    array = np.asarray(latent, np.float64)
    if not np.isfinite(array).all():
        raise InputError(f"{path}: a latent of it is not finite")
    if space == "z" and array.shape == (info.z_dim,):
        return "z", array
    if space == "w" and array.shape in ((info.w_dim,), (info.num_ws, info.w_dim)):
        return "w", np.broadcast_to(array, (info.num_ws, info.w_dim))
    raise ModelError(
        f"{path}: a latent of shape {array.shape} in {space}; {info.name} has ({info.z_dim},) in z and "
        f"({info.num_ws}, {info.w_dim}) in w"
    )

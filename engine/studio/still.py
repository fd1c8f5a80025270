"""Draw places of a model as pictures that remember their latents."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.complaints import nearest
from engine.errors import InputError, ModelError
from engine.generator.catalog import model_directions, model_info, open_model
from engine.latent.directions import Directions
from engine.paths import check_output
from engine.stage.outputs.picture import latent_text, save_png
from engine.studio.arrays import load_npy


@dataclass(frozen=True, slots=True)
class Still:
    """What the command line asks for."""

    model: str
    seed: int | None
    z: Path | None
    psi: float
    size: tuple[int, int] | None
    amounts: tuple[str, ...]
    bank: Path | None
    out: Path


def still(wanted: Still) -> None:
    """Draw. A PNG holds one picture; .npy is float32, N x 3 x H x W, in the generator's own range -1..1."""
    info = model_info(wanted.model)
    if (wanted.seed is None) == (wanted.z is None):
        raise InputError("give either --seed N or --z F.npy")
    if wanted.out.suffix.lower() not in (".png", ".npy"):
        raise InputError(f"{wanted.out}: cannot write {wanted.out.suffix}; give .png or .npy")
    if wanted.out.is_dir():
        raise InputError(f"{wanted.out}: is a folder; name a file in it")
    check_output(wanted.out)
    z = np.random.RandomState(wanted.seed).randn(1, info.z_dim) if wanted.z is None else _latents(wanted.z, info.z_dim)
    if wanted.out.suffix.lower() == ".png" and len(z) != 1:
        raise InputError(f"{wanted.out}: {len(z)} latents do not fit one picture; write .npy")
    z = z + _amounts(wanted)
    width, height = wanted.size or (info.width, info.height)
    generator = open_model(wanted.model, "cpu", 1)
    generator.prepare(1, width, height)
    images = []
    for row in z:
        banded = np.repeat(row[None, None], len(info.bands), 1)
        images.append(generator.draw(generator.map(banded, wanted.psi), {})[0, :, :, :3].copy())
    generator.close()
    _save(wanted, images, z)


def _latents(path: Path, z_dim: int) -> NDArray[np.float64]:
    z = np.atleast_2d(np.asarray(load_npy(path), np.float64))
    if z.ndim != 2 or not len(z) or z.shape[1] != z_dim or not np.isfinite(z).all():
        raise ModelError(f"{path}: shape {z.shape}; the model takes finite N x {z_dim}")
    return z


def _amounts(wanted: Still) -> NDArray[np.float64]:
    directions = model_directions(wanted.model)
    if wanted.bank is not None:
        directions = directions.merged(Directions.load(wanted.bank))
    total = np.zeros(model_info(wanted.model).z_dim)
    for text in wanted.amounts:
        name, _, value = text.partition("=")
        if name not in directions.names:
            known = list(directions.names)
            raise InputError(
                f'--amount {text}: no direction "{name}"{nearest(name, known)}; there are: {", ".join(known)}'
            )
        try:
            sigma = float(value)
        except ValueError:
            raise InputError(f"--amount {text}: give NAME=SIGMA, for example bloom=2") from None
        if not abs(sigma) <= 100:
            raise InputError(f"--amount {text}: at most 100 sigma")
        direction = directions[name]
        if direction.space != "z":
            raise ModelError(f"--amount {text}: a direction in {direction.space}; this model takes them in z")
        total += sigma * direction.sigma * direction.vector
    return total


def _save(wanted: Still, images: list[NDArray[np.uint8]], z: NDArray[np.float64]) -> None:
    info = model_info(wanted.model)
    if wanted.out.suffix.lower() == ".png":
        notes = {"latenz.model": info.name, "latenz.model_hash": info.hash, "latenz.latent": latent_text(z[0])}
        if wanted.seed is not None:
            notes["latenz.seed"] = str(wanted.seed)
        save_png(wanted.out, images[0], notes)
        return
    array = np.stack(images).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1.0
    part = wanted.out.with_name(f".{wanted.out.name}.part")
    with part.open("wb") as file:
        np.save(file, array)
    part.replace(wanted.out)

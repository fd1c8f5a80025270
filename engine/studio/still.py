"""Draw places of a model as pictures that remember their latents."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.base import Generator
from engine.generator.catalog import How, model_info, open_model, pending
from engine.latent.directions import Match
from engine.paths import check_output, part_beside
from engine.preset.model import strange
from engine.stage.outputs.picture import latent_text, save_png
from engine.studio.latents import Latents, amounts_of, classes_of, latents_of

NOISES = ("const", "none", "random")


@dataclass(frozen=True, slots=True)
class Still:
    """What the command line asks for. One of seed, z, w and place says where; c or class_ of a conditional model."""

    model: str
    out: Path
    seed: int | None = None
    z: Path | None = None
    w: Path | None = None
    place: str | None = None  # FILE or FILE:NAME
    c: Path | None = None
    class_: int | None = None
    psi: float = 1.0
    cutoff: int | None = None
    noise: str = "const"
    size: tuple[int, int] | None = None
    amounts: tuple[str, ...] = ()
    bank: Path | None = None
    match: Match = "model"
    backend: str = "eager"
    upstream_exact: bool = False


def still(
    wanted: Still, tell: Callable[[str], None] = lambda line: None, warn: Callable[[str], None] = lambda line: None
) -> None:
    """Draw. A PNG holds one picture; .npy is float32, N x 3 x H x W, in the generator's own range, unclipped."""
    _check(wanted)
    how = How(
        backend=wanted.backend, live=False, cutoff=wanted.cutoff, noise=wanted.noise, noise_seed=wanted.seed or 0,
        upstream_exact=wanted.upstream_exact,
    )  # fmt: skip
    for file in pending([wanted.model]):
        tell(f"converting {file.name}")
    info = model_info(wanted.model, how=how)
    latents = latents_of(info, seed=wanted.seed, z=wanted.z, w=wanted.w, place=wanted.place)
    along, strangers = amounts_of(wanted.model, info, wanted.amounts, wanted.bank, wanted.match)
    if strangers:
        warn(f"{wanted.bank}: {strange(strangers, info.name)}")
    latents = along.from_(latents)
    classes = classes_of(info, wanted.c, wanted.class_, len(latents))
    if wanted.out.suffix.lower() == ".png" and len(latents) != 1:
        raise InputError(f"{wanted.out}: {len(latents)} latents do not fit one picture; write .npy")
    tell(f"loading {info.name}")
    generator = open_model(wanted.model, "cpu", 1, how)
    width, height = wanted.size or (info.width, info.height)
    try:
        generator.prepare(1, width, height)
        w = along.on_w(_mapped(generator, latents, classes, wanted))
        controls = {"psi": wanted.psi}
        tell("drawing")
        if wanted.out.suffix.lower() == ".png":
            picture = generator.draw(w, controls)[0, :, :, :3].copy()
            if along.moves_w or latents.array.ndim == 3:  # one z does not tell it
                latents, wanted = Latents("w", w.astype(np.float64)), _as_drawn(wanted, generator)
            save_png(wanted.out, picture, _notes(wanted, generator, latents, classes))
        else:
            _save(wanted.out, [generator.image(row[None], controls)[0].copy() for row in w])
    except (MemoryError, RuntimeError) as error:
        if not _is_of_memory(error):
            raise
        raise InputError(f"{info.name} at {width}x{height} does not fit into memory; give a smaller --size") from None
    finally:
        generator.close()


def _check(wanted: Still) -> None:
    """InputError for what can be said before the model is read."""
    if sum(given is not None for given in (wanted.seed, wanted.z, wanted.w, wanted.place)) != 1:
        raise InputError("give one of --seed N, --z F.npy, --w F.npy and --place FILE[:NAME]")
    if wanted.c is not None and wanted.class_ is not None:
        raise InputError("give either --c F.npy or --class N")
    if wanted.noise not in NOISES:
        raise InputError(f"--noise {wanted.noise}: give {', '.join(NOISES)}")
    if wanted.out.suffix.lower() not in (".png", ".npy"):
        raise InputError(f"{wanted.out}: cannot write {wanted.out.suffix}; give .png or .npy")
    if wanted.out.is_dir():
        raise InputError(f"{wanted.out}: is a folder; name a file in it")
    check_output(wanted.out)


def _is_of_memory(error: Exception) -> bool:
    """Whether this is numpy's or torch's way of saying that there is not enough memory."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text


def _mapped(
    generator: Generator, latents: Latents, classes: NDArray[np.float64] | None, wanted: Still
) -> NDArray[np.float32]:
    """w (n, num_ws, w_dim) of the latents.

    BigGAN's sampling makes z shorter by psi; a z that is given is as long as it should be, and psi only picks the
    statistics it is drawn with. A w is as the model learned it, as live and in files of places: psi truncates it.
    """
    if latents.space == "w":
        return generator.truncated(latents.array.astype(np.float32), wanted.psi, classes)
    given, z = wanted.seed is None, latents.array
    psi = 1.0 if given and getattr(generator, "scales_z", False) else wanted.psi
    if (of_classes := getattr(generator, "map_classes", None)) is not None:
        if z.ndim == 2:
            return np.asarray(of_classes(z, psi, classes))
        parts = [of_classes(z[:, i], psi, classes)[:, b.first : b.last] for i, b in enumerate(generator.info.bands)]
        return np.concatenate(parts, 1)
    return generator.map(np.repeat(z[:, None], len(generator.info.bands), 1) if z.ndim == 2 else z, psi)


def _as_drawn(wanted: Still, generator: Generator) -> Still:
    """What asks for the same picture of the w that was drawn: psi is in it already, but where it picks statistics."""
    return wanted if getattr(generator, "scales_z", False) else replace(wanted, psi=1.0, cutoff=None)


def _notes(
    wanted: Still, generator: Generator, latents: Latents, classes: NDArray[np.float64] | None
) -> dict[str, str]:
    """Enough to draw the same picture again."""
    notes = {
        "latenz.model": generator.info.name,
        "latenz.model_hash": generator.info.hash,
        "latenz.latent": latent_text(latents.array[0]),
        "latenz.space": latents.space,
        "latenz.psi": f"{wanted.psi:g}",
        "latenz.backend": f"{generator.backend}, 1 thread",
    }
    if wanted.seed is not None:
        notes["latenz.seed"] = str(wanted.seed)
    if classes is not None:
        notes["latenz.classes"] = json.dumps({str(n): float(classes[0, n]) for n in np.flatnonzero(classes[0])})
    if wanted.cutoff is not None:
        notes["latenz.cutoff"] = str(wanted.cutoff)
    if wanted.noise != "const":
        notes["latenz.noise"] = wanted.noise
    if wanted.upstream_exact:
        notes["latenz.upstream_exact"] = "true"
    return notes


def _save(out: Path, images: list[NDArray[np.float32]]) -> None:
    with part_beside(out) as part, part.open("wb") as file:
        np.save(file, np.stack(images))

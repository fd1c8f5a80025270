"""Contact sheets: many places of a model, sorted by what an assessor says of their pictures."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_info
from engine.latent.space import seed_z
from engine.paths import part_beside
from engine.studio.farm import Workers, chunks_of, farm, forget
from engine.studio.learn.assessors import Input, assessor, digest_of
from engine.studio.learn.bank import check_file
from engine.studio.learn.samples import asked_of, load
from engine.studio.learn.strips import GREY, INK, PAPER, enlarged
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import Stop, Tell, never, quiet

BATCH = 32  # pictures drawn between two moves of the bar
MARGIN, GAP, CAPTION, HEADING = 24, 6, 18, 52  # in pixels
LEAST_SIDE = 48
WIDE = 1.5  # columns to rows, about
ALONE = Workers()


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Places in the order of their scores, least first.

    seeds, scores : (n,); pictures : (n, h, w, 3) uint8
    """

    seeds: NDArray[np.int64]
    scores: NDArray[np.float64]
    pictures: NDArray[np.uint8]


def sheet(
    model: str, out: Path, by: str, *, given: Input | None = None, clip: str | None = None, count: int = 64,
    pool: int = 0, seed: int = 0, class_: int | None = None, side: int = 112, threads: int = 2, device: str = "cpu",
    workers: Workers = ALONE, tell: Tell = quiet, stop: Stop = never,
) -> Sorted:  # fmt: skip
    """Write a PNG of `count` places, sorted by an assessor; below each its seed, as `latenz still --seed` takes it.

    by, given, clip : as `assessors.assessor` takes them
    pool : of so many seeds from `seed` on, every so-maniest of the sorted ones
    class_ : of a conditional model; none: class 0, as stills have it
    workers : who draws and judges, with so many threads each; the sheet is the same. Chunks that are done lie in
    `<out>.chunks` until all are.
    InputError for a name or a file that cannot assess, and for what is no .png.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: a contact sheet is a .png; name one")
    check_file(out)
    if pool and pool < count:
        raise InputError(f"--pool {pool}: give as many as are shown ({count}), or more")
    if seed + max(pool, count) > 2**32:
        raise InputError(f"--seed {seed}: {max(pool, count)} seeds from there go beyond {2**32 - 1}; give a lower one")
    given = given or Input()
    name, info, places = assessor(by, given, device, clip).name, model_info(model), max(pool, count)
    asked = {
        "subject": asked_of(model, side, threads, device), "by": by, "file": digest_of(by), "seed": seed,
        "class": check_class(info, class_), "input": asdict(given), "clip": clip,
    }  # fmt: skip
    folder = out.absolute().with_name(f"{out.name}.chunks")
    try:
        files = farm("scores", asked, chunks_of(places, BATCH), folder, ".npz", workers, tell, stop)
    except InputError:
        forget(folder)
        raise
    found = order(files, seed, count)
    picture = drawn(found, name, info.name, places)
    with part_beside(out) as part:
        picture.save(part, "PNG", optimize=True)
    shutil.rmtree(folder)
    return found


def placed(subject: Subject, seed: int, count: int, class_: int | None = None) -> Sample:
    """The places of seeds from `seed` on, each drawn by itself, as stills and shows draw them. InputError for a class
    that the model does not have.
    """
    z = np.array([seed_z(seed + i, subject.info.z_dim) for i in range(count)], np.float32)
    check_class(subject.info, class_)
    weights = None
    if classes := int(subject.info.extra.get("classes", 0)):
        weights = torch.zeros(count, classes, device=subject.device)
        weights[:, class_ or 0] = 1.0
    return Sample(torch.from_numpy(z).to(subject.device), weights)


def check_class(info: ModelInfo, class_: int | None) -> int | None:
    """The class. InputError for one that the model does not have."""
    classes = int(info.extra.get("classes", 0))
    if class_ is not None and not 0 <= class_ < classes:
        have = f"classes 0 to {classes - 1}" if classes else "no classes"
        raise InputError(f"class {class_}: {info.name} has {have}")
    return class_


def order(files: Sequence[Path], seed: int, count: int) -> Sorted:
    """All places that were judged, in chunks of `BATCH`; of the sorted ones, `count` that are evenly apart in rank."""
    values = np.concatenate([load(file)["scores"] for file in files]).astype(np.float64)
    ranked = np.argsort(values, kind="stable")
    shown = ranked[np.round(np.linspace(0, len(ranked) - 1, count)).astype(int)]
    pictures: dict[int, NDArray[np.generic]] = {}
    for number in sorted({int(i) // BATCH for i in shown}):  # one file at a time: a pool may be large
        chunk = load(files[number])["pictures"]
        pictures |= {int(i): chunk[int(i) % BATCH] for i in shown if int(i) // BATCH == number}
    return Sorted(seed + shown, values[shown], np.stack([pictures[int(i)] for i in shown]).astype(np.uint8))


def drawn(found: Sorted, by: str, model: str, pool: int) -> Image.Image:
    """The sheet: rows from left to right, least first."""
    pictures = enlarged(found.pictures, LEAST_SIDE)
    count, height, width = pictures.shape[:3]
    columns = max(1, min(count, round(math.sqrt(count * WIDE * height / width))))
    rows = -(-count // columns)
    across, down = columns * (width + GAP) - GAP, rows * (height + CAPTION + GAP) - GAP
    of = f", {count} of {pool} places" if pool > count else ""
    said = f"{model}{of}; {found.scores[0]:.3g} to {found.scores[-1]:.3g}; below each its seed"
    large, middle, small = (ImageFont.load_default(size) for size in (20, 12, 11))
    wide = max(across, math.ceil(middle.getlength(said)), math.ceil(large.getlength(by)))  # of few small pictures
    image = Image.new("RGB", (2 * MARGIN + wide, 2 * MARGIN + HEADING + down), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), by, INK, large)
    draw.text((MARGIN, MARGIN + 26), said, GREY, middle)
    for i, (picture, number) in enumerate(zip(pictures, found.seeds.tolist(), strict=True)):
        x, y = MARGIN + i % columns * (width + GAP), MARGIN + HEADING + i // columns * (height + CAPTION + GAP)
        image.paste(Image.fromarray(picture), (x, y))
        draw.text((x + 1, y + height + 3), str(number), GREY, small)
    return image

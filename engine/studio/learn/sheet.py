"""Contact sheets: many places of a model, sorted by what an assessor says of their pictures."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import InputError
from engine.latent.space import seed_z
from engine.paths import part_beside
from engine.studio.learn.assessors import Assessor, assessor
from engine.studio.learn.bank import check_file
from engine.studio.learn.strips import GREY, INK, PAPER, as_bytes, enlarged
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.work import Tell, quiet

BATCH = 32  # pictures drawn between two moves of the bar
MARGIN, GAP, CAPTION, HEADING = 24, 6, 18, 52  # in pixels
LEAST_SIDE = 48
WIDE = 1.5  # columns to rows, about


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Places in the order of their scores, least first.

    seeds, scores : (n,); pictures : (n, h, w, 3) uint8
    """

    seeds: NDArray[np.int64]
    scores: NDArray[np.float64]
    pictures: NDArray[np.uint8]


def sheet(
    model: str, out: Path, by: str, *, count: int = 64, pool: int = 0, seed: int = 0, class_: int | None = None,
    side: int = 112, threads: int = 2, device: str = "cpu", tell: Tell = quiet,
) -> Sorted:  # fmt: skip
    """Write a PNG of `count` places, sorted by an assessor; below each its seed, as `latenz still --seed` takes it.

    by : as `assessors.assessor` takes it; pool : of so many seeds from `seed` on, every so-maniest of the sorted ones
    class_ : of a conditional model; none: class 0, as stills have it
    InputError for a name or a file that cannot assess, and for what is no .png.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: a contact sheet is a .png; name one")
    check_file(out)
    if pool and pool < count:
        raise InputError(f"--pool {pool}: give as many as are shown ({count}), or more")
    if seed + max(pool, count) > 2**32:
        raise InputError(f"--seed {seed}: {max(pool, count)} seeds from there go beyond {2**32 - 1}; give a lower one")
    judge = assessor(by, device=device)
    subject = Subject(model, side, threads, device)
    places = placed(subject, seed, max(pool, count), class_)
    found = order(subject, judge, places, seed, count, tell)
    picture = drawn(found, judge.name, subject.info.name, max(pool, count))
    with part_beside(out) as part:
        picture.save(part, "PNG", optimize=True)
    return found


def placed(subject: Subject, seed: int, count: int, class_: int | None = None) -> Sample:
    """The places of seeds from `seed` on, each drawn by itself, as stills and shows draw them. InputError for a class
    that the model does not have.
    """
    z = np.array([seed_z(seed + i, subject.info.z_dim) for i in range(count)], np.float32)
    classes = int(subject.info.extra.get("classes", 0))
    if class_ is not None and not 0 <= class_ < classes:
        have = f"classes 0 to {classes - 1}" if classes else "no classes"
        raise InputError(f"class {class_}: {subject.info.name} has {have}")
    weights = None
    if classes:
        weights = torch.zeros(count, classes, device=subject.device)
        weights[:, class_ or 0] = 1.0
    return Sample(torch.from_numpy(z).to(subject.device), weights)


@torch.inference_mode()
def order(subject: Subject, judge: Assessor, places: Sample, seed: int, count: int, tell: Tell = quiet) -> Sorted:
    """All places judged; of the sorted ones, `count` that are evenly apart in rank."""
    scores, pictures = [], []
    for i in range(0, len(places), BATCH):
        tell("drawing places", i, len(places))
        batch = subject.pictures(subject.w(places[i : i + BATCH]))
        scores.append(judge.score(batch).cpu().double().numpy())
        pictures.append(as_bytes(batch))
    values = np.concatenate(scores)
    ranked = np.argsort(values, kind="stable")
    shown = ranked[np.round(np.linspace(0, len(ranked) - 1, count)).astype(int)]
    return Sorted(seed + shown, values[shown], np.concatenate(pictures)[shown])


def drawn(found: Sorted, by: str, model: str, pool: int) -> Image.Image:
    """The sheet: rows from left to right, least first."""
    pictures = enlarged(found.pictures, LEAST_SIDE)
    count, height, width = pictures.shape[:3]
    columns = max(1, min(count, round(math.sqrt(count * WIDE * height / width))))
    rows = -(-count // columns)
    across, down = columns * (width + GAP) - GAP, rows * (height + CAPTION + GAP) - GAP
    image = Image.new("RGB", (2 * MARGIN + across, 2 * MARGIN + HEADING + down), PAPER)
    draw = ImageDraw.Draw(image)
    of = f", {count} of {pool} places" if pool > count else ""
    draw.text((MARGIN, MARGIN), by, INK, ImageFont.load_default(20))
    said = f"{model}{of}; {found.scores[0]:.3g} to {found.scores[-1]:.3g}; below each its seed"
    draw.text((MARGIN, MARGIN + 26), said, GREY, ImageFont.load_default(12))
    small = ImageFont.load_default(11)
    for i, (picture, number) in enumerate(zip(pictures, found.seeds.tolist(), strict=True)):
        x, y = MARGIN + i % columns * (width + GAP), MARGIN + HEADING + i // columns * (height + CAPTION + GAP)
        image.paste(Image.fromarray(picture), (x, y))
        draw.text((x + 1, y + height + 3), str(number), GREY, small)
    return image

"""The sheet for people: a folder with strips, a page to describe them on, and the same as a CSV."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.paths import part_beside
from engine.studio.learn.strips import as_bytes, enlarged
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.vocabulary.answers import COLUMNS, write_answers
from engine.studio.learn.vocabulary.selective import METHOD
from engine.studio.learn.work import Tell, quiet

PAGE, TABLE, STRIPS = "index.html", "sheet.csv", "strips"
STEPS = (0.0, 0.5, 1.0)  # of the whole amount, from left to right
GAP = 6
WHITE = 255
AT_ONCE = 16  # strips drawn together


@dataclass(frozen=True, slots=True)
class Strip:
    """A direction at a place: before, half the way, after."""

    direction: Direction
    seed: int

    @property
    def file(self) -> str:
        """Below the sheet's folder; any name that a direction can have is a file's too."""
        return f"{STRIPS}/{hashlib.sha256(self.direction.name.encode()).hexdigest()[:12]}_{self.seed}.png"

    @property
    def layer(self) -> str:
        """The layer that a layer-selective direction leaves as it is."""
        kind, _, layer = self.direction.method.partition(" ")
        return layer if kind == METHOD else ""


def strips_of(directions: Sequence[Direction], seeds: int, seed: int) -> list[Strip]:
    """Each direction at so many places of its own, shuffled, so that no order says anything."""
    found = [Strip(d, (seed + i * seeds + place) % 2**32) for i, d in enumerate(directions) for place in range(seeds)]
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]


def write_sheet(
    folder: Path, subject: Subject, strips: Sequence[Strip], amount: float, side: int, tell: Tell = quiet
) -> None:
    """Draw the strips and write page and CSV into a new or empty folder, the page last.

    amount : in sigma, of the right end; side : of a picture, in pixels
    InputError where the folder holds anything.
    """
    _make(folder)
    for done, (strip, picture) in enumerate(drawn(subject, strips, amount, side), 1):
        Image.fromarray(picture).save(folder / strip.file, "PNG")
        tell("drawing strips", done, len(strips))
    rows = [(strip.direction.name, strip.layer, strip.seed, strip.file) for strip in strips]
    write_answers(folder / TABLE, [(*row, "", "", "") for row in rows])
    with part_beside(folder / PAGE) as part:
        part.write_text(_page(rows, subject.info.name, amount), "utf-8")


def drawn(
    subject: Subject, strips: Sequence[Strip], amount: float, side: int
) -> Iterator[tuple[Strip, NDArray[np.uint8]]]:  # fmt: skip
    """Each strip with its picture (height, width, 3)."""
    for strip, pictures in frames(subject, strips, amount, side):
        images = enlarged(as_bytes(pictures), side)
        gap = np.full((images.shape[1], GAP, 3), WHITE, np.uint8)
        parts = [part for image in images for part in (image, gap)][:-1]
        yield strip, np.concatenate(parts, 1)


def frames(
    subject: Subject, strips: Sequence[Strip], amount: float, side: int
) -> Iterator[tuple[Strip, torch.Tensor]]:  # fmt: skip
    """Each strip with its pictures (steps, 3, h, w), 0..1."""
    for start in range(0, len(strips), AT_ONCE):
        some = strips[start : start + AT_ONCE]
        w = torch.cat([_ws(subject, strip, amount) for strip in some])
        yield from zip(some, torch.split(subject.pictures(w, side), len(STEPS)), strict=True)


def _ws(subject: Subject, strip: Strip, amount: float) -> torch.Tensor:
    place: Sample = subject.sample(1, strip.seed)
    with torch.no_grad():
        return torch.cat(list(subject.along(place, strip.direction, [amount * step for step in STEPS])))


def _make(folder: Path) -> None:
    try:
        (folder / STRIPS).mkdir(parents=True, exist_ok=True)
        held = [path.name for path in folder.iterdir() if path.name != STRIPS]
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from None
    if held:
        raise InputError(f"{folder}: holds {held[0]} already, and may hold people's words; name a new folder")


def _page(rows: Sequence[tuple[str, str, int, str]], model: str, amount: float) -> str:
    data = {"key": hashlib.sha256(repr(rows).encode()).hexdigest()[:16], "columns": COLUMNS, "rows": rows}
    items = "\n".join(_item(number, row[3]) for number, row in enumerate(rows, 1))
    about = f"{len(rows)} strips of {escape(model)}; each ends {amount:g} sigma from where it starts."
    return Template(Path(__file__).with_name("page.html").read_text("utf-8")).substitute(
        title=f"What changes? {escape(model)}", strips=items, about=about,
        data=json.dumps(data).replace("<", "\\u003c"),
    )  # fmt: skip


def _item(number: int, file: str) -> str:
    return (
        f'<li><img src="{escape(file)}" alt="Strip {number}: one picture before, half way and after a change" '
        f'loading="lazy"><div class="ends" aria-hidden="true"><span>before</span><span>after</span></div>'
        f'<label for="words{number}"><span class="number">{number}</span> What is there more of at the right?</label>'
        f'<input id="words{number}" maxlength="500" spellcheck="true"></li>'
    )

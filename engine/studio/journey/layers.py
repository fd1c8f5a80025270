"""Time paintings: the frames of a short walk laid over one another, one still for each walk."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.catalog import find_model
from engine.paths import check_output
from engine.stage.outputs.picture import latent_text, save_png
from engine.studio.farm import Chunk, Workers, chunks_of, farm, forget
from engine.studio.journey.drawing import Drawing, Look, info_of
from engine.studio.journey.exposure import WAYS, Exposure, Way
from engine.studio.journey.layers_sheet import contact_sheet
from engine.studio.journey.pair import Pair, Rows, open_pair
from engine.studio.learn.work import Stop, Tell, never, quiet
from engine.studio.pace import between

ALONE = Workers()
MOST_WALKS, MOST_COUNT = 10_000, 10_001
_OURS = re.compile(r"sheet\.png|\d{2,5}_.+\.png")  # what a folder of stills holds


@dataclass(frozen=True, slots=True)
class Layering:
    """How walks become stills.

    frames : of each walk, which a pair is cut into; 0: each pair is one walk
    count : pictures that are laid over one another; 0: as many as suit the way
    """

    way: Way = "veils"
    frames: int = 0
    count: int = 0


VEILS = Layering()


@dataclass(frozen=True, slots=True)
class Walk:
    """Frames first to last - 1 of a pair, by its number."""

    pair: int
    first: int
    last: int


def layers(
    pairs: Sequence[Pair], look: Look, out: Path, layering: Layering = VEILS, *, workers: Workers = ALONE,
    tell: Tell = quiet, stop: Stop = never,
) -> list[Path]:  # fmt: skip
    """Paint each walk; what was written.

    out : a .png, the still of one walk or the contact sheet of several; or a folder, each still and `sheet.png`
    A still keeps the latent of the walk's middle, as any still of latenz keeps its own. InputError for what cannot be
    drawn or written; Stopped, with what is done kept in `<out>.parts`, when asked to stop.
    """
    info = info_of(look.model)
    walks = walks_of([len(pair.check(info).check_finite()) for pair in pairs], layering.frames)
    count = layering.count or WAYS[layering.way].count
    if not (3 <= count <= MOST_COUNT and count % 2):
        raise InputError(f"--count {count}: give an odd number from 3 to {MOST_COUNT}, so that one is in the middle")
    _check(out)
    path = find_model(look.model)
    asked = {
        "pairs": [str(pair.path.resolve()) for pair in pairs], "hashes": [_hash(pair) for pair in pairs],
        "walks": [asdict(walk) for walk in walks], "way": layering.way, "count": count, "model_hash": info.hash,
        "look": asdict(replace(look, model=look.model if path is None else str(path), threads=1)),
    }  # fmt: skip
    folder = out.absolute().with_name(f"{out.name}.parts")
    try:
        stills = farm("layers", asked, chunks_of(len(walks), 1), folder, ".png", workers, tell, stop)
        written = _put(stills, [_name(pairs, walks, i) for i in range(len(walks))], out)
    except InputError:
        forget(folder)
        raise
    shutil.rmtree(folder)
    return written


def walks_of(lengths: Sequence[int], frames: int = 0) -> list[Walk]:
    """The walks that pairs of so many frames hold; what is left of one, shorter than half a walk, belongs to the last.

    InputError for a walk of fewer than two frames, and for too many walks.
    """
    if frames == 1 or any(length < 2 for length in lengths):
        raise InputError("a walk takes two frames or more")
    walks = []
    for number, length in enumerate(lengths):
        ends = list(range(frames, length + 1, frames)) if frames else []
        rest = length - (ends[-1] if ends else 0)
        if ends and rest < max(2, frames / 2):
            ends.pop()
        ends.append(length)
        walks += [Walk(number, first, last) for first, last in zip([0, *ends], ends, strict=False)]
    if len(walks) > MOST_WALKS:
        raise InputError(f"{len(walks)} walks; {MOST_WALKS} at most: give more --frames")
    return walks


class LayersWorker:
    """Paints walks; what it is asked is plain data, the pairs' paths among it."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        look = asked["look"]
        self._drawing = Drawing(Look(**{**look, "size": tuple(look["size"]) if look["size"] else None}))

    def do(self, chunk: Chunk, out: Path) -> None:
        walk = Walk(**self._asked["walks"][chunk.first])
        way, count = self._asked["way"], self._asked["count"]
        pair = open_pair(Path(self._asked["pairs"][walk.pair]))
        rows, classes = along(pair, walk, count)
        exposure = Exposure(way, count)
        for picture in self._drawing.each(rows, classes):
            exposure.add(picture)
        save_png(out, exposure.picture(), self._notes(pair, walk, rows, classes))

    def _notes(self, pair: Pair, walk: Walk, rows: Rows, classes: Rows | None) -> dict[str, str]:
        """Enough to draw the walk's middle again, and how it was painted."""
        info, middle = self._drawing.info, self._asked["count"] // 2
        notes = {
            "latenz.model": info.name, "latenz.model_hash": info.hash, "latenz.latent": latent_text(rows[middle]),
            "latenz.space": pair.space, "latenz.psi": f"{self._drawing.look.psi:g}",
            "latenz.backend": f"{self._drawing.backend}, 1 thread",
            "latenz.layers": f"{self._asked['way']} of {self._asked['count']}, frames {walk.first} to {walk.last - 1} "
            f"of {pair.path.stem}",
        }  # fmt: skip
        if classes is None and self._drawing.classes:
            notes["latenz.classes"] = json.dumps({str(self._drawing.look.class_ or 0): 1.0})
        elif classes is not None:
            weights = classes[middle]
            notes["latenz.classes"] = json.dumps({str(n): float(weights[n]) for n in np.flatnonzero(weights)})
        return notes

    def close(self) -> None:
        self._drawing.close()


def along(pair: Pair, walk: Walk, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """`count` rows evenly along a walk, between its frames where they fall there; class weights likewise."""
    at = np.linspace(0.0, walk.last - walk.first - 1.0, count)
    near = slice(walk.first, walk.last)
    rows = between(np.asarray(pair.rows[near], np.float64), at).astype(np.float32)
    if pair.classes is None:
        return rows, None
    given = np.asarray(pair.classes[near], np.float64)
    first = np.minimum(at.astype(np.intp), len(given) - 2)
    part = (at - first)[:, None]
    return rows, ((1.0 - part) * given[first] + part * given[first + 1]).astype(np.float32)


def _check(out: Path) -> None:
    """InputError unless stills can be written there."""
    if out.name in ("", ".."):
        raise InputError(f"'{out}': no name; give one, for example paintings")
    if out.suffix.lower() not in (".png", ""):
        raise InputError(f"{out}: stills are .png; name one, or a folder for all of them")
    if out.suffix and out.is_dir():
        raise InputError(f"{out}: is a folder; name a file in it, or a folder without an ending")
    if not out.suffix and out.is_file():
        raise InputError(f"{out}: is a file; name a .png, or a folder")
    if not out.suffix and out.is_dir() and not all(_OURS.fullmatch(path.name) for path in out.iterdir()):
        raise InputError(f"{out}: holds other files; name a new folder for the stills")
    check_output(out if out.suffix else out.with_name(f"{out.name}.png"))


def _put(stills: Sequence[Path], names: Sequence[str], out: Path) -> list[Path]:
    """Give the stills their names: all of them, or none."""
    if out.suffix:
        if len(stills) == 1:
            stills[0].replace(out)
        else:
            contact_sheet(stills, names, out)
        return [out]
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        contact_sheet(stills, names, part / "sheet.png")
        for still, name in zip(stills, names, strict=True):
            shutil.copyfile(still, part / f"{name}.png")
        shutil.rmtree(out, ignore_errors=True)
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return [out / "sheet.png", *(out / f"{name}.png" for name in names)]


def _name(pairs: Sequence[Pair], walks: Sequence[Walk], number: int) -> str:
    """Of a still: its number, its pair, and where in it the walk begins."""
    walk = walks[number]
    whole = walk.first == 0 and walk.last == len(pairs[walk.pair])
    where = "" if whole else f"_{walk.first}"
    return f"{number + 1:0{max(2, len(str(len(walks))))}d}_{pairs[walk.pair].path.stem}{where}"


def _hash(pair: Pair) -> str:
    """Of the numbers, so that stills of others are not taken for these."""
    digest = hashlib.blake2b()
    for path in (pair.path, pair.path.with_name(f"{pair.path.stem}.classes.npy")):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()

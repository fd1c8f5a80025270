"""Pairs become films: drawn in chunks by one or many, encoded beside the drawing, put together at the end.

The same pair, look and style give the same bytes, whoever drew them: each chunk is drawn by one thread and encoded from
a key frame on, and the film is those chunks one after another.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError, InputError, RoomError
from engine.latent.sequence_file import read_facts
from engine.studio.farm import Chunk, Workers, chunks_of, farm, forget
from engine.studio.journey.beside import Beside
from engine.studio.journey.burn import ROW, Burn, burner
from engine.studio.journey.drawing import Drawing, Look, check_class, info_of, whole_name
from engine.studio.journey.pair import Facts, Pair, named, with_proxy
from engine.studio.journey.panel import Panel
from engine.studio.journey.parts import SUFFIXES, Reel, assemble, check_reel, open_piece
from engine.studio.journey.rates import Rated, frames_at
from engine.studio.journey.snapshots import names_of
from engine.studio.learn.work import Stop, Stopped, Tell, never, quiet

FRAMES, LEAST_FRAMES = 250, 25  # in a chunk
CHUNKS_EACH = 4  # for which another process is started
ALONE = Workers()
CHUNK_PX = FRAMES * 512 * 512  # of a chunk: of large pictures there are fewer in one


@dataclass(frozen=True, slots=True)
class Style:
    """What a film is beside its pictures.

    every_key : each frame a key frame, for editors
    fps : another rate than the pair's: latents are interpolated, the film lasts as long
    source : the name that is burnt in; "" is the pair's
    snapshots : models shown side by side in place of the look's, in so many columns; 0 is what fits
    """

    burn: Burn = "none"
    every_key: bool = False
    fps: Fraction | None = None
    sound: Path | None = None
    source: str = ""
    snapshots: tuple[str, ...] = ()
    columns: int = 0


def film(
    pair: Pair, look: Look, out: Path, style: Style = Style(), *, workers: Workers = ALONE, tell: Tell = quiet,
    stop: Stop = never,
) -> Path:  # fmt: skip
    """Draw a pair into .mp4, .mov, .mkv, .npy (uint8, frames x height x width x 3) or a folder of PNG.

    Chunks that are done lie in `<out>.parts` until all are: the same call goes on after a kill.
    workers : a count of 0 is as many as the work is worth
    InputError for what cannot be drawn or written; Stopped, with the chunks kept, when asked to stop.
    """
    check_apart(pair, out)
    for model in style.snapshots or (look.model,):
        pair.check(info_of(model)).check_finite()
    rate = style.fps or pair.facts.fps
    asked = _asked(pair, look, style, rate)
    size, frames = _size(look, style.snapshots, style.columns), frames_at(len(pair), pair.facts.fps, rate)
    reel = Reel(out, size, rate, frames, style.every_key, style.sound)
    check_reel(reel)
    asked |= {"kind": reel.kind, "size": list(reel.size)}
    long = max(LEAST_FRAMES, min(FRAMES, CHUNK_PX // (reel.size[0] * reel.size[1])))
    folder = out.with_name(f"{out.name}.parts")

    def told(what: str, done: int, of: int) -> None:
        tell("drawing", min(reel.frames, done * long), reel.frames)

    try:
        chunks = chunks_of(reel.frames, long)
        crew = workers if workers.count or workers.ray else replace(workers, count=_worth(len(chunks)))
        pieces = farm("film", asked, chunks, folder, SUFFIXES[reel.kind], crew, told, stop)
        assemble(pieces, reel)
    except Stopped:
        raise
    except OSError as error:
        if isinstance(error, EngineError):
            raise
        raise RoomError(f"{out}: {error.strerror or error}; chunks that are done are kept in {folder}") from error
    except InputError:
        forget(folder)
        raise
    shutil.rmtree(folder)
    return out


def proxy_of(
    pair: Pair, look: Look, burn: Burn = "label", *, sound: Path | None = None, workers: Workers = ALONE,
    tell: Tell = quiet, stop: Stop = never,
) -> Pair:  # fmt: skip
    """Draw NAME.mp4 beside NAME.npy, to be edited, and enter it in NAME.json.

    Each frame is a key frame, the rate constant, the count exact. A pair of snapshots is drawn as their grid. The
    `.json` names the model where it named none.
    """
    style = Style(burn, True, sound=sound, snapshots=pair.facts.snapshots)
    video = film(pair, look, pair.path.with_suffix(".mp4"), style, workers=workers, tell=tell, stop=stop)
    facts = replace(pair.facts, psi=look.psi)
    if not facts.model:
        facts = replace(facts, model=whole_name(look.model), model_hash=info_of(look.model).hash)
    return with_proxy(replace(pair, facts=facts), video)


def check_proxy(
    out: Path, look: Look, snapshots: tuple[str, ...] = (), sound: Path | None = None
) -> None:  # fmt: skip
    """InputError, before rows are written, for a proxy NAME.mp4 that could not be drawn of them."""
    check_class(look.class_, info_of(look.model))
    check_reel(Reel(named(out).with_suffix(".mp4"), _size(look, snapshots), Facts().fps, 1, True, sound))


def check_apart(pair: Pair, out: Path) -> None:
    """InputError for a film without a name, or in the place of what it is drawn from."""
    if out.name in ("", ".."):
        raise InputError(f"'{out}': no name of a film; give one, for example final.mp4")
    own = pair.path, pair.path.with_name(f"{pair.path.stem}.classes.npy"), pair.path.with_suffix(".json")
    if out.resolve() in [path.resolve() for path in own]:
        raise InputError(f"{out}: is the sequence itself; name another output")


def check_others(pair: Pair, out: Path) -> None:
    """InputError for a final in the place of another sequence, or of its proxy, which edits are made with."""
    if out.suffix.lower() not in (".npy", ".mp4") or out.with_suffix(".npy").resolve() == pair.path.resolve():
        return
    try:
        facts = read_facts(out.with_suffix(".json"))
    except InputError:
        return  # somebody else's
    if facts is not None and out.is_file() and out.name in (out.with_suffix(".npy").name, facts.proxy):
        raise InputError(f"{out}: belongs to another sequence, {out.stem}; name another output")


class FilmWorker:
    """Draws chunks of a film; what it is asked is plain data, the pair's paths among it."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        classes = Path(asked["classes"]) if asked["classes"] else None
        self._rated = Rated(Path(asked["rows"]), classes, Fraction(asked["own"]), Fraction(asked["rate"]))
        self._drawing = _drawing(asked)

    def do(self, chunk: Chunk, out: Path) -> None:
        asked = self._asked
        width, height = size = self._drawing.size
        burnt = burner(width, height, asked["source"], asked["burn"])
        piece = open_piece(asked["kind"], out, size, Fraction(asked["rate"]), asked["every_key"], chunk.first)

        def encode(thing: tuple[int, NDArray[np.uint8]]) -> None:
            number, picture = thing
            if asked["burn"] != "none":
                picture = picture.copy()  # the next frame may be the same array
                burnt(picture, number)
            piece.write(picture)

        beside, whole = Beside(encode), False
        try:
            number = chunk.first
            for rows, classes in self._rated.blocks(chunk.first, chunk.last):
                for picture in self._drawing.each(rows, classes):
                    beside.put((number, picture))
                    number += 1
            whole = True
        finally:
            try:
                beside.close()
            finally:
                piece.close(whole)

    def close(self) -> None:
        self._drawing.close()


def _asked(pair: Pair, look: Look, style: Style, rate: Fraction) -> dict[str, Any]:
    """All that a worker must know; files by their content too: chunks of others are not gone on with."""
    models = style.snapshots or (look.model,)
    looks = [asdict(replace(look, model=whole_name(model), threads=1)) for model in models]  # as drawn anywhere
    classes = pair.path.with_name(f"{pair.path.stem}.classes.npy") if pair.classes is not None else None
    return {
        "rows": str(pair.path.resolve()), "rows_hash": _hash(pair.path),
        "classes": str(classes.resolve()) if classes else "", "classes_hash": _hash(classes) if classes else "",
        "own": str(pair.facts.fps), "rate": str(rate), "burn": style.burn, "every_key": style.every_key,
        "source": style.source or pair.path.stem, "looks": looks,
        "hashes": [info_of(model).hash for model in models], "panel": bool(style.snapshots),
        "names": list(names_of(models)), "columns": style.columns,
    }  # fmt: skip


def _worth(chunks: int) -> int:
    """How many processes so much work is worth: each takes as long to start as a chunk or two take."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, chunks // CHUNKS_EACH))


def _looks(asked: Mapping[str, Any]) -> list[Look]:
    return [Look(**{**look, "size": tuple(look["size"]) if look["size"] else None}) for look in asked["looks"]]


def _drawing(asked: Mapping[str, Any]) -> Drawing | Panel:
    looks = _looks(asked)
    if not asked["panel"]:
        return Drawing(looks[0])
    top_px = -(-2 * asked["size"][1] // ROW) if asked["burn"] == "bars" else 0
    return Panel(looks, asked["names"], asked["columns"], tuple(asked["size"]), top_px)


def _size(look: Look, snapshots: tuple[str, ...], columns: int = 0) -> tuple[int, int]:
    """Of the pictures, before any is drawn."""
    if snapshots:
        return Panel.size_of(replace(look, model=snapshots[0]), len(snapshots), columns, look.size)
    if look.size is not None:
        return look.size
    info = info_of(look.model)
    return info.width, info.height


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()

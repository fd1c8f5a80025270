"""A pair: latents in a `.npy`, one row for each frame of a proxy video beside it, and what both are in a `.json`.

    NAME.npy            float32, frames x z_dim, or frames x num_ws x w_dim
    NAME.classes.npy    float32, frames x classes: of a conditional model
    NAME.mp4            the proxy
    NAME.json           {"latenz": "sequence", "version": 1, ...}

A bare `.npy`, as artists pass them on, is a pair as well: its rate and model are then told from outside.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, ModelError
from engine.generator.base import ModelInfo
from engine.latent.sequence_file import KIND, VERSION, check_finite, classes_beside, read_facts
from engine.latent.sequence_file import Facts as Facts
from engine.mapped import let_go
from engine.paths import check_output, part_beside, reserve
from engine.studio.arrays import load_npy
from engine.studio.journey.moved import found_again
from engine.studio.journey.timeline import MAX_FRAMES

ENDS = 1_000_000  # bytes at either end of a large file that its digest is of

LET_GO = 32 << 20  # bytes that are written before their memory is given back

Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A sequence, its numbers mapped from the disk.

    rows : (frames, z_dim) or (frames, num_ws, w_dim); classes : (frames, classes), None without
    """

    path: Path
    rows: Rows
    facts: Facts = field(default_factory=Facts)
    classes: Rows | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def space(self) -> Literal["z", "w"]:
        """z by frames x z_dim, w by frames x num_ws x w_dim."""
        return "z" if self.rows.ndim == 2 else "w"

    @property
    def proxy(self) -> Path | None:
        """The video, where it is there."""
        path = self.path.with_name(self.facts.proxy) if self.facts.proxy else self.path.with_suffix(".mp4")
        return path if path.is_file() else None

    def check(self, info: ModelInfo) -> Self:
        """Itself. ModelError unless the model can draw it."""
        if self.rows.shape[1:] not in ((info.z_dim,), (info.num_ws, info.w_dim)):
            raise ModelError(
                f"{self.path}: frames of shape {self.rows.shape[1:]}; {info.name} draws ({info.z_dim},) "
                f"or ({info.num_ws}, {info.w_dim})"
            )
        count = int(info.extra.get("classes", 0))
        if self.classes is not None and self.classes.shape[1] != count:
            raise ModelError(f"{self.path}: weights of {self.classes.shape[1]} classes; {info.name} has {count}")
        return self

    def check_finite(self) -> Self:
        """Itself. InputError for a frame that cannot be drawn, its numbers being endless or none."""
        for path, rows in ((self.path, self.rows), (classes_beside(self.path), self.classes)):
            if rows is not None:
                check_finite(path, rows)
        return self


def named(path: Path) -> Path:
    """The `.npy` that NAME, NAME.npy, NAME.mp4 or NAME.json stands for. InputError for what is no name."""
    if path.name in ("", ".."):
        raise InputError(f"'{path}': no name of a sequence; give one, for example first")
    return path.with_suffix(".npy") if path.suffix.lower() in (".npy", ".mp4", ".json") else path.with_name(
        path.name + ".npy"
    )  # fmt: skip


def open_pair(path: Path, fps: Fraction | None = None) -> Pair:
    """A sequence by any of its names. InputError for what is none, or does not hold together.

    fps : of a bare `.npy`
    """
    path = named(path)
    rows = load_npy(path)
    if rows.dtype.kind != "f" or rows.ndim not in (2, 3) or not rows.size or len(rows) > MAX_FRAMES:
        raise InputError(f"{path}: shape {rows.shape}, {rows.dtype}; a sequence is floats, frames x z_dim or w")
    facts = found_again(read_facts(path.with_suffix(".json")) or Facts(fps=fps or Facts().fps), path.parent)
    classes = None
    if (beside := classes_beside(path)).is_file():
        classes = load_npy(beside)
        if classes.ndim != 2 or len(classes) != len(rows) or classes.dtype.kind != "f":
            raise InputError(f"{beside}: shape {classes.shape}; {path.name} takes {len(rows)} x classes")
    if any(not 0 <= mark.frame <= len(rows) for mark in facts.marks):
        raise InputError(f"{path.with_suffix('.json')}: a mark lies outside of the {len(rows)} frames")
    return Pair(path, rows, facts, classes)


def coming(out: Path, shape: Sequence[int], facts: Facts, classes: int = 0) -> Pair:
    """The pair that a `PairWriter` of the same words will leave, without a row yet: to be asked what can be drawn."""
    path = named(out)
    weights = np.empty((0, classes), np.float32) if classes else None
    return Pair(path, np.empty((0, *shape), np.float32), found_again(facts, path.parent), weights)


def check_place(out: Path, sources: Iterable[Path] = (), proxy: bool = False) -> Path | None:
    """The video of an earlier sequence of this name, which goes when that is replaced; None where there is none.

    sources : what is read, which a new pair must not replace
    proxy : a video is drawn afterwards, and replaces whatever has its name
    InputError for a place that cannot be written, and for a video there that is something else.
    """
    path = named(out)
    for part in (path, path.with_suffix(".json"), classes_beside(path)):
        check_output(part)
    if path.resolve() in [named(source).resolve() for source in sources]:
        raise InputError(f"{out}: is the sequence that this is made of; give another name")
    video = path.with_suffix(".mp4")
    if not video.is_file():
        return None
    if not proxy and ((facts := read_facts(path.with_suffix(".json"))) is None or facts.proxy != video.name):
        raise InputError(
            f"{video}: there already, and no proxy of the sequence that is replaced; move it, give another name, or "
            "draw it anew with --proxy"
        )
    return video


class PairWriter:
    """Writes rows as they come, straight to the disk; nothing is there until all is.

    out : NAME or NAME.npy; count : rows in all; proxy : as `check_place` takes it
    """

    def __init__(
        self, out: Path, shape: Sequence[int], count: int, facts: Facts, classes: int = 0, proxy: bool = False
    ) -> None:  # fmt: skip
        if not 0 < count <= MAX_FRAMES:
            raise InputError(f"{count} frames; give 1 to {MAX_FRAMES}")
        self.path, self.facts = named(out), facts
        self._video = check_place(out, proxy=proxy)
        self._part = self.path.with_name(f".{self.path.name}.part")
        self._classes_path = classes_beside(self.path)
        self._classes_part = self.path.with_name(f".{self._classes_path.name}.part")
        self._classes: Any = None
        self._next = 0
        try:
            self._rows = _mapped(self._part, (count, *shape))
            if classes:
                self._classes = _mapped(self._classes_part, (count, classes))
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Rows, classes: Rows | None = None) -> None:
        """Add rows (n, ...), with the class weights of each where there are any."""
        last = self._next + len(rows)
        self._rows[self._next : last] = rows
        if self._classes is not None:
            self._classes[self._next : last] = classes
        if last * self._rows[:1].nbytes // LET_GO != self._next * self._rows[:1].nbytes // LET_GO:
            let_go(self._rows)
        self._next = last

    def close(self) -> Pair:
        """Give everything its name. InputError unless all rows came."""
        if self._next != len(self._rows):
            raise InputError(f"{self.path}: {self._next} of {len(self._rows)} frames came")
        self._rows.flush()
        del self._rows
        if self._classes is not None:
            self._classes.flush()
            self._classes_part.replace(self._classes_path)
        else:
            self._classes_path.unlink(missing_ok=True)
        self._part.replace(self.path)
        if self._video is not None:
            self._video.unlink(missing_ok=True)
        write_facts(self.path, self.facts)
        return open_pair(self.path)

    def abort(self) -> None:
        """Leave nothing behind."""
        for part in (self._part, self._classes_part):
            part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()


def _mapped(path: Path, shape: tuple[int, ...]) -> Any:
    """A new .npy of float32 that is written in place. InputError where the disk has no room for it."""
    rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    reserve(path)
    return rows


def write_facts(path: Path, facts: Facts) -> None:
    """Write the `.json` of a sequence anew."""
    path = named(path).with_suffix(".json")
    data: dict[str, Any] = {
        "latenz": KIND, "version": VERSION, "fps": str(facts.fps), "model": facts.model,
        "model_hash": facts.model_hash, "seed": facts.seed, "psi": facts.psi, "made": facts.made,
        "proxy": facts.proxy, "digest": facts.digest,
        "marks": [{"frame": mark.frame, "name": mark.name} for mark in facts.marks],
        "snapshots": list(facts.snapshots),
    }  # fmt: skip
    with part_beside(path) as part:
        part.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


def with_proxy(pair: Pair, video: Path) -> Pair:
    """The pair once its proxy is there: the `.json` knows it by name and digest."""
    facts = replace(pair.facts, proxy=video.name, digest=kdenlive_digest(video))
    write_facts(pair.path, facts)
    return replace(pair, facts=facts)


def kdenlive_digest(path: Path) -> str:
    """What Kdenlive knows a file by (`kdenlive:file_hash`): MD5 of it, or of its first and last million bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        size = path.stat().st_size
        if size > 2 * ENDS:
            digest.update(file.read(ENDS))
            file.seek(size - ENDS)
        digest.update(file.read())
    return digest.hexdigest()

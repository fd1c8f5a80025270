"""What stands in the `.json` beside a sequence: its rate, its marks, what it was drawn from."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.base import ModelInfo
from engine.latent.finite import first_endless

KIND, VERSION = "sequence", 1
MOST_JSON = 16 << 20
MOST_FRAMES = 1 << 40  # that a mark may be at
MOST_MARKS = 256  # that have an address
_RATE = re.compile(r"\d{1,9}(?:\.\d{1,20}|/\d{1,9})?", re.ASCII)  # bounded: 1e999999999 would be reckoned out
_UNSPOKEN = re.compile(r"[\x00-\x20\x7f\s#*,/?\[\]{}]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A named frame: a guide of the timeline, or a marker of a clip carried to where it is seen."""

    frame: int
    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sequence is, beside its numbers.

    model, model_hash : what it was drawn from; "" where nobody said
    seed : of its samples; None where they came about otherwise
    psi : what the proxy was drawn with
    made : what made it, in words
    proxy, digest : the video's file name and what Kdenlive knows it by; "" without one
    snapshots : models that the proxy shows side by side, in order; the first is `model` too
    """

    fps: Fraction = Fraction(25)
    model: str = ""
    model_hash: str = ""
    seed: int | None = None
    psi: float = 1.0
    made: str = ""
    proxy: str = ""
    digest: str = ""
    marks: tuple[Mark, ...] = ()
    snapshots: tuple[str, ...] = ()


def read_facts(path: Path) -> Facts | None:
    """What stands in a `.json` of ours; None where there is none. InputError for any other."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MOST_JSON:
            raise ValueError("too large")
        data = json.loads(path.read_text("utf-8"))
        if not isinstance(data, dict) or data.get("latenz") != KIND or data.get("version") != VERSION:
            raise ValueError(f'no {{"latenz": "{KIND}", "version": {VERSION}}}')
        rate, psi, seed = str(data.get("fps", "25")), float(data.get("psi", 1.0)), data.get("seed")
        if not _RATE.fullmatch(rate):
            raise ValueError('fps is no number such as 25, 29.97 or "30000/1001"')
        fps = Fraction(rate)
        if not 0 < fps <= 1000 or not math.isfinite(psi) or not (seed is None or type(seed) is int):
            raise ValueError("fps, psi or seed out of range")
        marks = tuple(Mark(int(m["frame"]), str(m["name"])) for m in data.get("marks", ()))
        if any(abs(mark.frame) > MOST_FRAMES for mark in marks):
            raise ValueError(f"a mark beyond frame {MOST_FRAMES}")
        texts = {key: str(data.get(key, "")) for key in ("model", "model_hash", "made", "proxy", "digest")}
        if texts["proxy"] != Path(texts["proxy"]).name:
            raise ValueError("the proxy lies beside it: give a name without folders")
        snapshots = tuple(map(str, data.get("snapshots", ())))
        for text in (*texts.values(), *snapshots, *(mark.name for mark in marks)):
            text.encode()  # half a surrogate pair can stand in JSON, and in no file or message of ours
        return Facts(fps=fps, seed=seed, psi=psi, marks=marks, snapshots=snapshots, **texts)
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not what latenz writes beside a sequence ({error})") from None


def spoken(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks in order of their frames, each with a name of its own that can stand in an address; the first 256."""
    kept: dict[str, Mark] = {}
    for mark in sorted(marks, key=lambda mark: mark.frame):
        stem = name = _UNSPOKEN.sub("_", mark.name.strip()).strip("_")[:48] or "mark"
        number = 1
        while name in kept:
            number += 1
            name = f"{stem}_{number}"
        kept[name] = Mark(mark.frame, name)
        if len(kept) == MOST_MARKS:
            break
    return tuple(kept.values())


def classes_beside(path: Path) -> Path:
    """Where the class weights of a sequence lie."""
    return path.with_name(f"{path.stem}.classes.npy")


def beside(path: Path) -> tuple[Path, Path]:
    """All that may lie beside a sequence and is read with it: what it is, and its class weights."""
    return path.with_suffix(".json"), classes_beside(path)


def check_finite(path: Path, rows: NDArray[np.floating]) -> None:
    """InputError for a frame that cannot be drawn, its numbers being endless or none."""
    if (frame := first_endless(rows)) is not None:
        raise InputError(f"{path}: frame {frame} holds numbers that are not finite; write it without them")


def is_of(facts: Facts | None, info: ModelInfo) -> bool:
    """Whether a sequence was drawn from this model, or from one of the row that it is played in.

    True as well where the `.json` does not say, or there is none.
    """
    if facts is None or not facts.model_hash or not info.hash:
        return True
    return facts.model_hash in {info.hash, *info.hash.split("+"), *info.extra.get("snapshots", ())}

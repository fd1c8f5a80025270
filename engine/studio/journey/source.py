"""A source: the latents that a clip's file stands for, a pair's or those of a still, and whether all go together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.digests import digest
from engine.latent.sequence_file import Facts, classes_beside
from engine.stage.outputs.picture import read_latent, read_text
from engine.studio.journey.folders import Folders
from engine.studio.journey.pair import Pair, Rows, open_pair

_MOST_CLASSES = 100_000
_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Rows that clips are cut from.

    name : of the file in the project; rate : frames of it for each that the project counts
    told : what is to be known of how it was found
    """

    name: str
    pair: Pair
    rate: Fraction = Fraction(1)
    still: bool = False
    told: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """sha256 of the file that the latents are in."""
        return digest(self.pair.path)


def open_source(path: Path, name: str, fps: Fraction, folders: Folders) -> Source:
    """The pair whose `.npy` this is. InputError where a part of it lies outside, or the proxy has other frames."""
    for part in (path, path.with_suffix(".json"), classes_beside(path)):
        folders.inside(part)
    told: tuple[str, ...] = ()
    if not path.with_suffix(".json").is_file():
        told = (f"{path.name}: no .json beside it; it is taken at {float(fps):g} frames a second",)
    pair = open_pair(path, fps)
    if (video := pair.proxy) is not None:
        folders.inside(video)
        if (count := frames_in(video)) != len(pair):
            raise InputError(
                f"{video}: {count} frames, and {path.name} has {len(pair)}; remove it and draw it again: latenz "
                f"journey render {path.stem} -o {path.stem}.mp4"
            )
    rate = pair.facts.fps / fps
    if rate != 1:
        told += (f"{path.name}: {float(pair.facts.fps):g} frames a second in an edit of {float(fps):g}; scaled",)
    return Source(name, pair, rate, told=told)


def open_still(path: Path, name: str, fps: Fraction) -> Source:
    """A picture that latenz drew, as a pair of one frame. InputError for any other."""
    text = read_text(path)
    if "latenz.latent" not in text:
        raise InputError(f"{path}: it holds no latent; only stills that latenz drew do (latenz still)")
    try:
        latent = np.squeeze(read_latent(text["latenz.latent"]))
        space = text.get("latenz.space", "z" if latent.ndim == 1 else "w")
        if latent.ndim != (1 if space == "z" else 2) or not latent.size:
            raise InputError(f"a latent of shape {latent.shape} in {space}; a clip takes one z, or w of all layers")
        classes = _classes(text.get("latenz.classes", ""))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    facts = Facts(fps, text.get("latenz.model", ""), text.get("latenz.model_hash", ""))
    return Source(name, Pair(path, latent[None], facts, classes), still=True)


def frames_in(video: Path) -> int:
    """How many pictures a video has. InputError where it cannot be read."""
    import av

    try:
        # By its ending and never by what is in it: a list of other files is no video.
        with av.open(str(video), format=_FORMATS.get(video.suffix.lower(), "mp4")) as container:
            stream = container.streams.video[0]
            return stream.frames or sum(packet.pts is not None for packet in container.demux(stream))
    except (OSError, ValueError, IndexError, av.FFmpegError) as error:
        raise InputError(f"{video}: not a video that can be read ({error})") from None


def agreed(sources: Sequence[Source]) -> list[Source]:
    """The sources, weights of stills' classes as wide as the others'. InputError where they do not go together."""
    wide = max((s.pair.classes.shape[1] for s in sources if s.pair.classes is not None and not s.still), default=0)
    found = [_widened(source, wide) for source in sources]
    for other in found[1:]:
        _check(found[0], other)
    return found


def _check(a: Source, b: Source) -> None:
    one, two = a.pair, b.pair
    names = f"{one.path.name} and {two.path.name}"
    if one.space != two.space:
        spaces = f"{one.path.name} holds {one.space}, {two.path.name} {two.space}"
        raise InputError(f"{spaces}; an edit holds one of them: sample both in the same space, or conform them apart")
    if one.rows.shape[1:] != two.rows.shape[1:]:
        raise InputError(f"{names}: frames of shape {one.rows.shape[1:]} and {two.rows.shape[1:]}; edit them apart")
    if one.facts.model_hash and two.facts.model_hash and one.facts.model_hash != two.facts.model_hash:
        models = [f"{p.facts.model or 'a model'} ({p.facts.model_hash[:12]})" for p in (one, two)]
        raise InputError(f"{names} are of different models, {models[0]} and {models[1]}; edit them apart")
    have = [0 if p.classes is None else p.classes.shape[1] for p in (one, two)]
    if have[0] != have[1]:
        raise InputError(f"{names}: weights of {have[0]} and {have[1]} classes; give both a .classes.npy of one width")


def _widened(source: Source, wide: int) -> Source:
    classes = source.pair.classes
    if not source.still or classes is None or classes.shape[1] >= wide:
        return source
    more = np.zeros((1, wide), np.float32)
    more[:, : classes.shape[1]] = classes
    return replace(source, pair=replace(source.pair, classes=more))


def _classes(text: str) -> Rows | None:
    """Class weights of a still, as wide as its last class. InputError for what nobody wrote."""
    if not text:
        return None
    try:
        weights = {int(number): float(weight) for number, weight in json.loads(text).items()}
        if not weights or min(weights) < 0 or max(weights) >= _MOST_CLASSES:
            raise ValueError("classes out of range")
        row: NDArray[np.float32] = np.zeros((1, max(weights) + 1), np.float32)
        row[0, list(weights)] = list(weights.values())
        if not np.isfinite(row).all():
            raise ValueError("not finite")
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise InputError(f"its class weights cannot be read ({error})") from None
    return row

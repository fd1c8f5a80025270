"""The one door for foreign checkpoints: a confined child reads them as data and writes a model of our own form."""

import json
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InputError, ModelError
from engine.generator import model_file
from engine.generator.digests import digest
from engine.paths import cache_dir, check_output, part_beside

VERSION = 1  # of what is written: a new one converts anew
CONFIG_BYTES = 16 << 10  # a genuine one has 1 KiB
WEIGHTS = ("pytorch_model.bin", "model.safetensors")
FORSAKEN_S = 3600.0
PACE_BYTES_S = 2_000_000  # the slowest that is waited for

Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Source:
    """A foreign checkpoint on the disk: its weights, and the config.json that some have beside them."""

    name: str
    title: str
    weights: Path
    config: dict[str, Any] | None
    digest: str  # of everything in it


def convert(source: Path, out: Path | None = None, tell: Tell = silent, *, upstream_exact: bool = False) -> Path:
    """Convert a checkpoint into `out`; without it, into a .safetensors beside the source.

    Nothing is written unless all of it can be. ModelError says why a file is refused.
    """
    folder = _is_folder(source)
    if source.suffix.lower() == ".safetensors" and not folder and _is_ours(source):
        raise ModelError(f"{source}: it is a model of latenz already; play it as it is")
    out = out or _beside(source, folder)
    _check_out(source, out)
    tell(f"reading {source.name}")
    return _converted(_source(source), out, tell, upstream_exact)


def cached(source: Path, tell: Tell = silent) -> Path:
    """The converted form of a checkpoint, in the user's cache: made once for the same bytes."""
    found = _source(source)
    out = _in_cache(found)
    if out.exists():
        if _is_whole(out):
            return out
        tell("the cached copy is damaged: converting again")
    _sweep(out.parent)
    return _converted(found, out, tell, False)


def _sweep(folder: Path) -> None:
    """Remove what conversions left here that were killed, or lost their power, an hour ago or earlier."""
    for part in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > FORSAKEN_S:
                part.unlink()


def converted(source: Path) -> Path | None:
    """The converted form of a checkpoint where the user's cache has it already."""
    out = _in_cache(_source(source))
    return out if _is_whole(out) else None


def _in_cache(source: Source) -> Path:
    return cache_dir("models") / f"{source.digest[:32]}-{VERSION}.safetensors"


def _is_whole(path: Path) -> bool:
    try:
        model_file.read_header(path)
    except ModelError:
        return False
    return True


def playable(model: Path, tell: Tell = silent) -> Path:
    """The file to play: the model itself where it is one of ours, else its converted form."""
    return cached(model, tell) if is_foreign(model) else model


def is_foreign(model: Path) -> bool:
    """Whether this must be converted before it is played. ModelError for a .safetensors that cannot be read."""
    if model.is_dir() or model.suffix.lower() != ".safetensors":
        return True
    return model.with_name("config.json").is_file() and not model_file.is_model(model)


def _converted(source: Source, out: Path, tell: Tell, upstream_exact: bool) -> Path:
    from engine.generator.foreign.sandbox import Limits, run

    size = source.weights.stat().st_size
    patience_s = 60 + size // PACE_BYTES_S
    limits = Limits(
        memory_bytes=3 * size + (384 << 20), cpu_s=2 * patience_s, file_bytes=2 * size + (64 << 20), wall_s=patience_s
    )
    wanted = {
        "file": source.name, "sha256": source.digest, "name": source.title, "config": source.config,
        "upstream_exact": upstream_exact,
    }  # fmt: skip
    request = {"wanted": wanted, "safetensors": source.weights.suffix.lower() == ".safetensors"}
    tell(f"converting {source.name}")
    try:
        with part_beside(out) as part:
            with source.weights.open("rb") as weights, part.open("wb") as target:
                run(weights, target, request, name=source.name, limits=limits)
            _check(part, source.name)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}); make room, or choose another folder") from None
    return out


def _check(part: Path, name: str) -> None:
    """ModelError unless this is a model: what a child says is not believed."""
    try:
        model_file.read_header(part)
    except ModelError as error:
        raise ModelError(f"{name}: refused: {str(error).removeprefix(f'{part}: ')}") from None


def _source(path: Path) -> Source:
    """What is to be read, with the hash of all its bytes."""
    folder = _is_folder(path)
    weights = _weights(path) if folder else path
    beside = weights.with_name("config.json")
    config = _config(beside) if weights.suffix.lower() in (".bin", ".safetensors") and beside.is_file() else None
    found = digest(weights, b"" if config is None else json.dumps(config, sort_keys=True).encode())
    name = path.resolve().name
    return Source(name, name if folder else path.stem, weights, config, found)


def _is_folder(path: Path) -> bool:
    """Whether a checkpoint is a folder. ModelError where there is none."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{path}: no such file or folder; give a checkpoint") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); give a checkpoint") from None


def _weights(folder: Path) -> Path:
    """The file of weights in a folder."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder}: no {' or '.join(WEIGHTS)} in this folder; give a checkpoint")


def _config(path: Path) -> dict[str, Any]:
    """A config.json; its numbers are looked at where the architecture is worked out."""
    try:
        with path.open("rb") as file:
            text = file.read(CONFIG_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        config = json.loads(text) if len(text) <= CONFIG_BYTES else None
        short = len(json.dumps(config)) <= 2 * CONFIG_BYTES  # as it is handed to the child
    except (ValueError, RecursionError):
        config, short = None, False
    if not isinstance(config, dict) or not short:
        raise ModelError(f"{path}: not a config.json that can be read: a table of at most {CONFIG_BYTES >> 10} KiB")
    return config


def _beside(source: Path, folder: bool) -> Path:
    path = source if source.name else source.resolve()  # a folder given as "."
    return path.with_name(f"{path.name if folder else path.stem}.safetensors")


def _check_out(source: Path, out: Path) -> None:
    """InputError unless `out` can be written without loss of something that is not ours."""
    if out.suffix.lower() != ".safetensors":
        raise InputError(f"{out}: a model is written as .safetensors; name it so")
    check_output(out)
    if out.exists():
        if out.samefile(source) or not _is_ours(out):
            raise InputError(f"{out}: it is there already and was not made by latenz; give another name with -o")


def _is_ours(path: Path) -> bool:
    try:
        return model_file.is_model(path)
    except ModelError:
        return False

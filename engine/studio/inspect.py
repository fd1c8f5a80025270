"""Say what a file is: a show, a take, a bank of directions, places, a model, a sequence, a picture."""

import json
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InputError
from engine.generator.catalog import model_info
from engine.stage.outputs.picture import read_latent
from engine.studio.arrays import load_npy
from engine.studio.check import check

HEADER_BYTES = 1 << 20


def inspect(file: str) -> dict[str, Any]:
    """What `file` is, as plain data with a `kind`. InputError when it is nothing latenz knows."""
    path = Path(file)
    if path.is_dir() or path.suffix == ".toml":
        return check(file)
    if not path.exists():
        return _by_name(file)
    readers = {".safetensors": _tensors, ".npy": _sequence, ".png": _picture}
    reader = readers.get(path.suffix.lower(), _take)
    return {"file": str(path), "bytes": path.stat().st_size, **reader(path)}


def _by_name(name: str) -> dict[str, Any]:
    """A built-in model or a shipped show."""
    try:
        info = model_info(name)
    except EngineError as error:
        try:
            return check(name)
        except EngineError:
            raise InputError(f"{name}: no such file, show or model ({error})") from None
    return {
        "kind": "model", "name": info.name, "architecture": info.architecture, "z_dim": info.z_dim,
        "w_dim": info.w_dim, "num_ws": info.num_ws, "size": [info.width, info.height],
        "any_size": not info.native, "bands": {b.name: [b.first, b.last] for b in info.bands},
        "licence": info.licence, "provenance": info.provenance, "hash": info.hash,
    }  # fmt: skip


def _tensors(path: Path) -> dict[str, Any]:
    header = _header(path)
    metadata = {key: _json(value) for key, value in (header.pop("__metadata__", None) or {}).items()}
    kinds = {"latenz.directions": "directions", "latenz.places": "places", "latenz.model": "model"}
    kind = next((kind for key, kind in kinds.items() if key in metadata), "tensors")
    return {
        "kind": kind,
        "tensors": {name: {"dtype": row.get("dtype"), "shape": row.get("shape")} for name, row in header.items()},
        "metadata": metadata,
    }


def _header(path: Path) -> dict[str, Any]:
    """The header of a .safetensors: at most 1 MiB of JSON behind its length."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 2 <= size <= HEADER_BYTES:
            raise InputError(
                f"{path}: not a .safetensors file (its header would be {size} bytes; at most 1 MiB is read)"
            )
        try:
            header = json.loads(file.read(size))
        except (ValueError, RecursionError):
            raise InputError(f"{path}: not a .safetensors file (its header is not JSON)") from None
    if not isinstance(header, dict) or not all(isinstance(row, dict) for row in header.values()):
        raise InputError(f"{path}: not a .safetensors file (its header is not a table)")
    return header


def _sequence(path: Path) -> dict[str, Any]:
    array = load_npy(path)
    return {"kind": "sequence", "shape": list(array.shape), "dtype": str(array.dtype)}


def _picture(path: Path) -> dict[str, Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            notes = {k: v for k, v in getattr(image, "text", {}).items() if k.startswith("latenz.")}
            return {"kind": "picture", "size": list(image.size), "notes": {k: _note(k, v) for k, v in notes.items()}}
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"{path}: not a picture that can be read: {error}") from None


def _take(path: Path) -> dict[str, Any]:
    from mappings.take import TakeReader

    reader = TakeReader(path)
    extent = reader.extent()
    return {
        "kind": "take", "header": reader.header, "seconds": extent.seconds, "lines": extent.lines,
        "addresses": list(extent.addresses), "cut": extent.cut,
    }  # fmt: skip


def _note(key: str, text: str) -> Any:
    """A note of a picture; of a latent, its shape."""
    if key != "latenz.latent":
        return _json(text)
    try:
        return {"shape": list(read_latent(text).shape)}
    except InputError as error:
        return str(error)


def _json(text: Any) -> Any:
    """The value behind a text of ours; anything else as it is."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text

"""Named arrays in a `.safetensors` with JSON beside them: how directions and places are kept."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError

HEADER_BYTES = 1 << 20
MOST_TENSORS = 4096
_NAME = re.compile(r"[^\x00-\x20\x7f\s#*,/?\[\]{}]{1,64}")
_FLOATS = ("F16", "F32", "F64")


def check_name(name: str, where: str) -> str:
    """The name, when it can stand in an address; ModelError otherwise."""
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"{where}: the name {name!r} cannot stand in an address; give 1 to 64 characters without spaces and "
            "# * , / ? [ ] { }"
        )
    return name


def read_header(path: Path, prefix: str, kind: str) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Shapes by name of the tensors `<prefix>/<name>`, and the JSON under the metadata key `kind`.

    Reads the header alone: at most 1 MiB and 4096 tensors. ModelError says what is wrong with the file.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = path.stat().st_size
            if not 2 <= length <= min(HEADER_BYTES, size - 8):
                raise ModelError(
                    f"{path}: not a .safetensors: a header of {length} bytes in a file of {size}; "
                    f"2 to {HEADER_BYTES} bytes are allowed"
                )
            header = json.loads(file.read(length))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a .safetensors: its header is no JSON ({type(error).__name__})") from None
    if not isinstance(header, dict):
        raise ModelError(f"{path}: not a .safetensors: its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if len(header) > MOST_TENSORS:
        raise ModelError(f"{path}: {len(header)} tensors; at most {MOST_TENSORS} are allowed")
    shapes = {}
    for key, row in header.items():
        if key.startswith(prefix + "/"):
            shapes[check_name(key.removeprefix(prefix + "/"), str(path))] = _shape(path, key, row)
    return shapes, _about(path, metadata, kind)


def _shape(path: Path, key: str, row: Any) -> tuple[int, ...]:
    shape = row.get("shape") if isinstance(row, dict) else None
    if not isinstance(shape, list) or not all(type(n) is int and 0 < n < 1 << 31 for n in shape):
        raise ModelError(f'{path}: tensor "{key}" has no proper shape')
    if row.get("dtype") not in _FLOATS:
        raise ModelError(f'{path}: tensor "{key}" is {row.get("dtype")!r}; {", ".join(_FLOATS)} are allowed')
    return tuple(shape)


def _about(path: Path, metadata: Any, kind: str) -> dict[str, Any]:
    text = metadata.get(kind, "{}") if isinstance(metadata, dict) else "{}"
    try:
        about = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise ModelError(f"{path}: its metadata {kind} is no JSON object")
    return about


def read(
    path: Path, prefix: str, kind: str, *, may_lack: bool = False
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
    """The tensors `<prefix>/<name>` by name as float64, and the JSON under `kind`. ModelError as `read_header`.

    may_lack : whether a file without any is fine
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    shapes, about = read_header(path, prefix, kind)
    if not shapes and may_lack:
        return {}, about
    if not shapes:
        raise ModelError(f'{path}: holds no tensor "{prefix}/<name>"; is this another kind of file?')
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a whole .safetensors: {error}") from None
    arrays = {name: np.asarray(tensors[f"{prefix}/{name}"], np.float64) for name in shapes}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f'{path}: "{prefix}/{name}" holds numbers that are not finite')
    return arrays, about


def write(
    path: Path, prefix: str, kind: str, arrays: Mapping[str, NDArray[np.float64]], about: Mapping[str, Any],
    more: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Write `<prefix>/<name>` as float32 with JSON under `kind`, and `more` by whole name: beside, then renamed."""
    from safetensors.numpy import save

    whole = {**{f"{prefix}/{name}": array for name, array in arrays.items()}, **more}
    tensors = {name: np.ascontiguousarray(array, np.float32) for name, array in whole.items()}
    data = save(tensors, {kind: json.dumps(about, sort_keys=True)})
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(data)
    temporary.replace(path)


def order(about: Mapping[str, Any], found: Iterable[str]) -> tuple[str, ...]:
    """The names in the order they were saved in; a file of another hand may have none."""
    names = sorted(found)
    saved = about.get("order")
    order = [name for name in saved if isinstance(name, str) and name in names] if isinstance(saved, list) else []
    return tuple(dict.fromkeys([*order, *names]))

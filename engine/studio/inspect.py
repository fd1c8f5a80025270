"""Say what a file is: a show, a take, a bank of directions, places, a model, a sequence, a picture."""

import json
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InputError, printable
from engine.generator import model_file
from engine.generator.catalog import file_of, model_info
from engine.generator.convert import Tell, is_foreign, silent
from engine.generator.tensor_file import Table, read_table
from engine.latent.directions import Directions
from engine.stage.outputs.picture import read_latent
from engine.studio.arrays import load_npy
from engine.studio.check import check
from engine.studio.models import file_rows, is_checkpoint, rows
from engine.studio.poses import inspect_poses


def print_bank(found: dict[str, Any]) -> None:
    """The directions of a bank, as `inspect` tells of them, as a table for people."""
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    from engine.studio.learn.words import runs, span

    grid = Grid(
        "direction", "in", "layers", "sigma", "safe, sigma", "pace", "how, and how well", box=None, pad_edge=False
    )
    for name, row in found["directions"].items():
        measures = ", ".join(f"{key} {value:.3g}" for key, value in row["measures"].items())
        how = "; ".join(filter(None, ("bends" if row["bends"] else "", row["method"], measures)))
        cells = (
            name, row["space"], "all" if row["layers"] is None else runs(row["layers"]), f"{row['sigma']:.3g}",
            span(row["safe"]), "" if row["pace"] is None else f"{row['pace']:.3g}", how,
        )  # fmt: skip
        grid.add_row(*(Text(printable(cell)) for cell in cells))
    console = Console()
    many = f"{len(found['directions'])} direction{'s' * (len(found['directions']) != 1)}"
    heading = f"{found['file']}: {many} of {found['model'] or 'no model by name'}"
    console.print(Text(printable(heading)))
    console.print(grid)


def inspect(file: str, tell: Tell = silent) -> dict[str, Any]:
    """What `file` is, as plain data with a `kind`. InputError when it is nothing latenz knows."""
    path = Path(file)
    if path.exists() and is_checkpoint(path):
        return {"file": str(path), "bytes": _bytes(path), **file_rows(path, tell)}
    if path.is_dir() or path.suffix == ".toml":
        return check(file)
    if not path.exists():
        return _by_name(file)
    if path.suffix.lower() == ".safetensors" and (is_foreign(path) or model_file.is_model(path)):
        return {"file": str(path), "bytes": _bytes(path), **file_rows(path, tell)}
    readers = {".safetensors": _tensors, ".npy": _sequence, ".png": _picture, ".json": _poses}
    reader = readers.get(path.suffix.lower(), _take)
    return {"file": str(path), "bytes": path.stat().st_size, **reader(path)}


def _bytes(path: Path) -> int:
    """Of a file, or of all files of a folder."""
    parts = path.iterdir() if path.is_dir() else (path,)
    return sum(part.stat().st_size for part in parts if part.is_file())


def _by_name(name: str) -> dict[str, Any]:
    """A built-in model or a shipped show."""
    try:
        info, file = model_info(name), file_of(name)
    except EngineError as error:
        try:
            return check(name)
        except EngineError:
            raise InputError(f"{name}: no such file, show or model ({error})") from None
    if file is not None:
        return {"bytes": _bytes(file), **file_rows(file), "name": info.name}
    return rows(info)


def _tensors(path: Path) -> dict[str, Any]:
    table = read_table(path)
    metadata = {key: _json(value) for key, value in table.metadata.items()}
    if "latenz.directions" in metadata:
        return _bank(path, table, metadata)
    return {
        "kind": "places" if "latenz.places" in metadata else "tensors",
        "tensors": _rows(table),
        "metadata": metadata,
    }


def _rows(table: Table) -> dict[str, Any]:
    return {name: {"dtype": row.dtype, "shape": list(row.shape)} for name, row in table.entries.items()}


def _bank(path: Path, table: Table, metadata: dict[str, Any]) -> dict[str, Any]:
    """What each direction of a bank carries; ModelError where it is none."""
    bank = Directions.load(path)
    return {
        "kind": "directions",
        "model": ", ".join(dict.fromkeys(d.model or d.model_hash[:12] for d in bank if d.model or d.model_hash)),
        "directions": {
            d.name: {
                "space": d.space, "layers": d.layers and list(d.layers), "sigma": d.sigma, "bends": d.curve is not None,
                "safe": d.safe and list(d.safe), "pace": d.pace and d.pace.per_sigma, "method": d.method,
                "measures": dict(d.measures),
            }
            for d in bank
        },
        "tensors": _rows(table),
        "metadata": metadata,
    }  # fmt: skip


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


def _poses(path: Path) -> dict[str, Any]:
    """Demonstrated poses, unless somebody has called a take .json."""
    from mappings.errors import TakeError

    try:
        return _take(path)
    except TakeError:
        return inspect_poses(path)


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

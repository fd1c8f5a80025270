"""A model in latenz's own form: a .safetensors whose metadata says its architecture, whose it is and what it was."""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control
from engine.errors import ModelError
from engine.generator import tensor_file
from engine.generator.base import ModelInfo
from engine.generator.spec import Shapes, Spec, family, load
from engine.generator.statistics import Statistics
from engine.generator.tensor_file import Table

KEY = "latenz.model"
VERSION = 1
MEAN, COVARIANCE = "latent.w_mean", "latent.w_covariance"
CARD_DEPTH = 6  # tables within tables of a model card that are read
TEXT = 2000  # characters of a text in the header that are shown
BUFFERS = ("noise_const", "_filter", "w_avg", "transform", "freqs", "phases", "magnitude_ema", "means", "_vars")


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself beside its architecture: words, never code."""

    name: str
    licence: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)  # file, sha256, container, class, ...
    card: Mapping[str, Any] = field(default_factory=dict)  # how it was made and how well it does, as JSON


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """What can be known of a model without its weights."""

    spec: Spec
    about: About
    hash: str  # of the weights alone: see `weights_hash`
    statistics: Mapping[str, Any]  # of w: samples, seed, spectrum; empty where there is no mapping

    @property
    def parameters(self) -> int:
        """Weights that were learned: buffers and averages are not counted."""
        return sum(math.prod(shape) for name, shape in self.spec.shapes().items() if not name.endswith(BUFFERS))


def write(
    path: Path,
    spec: Spec,
    tensors: Mapping[str, NDArray[Any]],
    about: About,
    statistics: Statistics | None = None,
    half: Collection[str] = (),
) -> ModelHeader:
    """Write a model so that the file is there whole or not at all. ModelError where tensors and spec differ.

    half : names of tensors that are stored in float16; give them rounded to it already, as the hash is of what is read
    """
    with tensor_file.whole(path) as file:
        return write_stream(file, spec, tensors, about, statistics, half)


def write_stream(
    file: BinaryIO,
    spec: Spec,
    tensors: Mapping[str, NDArray[Any]],
    about: About,
    statistics: Statistics | None = None,
    half: Collection[str] = (),
) -> ModelHeader:
    """As `write`, into a file that is open."""
    check_shapes({name: array.shape for name, array in tensors.items()}, spec.shapes())
    everything = dict(tensors)
    table: dict[str, Any] = {}
    if statistics is not None:
        everything |= {MEAN: statistics.mean, COVARIANCE: statistics.covariance}
        table = statistics.as_json()
    header = ModelHeader(spec, about, weights_hash(tensors), table)
    tensor_file.write(file, everything, {KEY: json.dumps(_as_json(header), allow_nan=False)}, half)
    return header


def read_header(path: Path) -> ModelHeader:
    """What a model file is. ModelError for a file that is no model, or whose tensors are not those of its spec."""
    return _checked(path)[1]


def read_tensors(path: Path) -> tuple[Spec, dict[str, NDArray[np.float32]]]:
    """The weights as float32, mapped from the disk where they are stored so; the latent's statistics among them."""
    table, header = _checked(path)
    found = tensor_file.arrays(table)
    return header.spec, {name: np.asarray(array, np.float32) for name, array in found.items()}


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """As `read_tensors`, without the latent's statistics."""
    return {name: array for name, array in read_tensors(path)[1].items() if not name.startswith("latent.")}


def info(path: Path) -> ModelInfo:
    """What a model file is, for whoever plays it."""
    header = read_header(path)
    spec, about = header.spec, header.about
    extra = {
        "family": spec.family,
        "classes": spec.classes,
        "parameters": header.parameters,
        "gflop": spec.gflop(spec.width, spec.height),
        "controls": control_rows(spec.controls()),
        "provenance": dict(about.provenance),
        "statistics": dict(header.statistics),
        "settings": spec.as_json(),
    }
    if about.card:
        extra["card"] = dict(about.card)
    return ModelInfo(
        name=about.name or path.stem, architecture=spec.family, z_dim=spec.z_dim, w_dim=spec.w_dim, num_ws=spec.num_ws,
        width=spec.width, height=spec.height, bands=spec.bands(), native=spec.family in ("biggan", "progan"),
        hash=header.hash, licence=about.licence, provenance=_sentence(about.provenance), extra=extra,
    )  # fmt: skip


def control_rows(controls: Iterable[Control]) -> tuple[dict[str, Any], ...]:
    """Controls as they stand in a `ModelInfo`'s extra."""
    return tuple(
        {"address": c.address, "default": c.default, "low": c.low, "high": c.high, "unit": c.unit, "about": c.about}
        for c in controls
    )


def is_model(path: Path) -> bool:
    """Whether a .safetensors is a model of ours. ModelError for one that cannot be read."""
    return KEY in tensor_file.read_table(path).metadata


def weights_hash(tensors: Mapping[str, NDArray[Any]]) -> str:
    """sha256 over the names in order, with each one's shape and its float32 bytes."""
    digest = sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name], "<f4")
        digest.update(f"{name} {list(tensors[name].shape)}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()


def check_shapes(found: Shapes, wanted: Shapes) -> None:
    """ModelError naming the first tensor that is missing, of another shape, or not of this architecture."""
    for name, shape in wanted.items():
        if name not in found:
            raise ModelError(f"the tensor {name} {list(shape)} is missing")
        if tuple(found[name]) != tuple(shape):
            raise ModelError(f"the tensor {name} is {list(found[name])}; this architecture has {list(shape)}")
    for name in found:
        if name not in wanted:
            raise ModelError(f"the tensor {name} {list(found[name])} is of no such architecture")


def _checked(path: Path) -> tuple[Table, ModelHeader]:
    """The header of a file, its tensors compared with its architecture before anything is mapped."""
    table = tensor_file.read_table(path)
    if KEY not in table.metadata:
        raise ModelError(f"{path}: not a model of latenz; make one with: latenz convert CHECKPOINT")
    try:
        header = _of_json(table.metadata[KEY])
        own = {name: entry.shape for name, entry in table.entries.items() if not name.startswith("latent.")}
        check_shapes(own, header.spec.shapes())
        _check_statistics(table, header.spec)
        floats = all(entry.dtype in ("F32", "F16", "BF16", "F64") for entry in table.entries.values())
    except ModelError as error:
        raise ModelError(f"{path}: {error}; convert it again") from None
    if not floats:
        raise ModelError(f"{path}: it holds weights that are not floating point; convert it again")
    return table, header


def _check_statistics(table: Table, spec: Spec) -> None:
    allowed = {MEAN: (spec.w_dim,), COVARIANCE: (spec.w_dim, spec.w_dim)}
    found = {name: entry.shape for name, entry in table.entries.items() if name.startswith("latent.")}
    if found:
        check_shapes(found, allowed)


def _as_json(header: ModelHeader) -> dict[str, Any]:
    spec, about = header.spec, header.about
    return {
        "version": VERSION, "family": spec.family, "name": about.name, "architecture": spec.as_json(),
        "sizes": {"z_dim": spec.z_dim, "w_dim": spec.w_dim, "num_ws": spec.num_ws, "width": spec.width,
                  "height": spec.height},
        "classes": spec.classes, "parameters": header.parameters, "gflop": spec.gflop(spec.width, spec.height),
        "licence": about.licence, "provenance": dict(about.provenance), "hash": header.hash,
        "latent": dict(header.statistics), **({"card": about.card} if about.card else {}),
    }  # fmt: skip


def _of_json(text: str) -> ModelHeader:
    """The header of a file that may come from a stranger: what it says of sizes is counted anew from its spec."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        raise ModelError("its description is not JSON") from None
    if not isinstance(row, dict) or row.get("version") != VERSION:
        raise ModelError(f"its description is not of version {VERSION}; get a newer latenz")
    name, architecture, provenance = row.get("family"), row.get("architecture"), row.get("provenance")
    if not isinstance(name, str) or not isinstance(architecture, dict):
        raise ModelError("its description names no family and architecture")
    spec: Spec = load(family(name[:40]).spec).of_json(architecture)
    known = {_text(k): _text(v) for k, v in provenance.items()} if isinstance(provenance, dict) else {}
    digest = row.get("hash")
    if not (isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")):
        raise ModelError("its description has no hash of the weights")
    card = _plain(row.get("card"), CARD_DEPTH)
    about = About(_text(row.get("name")), _text(row.get("licence")), known, card if isinstance(card, dict) else {})
    return ModelHeader(spec, about, digest, _statistics(row.get("latent")))


def _statistics(row: Any) -> dict[str, Any]:
    """The numbers of the latent's statistics, as far as they are numbers."""
    if not isinstance(row, dict):
        return {}
    spectrum = row.get("spectrum")
    kept = {key: row[key] for key in ("samples", "seed", "sigma") if _is_number(row.get(key))}
    if isinstance(spectrum, list) and all(map(_is_number, spectrum)):
        kept["spectrum"] = spectrum
    return kept


def _plain(value: Any, depth: int) -> Any:
    """A stranger's JSON, to be shown: texts cleaned, numbers that are none left out, nothing nested without end."""
    if isinstance(value, dict) and depth > 0:
        return {_text(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth > 0:
        return [_plain(item, depth - 1) for item in value]
    return value if isinstance(value, bool) or _is_number(value) else _text(value)


def _is_number(value: Any) -> bool:
    """Whether a float can hold this and be squared."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e30 < value < 1e30


def _text(value: Any) -> str:
    """A text for a terminal: without control characters, and not endless."""
    return "".join(c for c in str(value or "")[:TEXT] if c.isprintable())


def _sentence(provenance: Mapping[str, str]) -> str:
    words = [provenance[key] for key in ("container", "file") if provenance.get(key)]
    return ", ".join(words)

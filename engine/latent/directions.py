"""Directions: named unit vectors in latent space, each with a scale, so that amounts are in sigma."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent import bank
from engine.latent.curve import Curve
from engine.latent.pace import Pace

Match = Literal["model", "architecture"]

PREFIX, KIND = "direction", "latenz.directions"
CURVE = ("curve_first", "curve_bias", "curve_second")  # the tensors of a direction that bends


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """One named direction.

    vector : (z_dim,) or (w_dim,) float64, made unit length here
    sigma : the spread of the model's own latents along it: an amount of 1 goes this far
    layers : the layers of w it moves; None is all. In z, the bands that hold one of them
    measures : what was measured of it when it was learned
    model, architecture : whose it is, in words, and `architecture_of` that model
    safe : the least and the largest amount, in sigma, at which the picture still follows; None where nobody looked
    pace : how far the eye goes for each sigma; None where nobody looked
    curve : how it bends; None for a straight line. The vector is then its straight part, sigma its length
    """

    name: str
    vector: NDArray[np.float64]
    space: Literal["z", "w"] = "z"
    sigma: float = 1.0
    layers: tuple[int, ...] | None = None
    model_hash: str = ""
    method: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    architecture: str = ""
    safe: tuple[float, float] | None = None
    pace: Pace | None = None
    curve: Curve | None = None

    def __post_init__(self) -> None:
        where = f'direction "{self.name}"'
        bank.check_name(self.name, "direction")
        vector = np.array(self.vector, np.float64)
        length = float(np.linalg.norm(vector)) if vector.ndim == 1 else 0.0
        if not (length > 0.0 and np.isfinite(length)):
            raise ModelError(f"{where}: a vector of shape {vector.shape} and length {length:g}; give one that points")
        if self.space not in ("z", "w"):
            raise ModelError(f'{where}: space {self.space!r}; give "z" or "w"')
        if not (np.isfinite(self.sigma) and self.sigma > 0.0):
            raise ModelError(f"{where}: sigma {self.sigma!r}; give a number above 0")
        if self.safe is not None and not -np.inf < self.safe[0] <= 0.0 <= self.safe[1] < np.inf:
            raise ModelError(f"{where}: a safe range of {self.safe}; give a lower end up to 0 and an upper one from 0")
        if self.curve is not None and self.curve.dim != len(vector):
            raise ModelError(f"{where}: its curve is of {self.curve.dim} numbers, its vector of {len(vector)}")
        vector /= length
        vector.flags.writeable = False
        object.__setattr__(self, "vector", vector)


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """A bank of directions in a fixed order."""

    items: tuple[Direction, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name in self.names:
            if name in seen:
                raise ModelError(f'two directions are called "{name}"; rename one')
            seen.add(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The directions' names, in order."""
        return tuple(d.name for d in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Direction]:
        return iter(self.items)

    def __getitem__(self, name: str) -> Direction:
        for direction in self.items:
            if direction.name == name:
                return direction
        close = get_close_matches(name, self.names, 1)
        hint = f'; did you mean "{close[0]}"?' if close else f"; there are: {', '.join(self.names) or 'none'}"
        raise ModelError(f'no direction "{name}"{hint}')

    @classmethod
    def of(cls, vectors: Mapping[str, NDArray[np.float64]], **shared: Any) -> "Directions":
        """A bank from vectors by name; what they share (space, sigma, layers, ...) as keywords."""
        return cls(tuple(Direction(name, vector, **shared) for name, vector in vectors.items()))

    def merged(self, other: "Directions") -> "Directions":
        """Both banks; where both have a name, the other's direction takes its place."""
        later = {d.name: d for d in other}
        kept = tuple(later.pop(d.name, d) for d in self)
        return Directions(kept + tuple(later.values()))

    def select(self, names: Iterable[str]) -> "Directions":
        """These directions alone, in this order."""
        return Directions(tuple(self[name] for name in names))

    def strangers(self, info: ModelInfo) -> tuple[str, ...]:
        """The names of those learned on another model than this."""
        return tuple(d.name for d in self if d.model_hash and info.hash and d.model_hash != info.hash)

    def check(self, info: ModelInfo, match: Match = "model") -> "Directions":
        """This bank, when it fits the model; ModelError names the first direction that does not.

        match : "architecture" takes a direction of another model of the same architecture and sizes too: of another
        snapshot of one training, say. Ask `strangers` which those are, and say so
        """
        strangers = self.strangers(info)
        for d in self:
            size = info.z_dim if d.space == "z" else info.w_dim
            if d.name in strangers and match == "model":
                raise ModelError(
                    f'direction "{d.name}" was learned on another model ({d.model or d.model_hash[:12]}) than '
                    f"{info.name} ({info.hash[:12]}); learn it again on this one, or let banks match by architecture"
                )
            if d.name in strangers and d.architecture and d.architecture != architecture_of(info):
                raise ModelError(
                    f'direction "{d.name}" was learned on {d.model or "a model"} ({d.architecture}); '
                    f"{info.name} is {architecture_of(info)}"
                )
            if len(d.vector) != size:
                raise ModelError(
                    f'direction "{d.name}" has {len(d.vector)} numbers in {d.space}; {info.name} has {size}'
                )
            if d.layers is not None and not all(0 <= layer < info.num_ws for layer in d.layers):
                raise ModelError(
                    f'direction "{d.name}" moves layers {list(d.layers)}; {info.name} has 0 to {info.num_ws - 1}'
                )
        return self

    def save(self, path: Path) -> None:
        """Write a `.safetensors`: one float32 tensor `direction/<name>` each, the rest as JSON."""
        about = {
            "version": 1,
            "directions": {
                d.name: {
                    "space": d.space, "unit": "sigma", "sigma": d.sigma, "layers": d.layers,
                    "model_hash": d.model_hash, "model": d.model, "architecture": d.architecture,
                    "method": d.method, "measures": dict(d.measures), "safe": d.safe,
                    "pace": d.pace and {"amounts": d.pace.amounts.tolist(), "arc": d.pace.arc.tolist()},
                    "shell": d.curve.shell if d.curve else None,
                }
                for d in self
            },
            "order": self.names,
        }  # fmt: skip
        bends = {
            f"{part}/{d.name}": array
            for d in self if d.curve
            for part, array in zip(CURVE, (d.curve.first, d.curve.bias, d.curve.second), strict=True)
        }  # fmt: skip
        bank.write(path, PREFIX, KIND, {d.name: d.vector for d in self}, about, bends)

    @classmethod
    def load(cls, path: Path) -> "Directions":
        """Read what `save` wrote. ModelError says what is wrong with the file."""
        arrays, about = bank.read(path, PREFIX, KIND)
        rows = about.get("directions", {})
        try:
            bends = _bends(path)
            found = {name: _direction(name, vector, rows.get(name, {}), bends) for name, vector in arrays.items()}
        except ModelError as error:
            raise ModelError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path}: its metadata {KIND} is not as `Directions.save` writes it ({error})") from None
        return cls(tuple(found[name] for name in bank.order(about, found)))


_Bends = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]


def _bends(path: Path) -> _Bends:
    """The arrays of those that bend, by name."""
    parts = [bank.read(path, part, KIND, may_lack=True)[0] for part in CURVE]
    if len({frozenset(part) for part in parts}) != 1:
        raise ModelError("a curve lacks one of its tensors " + ", ".join(CURVE))
    first, bias, second = parts
    return {name: (first[name], bias[name], second[name]) for name in first}


def _direction(name: str, vector: NDArray[np.float64], row: Mapping[str, Any], bends: _Bends) -> Direction:
    layers, safe, pace = row.get("layers"), row.get("safe"), row.get("pace")
    return Direction(
        name,
        vector,
        row.get("space", "z"),
        float(row.get("sigma", 1.0)),
        None if layers is None else tuple(int(layer) for layer in layers),
        str(row.get("model_hash", "")),
        str(row.get("method", "")),
        {str(key): float(value) for key, value in dict(row.get("measures", {})).items()},
        str(row.get("model", "")),
        str(row.get("architecture", "")),
        None if safe is None else (float(safe[0]), float(safe[1])),
        None if pace is None else Pace(np.array(pace["amounts"], float), np.array(pace["arc"], float)),
        Curve(*bends[name], shell=bool(row.get("shell", True))) if name in bends else None,
    )


def architecture_of(info: ModelInfo) -> str:
    """What two models must share for a direction of one to have a meaning in the other: family and sizes."""
    return f"{info.architecture} z{info.z_dim} w{info.num_ws}x{info.w_dim} {info.width}x{info.height}"


def read_names(path: Path) -> tuple[str, ...]:
    """The names in a bank, from its header alone, in the order of `Directions.load`."""
    shapes, about = bank.read_header(path, PREFIX, KIND)
    return bank.order(about, shapes)

"""Places: named latents to go to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent import bank

PREFIX, KIND = "place", "latenz.places"


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One named latent.

    latent : (z_dim,) in z; (w_dim,) or (num_ws, w_dim) in w, as the model learned it (psi 1)
    """

    name: str
    latent: NDArray[np.float64]
    space: Literal["z", "w"] = "z"
    model_hash: str = ""

    def __post_init__(self) -> None:
        bank.check_name(self.name, "place")
        latent = np.array(self.latent, np.float64)
        if self.space not in ("z", "w"):
            raise ModelError(f'place "{self.name}": space {self.space!r}; give "z" or "w"')
        if latent.ndim not in ((1,) if self.space == "z" else (1, 2)) or not np.isfinite(latent).all():
            raise ModelError(f'place "{self.name}": a latent of shape {latent.shape} in {self.space}, or not finite')
        latent.flags.writeable = False
        object.__setattr__(self, "latent", latent)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places in a fixed order."""

    items: tuple[Place, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The places' names, in order."""
        return tuple(p.name for p in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Place]:
        return iter(self.items)

    def __getitem__(self, name: str) -> Place:
        for place in self.items:
            if place.name == name:
                return place
        close = get_close_matches(name, self.names, 1)
        hint = f'; did you mean "{close[0]}"?' if close else f"; there are: {', '.join(self.names) or 'none'}"
        raise ModelError(f'no place "{name}"{hint}')

    @classmethod
    def of(cls, latents: Mapping[str, NDArray[np.float64]], **shared: Any) -> "Places":
        """Places from latents by name; what they share (space, model_hash) as keywords."""
        return cls(tuple(Place(name, latent, **shared) for name, latent in latents.items()))

    def merged(self, other: "Places") -> "Places":
        """Both; where both have a name, the other's place takes its place."""
        later = {p.name: p for p in other}
        kept = tuple(later.pop(p.name, p) for p in self)
        return Places(kept + tuple(later.values()))

    def check(self, info: ModelInfo) -> "Places":
        """These places, when they fit the model; ModelError names the first that does not."""
        for p in self:
            if p.model_hash and info.hash and p.model_hash != info.hash:
                raise ModelError(
                    f'place "{p.name}" belongs to another model ({p.model_hash[:12]}) than {info.name} '
                    f"({info.hash[:12]}); find it again on this one"
                )
            allowed = [(info.z_dim,)] if p.space == "z" else [(info.w_dim,), (info.num_ws, info.w_dim)]
            if p.latent.shape not in allowed:
                raise ModelError(
                    f'place "{p.name}" has shape {p.latent.shape} in {p.space}; {info.name} has '
                    + " or ".join(str(shape) for shape in allowed)
                )
        return self

    def save(self, path: Path) -> None:
        """Write a `.safetensors`: one float32 tensor `place/<name>` each, the rest as JSON."""
        about = {
            "version": 1,
            "places": {p.name: {"space": p.space, "model_hash": p.model_hash} for p in self},
            "order": self.names,
        }
        bank.write(path, PREFIX, KIND, {p.name: p.latent for p in self}, about)

    @classmethod
    def load(cls, path: Path) -> "Places":
        """Read what `save` wrote. ModelError says what is wrong with the file."""
        arrays, about = bank.read(path, PREFIX, KIND)
        try:
            rows = about.get("places", {})
            found = {
                name: Place(
                    name, latent, rows.get(name, {}).get("space", "z"), str(rows.get(name, {}).get("model_hash", ""))
                )
                for name, latent in arrays.items()
            }
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from None
        except (AttributeError, TypeError) as error:
            raise ModelError(f"{path}: its metadata {KIND} is not as `Places.save` writes it ({error})") from None
        return cls(tuple(found[name] for name in bank.order(about, found)))


def read_names(path: Path) -> tuple[str, ...]:
    """The names of the places in a file, from its header alone, in the order of `Places.load`."""
    shapes, about = bank.read_header(path, PREFIX, KIND)
    return bank.order(about, shapes)

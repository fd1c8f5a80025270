"""The doorway: what can be played, and where it stands now."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShowError


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that can be played: an address, its range and where it rests."""

    address: str
    default: float = 0.0
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    kind: Literal["level", "event"] = "level"
    about: str = ""


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """An event that reached a control, for example `/latent/next`."""

    address: str
    value: float = 1.0
    time_s: float = 0.0


class Layout:
    """The controls of one show in a fixed order: levels first get an index, events are known by address."""

    def __init__(self, controls: Iterable[Control]) -> None:
        self.controls: tuple[Control, ...] = tuple(controls)
        self.levels: tuple[Control, ...] = tuple(c for c in self.controls if c.kind == "level")
        self._index = {c.address: i for i, c in enumerate(self.levels)}
        if len(self._index) != len(self.levels):
            seen: set[str] = set()
            twice = sorted({c.address for c in self.levels if c.address in seen or seen.add(c.address)})  # type: ignore[func-returns-value]
            raise ShowError(f"two controls share an address: {', '.join(twice)}; rename one of them")
        self.defaults: NDArray[np.float64] = np.array([c.default for c in self.levels], np.float64)

    def index(self, address: str) -> int:
        """Where this level stands in `Controls.values`; KeyError when there is no such level."""
        return self._index[address]

    def __contains__(self, address: object) -> bool:
        return address in self._index

    def dump(self) -> list[dict[str, Any]]:
        """Plain data for another process."""
        return [asdict(c) for c in self.controls]

    @classmethod
    def load(cls, rows: Sequence[dict[str, Any]]) -> "Layout":
        """The layout that `dump` wrote."""
        return cls(Control(**row) for row in rows)


@dataclass(frozen=True, slots=True)
class Controls:
    """All levels now, and the events since the last look. Nothing else crosses from `mappings`."""

    layout: Layout
    values: NDArray[np.float64]  # (levels,) in the order of layout.levels; read only
    events: tuple[ControlEvent, ...] = ()

    def __getitem__(self, address: str) -> float:
        """The level at an address. For set-up and tests; the frame loop keeps indices."""
        return float(self.values[self.layout.index(address)])

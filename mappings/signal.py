"""What came in: a level has a newest value, an event happens once."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Level:
    """The newest value of a continuous signal."""

    address: str
    value: float
    unit: str = ""
    time_s: float = 0.0  # time.perf_counter() at the source, or the stepped clock's time


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment; delivered exactly once."""

    address: str
    value: float = 1.0
    time_s: float = 0.0


class Control(Protocol):
    """What `routes` must know of a thing that can be played. The engine's own type has these fields."""

    @property
    def address(self) -> str: ...
    @property
    def default(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def unit(self) -> str: ...
    @property
    def kind(self) -> str: ...  # "level" or "event"

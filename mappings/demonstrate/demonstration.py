"""Plays what was demonstrated: like a route from all signals to all controls that poses have taught."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus, Signals
from mappings.demonstrate.fit import Fit
from mappings.demonstrate.poses import SIGNALS, Poses
from mappings.demonstrate.regression import F64, METHODS
from mappings.routes.inputs import matcher
from mappings.signal import Control

ON, METHOD = "/demonstrate/on", "/demonstrate/method"
NAMES = tuple(METHODS)
UNDONE = 32  # presses and clears that can be taken back


@dataclass(frozen=True, slots=True)
class DemonstrationSpec:
    """`[demonstrate]`, checked."""

    signals: tuple[str, ...]  # addresses, or patterns with `*`
    controls: tuple[str, ...]  # addresses of levels
    method: str = "kernel"
    smooth_s: float = 0.1


class Demonstration:
    """Learns from poses and says, at each step, where the demonstrated controls should stand.

    rows : which level controls those are; values : where each should stand; plays : whether it says anything now
    """

    def __init__(
        self, spec: DemonstrationSpec, controls: Sequence[Control], bus: Bus, poses: Poses | None = None
    ) -> None:
        """
        controls : all of the show, with levels `/demonstrate/on` and `/demonstrate/method`
        poses : what was demonstrated before
        """
        self.spec = spec
        self.poses = poses or Poses()
        levels = [control for control in controls if control.kind == "level"]
        index = {control.address: i for i, control in enumerate(levels)}
        self.rows: NDArray[np.intp] = np.array([index[address] for address in spec.controls], np.intp)
        self.values: F64 = np.zeros(len(self.rows))
        self.plays = False
        self._low: F64 = np.array([levels[i].low for i in self.rows], np.float64)
        self._high: F64 = np.array([levels[i].high for i in self.rows], np.float64)
        self._rest: F64 = np.array([levels[i].default for i in self.rows], np.float64)
        self._on, self._method = index[ON], index[METHOD]
        self._name = spec.method
        self._bus = bus
        self._wanted = {address for address in spec.signals if "*" not in address}
        self._matches = [matcher(address).match for address in spec.signals if "*" in address]
        self._heard: dict[str, int] = {}  # slots of the signals that are on the bus
        self._seen = 0  # addresses of the bus that were looked through
        self._undo: list[Poses] = []
        self._fit: Fit | None = None
        self._again = True
        self._aim: F64 = np.zeros(len(self.rows))
        self._learn()  # for as long as no signal has come

    @property
    def method(self) -> str:
        """The regression that plays now."""
        return self._name

    @property
    def error(self) -> float | None:
        """How far the others miss a pose, as a share of the controls' ranges, on average; None below four poses."""
        if self._fit is None or self._fit.error is None:
            return None
        return float(np.mean(self._fit.error / np.maximum(self._high - self._low, 1e-12)))

    def step(self, signals: Signals, stood: F64, dt_s: float) -> bool:
        """Look at the signals; whether what it says may have jumped, so that the controls should glide there.

        stood : where every level control stood at the last step
        """
        name = NAMES[min(max(round(float(stood[self._method])), 0), len(NAMES) - 1)]
        if name != self._name or self._waiting and self._more_came(signals):
            self._name = name
            self._learn()
        fit = self._fit
        plays = fit is not None and bool(stood[self._on] >= 0.5)
        turned = plays != self.plays or self._again
        self.plays, self._again = plays, False
        if fit is None or not plays:
            return turned
        signals.levels.take(self._slots, out=self._x, mode="clip")
        fit.predict(self._x, self._aim)
        np.maximum(self._aim, self._low, out=self._aim)
        np.minimum(self._aim, self._high, out=self._aim)
        if turned or self.spec.smooth_s <= 0.0:
            self.values[:] = self._aim
        else:
            self._aim -= self.values
            self._aim *= -math.expm1(-dt_s / self.spec.smooth_s)
            self.values += self._aim
        return turned

    def press(self, signals: Signals, stood: F64) -> bool:
        """Take the pose of the signals now, with the controls at `stood`, (rows,). Whether it was taken.

        Counts `demonstrate_full` where there are too many poses already, and `demonstrate_nothing` where no signal
        has come yet.
        """
        self._find()
        pose, ends = {}, {}
        for address in sorted(self._heard):
            slot = self._heard[address]
            if slot < len(signals.levels) and signals.times_s[slot] > -np.inf:
                pose[address] = float(signals.levels[slot])
                ends[address] = float(self._bus.lows[slot]), float(self._bus.highs[slot])
        if self.poses.full or not pose or not np.isfinite(stood).all():
            self._bus.dropped["demonstrate_full" if self.poses.full else "demonstrate_nothing"] += 1
            return False
        self._remember()
        self.poses = self.poses.added(pose, dict(zip(self.spec.controls, stood.tolist(), strict=True)), ends)
        self._learn()
        return True

    def undo(self) -> bool:
        """Take back the last press or clear; where none is remembered, the newest pose. Whether there was one."""
        if not self._undo and not len(self.poses):
            return False
        self.poses = self._undo.pop() if self._undo else self.poses.without_last()
        self._learn()
        return True

    def clear(self) -> bool:
        """Forget all poses; `undo` brings them back. Whether there were any."""
        if not len(self.poses):
            return False
        self._remember()
        self.poses = Poses()
        self._learn()
        return True

    def inherit(self, former: "Demonstration") -> None:
        """Go on with the poses of an earlier version of the same show, and with what it can take back."""
        self.poses, self._undo = former.poses, former._undo
        self._learn()

    def _remember(self) -> None:
        self._undo = [*self._undo[1 - UNDONE :], self.poses]

    def _learn(self) -> None:
        """Fit anew. Columns are sorted by address: whatever came first, the same poses give the same bits."""
        poses, self._again = self.poses, True
        self._find()
        times_s = self._bus.look(()).times_s
        known = {name: i for i, name in enumerate(poses.signals) if self._wants(name)}
        came = sorted(name for name in known if name in self._heard and times_s[self._heard[name]] > -np.inf)
        self._absent = [name for name in known if name not in came]
        self._waiting = bool(self._absent)
        self._fit = None
        if len(poses):
            columns = [known[name] for name in came]
            self._fit = Fit(self._name, poses.x[:, columns], self._targets(poses), poses.seen[columns])
            slots = [self._heard[came[column]] for column in self._fit.columns]
            self._slots: NDArray[np.intp] = np.array(slots, np.intp)
            self._x: F64 = np.zeros(len(slots))

    def _more_came(self, signals: Signals) -> bool:
        """Whether a signal that poses know has come for the first time: until then it says nothing."""
        if len(self._bus.addresses) != self._seen:
            self._find()
        slots = [self._heard[name] for name in self._absent if name in self._heard]
        return any(signals.times_s[slot] > -np.inf for slot in slots)

    def _targets(self, poses: Poses) -> F64:
        """(poses, rows). A control that a pose does not know counts as at rest."""
        y = np.tile(self._rest, (len(poses), 1))
        known = {name: i for i, name in enumerate(poses.controls)}
        for row, address in enumerate(self.spec.controls):
            if address in known:
                told = poses.y[:, known[address]]
                y[:, row] = np.where(np.isnan(told), self._rest[row], told)
        return np.clip(y, self._low, self._high)

    def _wants(self, address: str) -> bool:
        return address in self._wanted or any(match(address) for match in self._matches)

    def _find(self) -> None:
        """Look through what is new on the bus."""
        for slot in range(self._seen, len(self._bus.addresses)):
            address = self._bus.addresses[slot]
            if not self._wants(address):
                continue
            if len(self._heard) < SIGNALS:
                self._heard[address] = slot
            else:
                self._bus.dropped["demonstrate_signals_full"] += 1
        self._seen = len(self._bus.addresses)

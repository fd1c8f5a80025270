"""What was demonstrated: poses of the signals, and where the controls stood at each. Plain data that never changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mappings.demonstrate.regression import F64

POSES = 500
SIGNALS = 256
CONTROLS = 256
DIGITS = 9  # significant ones that a pose keeps: short in the file, and the same when read again
BOUND = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Some poses. NaN stands for a signal that had not come, or a control that was not demonstrated then."""

    signals: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    x: F64 = field(default_factory=lambda: np.zeros((0, 0)))  # (poses, signals)
    y: F64 = field(default_factory=lambda: np.zeros((0, 0)))  # (poses, controls)
    seen: F64 = field(default_factory=lambda: np.zeros((0, 2)))  # (signals, 2): the ends it has ever been between

    def __len__(self) -> int:
        return len(self.x)

    @property
    def full(self) -> bool:
        """Whether no further pose is taken."""
        return len(self) >= POSES

    def added(
        self, signals: Mapping[str, float], controls: Mapping[str, float], seen: Mapping[str, tuple[float, float]]
    ) -> "Poses":
        """With one more pose. Signals and controls that were not there before are unknown in the others.

        signals, controls : finite values by address; seen : the ends between which each of these signals has been
        """
        names = _joined(self.signals, signals, SIGNALS)
        targets = _joined(self.controls, controls, CONTROLS)
        ends = np.full((len(names), 2), (np.inf, -np.inf))
        ends[: len(self.signals)] = self.seen
        for i, name in enumerate(names):
            if name in signals:
                values = _kept(signals[name]), *map(_kept, seen.get(name, ()))
                ends[i] = min(ends[i, 0], *values), max(ends[i, 1], *values)
        return Poses(
            names,
            targets,
            np.vstack((_wide(self.x, len(names)), [_kept(signals.get(name, np.nan)) for name in names])),
            np.vstack((_wide(self.y, len(targets)), [_kept(controls.get(name, np.nan)) for name in targets])),
            ends,
        )

    def without_last(self) -> "Poses":
        """Without the newest pose."""
        return Poses(self.signals, self.controls, self.x[:-1], self.y[:-1], self.seen)


def _joined(known: tuple[str, ...], new: Mapping[str, float], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *new)))[: max(most, len(known))]


def _wide(rows: F64, width: int) -> F64:
    """With columns of NaN for what was not known."""
    out = np.full((len(rows), width), np.nan)
    out[:, : rows.shape[1]] = rows
    return out


def _kept(value: float) -> float:
    """As many digits as the file keeps, within the bound."""
    return float(f"{min(max(value, -BOUND), BOUND):.{DIGITS}g}") if np.isfinite(value) else value

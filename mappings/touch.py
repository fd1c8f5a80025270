"""Which signal did you just move? The one whose change stands out from what it usually does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Signals

RECENT_S = 0.3  # a touch is seen within this time
USUAL_S = 8.0  # what a signal does all the time is learnt and forgotten in this time
LISTEN_S = 1.5  # nothing is reported before: first learn what moves by itself
TRAVEL = 0.02  # of a signal's own range: less is no touch
STANDS_OUT = 4.0  # times its usual movement
NARROW = 1e-9


@dataclass(frozen=True, slots=True)
class Touched:
    """A signal that was moved by hand, and the range seen of it."""

    address: str
    kind: Literal["level", "event"]
    low: float
    high: float

    def route(self, to: str = "/direction/bloom") -> str:
        """A route to start from, as text for a show.toml."""
        if self.kind == "event":
            return f'[[route]]\nfrom = "{self.address}"\nto = "/latent/next"      # any event, or a level to strike\n'
        shape = "" if 0.0 <= self.low and self.high <= 1.0 else f'shape = ["range {self.low:g} {self.high:g}"]\n'
        return f'[[route]]\nfrom = "{self.address}"\n{shape}to = "{to}"      # any control\nrange = [-2, 2]\n'


class Touch:
    """Looks at the bus again and again and names what was touched.

    Levels are compared with their own range and their own usual movement, so that a knob turned by two per cent
    stands out from a sound that fills its range all the time. Events count when their address is rarely heard.
    """

    def __init__(self) -> None:
        self._before: NDArray[np.float64] = np.zeros(0)
        self._low: NDArray[np.float64] = np.zeros(0)
        self._high: NDArray[np.float64] = np.zeros(0)
        self._recent: NDArray[np.float64] = np.zeros(0)  # travel of late, in ranges
        self._usual: NDArray[np.float64] = np.zeros(0)  # travel per second, in ranges
        self._sure: NDArray[np.float64] = np.zeros(0)  # 0..1: how much of `usual` has been learnt
        self._heard: dict[str, float] = {}  # event address -> how often of late
        self._now_s: float | None = None
        self._began_s = 0.0

    def look(self, addresses: Sequence[str], signals: Signals, now_s: float) -> Touched | None:
        """The signal that stands out at this look, if one does.

        addresses : those of `signals.levels`, in the same order
        """
        if self._now_s is None:
            self._now_s = self._began_s = now_s
            self._grow(signals.levels, known=True)
        dt_s = max(0.0, now_s - self._now_s)
        self._now_s = now_s
        self._grow(signals.levels, known=False)
        event = self._event(signals, dt_s)
        level = self._level(addresses, signals.levels, dt_s)
        if now_s - self._began_s < LISTEN_S:
            return None
        return event or level

    def _grow(self, levels: NDArray[np.float64], known: bool) -> None:
        """Addresses that are new since the last look. One that appears while we look has just moved."""
        new = levels[len(self._before) :]
        if not len(new):
            return
        start = new if known else np.zeros_like(new)
        self._before = np.concatenate([self._before, start])
        self._low = np.concatenate([self._low, np.minimum(start, new)])
        self._high = np.concatenate([self._high, np.maximum(start, new)])
        self._recent = np.concatenate([self._recent, np.zeros_like(new)])
        self._usual = np.concatenate([self._usual, np.zeros_like(new)])
        self._sure = np.concatenate([self._sure, np.full_like(new, 0.0 if known else 1.0)])  # new ones were silent

    def _level(self, addresses: Sequence[str], levels: NDArray[np.float64], dt_s: float) -> Touched | None:
        np.minimum(self._low, levels, out=self._low)
        np.maximum(self._high, levels, out=self._high)
        travel = np.abs(levels - self._before) / np.maximum(self._high - self._low, NARROW)
        self._before = levels.copy()
        self._recent = self._recent * math.exp(-dt_s / RECENT_S) + travel
        usual = self._usual / np.maximum(self._sure, NARROW)
        stands_out = self._recent / (usual * RECENT_S + TRAVEL)
        stands_out[self._recent < TRAVEL] = 0.0
        if dt_s > 0:
            share = -math.expm1(-dt_s / USUAL_S)
            self._usual += (travel / dt_s - self._usual) * share
            self._sure += (1.0 - self._sure) * share
        if not len(stands_out) or stands_out.max() < STANDS_OUT:
            return None
        at = int(stands_out.argmax())
        return Touched(addresses[at], "level", float(self._low[at]), float(self._high[at]))

    def _event(self, signals: Signals, dt_s: float) -> Touched | None:
        fade = math.exp(-dt_s / USUAL_S)
        self._heard = {address: often * fade for address, often in self._heard.items() if often * fade > 0.01}
        found = None
        for event in signals.events:
            often = self._heard.get(event.address, 0.0)
            self._heard[event.address] = often + 1.0
            if found is None and often < STANDS_OUT:
                found = Touched(event.address, "event", 0.0, 1.0)
        return found

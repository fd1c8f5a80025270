"""Values wider than seven bits: 14-bit controllers and NRPN, put together from several messages."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

WAIT_S = 0.01  # how long a coarse byte waits for its fine one
SEEN = 2  # adjacent coarse/fine pairs after which a controller counts as 14 bit
TOP = 16383


@dataclass(frozen=True, slots=True)
class Wide:
    """A value put together: which controller or parameter, and where it stands."""

    kind: Literal["cc14", "nrpn"]
    number: int
    position: float  # 0..1


class Fourteen:
    """The 14-bit controllers of one channel: CC n (0..31) is coarse, CC n + 32 is fine.

    As the standard has it: coarse first, which clears the fine byte; fine alone adjusts. A coarse byte waits
    `WAIT_S` for its fine one, so that no value half old and half new gets out.
    known : the controllers that are 14 bit; None finds them by what arrives
    """

    def __init__(self, known: Container[int] | None = None) -> None:
        self._known = known
        self._seen = [0] * 32
        self._coarse: list[int | None] = [None] * 32
        self._waiting: dict[int, float] = {}  # controller -> when its coarse byte came
        self._previous = -1

    @property
    def waits(self) -> bool:
        """Whether a coarse byte waits for its fine one."""
        return bool(self._waiting)

    def take(self, cc: int, byte: int, time_s: float) -> Wide | None:
        """One message of controllers 0..63; a value when it is complete."""
        previous, self._previous = self._previous, cc
        if cc < 32:
            self._coarse[cc] = byte
            if self._is_wide(cc):
                self._waiting[cc] = time_s
            return None
        coarse = cc - 32
        if previous == coarse:
            self._seen[coarse] = min(SEEN, self._seen[coarse] + 1)
        high = self._coarse[coarse]
        if high is None or not self._is_wide(coarse):
            return None
        self._waiting.pop(coarse, None)
        return Wide("cc14", coarse, ((high << 7) | byte) / TOP)

    def late(self, now_s: float) -> list[Wide]:
        """Values whose fine byte did not come: it counts as 0."""
        due = [cc for cc, time_s in self._waiting.items() if now_s - time_s >= WAIT_S]
        for cc in due:
            del self._waiting[cc]
        return [Wide("cc14", cc, ((self._coarse[cc] or 0) << 7) / TOP) for cc in due]

    def _is_wide(self, cc: int) -> bool:
        return self._seen[cc] >= SEEN if self._known is None else cc in self._known


class Nrpn:
    """The non-registered parameters of one channel: 99/98 choose, 6/38 set, 96/97 step, 127/127 lets go.

    A parameter that never got a fine byte is read as seven bits. Registered parameters (101/100) are set aside,
    so that their data are not taken for ours.
    """

    CONTROLLERS = frozenset({6, 38, 96, 97, 98, 99, 100, 101})

    def __init__(self) -> None:
        self._high = self._low = 127
        self._values: dict[int, int] = {}
        self._fine: set[int] = set()
        self._waiting: tuple[int, float] | None = None

    @property
    def waits(self) -> bool:
        """Whether a coarse byte waits for its fine one."""
        return self._waiting is not None

    @property
    def parameter(self) -> int | None:
        """The parameter that data go to now."""
        chosen = (self._high << 7) | self._low
        return None if chosen == TOP else chosen

    def take(self, cc: int, byte: int, time_s: float) -> Wide | None:
        """One controller message of `CONTROLLERS`; a value when it is complete."""
        if cc == 99:
            self._high = byte
        elif cc == 98:
            self._low = byte
        elif cc in (100, 101):
            self._high = self._low = 127
        elif (chosen := self.parameter) is not None:
            return self._data(chosen, cc, byte, time_s)
        return None

    def late(self, now_s: float) -> list[Wide]:
        """The value whose fine byte did not come."""
        if self._waiting is None or now_s - self._waiting[1] < WAIT_S:
            return []
        chosen, self._waiting = self._waiting[0], None
        return [self._wide(chosen)]

    def _data(self, chosen: int, cc: int, byte: int, time_s: float) -> Wide | None:
        value = self._values.get(chosen, 0)
        if cc == 6:
            self._values[chosen] = byte << 7
            self._waiting = (chosen, time_s)
            return None
        if cc == 38:
            self._fine.add(chosen)
            self._values[chosen] = (value & ~127) | byte
        else:
            step = 1 if chosen in self._fine else 128
            self._values[chosen] = min(TOP, max(0, value + (step if cc == 96 else -step)))
        self._waiting = None
        return self._wide(chosen)

    def _wide(self, chosen: int) -> Wide:
        value = self._values[chosen]
        return Wide("nrpn", chosen, value / TOP if chosen in self._fine else (value >> 7) / 127)

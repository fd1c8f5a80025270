"""Who a message is for: a control, several controls (a pattern), or the signal of its own name."""

from collections import Counter
from collections.abc import Callable

from mappings.bus import Bus
from mappings.osc.pattern import Pattern, PatternError, is_pattern
from mappings.osc.udp import Peer
from mappings.osc.values import Values

RELEASE = "/release"
SIGNALS = 1024  # levels this source makes at most: half of what the bus holds
REMEMBERED = 4096  # addresses looked up before
WRITES_PER_STEP = 1024  # what the bus takes; one pattern may mean hundreds of controls
PATTERNS = 16  # patterns not seen before that may be matched at once: each costs a look at every control
PATTERNS_PER_STEP = 0.1  # how that allowance grows back


class Addressees:
    """Delivers messages to the bus. `own` makes the slot of a new signal."""

    def __init__(self, dropped: Counter[str], own: Callable[[str], int]) -> None:
        self._dropped = dropped
        self._own = own
        self._controls: frozenset[str] = frozenset()
        self._found: dict[str, tuple[str, ...] | None] = {}  # None: a signal
        self._slots: dict[str, int] = {}
        self._patterns_left: float = PATTERNS
        self._writes_left = 0

    def begin(self, bus: Bus) -> None:
        """Call at every step, before the messages: the show's controls may have changed."""
        self._patterns_left = min(self._patterns_left + PATTERNS_PER_STEP, PATTERNS)
        self._writes_left = WRITES_PER_STEP
        if bus.controls is not self._controls:
            self._controls = bus.controls
            self._found.clear()

    def deliver(self, bus: Bus, address: str, values: Values, time_s: float, peer: Peer) -> None:
        """Write the controls that are meant; else set the levels and post the event of `/osc/<address>`."""
        bus.stamps["osc"].add(time_s)
        try:
            controls = self._found[address]
        except KeyError:
            controls = self._find(address)
        if controls is None:
            self._signal(bus, "/osc" + address, values, time_s)
        elif not controls:
            self._dropped["osc_no_match"] += 1
        else:
            self._write(bus, controls, values, time_s, f"osc:{peer}")

    def _write(self, bus: Bus, controls: tuple[str, ...], values: Values, time_s: float, who: str) -> None:
        """Any message releases, but for a button that comes up again (0); the others need a number."""
        if len(controls) > self._writes_left:
            self._dropped["osc_writes_overflow"] += len(controls) - self._writes_left
        for control in controls[: self._writes_left]:
            if control not in self._controls:
                if values.trigger:
                    bus.write(control, 1.0, time_s, who)
            elif values.control is not None:
                bus.write(control, values.control, time_s, who)
        self._writes_left = max(0, self._writes_left - len(controls))

    def _signal(self, bus: Bus, name: str, values: Values, time_s: float) -> None:
        for suffix, value in zip(values.suffixes, values.levels, strict=True):
            slot = self._slots.get(name + suffix)
            if slot is None:
                slot = self._slot(name + suffix)
            bus.put(slot, value, time_s)
        bus.post(name, values.trigger, time_s)

    def _slot(self, name: str) -> int:
        if len(self._slots) >= SIGNALS:
            self._dropped["osc_signals_full"] += 1
            return -1
        slot = self._own(name)
        if slot >= 0:
            self._slots[name] = slot
        return slot

    def _find(self, address: str) -> tuple[str, ...] | None:
        if is_pattern(address) and address not in self._controls:
            if self._patterns_left < 1:
                self._dropped["osc_patterns_overflow"] += 1
                return ()
            self._patterns_left -= 1
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[address] = found = self._look_up(address)
        return found

    def _look_up(self, address: str) -> tuple[str, ...] | None:
        if address in self._controls:
            return (address,)
        stem = address.removesuffix(RELEASE)
        ending = address[len(stem) :]
        if ending and stem in self._controls:
            return (address,)
        if not is_pattern(address):
            return None
        try:
            whole, pattern = Pattern(address), Pattern(stem)
        except PatternError:
            self._dropped["osc_malformed"] += 1
            return ()
        controls = [control for control in self._controls if whole.matches(control)]
        if ending:
            controls += [control + ending for control in self._controls if pattern.matches(control)]
        return tuple(sorted(controls))

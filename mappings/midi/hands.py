"""Knobs and pads that move a control directly, where a show says so."""

from collections.abc import Callable
from dataclasses import dataclass

from mappings.bus import Bus
from mappings.midi.pickup import Pickup, Takeover

HALF = 0.5
Standing = Callable[[str], float | None]  # where a level control stands now; None for events


@dataclass(frozen=True, slots=True)
class Reach:
    """The control a hand moves, and the part of its range it covers."""

    control: str
    low: float
    high: float

    def value(self, position: float) -> float:
        """Position 0..1 as the control's value."""
        return self.low + (self.high - self.low) * position

    def position(self, value: float) -> float:
        """The control's value as a position 0..1, within it."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


class Hand:
    """One knob, fader, encoder or pad on one control."""

    def __init__(self, reach: Reach, who: str, takeover: Takeover, standing: Standing) -> None:
        self.reach = reach
        self.who = who
        self._pickup = Pickup(takeover)
        self._standing = standing
        self._below = True

    def move(self, position: float, time_s: float, bus: Bus) -> None:
        """The knob stands at this position, 0..1."""
        control = self.reach.control
        value = self._standing(control)
        rises, self._below = self._below and position >= HALF, position < HALF
        if value is None:  # an event: the knob is a button
            if rises:
                bus.write(control, 1.0, time_s, self.who)
            return
        wanted = self._pickup.move(position, self.reach.position(value), bus.writers.get(control) == self.who)
        if wanted is not None:
            bus.write(control, self.reach.value(wanted), time_s, self.who)

    def strike(self, velocity: float, time_s: float, bus: Bus) -> None:
        """The pad was struck, 0..1; it has no position that would have to be picked up."""
        bus.write(self.reach.control, self.reach.value(velocity), time_s, self.who)

    def turn(self, amount: float, time_s: float, bus: Bus) -> None:
        """The encoder was turned by this share of the range; it goes on from where the control stands."""
        value = self._standing(self.reach.control)
        base = 0.0 if value is None else self.reach.position(value)
        position = min(1.0, max(0.0, base + amount))
        bus.write(self.reach.control, self.reach.value(position), time_s, self.who)

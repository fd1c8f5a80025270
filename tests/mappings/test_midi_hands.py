"""Faders that stand elsewhere, encoders and pads on controls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.midi.hands import Hand, Reach
from mappings.midi.pickup import NEAR, Pickup, Takeover

UNIT = st.floats(0, 1)
BLOOM = Reach("/direction/bloom", -2.0, 2.0)


@given(st.lists(UNIT, min_size=1), UNIT)
def test_pickup_has_no_effect_before_it_meets_the_control(positions: list[float], current: float) -> None:
    pickup, last, caught = Pickup("pickup"), None, False
    for position in positions:
        caught = caught or abs(position - current) <= NEAR
        caught = caught or (last is not None and (last - current) * (position - current) <= 0)
        assert pickup.move(position, current, mine=caught) == (position if caught else None)
        current = position if caught else current
        last = position


def test_a_control_moved_by_another_hand_must_be_picked_up_again() -> None:
    pickup = Pickup("pickup")
    assert pickup.move(0.5, 0.5, mine=False) == 0.5
    assert pickup.move(0.6, 0.5, mine=True) == 0.6
    assert pickup.move(0.61, 0.1, mine=False) is None
    assert pickup.move(0.05, 0.1, mine=False) == 0.05


@given(UNIT, st.lists(UNIT, min_size=2))
def test_scale_moves_in_the_faders_direction_and_stays_in_range(current: float, positions: list[float]) -> None:
    pickup, last = Pickup("scale"), None
    for position in positions:
        moved = pickup.move(position, current, mine=False)
        if last is None or position == last:
            assert moved is None
        else:
            assert moved is not None and -1e-12 <= moved <= 1.0 + 1e-12
            assert (moved - current) * (position - last) >= 0.0
            current = min(1.0, max(0.0, moved))
        last = position


@given(UNIT, UNIT, st.sampled_from([0.0, 1.0]))
def test_scale_arrives_at_an_end_together_with_the_fader(current: float, start: float, end: float) -> None:
    pickup = Pickup("scale")
    pickup.move(start, current, mine=False)
    if start != end:
        moved = pickup.move(end, current, mine=False)
        assert moved == pytest.approx(end, abs=1e-12)


def test_jump_follows() -> None:
    assert Pickup("jump").move(0.9, 0.1, mine=False) == 0.9


class Fader:
    """A hand on bloom, where the test says what the control's value is."""

    def __init__(self, takeover: Takeover, value: float | None) -> None:
        self.bus = Bus()
        self.value = value
        self.hand = Hand(BLOOM, "midi:nano/1", takeover, lambda control: self.value)

    def writes(self) -> list[float]:
        return [write.value for write in self.bus.take_writes()]


def test_a_hand_writes_within_its_range_and_signs_its_name() -> None:
    fader = Fader("jump", 0.0)
    fader.hand.move(1.0, 0.0, fader.bus)
    (write,) = fader.bus.take_writes()
    assert (write.address, write.value, write.who) == ("/direction/bloom", 2.0, "midi:nano/1")


def test_an_encoder_goes_on_from_where_the_control_stands() -> None:
    fader = Fader("pickup", 1.0)
    fader.hand.turn(0.1, 0.0, fader.bus)
    assert fader.writes() == [pytest.approx(1.4)]
    fader.hand.turn(5.0, 0.0, fader.bus)
    assert fader.writes() == [2.0]


def test_a_knob_on_an_event_is_a_button() -> None:
    fader = Fader("pickup", None)
    for position in (0.0, 0.3, 0.8, 1.0, 0.0, 1.0):
        fader.hand.move(position, 0.0, fader.bus)
    assert fader.writes() == [1.0, 1.0]


def test_a_pad_needs_no_picking_up() -> None:
    fader = Fader("pickup", 2.0)
    fader.hand.strike(0.5, 0.0, fader.bus)
    assert fader.writes() == [0.0]

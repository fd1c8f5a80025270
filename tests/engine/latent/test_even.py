"""Laws of even faders: equal moves are equal visible changes, where that was measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.controls import Layout
from engine.errors import ShowError
from engine.latent.directions import Direction, Directions
from engine.latent.even import EvenFaders
from engine.latent.motion import MotionSpec, VoiceSpec, controls
from engine.latent.pace import Pace
from tests.engine.latent.rooms import INFO, Room

PACES = [
    Pace(np.array([-3.0, -1.0, 0.0, 2.0]), np.array([-1.0, -0.9, 0.0, 0.2])),
    Pace(np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 0.5, 0.6, 2.0])),
    Pace(np.array([-2.0, -0.5, 0.0]), np.array([-2.0, -0.1, 0.0])),
    None,
]
BANK = Directions(tuple(Direction(f"d{i}", np.eye(INFO.z_dim)[i], pace=pace) for i, pace in enumerate(PACES)))


@given(st.lists(st.floats(-5.0, 5.0), min_size=4, max_size=4))
def test_all_faders_at_once_are_each_by_its_own_pace(faders: list[float]) -> None:
    even = EvenFaders(BANK).amounts(np.array([faders]), np.ones(1))[0]
    expected = [fader if pace is None else pace.amount(fader) for fader, pace in zip(faders, PACES, strict=True)]
    assert np.allclose(even, expected)


def test_zero_is_exactly_zero_and_the_ends_stay() -> None:
    even = EvenFaders(BANK)
    assert (even.amounts(np.zeros((1, 4)), np.ones(1)) == 0.0).all()
    ends = np.array([[-3.0, 4.0, -2.0, 1.0]])
    assert np.allclose(even.amounts(ends, np.ones(1)), ends)


def test_unasked_nothing_is_touched() -> None:
    faders = np.ones((2, 4))
    assert EvenFaders(BANK).amounts(faders, np.zeros(2)) is faders
    assert EvenFaders(Directions()).amounts(np.ones((1, 0)), np.ones(1)).shape == (1, 0)


def test_half_way_is_half_way_and_voices_differ() -> None:
    faders = np.full((3, 4), 1.0)
    out = EvenFaders(BANK).amounts(faders, np.array([0.0, 0.5, 1.0]))
    assert np.array_equal(out[0], faders[0]) and np.allclose(out[1], (out[0] + out[2]) / 2)


def test_a_show_plays_even_faders_by_a_control() -> None:
    room = Room(directions=BANK)
    home = room.step().copy()
    plain = room.set(accent__d1=2.0).step() - home
    even = room.set(motion__even_faders=1.0).step() - home
    assert PACES[1] is not None
    assert np.allclose(plain[..., 1], 2.0, atol=1e-5) and np.allclose(even[..., 1], PACES[1].amount(2.0), atol=1e-5)


def test_a_show_says_where_it_rests() -> None:
    layout = Layout(controls((VoiceSpec(motion=MotionSpec(even_faders=0.5)),), INFO, BANK.names))
    assert layout.defaults[layout.index("/motion/even_faders")] == 0.5
    with pytest.raises(ShowError, match="even_faders = 2"):
        MotionSpec(even_faders=2.0)


def test_controls_say_their_safe_range() -> None:
    rows = {c.address: c for c in controls((VoiceSpec(),), INFO, ("a", "b"), safe={"a": (-1.5, 2.25)})}
    assert rows["/direction/a"].about.endswith("safe from -1.5 to 2.25")
    assert rows["/direction/a"].low == rows["/direction/b"].low, "nothing is held back"
    assert "safe" not in rows["/direction/b"].about

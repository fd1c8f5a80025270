"""The signal that was touched is found among those that move by themselves."""

import math
import tomllib

from mappings.bus import Bus
from mappings.touch import Touch, Touched

STEP_S = 0.02


class Room:
    """A bus with a sound that never rests, a clock, a still fader, and beats."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.touch = Touch()
        self.now_s = 100.0
        self.bus.level("/midi/nano/1/cc/74", 0.5, 0.0)
        self.bus.level("/midi/nano/1/cc/75", 0.0, 0.0)

    def live(self, seconds: float) -> list[Touched]:
        found = []
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.bus.level("/audio/low", 0.5 + 0.5 * math.sin(self.now_s * 9.0), self.now_s)
            self.bus.level("/clock/saw", self.now_s % 1.0, self.now_s)
            if round(self.now_s / STEP_S) % 25 == 0:
                self.bus.post("/audio/onset", 1.0, self.now_s)
            touched = self.touch.look(self.bus.addresses, self.bus.read(), self.now_s)
            if touched is not None:
                found.append(touched)
        return found


def test_what_moves_by_itself_is_not_touched() -> None:
    room = Room()
    room.live(4.0)
    assert room.live(10.0) == []


def test_a_knob_turned_a_little_stands_out() -> None:
    room = Room()
    room.live(4.0)
    room.bus.level("/midi/nano/1/cc/74", 0.52, room.now_s)
    found = room.live(0.1)
    assert found and {touched.address for touched in found} == {"/midi/nano/1/cc/74"}


def test_a_signal_that_appears_was_just_touched() -> None:
    room = Room()
    room.live(4.0)
    room.bus.level("/osc/phone/tilt", 0.3, room.now_s)
    assert room.live(0.1)[0].address == "/osc/phone/tilt"


def test_two_touches_one_after_the_other_are_both_named() -> None:
    room = Room()
    room.live(4.0)
    room.bus.level("/midi/nano/1/cc/74", 0.6, room.now_s)
    first = room.live(2.0)
    room.bus.level("/midi/nano/1/cc/75", 0.1, room.now_s)
    second = room.live(0.2)
    assert (first[0].address, second[0].address) == ("/midi/nano/1/cc/74", "/midi/nano/1/cc/75")


def test_a_pad_is_an_event_and_the_beat_is_none() -> None:
    room = Room()
    room.live(4.0)
    room.bus.level("/midi/pads/10/note/36", 0.8, room.now_s)
    room.bus.post("/midi/pads/10/note/36", 0.8, room.now_s)
    room.bus.post("/midi/pads/10/velocity", 0.8, room.now_s)
    touched = room.live(STEP_S)[0]
    assert (touched.address, touched.kind) == ("/midi/pads/10/note/36", "event")


def test_nothing_is_named_before_it_has_listened() -> None:
    room = Room()
    room.bus.level("/osc/new", 1.0, 0.0)
    assert room.live(1.0) == []


def test_the_route_is_toml_to_start_from() -> None:
    level = tomllib.loads(Touched("/midi/x/1/cc/1", "level", 0.0, 1.0).route("/generator/psi"))["route"][0]
    assert level == {"from": "/midi/x/1/cc/1", "to": "/generator/psi", "range": [-2, 2]}
    wide = tomllib.loads(Touched("/osc/hz", "level", 20.0, 880.0).route())["route"][0]
    assert wide["shape"] == ["range 20 880"]
    event = tomllib.loads(Touched("/midi/x/1/note/36", "event", 0.0, 1.0).route())["route"][0]
    assert event == {"from": "/midi/x/1/note/36", "to": "/latent/next"}

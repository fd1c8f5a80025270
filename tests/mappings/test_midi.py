"""The MIDI source: ports that come and go, hands, lamps, floods."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.errors import SourceError
from mappings.midi.config import MidiConfig
from mappings.midi.drivers import Driver
from mappings.midi.names import matches, short, slug, stable
from mappings.sources.base import State
from mappings.sources.midi import WAITING, Midi
from tests.mappings.cable import Cable

NANO = "nanoKONTROL2:nanoKONTROL2 _ CTRL"
BLOOM = "/direction/bloom"


class Rig:
    """A source on a cable, polled by the test."""

    def __init__(self, cable: Cable, find: Callable[[str, str], Driver] | None = None, **config: Any) -> None:
        self.cable = cable
        self.bus = Bus()
        self.now_s = time.perf_counter()
        settings = {"virtual": "", "look_s": 0.01, **config}
        self.midi = Midi("midi", MidiConfig(**settings), find=find or (lambda api, client: cable))
        self.values = np.array([0.0])
        self.addresses = (BLOOM,)

    def poll(self, now_s: float | None = None) -> None:
        self.now_s = time.perf_counter() if now_s is None else now_s
        self.midi.poll(self.bus, self.now_s)
        self.midi.relax(self.bus, self.now_s)
        self.midi.feedback(self.addresses, self.values, self.bus, self.now_s)

    def until(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not done():
            assert time.monotonic() < deadline, f"{self.midi.state}: {self.midi.detail}"
            self.poll()
            time.sleep(0.002)

    def open(self) -> None:
        self.midi.open(self.bus, self.now_s)
        self.until(lambda: self.midi.state is State.OK)

    def level(self, address: str) -> float:
        slot = self.bus.find(address)
        assert slot is not None, f"no {address} among {self.bus.addresses}"
        return self.bus.value(slot)


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def build(cable: Cable, **rest: Any) -> Rig:
        rigs.append(Rig(cable, **rest))
        return rigs[-1]

    yield build
    for one in rigs:
        one.midi.close()


@pytest.mark.parametrize(
    ("full", "api", "name"),
    [
        ("nanoKONTROL2:nanoKONTROL2 _ CTRL 24:0", "alsa", "nanokontrol2_ctrl"),
        ("Launchpad Mini 1", "windows", "launchpad_mini"),
        (
            "a2j:nanoKONTROL2 [20] (capture): nanoKONTROL2 MIDI 1",
            "jack",
            "a2j_nanokontrol2_capture_nanokontrol2_midi_1",
        ),
        ("Seq:out", "jack", "seq_out"),
        ("MPK mini 3", "core", "mpk_mini_3"),
        ("鍵盤", "core", "port"),
    ],
)
def test_a_ports_name_in_addresses_has_no_numbers_of_the_driver(full: str, api: str, name: str) -> None:
    assert slug(stable(full, api)) == name


@pytest.mark.parametrize("pattern", ["*", "nano*", "NANOKONTROL2 NANOKONTROL2 _ ctrl", "nanokontrol2_ctrl", NANO])
def test_patterns_mean_a_port_in_any_case_and_either_form(pattern: str) -> None:
    assert matches(pattern, NANO)
    assert not matches("pads*", NANO)


def test_an_alias_names_a_port_and_a_second_one_is_numbered() -> None:
    aliases = {"nanoKONTROL2*": "nano"}
    assert short(NANO, aliases) == "nano"
    assert short(NANO, aliases, ["nano"]) == "nano_2"


@given(st.text(), st.text())
def test_no_name_breaks_the_naming(name: str, pattern: str) -> None:
    for api in ("alsa", "windows", "jack"):
        assert slug(stable(name, api)).replace("_", "a").isalnum()
    assert matches(pattern, name) in (True, False)


def test_importing_the_source_loads_no_midi_library() -> None:
    code = "import sys, mappings.sources.midi; sys.exit(bool({'mido', 'rtmidi', 'rtmidi2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_a_port_is_opened_by_pattern_and_its_messages_are_stamped(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO, "Other:out"])
    one = rig(cable, ports=["nano*"], names={"nano*": "nano"})
    one.open()
    assert list(cable.takes) == [NANO]
    cable.play(NANO, 0xB0, 74, 127, time_s=12.5)
    one.poll()
    assert one.level("/midi/nano/1/cc/74") == 1.0
    assert one.bus.stamps["midi"].count == 1 and one.bus.stamps["midi"].times_s[0] == 12.5


def test_a_missing_midi_system_is_said_in_plain_words_and_mended(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO])
    broken = threading.Event()

    def find(api: str, client: str) -> Driver:
        if not broken.is_set():
            raise SourceError("no MIDI here: /dev/snd/seq is missing")
        return cable

    one = rig(cable, find=find)
    one.midi.open(one.bus, 0.0)
    one.until(lambda: "seq" in one.midi.detail)
    assert one.midi.state is State.RETRYING
    broken.set()
    one.until(lambda: one.midi.state is State.OK)


def test_no_matching_port_is_waited_for(rig: Callable[..., Rig]) -> None:
    cable = Cable()
    one = rig(cable, ports=["nano*"])
    one.midi.open(one.bus, 0.0)
    one.until(lambda: "nano*" in one.midi.detail)
    assert one.midi.state is State.RETRYING
    cable.present_in.append(NANO)
    one.until(lambda: one.midi.state is State.OK)


def test_an_unplugged_port_holds_no_note_and_comes_back_by_name(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO])
    one = rig(cable, names={"nano*": "nano"})
    one.open()
    cable.play(NANO, 0x90, 60, 127)
    one.poll()
    assert one.level("/midi/nano/1/gate") == 1.0
    one.bus.read()
    cable.present_in.clear()
    one.until(lambda: one.midi.state is State.LOST)
    assert "nanoKONTROL2" in one.midi.detail
    assert one.level("/midi/nano/1/note/60") == one.level("/midi/nano/1/gate") == 0.0
    assert [event.address for event in one.bus.read().events] == ["/midi/nano/1/note/60/off"]
    cable.present_in.append(NANO)
    one.until(lambda: one.midi.state is State.OK)
    cable.play(NANO, 0xB0, 1, 127)
    one.poll()
    assert one.level("/midi/nano/1/cc/1") == 1.0


def test_only_the_lost_port_goes_to_rest(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO, "Pads:out"])
    one = rig(cable, when_lost="rest", rest_s=0.02, names={"nano*": "nano"})
    one.open()
    cable.play(NANO, 0xB0, 1, 127)
    cable.play("Pads:out", 0xB0, 1, 127)
    cable.present_in.remove(NANO)
    one.until(lambda: one.midi.state is State.LOST)
    one.until(lambda: one.level("/midi/nano/1/cc/1") < 0.01)
    assert one.level("/midi/pads_out/1/cc/1") == 1.0


def test_a_system_that_stops_is_reached_anew(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO])
    one = rig(cable)
    one.open()
    cable.runs = False
    one.until(lambda: one.midi.state is State.LOST)
    assert cable.closed and not cable.takes
    cable.runs = True
    one.until(lambda: one.midi.state is State.OK)


def test_our_own_ports_and_the_loop_back_are_left_alone(rig: Callable[..., Rig]) -> None:
    cable = Cable(["latenz-out:out", "Midi Through:Midi Through Port-0", NANO])
    one = rig(cable)
    one.open()
    assert list(cable.takes) == [NANO]
    named = rig(Cable(["Midi Through:Midi Through Port-0"]), ports=["midi through*"])
    named.open()


def test_other_programs_can_connect_to_our_own_port(rig: Callable[..., Rig]) -> None:
    cable = Cable()
    one = rig(cable, virtual="latenz")
    one.open()
    cable.play("latenz", 0xC0, 2)
    one.poll()
    assert one.level("/midi/latenz/1/program") == 3.0


def test_quiet_for_too_long_is_stale_only_where_asked_for(rig: Callable[..., Rig]) -> None:
    one = rig(Cable([NANO]), stale_s=5.0)
    one.midi.open(one.bus, one.now_s)
    one.until(lambda: one.midi.state is State.STALE)
    one.cable.play(NANO, 0xB0, 1, 1)
    states = []
    for later_s in (0.0, 4.0, 6.0):
        one.poll(one.now_s + later_s)
        states.append(one.midi.state)
    assert states == [State.OK, State.OK, State.STALE]


def test_ten_thousand_messages_at_once_are_taken_in_bounded_steps(rig: Callable[..., Rig]) -> None:
    one = rig(Cable([NANO]))
    one.open()
    one.cable.play(NANO, 0x90, 60, 100)
    for i in range(10_000):
        one.cable.play(NANO, 0xB0, i % 100, i % 128)
    for _ in range(WAITING // 512 + 1):
        one.poll()
    assert one.bus.stamps["midi"].count == WAITING
    assert one.midi.dropped["midi_overflow"] == 10_001 - WAITING
    assert one.level("/midi/nanokontrol2_ctrl/1/gate") == 0.0, "a note whose end may have been lost must not hang"


@given(data=st.lists(st.lists(st.integers(0, 255), max_size=6), max_size=30))
def test_no_bytes_from_a_driver_stop_the_source(data: list[list[int]]) -> None:
    one = Rig(Cable([NANO]))
    take = one.midi._taker("nano", NANO)
    for chunk in data:
        take(chunk, 0.0)
    one.poll()
    assert one.bus.stamps["midi"].count == len(data)


def test_a_ports_clock_leads_the_tempo_until_it_is_gone(rig: Callable[..., Rig]) -> None:
    one = rig(Cable([NANO]))
    one.open()
    start_s = one.now_s
    one.cable.play(NANO, 0xFA, time_s=start_s)
    for i in range(96):
        one.cable.play(NANO, 0xF8, time_s=start_s + i * 60 / 90 / 24)
    end_s = start_s + 95 * 60 / 90 / 24
    one.poll(end_s)
    one.bus.tempo.step(one.bus, end_s)
    assert one.bus.tempo.source == "midi"
    assert one.level("/midi/nanokontrol2_ctrl/clock/bpm") == pytest.approx(90.0, abs=1e-6)
    assert one.level("/midi/nanokontrol2_ctrl/clock/beats") == pytest.approx(95 / 24)
    assert "/midi/nanokontrol2_ctrl/start" in {event.address for event in one.bus.read().events}
    one.cable.present_in.clear()
    one.until(lambda: one.midi.state is State.LOST)
    one.bus.tempo.step(one.bus, end_s + 0.01)
    assert one.bus.tempo.source != "midi"


HAND = {"control": BLOOM, "port": "nano", "cc": 74, "range": [-2, 2]}


def test_a_hand_on_a_control_waits_until_it_meets_it(rig: Callable[..., Rig]) -> None:
    one = rig(Cable([NANO]), names={"nano*": "nano"}, control=[HAND])
    one.open()
    written = []
    for byte in (127, 100, 60, 70):
        one.cable.play(NANO, 0xB0, 74, byte)
        one.poll()
        written += [write.value for write in one.bus.take_writes()]
        one.values[0] = written[-1] if written else 0.0
    assert written == [pytest.approx(-2 + 4 * 60 / 127), pytest.approx(-2 + 4 * 70 / 127)]
    assert one.bus.writers == {BLOOM: "midi:nano/1"}


def test_turns_within_one_step_all_count(rig: Callable[..., Rig]) -> None:
    encoder = {"port": "nano", "cc": 74, "mode": "twos", "step": 0.01}
    one = rig(Cable([NANO]), names={"nano*": "nano"}, control=[HAND], encoder=[encoder])
    one.open()
    for _ in range(10):
        one.cable.play(NANO, 0xB0, 74, 1)
    one.poll()
    (write,) = one.bus.take_writes()
    assert write.value == pytest.approx(0.4)
    assert one.level("/midi/nano/1/cc/74") == pytest.approx(0.1)


def test_an_unknown_control_is_an_error_with_the_nearest_name() -> None:
    one = Rig(Cable(), control=[{"control": "/direction/blom", "cc": 1}])
    one.bus.controls = frozenset({BLOOM, "/generator/psi"})
    with pytest.raises(SourceError, match='no control "/direction/blom" in this show; did you mean "/direction/bloom"'):
        one.midi.open(one.bus, 0.0)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"control": [{"control": BLOOM}]}, "exactly one of cc, cc14 and note"),
        ({"feedback": [{"control": BLOOM, "cc": 1, "note": 2}]}, "exactly one of cc and note"),
        ({"feedback": [{"control": BLOOM, "cc": 1, "range": [1, 1]}]}, "no width"),
        ({"fourteen_bit": [33]}, "controllers 0 to 31"),
        ({"pikup": "jump"}, "Extra inputs"),
        ({"encoder": [{"cc": 1, "mode": "absolute"}]}, "signed2"),
    ],
)
def test_a_wrong_key_is_refused_with_what_is_allowed(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MidiConfig(**config)


LAMP = {"control": BLOOM, "port": "nano", "cc": 74, "range": [-2, 2]}


def lamps(one: Rig, *, at_s: float) -> None:
    one.midi.feedback(one.addresses, one.values, one.bus, at_s)


def test_a_lamp_gets_changes_only_and_again_after_the_port_comes_back(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO], [NANO])
    one = rig(cable, names={"nano*": "nano"}, feedback=[LAMP])
    one.values[0] = 2.0
    one.open()
    one.until(lambda: cable.sent)
    assert cable.sent[0][:2] == (NANO, tuple(mido.Message("control_change", control=74, value=127).bytes()))
    for _ in range(10):
        time.sleep(0.02)
        one.poll()
    assert len(cable.sent) == 1
    cable.present_out.clear()
    time.sleep(0.05)
    cable.present_out.append(NANO)
    one.until(lambda: len(cable.sent) == 2)


def test_a_lamp_is_sent_sixty_values_a_second_at_most(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO], [NANO])
    one = rig(cable, names={"nano*": "nano"}, feedback=[LAMP])
    one.open()
    one.until(lambda: cable.sent)
    cable.sent.clear()
    start_s = one.now_s + 1.0
    for i in range(500):
        one.values[0] = -2.0 + 4.0 * (i % 128) / 127
        lamps(one, at_s=start_s + i * 0.002)
        time.sleep(0.0005)
    time.sleep(0.1)
    assert 40 <= len(cable.sent) <= 61


def test_a_lamp_whose_knob_is_moved_is_left_alone_for_a_while(rig: Callable[..., Rig]) -> None:
    cable = Cable([NANO], [NANO])
    one = rig(cable, names={"nano*": "nano"}, feedback=[LAMP])
    one.open()
    one.until(lambda: cable.sent)
    cable.sent.clear()
    touched_s = one.now_s + 1.0
    cable.play(NANO, 0xB0, 74, 100, time_s=touched_s)
    one.midi.poll(one.bus, touched_s)
    one.values[0] = 1.0
    for i in range(14):
        lamps(one, at_s=touched_s + i * 0.02)
    time.sleep(0.05)
    assert not cable.sent
    lamps(one, at_s=touched_s + 0.4)
    one.until(lambda: cable.sent)
    assert cable.sent[-1][1][2] == 95


def test_a_lamp_on_a_note_is_a_note(rig: Callable[..., Rig]) -> None:
    cable = Cable([], ["Pads:in"])
    one = rig(cable, virtual="latenz", feedback=[{"control": BLOOM, "port": "pads*", "note": 36, "channel": 10}])
    one.values[0] = 1.0
    one.open()
    one.until(lambda: cable.sent)
    assert cable.sent[0][1] == (0x99, 36, 127)


def test_closing_twice_is_safe_and_ends_the_threads(rig: Callable[..., Rig]) -> None:
    one = rig(Cable([NANO], [NANO]), feedback=[{"control": BLOOM, "cc": 1}])
    one.open()
    one.midi.close()
    one.midi.close()
    assert not one.cable.takes
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("midi-")]

"""What MIDI bytes mean."""

from collections import Counter
from typing import Any

import mido
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.midi.decode import Decoder
from mappings.midi.encoders import Mode, turn
from mappings.midi.pairs import TOP, WAIT_S, Fourteen, Nrpn, Wide
from mappings.midi.rules import Encoder, Rules
from mappings.midi.stream import SYSEX_BYTES, Stream

MESSAGES = st.one_of(
    st.builds(
        mido.Message, st.sampled_from(["note_on", "note_off"]), channel=st.integers(0, 15), note=st.integers(0, 127)
    ),
    st.builds(mido.Message, st.just("control_change"), control=st.integers(0, 127), value=st.integers(0, 127)),
    st.builds(mido.Message, st.just("program_change"), program=st.integers(0, 127)),
    st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191)),
    st.builds(mido.Message, st.just("songpos"), pos=st.integers(0, 16383)),
    st.builds(mido.Message, st.just("sysex"), data=st.lists(st.integers(0, 127), max_size=9)),
    st.sampled_from([mido.Message(kind) for kind in ("clock", "start", "stop", "continue", "tune_request")]),
)


class Port:
    """A decoder and what came of it."""

    def __init__(self, **rules: Any) -> None:
        self.bus = Bus()
        self.beats: list[float] = []
        self.dropped: Counter[str] = Counter()
        self.decoder = Decoder(
            "/midi/x",
            self.bus,
            lambda address, unit: self.bus.slot(address, unit),
            Rules(**rules),
            lambda transport: self.beats.append(transport.beats),
            lambda key, byte, time_s: None,
            self.dropped,
        )

    def play(self, *data: int, time_s: float = 0.0) -> None:
        self.decoder.take(data, time_s)
        self.decoder.flush(time_s)

    def level(self, name: str) -> float:
        slot = self.bus.find(f"/midi/x/{name}")
        assert slot is not None, f"no {name} among {self.bus.addresses}"
        return self.bus.value(slot)

    def events(self) -> list[tuple[str, float]]:
        return [(event.address.removeprefix("/midi/x/"), event.value) for event in self.bus.read().events]


@given(st.lists(st.lists(st.integers(0, 255), max_size=12), max_size=20))
@example([[0xB0], [0x07], [0x40]])
@example([[0xF0, 1, 2], [3, 0xF8, 4], [0xF7]])
@example([[0x90, 60], [0xF8], [100, 61, 100]])
def test_no_bytes_at_all_make_it_raise(chunks: list[list[int]]) -> None:
    port = Port()
    for i, chunk in enumerate(chunks):
        port.play(*chunk, time_s=i * 0.01)
    port.decoder.release(1.0)
    levels = port.bus.read().levels
    assert all(
        -1.0 <= value <= 128.0 or "clock" in name for name, value in zip(port.bus.addresses, levels, strict=True)
    )


@given(st.lists(MESSAGES, max_size=20), st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_a_stream_cut_anywhere_gives_the_messages_mido_wrote(messages: list[mido.Message], cuts: list[int]) -> None:
    data = [byte for message in messages for byte in message.bytes()]
    stream, read = Stream(), []
    at = 0
    for cut in (*cuts, len(data)):
        read += [list(message) for message in stream.feed(data[at : at + cut])]
        at += cut
    assert read == [message.bytes() for message in messages]
    assert stream.stray == 0 and stream.resting


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), min_size=1, max_size=9))
def test_running_status_says_the_status_once(pairs: list[tuple[int, int]]) -> None:
    data = [0xB3, *(byte for pair in pairs for byte in pair)]
    assert list(Stream().feed(data)) == [(0xB3, *pair) for pair in pairs]


def test_a_real_time_byte_may_stand_inside_any_message() -> None:
    assert list(Stream().feed([0x90, 60, 0xF8, 100, 0xF0, 1, 0xFE, 2, 0xF7])) == [
        (0xF8,),
        (0x90, 60, 100),
        (0xFE,),
        (0xF0, 1, 2, 0xF7),
    ]


def test_a_cut_sysex_is_counted_and_what_cut_it_is_read() -> None:
    stream = Stream()
    assert list(stream.feed([0xF0, 1, 2, 0x80, 60, 0])) == [(0x80, 60, 0)]
    assert stream.stray == 1


def test_an_endless_sysex_does_not_grow_for_ever() -> None:
    stream = Stream()
    for _ in range(20):
        assert not list(stream.feed([1] * SYSEX_BYTES if _ else [0xF0]))
    assert len(next(stream.feed([0xF7]))) == SYSEX_BYTES + 1


def test_controllers_go_from_zero_to_one_on_channels_from_one() -> None:
    port = Port()
    port.play(0xB0, 74, 127)
    port.play(0xBF, 7, 0)
    assert port.level("1/cc/74") == 1.0
    assert port.level("16/cc/7") == 0.0


def test_a_controller_that_rises_past_half_is_a_button_pressed() -> None:
    port = Port()
    for byte in (10, 127, 127, 0, 64):
        port.play(0xB0, 41, byte)
    assert port.events() == [("1/cc/41", 1.0), ("1/cc/41", 64 / 127)]


def test_a_button_tapped_within_one_step_still_counts() -> None:
    port = Port()
    for byte in (127, 0):
        port.decoder.take((0xB0, 41, byte), 0.0)
    port.decoder.flush(0.0)
    assert port.events() == [("1/cc/41", 1.0)]
    assert port.level("1/cc/41") == 0.0


def test_a_flood_of_one_controller_is_one_value_a_step() -> None:
    port = Port()
    for i in range(1000):
        port.decoder.take((0xB0, 1, i % 128), 0.0)
    port.decoder.flush(0.0)
    slot = port.bus.find("/midi/x/1/cc/1")
    assert slot is not None and port.bus.counts[slot] == 1
    assert port.level("1/cc/1") == (999 % 128) / 127


def test_a_note_has_velocity_while_it_is_held() -> None:
    port = Port()
    port.play(0x91, 60, 127)
    assert [port.level(n) for n in ("2/note/60", "2/note", "2/velocity", "2/gate")] == [1.0, 60.0, 1.0, 1.0]
    assert port.events() == [("2/note/60", 1.0), ("2/velocity", 1.0)]
    port.play(0x91, 60, 0)
    assert [port.level(n) for n in ("2/note/60", "2/note", "2/velocity", "2/gate")] == [0.0, 60.0, 1.0, 0.0]
    assert port.events() == [("2/note/60/off", 1.0)]


def test_the_gate_closes_with_the_last_note() -> None:
    port = Port()
    port.play(0x90, 60, 1)
    port.play(0x90, 64, 1)
    port.play(0x80, 60, 0)
    assert port.level("1/gate") == 1.0
    port.play(0x80, 64, 0)
    assert port.level("1/gate") == 0.0


@pytest.mark.parametrize("ending", [(0xB0, 120, 0), (0xB0, 123, 0), (0xFF,)])
def test_all_notes_off_and_reset_end_every_note(ending: tuple[int, ...]) -> None:
    port = Port()
    port.play(0x90, 60, 100)
    port.play(*ending)
    assert port.level("1/note/60") == port.level("1/gate") == 0.0


def test_a_sender_that_stops_its_active_sensing_holds_no_note() -> None:
    port = Port()
    port.play(0xFE, time_s=0.0)
    port.play(0x90, 60, 100, time_s=0.1)
    port.decoder.flush(0.3)
    assert port.level("1/gate") == 1.0
    port.decoder.flush(0.6)
    assert port.level("1/gate") == 0.0


@pytest.mark.parametrize(("low", "high", "bend"), [(0, 0, -1.0), (0, 64, 0.0), (127, 127, 1.0)])
def test_bend_is_minus_one_to_one_with_the_middle_at_zero(low: int, high: int, bend: float) -> None:
    port = Port()
    port.play(0xE0, low, high)
    assert port.level("1/bend") == bend


def test_pressure_of_channel_and_key() -> None:
    port = Port()
    port.play(0xD0, 127)
    port.play(0xA0, 60, 127)
    assert port.level("1/pressure") == port.level("1/pressure/60") == 1.0


def test_a_program_change_chooses_the_show_where_there_is_that_control() -> None:
    port = Port()
    port.play(0xC0, 4)
    assert port.events() == [("1/program", 5.0)]
    assert not port.bus.take_writes()
    port.bus.controls = frozenset({"/show/select"})
    port.play(0xC0, 0)
    (write,) = port.bus.take_writes()
    assert (write.address, write.value, write.who) == ("/show/select", 1.0, "midi:x/1")
    quiet = Port(select_show=False)
    quiet.bus.controls = frozenset({"/show/select"})
    quiet.play(0xC0, 0)
    assert not quiet.bus.take_writes()


@given(st.integers(0, 31), st.integers(0, TOP))
def test_fourteen_bits_are_put_together_coarse_then_fine(cc: int, value: int) -> None:
    pair = Fourteen({cc})
    assert pair.take(cc, value >> 7, 0.0) is None
    assert pair.take(cc + 32, value & 127, 0.001) == Wide("cc14", cc, value / TOP)
    assert pair.late(1.0) == []


def test_a_fine_byte_that_does_not_come_counts_as_zero() -> None:
    pair = Fourteen({1})
    pair.take(1, 64, 0.0)
    assert pair.late(WAIT_S / 2) == []
    assert pair.late(WAIT_S) == [Wide("cc14", 1, (64 << 7) / TOP)]


def test_fourteen_bit_controllers_are_found_by_what_arrives() -> None:
    port = Port()
    for value in (0, 5000, TOP):
        port.play(0xB0, 3, value >> 7)
        port.play(0xB0, 35, value & 127)
    assert port.level("1/cc14/3") == 1.0
    plain = Port()
    for cc in (3, 4, 35, 3, 5, 35):
        plain.play(0xB0, cc, 64)
    assert plain.bus.find("/midi/x/1/cc14/3") is None


def nrpn(port: Port, *pairs: tuple[int, int]) -> None:
    for cc, byte in pairs:
        port.play(0xB0, cc, byte)


def test_an_nrpn_is_chosen_set_stepped_and_let_go() -> None:
    port = Port()
    nrpn(port, (99, 2), (98, 10), (6, 64), (38, 1))
    assert port.level("1/nrpn/266") == ((64 << 7) | 1) / TOP
    nrpn(port, (96, 0), (96, 0), (97, 0))
    assert port.level("1/nrpn/266") == ((64 << 7) | 2) / TOP
    nrpn(port, (99, 127), (98, 127), (6, 0), (38, 0), (96, 0))
    assert port.level("1/nrpn/266") == ((64 << 7) | 2) / TOP


def test_an_nrpn_without_fine_bytes_reaches_one() -> None:
    port = Port()
    nrpn(port, (99, 0), (98, 5), (6, 127))
    port.decoder.flush(1.0)
    assert port.level("1/nrpn/5") == 1.0
    nrpn(port, (96, 0))
    assert port.level("1/nrpn/5") == 1.0


def test_data_for_a_registered_parameter_are_not_taken_for_ours() -> None:
    port = Port()
    nrpn(port, (99, 0), (98, 5), (101, 0), (100, 0), (6, 127), (38, 1))
    assert port.bus.find("/midi/x/1/nrpn/5") is None


@given(st.integers(0, 127), st.integers(0, 127), st.lists(st.sampled_from([6, 38, 96, 97]), max_size=20), st.data())
def test_an_nrpn_never_leaves_its_range(high: int, low: int, ccs: list[int], data: st.DataObject) -> None:
    parameter = Nrpn()
    parameter.take(99, high, 0.0)
    parameter.take(98, low, 0.0)
    for cc in ccs:
        wide = parameter.take(cc, data.draw(st.integers(0, 127)), 0.0)
        assert wide is None or 0.0 <= wide.position <= 1.0
    assert all(0.0 <= wide.position <= 1.0 for wide in parameter.late(1.0))


@pytest.mark.parametrize(
    ("mode", "right", "left"),
    [
        # one detent and the fastest turn, from the tables of Live's manual
        (Mode.SIGNED, {1: 1, 64: 64}, {65: -1, 127: -63}),
        (Mode.SIGNED2, {65: 1, 127: 63}, {1: -1, 64: -64}),
        (Mode.OFFSET, {65: 1, 127: 63}, {63: -1, 1: -63}),
        (Mode.TWOS, {1: 1, 64: 64}, {127: -1, 65: -63}),
    ],
)
def test_encoder_bytes_are_turns(mode: Mode, right: dict[int, int], left: dict[int, int]) -> None:
    assert {byte: turn(mode, byte) for byte in (*right, *left)} == right | left
    assert turn(mode, 0) == 0


@given(st.sampled_from(Mode), st.lists(st.integers(0, 127), max_size=60))
def test_an_encoder_adds_up_to_a_level_within_zero_and_one(mode: Mode, turns: list[int]) -> None:
    port = Port(encoders={"1/cc/16": Encoder(mode, 0.01)})
    expected = 0.0
    for byte in turns:
        port.play(0xB0, 16, byte)
        expected = min(1.0, max(0.0, expected + 0.01 * turn(mode, byte)))
    if turns:
        assert port.level("1/cc/16") == pytest.approx(expected, abs=1e-12)


def test_a_full_bus_is_no_reason_to_raise() -> None:
    port = Port()
    for i in range(3000):
        port.bus.slot(f"/osc/{i}")
    for data in ((0xB0, 7, 127), (0x90, 60, 100), (0xE0, 0, 0), (0xC0, 1), (0xF8,)):
        port.play(*data)
    assert port.bus.dropped["bus_full"] > 0

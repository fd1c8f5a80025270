"""The reader of OSC packets: the bytes of the spec, python-osc as oracle, and whatever else may arrive."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from mappings.osc.packet import (
    IMMEDIATELY,
    MAX_ARGUMENTS,
    MAX_BUNDLED,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_MESSAGES,
    MAX_PACKET,
    Argument,
    Colour,
    Message,
    MidiBytes,
    Packet,
    Reader,
)
from tests.mappings.osc_packets import bundle, message, packets

SPEC = packets("spec.txt")
MALFORMED = packets("malformed.txt")
PLAIN = message("/a", 0.5)


def read(data: bytes) -> Packet:
    return Reader().read(data)


def only(data: bytes) -> Message:
    packet = read(data)
    assert packet.faults == 0, packet.why
    (found,) = packet.messages
    return found


def test_the_first_example_of_the_spec_is_read() -> None:
    assert only(SPEC["oscillator"]) == Message("/oscillator/4/frequency", "f", (440.0,))


def test_the_second_example_of_the_spec_is_read() -> None:
    found = only(SPEC["foo"])
    assert (found.address, found.tags) == ("/foo", "iisff")
    assert found.args[:3] == (1000, -1, "hello")
    assert found.args[3:] == pytest.approx((1.234, 5.678))


def test_an_int_after_a_char_is_aligned() -> None:
    assert only(SPEC["char_int"]).args == ("A", 7)


def test_every_type_of_the_spec_is_read() -> None:
    found = only(SPEC["all"])
    assert found.tags == "ifhdtcrmTFNI[i]sSb"
    assert found.args == (
        *(1, 0.5, -2, 0.25, 1, "z", Colour(255, 128, 0, 64), MidiBytes(0, 0x90, 60, 100)),
        *(True, False, None, True, 9, "hi", "Sym", b"\1\2\3"),
    )


def test_a_bundle_brings_its_messages_in_order() -> None:
    packet = read(SPEC["bundle"])
    assert [found.address for found in packet.messages] == ["/oscillator/4/frequency", "/foo"]
    assert packet.faults == 0


def test_an_empty_bundle_is_no_fault() -> None:
    assert read(SPEC["empty_bundle"]) == Packet([])


def test_a_message_without_type_tags_is_told_from_a_bang() -> None:
    assert only(SPEC["untagged_bang"]) == Message("/bang", "", ())
    assert only(SPEC["untagged_float"]) == Message("/a", None, ())


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_packet_is_one_fault_with_a_reason(name: str) -> None:
    packet = read(MALFORMED[name])
    assert packet.messages == []
    assert packet.faults == 1
    assert packet.why


@pytest.mark.parametrize("name", [name for name in MALFORMED if name != "not_a_multiple_of_four"])
def test_a_malformed_element_leaves_its_neighbours_alone(name: str) -> None:
    packet = read(bundle(PLAIN, MALFORMED[name], PLAIN))
    assert [found.args for found in packet.messages] == [(0.5,), (0.5,)]
    assert packet.faults == 1


def test_a_size_that_makes_no_sense_ends_its_own_bundle_only() -> None:
    broken = bundle(PLAIN) + struct.pack(">i", -4) + PLAIN
    packet = read(bundle(PLAIN, broken, PLAIN))
    assert len(packet.messages) == 3
    assert packet.faults == 1
    assert "-4 bytes" in packet.why


def test_bundles_are_read_to_a_depth_and_no_deeper() -> None:
    nested = PLAIN
    for _ in range(MAX_DEPTH):
        nested = bundle(nested)
    assert len(read(nested).messages) == 1
    assert read(bundle(nested)) == Packet([], 1, f"bundles nested deeper than {MAX_DEPTH}")


def test_a_packet_of_a_thousand_nested_bundles_is_one_fault() -> None:
    nested = PLAIN
    for _ in range(1000):
        nested = bundle(nested)
    assert read(nested).faults == 1


def test_elements_and_messages_are_bounded() -> None:
    assert len(read(bundle(*[PLAIN] * MAX_ELEMENTS)).messages) == MAX_ELEMENTS
    wide = read(bundle(*[PLAIN] * (MAX_ELEMENTS + 1)))
    assert (len(wide.messages), wide.faults) == (MAX_ELEMENTS, 1)
    full = read(bundle(*[bundle(*[PLAIN] * 200)] * 10))
    assert (len(full.messages), full.faults) == (MAX_MESSAGES, 1)


def test_the_arguments_of_a_packet_are_bounded() -> None:
    long = b"/a\0\0," + b"T" * 250 + b"\0\0\0\0\0"
    packet = read(bundle(*[long] * 100))
    assert packet.faults == 1
    assert sum(len(found.args) for found in packet.messages) < MAX_BUNDLED + MAX_ARGUMENTS


def test_size_and_arguments_are_bounded() -> None:
    assert read(b"/" + b"a" * MAX_PACKET + b"\0" * 3).faults == 1
    assert len(only(b"/a\0\0," + b"T" * (MAX_ARGUMENTS - 1) + b"\0" * 4).args) == MAX_ARGUMENTS - 1
    assert read(b"/a\0\0," + b"T" * (MAX_ARGUMENTS + 2) + b"\0").faults == 1


def test_an_inner_bundle_inherits_the_time_it_does_not_give() -> None:
    inner = bundle(PLAIN, timetag=7 << 32)
    packet = read(bundle(PLAIN, bundle(PLAIN), inner, timetag=5 << 32))
    assert [found.timetag >> 32 for found in packet.messages] == [5, 5, 7]
    assert only(PLAIN).timetag == IMMEDIATELY


def test_what_is_remembered_of_one_message_does_not_leak_into_the_next() -> None:
    reader = Reader()
    for _ in range(2):
        assert reader.read(message("/a", 0.5)).messages[0].args == (0.5,)
        assert reader.read(message("/a", 3)).messages[0].args == (3,)
        assert reader.read(message("/a", 3, "x")).messages[0].args == (3, "x")
        assert reader.read(message("/a", 0.5)[:-4]).faults == 1


def _value(tag: str) -> st.SearchStrategy[object]:
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
    byte = st.integers(0, 255)
    return {
        "i": st.integers(-(2**31), 2**31 - 1),
        "h": st.integers(-(2**63), 2**63 - 1),
        "f": st.floats(width=32),
        "d": st.floats(),
        "s": text,
        "b": st.binary(min_size=1, max_size=40),
        "r": st.integers(0, 2**32 - 1),
        "m": st.tuples(byte, byte, byte, byte),
        "T": st.just(True),
        "F": st.just(False),
        "N": st.none(),
    }[tag]


_tagged = st.sampled_from("ihfdsbrmTFN").flatmap(lambda tag: st.tuples(st.just(tag), _value(tag)))


def _as_python_osc(arg: Argument) -> object:
    if isinstance(arg, Colour):
        return int.from_bytes(bytes(arg))
    return tuple(arg) if isinstance(arg, MidiBytes) else arg


@given(st.lists(_tagged, max_size=12))
def test_python_osc_and_we_read_the_same(pairs: list[tuple[str, object]]) -> None:
    tags = "".join(tag for tag, _ in pairs)
    data = message("/some/thing", *(value for _, value in pairs), tags=tags)
    found = only(data)
    assert found.tags == tags
    theirs = OscMessage(data).params
    assert len(found.args) == len(theirs)
    for tag, ours, other in zip(tags, found.args, theirs, strict=True):
        if tag in "fd" and math.isnan(other):
            assert isinstance(ours, float) and math.isnan(ours)
        else:
            assert _as_python_osc(ours) == (tuple(other) if tag == "m" else other)


def test_arrays_are_flat_and_keep_their_brackets_in_the_tags() -> None:
    found = only(message("/a", 1, [2, [3.0, "x"]], 4))
    assert found == Message("/a", "i[i[fs]]i", (1, 2, 3.0, "x", 4))


def _check(packet: Packet) -> None:
    assert len(packet.messages) <= MAX_MESSAGES
    assert (packet.faults > 0) == bool(packet.why)
    for found in packet.messages:
        assert found.address.startswith("/")
        assert len(found.args) == len((found.tags or "").translate(str.maketrans("", "", "[]")))


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_counted(data: bytes) -> None:
    packet = read(data)
    _check(packet)
    assert packet.messages or packet.faults or data.startswith(b"#bundle\0")


@given(st.binary(max_size=400).map(lambda data: data + b"\0" * (-len(data) % 4)))
def test_any_bundle_of_any_bytes_is_bounded(data: bytes) -> None:
    _check(read(b"#bundle\0\0\0\0\0\0\0\0\1" + data))
    _check(read(bundle(data, PLAIN)))


@given(
    st.sampled_from([*SPEC.values(), bundle(bundle(SPEC["all"]), SPEC["foo"], bundle(SPEC["bundle"]))]),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([0, 1, 4, 0x2C, 0x7F, 0x80, 0xFC, 0xFF])), max_size=8),
    st.integers(0, 40),
)
def test_good_packets_gone_bad_are_bounded(data: bytes, bytes_set: list[tuple[int, int]], words_cut: int) -> None:
    mutated = bytearray(data[: max(len(data) - 4 * words_cut, 4)])
    for at, value in bytes_set:
        mutated[at % len(mutated)] = value
    reader = Reader()
    packet = reader.read(bytes(mutated))
    _check(packet)
    assert reader.read(bytes(mutated)).faults == packet.faults
    assert reader.read(PLAIN).messages == [Message("/a", "f", (0.5,))]

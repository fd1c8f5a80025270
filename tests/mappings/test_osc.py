"""The OSC source: sockets, signals, controls, time tags, bounds, and what it does when a port is lost."""

import math
import socket
import struct
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.bus import Bus, Write
from mappings.errors import SourceError
from mappings.osc.addressees import PATTERNS, PATTERNS_PER_STEP, SIGNALS, WRITES_PER_STEP
from mappings.osc.config import OscConfig
from mappings.osc.tcp import CONNECTIONS
from mappings.osc.timetag import timetag
from mappings.osc.udp import Datagram, Peer
from mappings.sources import source_class
from mappings.sources.base import State
from mappings.sources.osc import PACKETS_PER_STEP, Osc
from tests.conftest import missing
from tests.mappings.osc_packets import bundle, message, packets
from tests.mappings.osc_rig import Rig


@pytest.fixture
def rigs() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**keys: object) -> Rig:
        made.append(Rig(OscConfig.model_validate({"port": 0, **keys})))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture
def rig(rigs: Callable[..., Rig]) -> Rig:
    return rigs()


# What messages mean


def test_the_table_of_sources_leads_here() -> None:
    assert source_class("osc") is Osc


def test_any_address_is_a_signal_and_an_event(rig: Rig) -> None:
    rig.play(message("/fader/1", 0.25), message("/xy", 0.5, 0.75))
    assert rig.levels() == {"/osc/fader/1": 0.25, "/osc/xy": 0.5, "/osc/xy/2": 0.75}
    rig.play(message("/fader/1", 0.5), message("/bang"))
    assert rig.events() == [("/osc/fader/1", 0.5), ("/osc/bang", 1.0)]
    assert rig.osc.state is State.OK


def test_text_triggers_but_has_no_level(rig: Rig) -> None:
    rig.play(message("/scene", "red"))
    assert rig.bus.addresses == []
    assert rig.events() == [("/osc/scene", 1.0)]
    assert rig.osc.dropped == {"osc_not_numeric": 1}


def test_a_controls_address_is_a_hand_on_the_control(rig: Rig) -> None:
    rig.play(message("/direction/bloom", 0.5), message("/direction/bloom/release"), message("/latent/next"))
    first, *rest = rig.bus.take_writes()
    assert first == Write("/direction/bloom", 0.5, first.time_s, rig.who)
    assert [(write.address, write.value) for write in rest] == [("/direction/bloom/release", 1), ("/latent/next", 1)]
    assert rig.bus.addresses == []
    assert rig.events() == []


def test_any_message_releases_but_a_button_that_comes_up(rig: Rig) -> None:
    rig.play(*(message("/generator/psi/release", *args) for args in ((), (0.3,), ("now",), (0.0,), (False,))))
    assert rig.writes() == [("/generator/psi/release", 1.0)] * 3


def test_text_does_not_move_a_control(rig: Rig) -> None:
    rig.play(message("/generator/psi", "high"), message("/generator/psi", None))
    assert rig.writes() == []
    assert rig.osc.dropped == {"osc_not_numeric": 1}


def test_a_released_control_has_no_writer(rig: Rig) -> None:
    rig.play(message("/direction/bloom", 0.5))
    assert rig.bus.writers["/direction/bloom"] == rig.who
    rig.play(message("/direction/bloom/release"))
    assert "/direction/bloom" not in rig.bus.writers


def test_a_pattern_moves_every_control_it_fits(rig: Rig) -> None:
    rig.play(message("/direction/*", 0.5), message("/{generator,motion}/ps?", 0.75), message("/direction/b*/release"))
    assert rig.writes() == [
        ("/direction/bloom", 0.5),
        ("/direction/stripes", 0.5),
        ("/generator/psi", 0.75),
        ("/direction/bloom/release", 1.0),
    ]


def test_a_pattern_that_fits_nothing_is_counted_and_makes_no_signal(rig: Rig) -> None:
    rig.play(message("/nothing/*", 0.5), message("/nothing/*", 0.5), message("/nothing/[", 0.5))
    assert rig.writes() == []
    assert rig.bus.addresses == []
    assert rig.osc.dropped == {"osc_no_match": 3, "osc_malformed": 1}


def test_new_patterns_are_bounded_and_tried_again_later(rig: Rig) -> None:
    sent = [message("/direction/" + "?" * n, 0.5) for n in range(1, PATTERNS + 4)]
    rig.play(*sent)
    assert rig.osc.dropped["osc_patterns_overflow"] == 3
    for _ in range(math.ceil(3 / PATTERNS_PER_STEP) + 1):
        rig.step()
    rig.play(*sent)
    assert rig.osc.dropped["osc_patterns_overflow"] == 3


def test_the_writes_of_one_step_are_bounded(rig: Rig) -> None:
    rig.bus.controls = frozenset(f"/direction/{number}" for number in range(300))
    rig.play(*[message("/direction/*", 0.5)] * 4)
    assert len(rig.writes()) == WRITES_PER_STEP
    assert rig.osc.dropped == {"osc_writes_overflow": 1200 - WRITES_PER_STEP}


def test_the_controls_of_a_new_show_are_taken_up(rig: Rig) -> None:
    rig.play(message("/motion/damping", 0.5), message("/*/damping", 0.5))
    assert rig.writes() == []
    rig.bus.controls = frozenset({"/motion/damping"})
    rig.play(message("/motion/damping", 0.75), message("/*/damping", 0.5))
    assert rig.writes() == [("/motion/damping", 0.75), ("/motion/damping", 0.5)]


def test_the_receive_time_is_the_kernels(rig: Rig) -> None:
    rig.play(message("/a", 0.0))
    time.sleep(0.05)  # the kernel starts to keep times a moment after it is asked to
    before_s = time.perf_counter()
    rig.send(message("/a", 1.0))
    sent_s = time.perf_counter()
    time.sleep(0.05)
    rig.step()
    stamps = rig.bus.stamps["osc"]
    assert stamps.count == 2
    assert stamps.times_s[1] == rig.bus.read().times_s[0]
    latest_s = sent_s if rig.osc._udp is not None and rig.osc._udp.tells else time.perf_counter()
    assert before_s - 0.005 < stamps.times_s[1] < latest_s + 0.005


# What is refused


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e305])
def test_what_is_not_finite_is_refused_and_the_old_value_stays(rig: Rig, number: float) -> None:
    rig.play(message("/a", 0.5))
    rig.events()
    rig.play(message("/a", number, tags="d"), message("/a", 0.1, number, tags="dd"))
    rig.play(message("/generator/psi", number, tags="d"))
    assert rig.levels() == {"/osc/a": 0.5}
    assert rig.events() == []
    assert rig.writes() == []
    assert rig.osc.dropped == {"osc_nonfinite": 3}


def test_malformed_packets_are_counted_and_the_show_goes_on(rig: Rig) -> None:
    malformed = packets("malformed.txt")
    rig.play(*malformed.values(), message("/a", 0.5))
    assert rig.levels() == {"/osc/a": 0.5}
    assert rig.osc.dropped == {"osc_malformed": len(malformed)}
    assert rig.osc.state is State.OK


def test_faults_are_told_at_most_once_a_second(rig: Rig) -> None:
    rig.send(b"one", b"three", b"12345")
    rig.step(100.0)
    assert "127.0.0.1 sent a packet of 3 bytes" in rig.osc.detail
    rig.send(b"1234567")
    rig.step(100.9)
    assert "3 bytes" in rig.osc.detail
    rig.send(b"1234567")
    rig.step(101.0)
    assert "7 bytes" in rig.osc.detail


def test_arguments_without_type_tags_are_counted(rig: Rig) -> None:
    rig.play(packets("spec.txt")["untagged_float"], packets("spec.txt")["untagged_bang"])
    assert rig.osc.dropped == {"osc_untyped": 1}
    assert rig.events() == [("/osc/bang", 1.0)]


@given(st.lists(st.binary(max_size=200), max_size=PACKETS_PER_STEP - 1))
def test_nothing_that_is_sent_raises(datagrams: list[bytes]) -> None:
    rig = Rig(OscConfig(port=0))
    try:
        rig.play(*datagrams, message("/latent/next"))
        assert rig.writes()[-1] == ("/latent/next", 1.0)
        assert rig.osc.state is State.OK
    finally:
        rig.close()


def test_at_most_forty_packets_are_read_in_one_step(rig: Rig) -> None:
    rig.send(*[message("/a", 1.0)] * 100)
    for expected in (40, 80, 100, 100):
        rig.step()
        assert rig.bus.stamps["osc"].count == expected


def test_what_the_kernel_had_no_room_for_is_counted(rig: Rig) -> None:
    if rig.osc._udp is None or not rig.osc._udp.tells:
        missing("this kernel does not tell what it dropped")
    sent = 400
    for _ in range(sent):
        rig.send(message("/a", "x" * 60000))
    for _ in range(sent // PACKETS_PER_STEP + 1):
        rig.step()
    rig.play(message("/b"))
    assert rig.osc.dropped["osc_overrun"] > 0
    assert rig.osc.dropped["osc_overrun"] + rig.bus.stamps["osc"].count == sent + 1
    assert "more came than could be read" in rig.osc.detail


def test_a_step_stops_reading_when_packets_hold_many_messages(rig: Rig) -> None:
    rig.send(*[bundle(*[message("/a", 1.0, 2.0)] * 100)] * 4)  # 300 each
    rig.step()
    assert rig.bus.stamps["osc"].count == 200
    rig.step()
    assert rig.bus.stamps["osc"].count == 400
    rig.send(*[bundle(*[b"spam"] * 200)] * 4)
    rig.step()
    assert rig.osc.dropped["osc_malformed"] == 600


def test_a_sender_cannot_fill_the_bus_with_names(rig: Rig) -> None:
    for first in range(0, SIGNALS + 80, PACKETS_PER_STEP):
        rig.play(*(message(f"/a/{number}", 1.0) for number in range(first, first + PACKETS_PER_STEP)))
        rig.bus.read()
    assert len(rig.bus.addresses) == SIGNALS
    assert rig.osc.dropped["osc_signals_full"] >= 80 - PACKETS_PER_STEP
    rig.play(message("/a/3", 0.5))
    assert rig.levels()["/osc/a/3"] == 0.5


# Time tags


def test_a_bundle_ahead_waits_for_its_time_and_no_longer(rig: Rig) -> None:
    now_s = time.perf_counter()
    offset_s = rig.osc._clock.offset_s
    tag = timetag(now_s + offset_s + 0.5)
    rig.send(bundle(message("/late", 1.0), timetag=tag), message("/soon", 1.0))
    rig.step(now_s)
    assert rig.events() == [("/osc/soon", 1.0)]
    rig.step(now_s + 0.499)
    assert rig.events() == []
    rig.step(now_s + 0.5001)
    (event,) = rig.bus.read().events
    assert event.address == "/osc/late"
    assert event.time_s == pytest.approx(now_s + 0.5, abs=1e-5)


def test_bundles_are_played_in_the_order_of_their_times(rig: Rig) -> None:
    now_s = time.perf_counter()
    wall_s = now_s + rig.osc._clock.offset_s
    for wait_s, name in ((1.5, "/third"), (0.5, "/first"), (1.0, "/second")):
        rig.send(bundle(message(name), timetag=timetag(wall_s + wait_s)))
    rig.step(now_s)
    assert rig.events() == []
    rig.step(now_s + 1.9)
    assert [address for address, _ in rig.events()] == ["/osc/first", "/osc/second", "/osc/third"]


@pytest.mark.parametrize("wait_s", [-3600.0, -0.1, 2.1, 86400.0, 1e9])
def test_a_time_that_is_past_or_far_counts_as_now(rig: Rig, wait_s: float) -> None:
    rig.play(bundle(message("/a"), timetag=timetag(time.time() + wait_s)))
    assert rig.events() == [("/osc/a", 1.0)]


@pytest.mark.parametrize("tag", [0, 1, 2**32, 2**63, 2**64 - 1])
def test_a_time_that_makes_no_sense_counts_as_now(rig: Rig, tag: int) -> None:
    rig.play(bundle(message("/a"), timetag=tag))
    assert rig.events() == [("/osc/a", 1.0)]


# TCP


def test_tcp_packets_come_whole_however_they_are_cut(rigs: Callable[..., Rig]) -> None:
    rig = rigs(tcp_port=0)
    sized = b"".join(struct.pack(">i", len(data)) + data for data in (message("/a", 0.5), message("/b", 0.25, "x")))
    with socket.create_connection(("127.0.0.1", rig.osc.tcp_port)) as stream:
        for byte in sized:
            stream.send(bytes([byte]))
            rig.step()
        rig.until(lambda: len(rig.bus.addresses) == 2)
    assert rig.levels() == {"/osc/a": 0.5, "/osc/b": 0.25}


def test_tcp_senders_who_connect_send_and_leave_are_heard(rigs: Callable[..., Rig]) -> None:
    rig = rigs(tcp_port=0)
    data = message("/latent/next")
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", rig.osc.tcp_port)) as stream:
            stream.sendall(struct.pack(">i", len(data)) + data)
    rig.until(lambda: rig.bus.stamps["osc"].count == 5)
    rig.until(lambda: rig.osc._tcp is not None and len(rig.osc._tcp) == 0)
    assert rig.osc.dropped == {}


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (struct.pack(">i", -4), "-4 bytes"),
        (struct.pack(">i", 0), "0 bytes"),
        (struct.pack(">i", 6), "6 bytes"),
        (struct.pack(">i", 1 << 30), "1073741824 bytes"),
        (b"\xc0/a\0\0", "SLIP"),
    ],
)
def test_a_tcp_stream_whose_sizes_make_no_sense_is_closed(rigs: Callable[..., Rig], start: bytes, reason: str) -> None:
    rig = rigs(tcp_port=0)
    with socket.create_connection(("127.0.0.1", rig.osc.tcp_port)) as stream:
        stream.sendall(start)
        rig.until(lambda: rig.osc.dropped["osc_malformed"] == 1)
        stream.settimeout(5)
        assert stream.recv(1) == b""
    assert reason in rig.osc.detail
    assert rig.osc.state is State.OK


def test_when_too_many_connect_the_longest_silent_one_goes(rigs: Callable[..., Rig]) -> None:
    rig = rigs(tcp_port=0)
    data = message("/a", 1.0)
    streams = []
    for _ in range(CONNECTIONS + 3):
        streams.append(socket.create_connection(("127.0.0.1", rig.osc.tcp_port)))
        rig.step()
    rig.until(lambda: rig.osc.dropped["osc_connections_full"] == 3)
    streams[-1].sendall(struct.pack(">i", len(data)) + data)
    rig.until(lambda: rig.bus.stamps["osc"].count == 1)
    for stream in streams:
        stream.close()


def test_a_tcp_flood_leaves_half_of_each_step_to_udp(rigs: Callable[..., Rig]) -> None:
    rig = rigs(tcp_port=0)
    data = message("/tcp")
    with socket.create_connection(("127.0.0.1", rig.osc.tcp_port)) as stream:
        stream.sendall((struct.pack(">i", len(data)) + data) * 200)
        rig.send(*[message("/udp")] * 100)
        rig.until(lambda: rig.bus.stamps["osc"].count == 300)
        counts = rig.events()
    assert sum(address == "/osc/tcp" for address, _ in counts) == 200


# Ports, permission, silence


def test_a_port_in_use_is_an_error_that_says_what_to_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        osc = Osc("tablet", OscConfig(port=port))
        with pytest.raises(SourceError) as caught:
            osc.open(Bus(), 0.0)
        osc.close()
    text = str(caught.value)
    assert text.startswith(f"[sources.tablet]: UDP port {port} at 127.0.0.1 is in use by another program;")
    assert "--osc HOST:PORT" in text


def test_a_tcp_port_in_use_gives_the_udp_port_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        osc = Osc("osc", OscConfig(port=0, tcp_port=other.getsockname()[1]))
        with pytest.raises(SourceError, match="TCP port"):
            osc.open(Bus(), 0.0)
        osc.close()


def test_an_interface_that_is_not_there_is_waited_for() -> None:
    osc = Osc("osc", OscConfig(host="192.0.2.1", port=0))
    bus = Bus()
    osc.open(bus, 0.0)
    assert osc.state is State.RETRYING
    assert "trying again" in osc.detail
    waits = []
    for step in range(20000):  # 40 s
        tried_s = osc._retry_s
        osc.poll(bus, step * 0.002)
        if osc._retry_s != tried_s:
            waits.append(round(osc._retry_s - step * 0.002, 1))
    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 8.0]
    osc.close()


def test_a_socket_that_fails_is_opened_again_at_the_same_port(rig: Rig) -> None:
    assert rig.osc._udp is not None
    rig.osc._udp.close()
    now_s = time.perf_counter()
    rig.step(now_s)
    assert rig.osc.state is State.RETRYING
    rig.step(now_s + 1)
    assert rig.osc.state.value == "OK"
    rig.play(message("/a", 0.5))
    assert rig.levels() == {"/osc/a": 0.5}


def test_only_senders_in_allow_are_heard(rigs: Callable[..., Rig]) -> None:
    rig = rigs(host="0.0.0.0", allow=["10.1.0.0/16", "192.168.1.20"])
    allowed = {ip: rig.osc._is_allowed(ip) for ip in ("10.1.2.3", "192.168.1.20", "192.168.1.21", "127.0.0.1")}
    assert allowed == {"10.1.2.3": True, "192.168.1.20": True, "192.168.1.21": False, "127.0.0.1": True}
    rig.play(message("/a", 0.5))
    assert rig.levels() == {"/osc/a": 0.5}
    assert rig.osc._addressees is not None
    stranger = Datagram(message("/a", 0.75), Peer("192.168.1.21", 5000), 0.0)
    rig.osc._take(stranger, rig.osc._addressees, rig.bus, 0.0)
    assert rig.levels() == {"/osc/a": 0.5}
    assert rig.osc.dropped == {"osc_refused": 1}


def test_silence_is_no_fault_unless_the_show_says_so(rigs: Callable[..., Rig]) -> None:
    quiet, watched = rigs(), rigs(stale_s=5.0)
    now_s = time.perf_counter()
    for rig in (quiet, watched):
        rig.step(now_s + 4)
        assert rig.osc.state is State.OK
        rig.step(now_s + 6)
    assert (quiet.osc.state, watched.osc.state) == (State.OK, State.STALE)
    watched.send(message("/a"))
    watched.step(now_s + 7)
    assert watched.osc.state.value == "OK"


def test_levels_come_to_rest_when_the_sender_falls_silent(rigs: Callable[..., Rig]) -> None:
    rig = rigs(stale_s=1.0, when_lost="rest", rest_s=0.1)
    rig.play(message("/a", 1.0))
    now_s = time.perf_counter()
    for step in range(2000):
        rig.step(now_s + step * 0.002)
        rig.osc.relax(rig.bus, now_s + step * 0.002)
    assert abs(rig.levels()["/osc/a"]) < 1e-6


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"host": "tablet.local"}, "is no IP address"),
        ({"port": 70000}, "65535"),
        ({"reply": "127.0.0.1"}, "write IP:PORT"),
        ({"reply": "127.0.0.1:0"}, "write IP:PORT"),
        ({"reply": "127.0.0.1:9000"}, "the device's own port"),
        ({"reply": "127.0.0.1:9000", "host": "0.0.0.0"}, "the device's own port"),
        ({"allow": ["everyone"]}, "is no IP address or network"),
        ({"prot": 9000}, "prot"),
    ],
)
def test_a_wrong_key_is_an_error_that_says_what_is_allowed(keys: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        OscConfig.model_validate(keys)


def test_ipv6_is_heard_and_answered() -> None:
    rig = Rig(OscConfig(host="::1", port=0, reply="[::1]:9"))
    if rig.osc.state is not State.OK:
        rig.close()
        missing("this machine has no IPv6")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.sendto(message("/generator/psi", 0.5), ("::1", rig.osc.port))
        rig.step()
        (write,) = rig.bus.take_writes()
        assert write.who == f"osc:::1:{sender.getsockname()[1]}"
    rig.close()


def test_changes_are_answered_and_never_to_their_writer(rigs: Callable[..., Rig]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.1", 0))
        device.settimeout(0.2)
        rig = rigs(reply=f"127.0.0.1:{device.getsockname()[1]}")
        addresses, values = ("/generator/psi",), np.zeros(1)
        rig.osc.feedback(addresses, values, rig.bus, 0.0)
        assert device.recv(100) == message("/generator/psi", 0.0)
        device.sendto(message("/generator/psi", 0.5), ("127.0.0.1", rig.osc.port))
        rig.step()
        values[0] = 0.5
        rig.osc.feedback(addresses, values, rig.bus, 1.0)
        rig.play(message("/generator/psi", 0.75))
        values[0] = 0.75
        rig.osc.feedback(addresses, values, rig.bus, 2.0)
        assert device.recv(100) == message("/generator/psi", 0.75)  # 0.5 was the device's own


def test_closing_twice_is_safe_and_a_closed_source_hears_nothing(rig: Rig) -> None:
    rig.osc.close()
    rig.osc.close()
    rig.step()
    assert rig.bus.addresses == []

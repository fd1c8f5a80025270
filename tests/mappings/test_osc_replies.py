"""Replies: every change once, at most 60 times a second, never to its writer, in datagrams that fit."""

import socket
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.osc.packet import Reader
from mappings.osc.replies import DATAGRAM, PERIOD_S, Replies, datagrams
from mappings.osc.udp import Peer
from tests.mappings.osc_packets import message

ADDRESSES = ("/direction/a", "/direction/b", "/generator/psi")


class Device:
    """The other end: a socket that hears the replies."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.peer = Peer("127.0.0.1", self.socket.getsockname()[1])

    def packets(self, count: int) -> list[bytes]:
        return [self.socket.recv(65536) for _ in range(count)]

    def heard(self, count: int = 1) -> dict[str, float]:
        reader = Reader()
        found = [entry for data in self.packets(count) for entry in reader.read(data).messages]
        return {entry.address: float(entry.args[0]) for entry in found}  # type: ignore[arg-type]

    def silent(self) -> bool:
        self.socket.settimeout(0.02)
        try:
            self.socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(0.2)
        return False


@pytest.fixture
def device() -> Iterator[Device]:
    found = Device()
    yield found
    found.socket.close()


@pytest.fixture
def replies(device: Device) -> Iterator[Replies]:
    found = Replies(device.peer, Counter())
    yield found
    found.close()


def _values(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float64)


def test_the_first_time_all_controls_are_sent_in_one_datagram(device: Device, replies: Replies) -> None:
    replies.step(ADDRESSES, _values(0.5, 1, 2), {}, 0.0)
    assert device.heard() == {"/direction/a": 0.5, "/direction/b": 1.0, "/generator/psi": 2.0}
    assert device.silent()


def test_afterwards_only_a_change_is_sent_byte_for_byte_as_python_osc_would(device: Device, replies: Replies) -> None:
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 0.0)
    device.packets(1)
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 1.0)
    assert device.silent()
    replies.step(ADDRESSES, _values(0, 0.7, 0), {}, 2.0)
    assert device.packets(1) == [message("/direction/b", 0.7)]


def test_changes_are_coalesced_to_sixty_a_second_and_the_last_one_arrives(device: Device, replies: Replies) -> None:
    for step in range(501):  # 2 ms each
        replies.step(ADDRESSES, _values(min(step, 498), 0, 0), {}, step * 0.002)
    replies.step(ADDRESSES, _values(498, 0, 0), {}, 2.0)
    count = 0
    while not device.silent():  # which takes one datagram off
        count += 1
    assert 50 <= count <= 61
    replies.step(ADDRESSES, _values(499, 0, 0), {}, 2.0 + PERIOD_S)
    assert device.heard() == {"/direction/a": 499.0}


@pytest.mark.parametrize(
    ("writer", "sent"),
    [
        ("osc:127.0.0.1:{port}", False),
        ("osc:127.0.0.1:1", True),  # another program on this machine
        ("osc:192.168.1.20:{port}", True),
        ("midi:nano/1", True),
        ("key", True),
    ],
)
def test_the_writer_of_a_change_does_not_hear_it(device: Device, replies: Replies, writer: str, sent: bool) -> None:
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 0.0)
    device.packets(1)
    writers = {"/direction/a": writer.format(port=device.peer.port)}
    replies.step(ADDRESSES, _values(0.5, 0, 0), writers, 1.0)
    assert device.silent() is not sent


def test_a_device_elsewhere_is_known_by_its_ip_whatever_port_it_sends_from() -> None:
    replies = Replies(Peer("192.0.2.7", 9001), Counter())
    assert replies._owns("osc:192.0.2.7:53211")
    assert replies._owns("osc:::ffff:192.0.2.7:53211")
    assert not replies._owns("osc:192.0.2.8:9001")
    assert not replies._owns("")
    replies.close()


def test_once_another_hand_moves_it_the_writer_hears_again(device: Device, replies: Replies) -> None:
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 0.0)
    device.packets(1)
    replies.step(ADDRESSES, _values(0.5, 0, 0), {"/direction/a": f"osc:{device.peer}"}, 1.0)
    replies.step(ADDRESSES, _values(0.6, 0, 0), {"/direction/a": "key"}, 2.0)
    assert device.heard() == {"/direction/a": pytest.approx(0.6)}


def test_a_new_show_sends_all_and_an_equal_one_sends_nothing(device: Device, replies: Replies) -> None:
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 0.0)
    device.packets(1)
    replies.step(list(ADDRESSES), _values(0, 0, 0), {}, 1.0)
    assert device.silent()
    replies.step(["/motion/damping"], _values(0.7), {}, 2.0)
    assert device.packets(1) == [message("/motion/damping", 0.7)]


def test_what_cannot_be_sent_is_counted() -> None:
    dropped: Counter[str] = Counter()
    replies = Replies(Peer("127.0.0.1", 9), dropped)
    replies._socket.close()
    replies.step(ADDRESSES, _values(0, 0, 0), {}, 0.0)
    assert dropped == {"osc_reply_failed": 1}


_message = st.binary(max_size=400).map(lambda rest: b"/" + rest + b"\0" * (-(len(rest) + 1) % 4))


@given(st.lists(_message))
def test_datagrams_fit_and_lose_nothing(messages: Sequence[bytes]) -> None:
    packed = datagrams(messages)
    assert all(len(data) <= DATAGRAM for data in packed)
    found: list[bytes] = []
    for data in packed:
        if not data.startswith(b"#bundle\0"):
            found.append(data)
            continue
        at = 16
        while at < len(data):
            size = int.from_bytes(data[at : at + 4])
            found.append(data[at + 4 : at + 4 + size])
            at += 4 + size
    assert found == list(messages)

"""Every change of a control goes back to one address, so that faders and lamps there stand where the show stands."""

import contextlib
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_message_builder import OscMessageBuilder

from mappings.osc.packet import BUNDLE, IMMEDIATELY
from mappings.osc.udp import Peer, family, plain_ip

PERIOD_S = 1 / 60
DATAGRAM = 1400  # bytes: one Ethernet frame, with room for tunnels
_SIZE = struct.Struct(">i")
_FLOAT = struct.Struct(">f")
_BUNDLE_HEADER = BUNDLE + struct.pack(">Q", IMMEDIATELY)


class Replies:
    """Sends changes, at most 60 times a second each, to a device that does not own them.

    Who moved a control last knows where it stands: while it is in the hand of the device at the reply address,
    nothing is sent about it. A device elsewhere is known by its IP (it sends from one port and listens at another);
    programs on this machine are told apart by their port too.
    """

    def __init__(self, to: Peer, dropped: Counter[str]) -> None:
        self._to = to
        self._dropped = dropped
        self._local = ipaddress.ip_address(to.ip).is_loopback
        self._socket = socket.socket(family(to.ip), socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):  # a reply address may be a network's broadcast address
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._addresses: Sequence[str] = ()
        self._heads: list[bytes] = []
        self._sent: NDArray[np.float32] = np.zeros(0, np.float32)
        self._next_s = -np.inf

    def step(
        self, addresses: Sequence[str], values: NDArray[np.float64], writers: Mapping[str, str], now_s: float
    ) -> None:
        """Send what has changed since the last reply. The first time, and after a change of show, that is all."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + PERIOD_S
        if addresses is not self._addresses:
            self._learn(addresses)
        newest = values.astype(np.float32)
        changed = np.flatnonzero(newest != self._sent)
        if len(changed):
            self._sent = newest
            self._send(
                self._heads[index] + _FLOAT.pack(newest[index])
                for index in changed.tolist()
                if not self._owns(writers.get(addresses[index], ""))
            )

    def _learn(self, addresses: Sequence[str]) -> None:
        """python-osc builds each message once; afterwards only its last four bytes change."""
        if list(addresses) != list(self._addresses):
            self._heads = [_head(address) for address in addresses]
            self._sent = np.full(len(addresses), np.nan, np.float32)
        self._addresses = addresses

    def _owns(self, writer: str) -> bool:
        kind, _, where = writer.partition(":")
        ip, _, port = where.rpartition(":")
        return kind == "osc" and plain_ip(ip) == self._to.ip and (not self._local or port == str(self._to.port))

    def _send(self, messages: Iterable[bytes]) -> None:
        for datagram in datagrams(messages):
            try:
                self._socket.sendto(datagram, (self._to.ip, self._to.port))
            except OSError:  # no way there now, or the kernel's buffer is full: the next change goes again
                self._dropped["osc_reply_failed"] += 1

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()


def datagrams(messages: Iterable[bytes]) -> list[bytes]:
    """Packs messages into as few datagrams as fit; one alone stays plain, for receivers that know no bundles."""
    packs: list[list[bytes]] = []
    room = 0
    for message in messages:
        size = _SIZE.size + len(message)
        if not packs or size > room:
            packs.append([])
            room = DATAGRAM - len(_BUNDLE_HEADER)
        packs[-1].append(message)
        room -= size
    return [pack[0] if len(pack) == 1 else _bundle(pack) for pack in packs]


def _bundle(messages: Sequence[bytes]) -> bytes:
    return _BUNDLE_HEADER + b"".join(_SIZE.pack(len(message)) + message for message in messages)


def _head(address: str) -> bytes:
    builder = OscMessageBuilder(address)
    builder.add_arg(0.0, OscMessageBuilder.ARG_TYPE_FLOAT)
    built: bytes = builder.build().dgram
    return built[: -_FLOAT.size]

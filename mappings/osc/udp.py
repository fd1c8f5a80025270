"""The UDP end: one non-blocking socket, one buffer, and what the kernel knows of each datagram where it tells."""

import contextlib
import socket
import struct
import sys
import time
from typing import NamedTuple

from mappings.osc.packet import MAX_PACKET

RECEIVE_BUFFER = 4 << 20  # bytes asked of the kernel; it gives what it allows
OLDEST_S = 10.0  # a kernel time further back than this comes from a wall clock that was set

# Linux: include/uapi/asm-generic/socket.h. Python names none of them.
_SO_TIMESTAMPNS = 35
_SO_RXQ_OVFL = 40
_TIMESPEC = struct.Struct("@ll")
_COUNT = struct.Struct("@I")
_TELLS = sys.platform == "linux" and _TIMESPEC.size == 16
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size) + socket.CMSG_SPACE(_COUNT.size) if _TELLS else 0


class Peer(NamedTuple):
    """Who sent a packet."""

    ip: str
    port: int

    def __str__(self) -> str:
        return f"{self.ip}:{self.port}"


class Datagram(NamedTuple):
    """One packet as it came."""

    data: bytes
    peer: Peer
    time_s: float  # perf_counter when the kernel had it


def family(ip: str) -> socket.AddressFamily:
    """IPv6 addresses have colons, IPv4 addresses have none."""
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def plain_ip(ip: str) -> str:
    """An address as a person writes it: no scope, no IPv4 inside IPv6."""
    return ip.partition("%")[0].removeprefix("::ffff:")


class UdpReceiver:
    """A bound socket. OSError where the port or the interface is not to be had."""

    def __init__(self, ip: str, port: int) -> None:
        self._buffer = bytearray(MAX_PACKET)
        self._view = memoryview(self._buffer)
        self.lost = 0  # datagrams the kernel had no room for, told with the next that it had room for
        self._socket = socket.socket(family(ip), socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self.tells = _TELLS and self._ask()  # the kernel gives times and counts
            self._socket.bind((ip, port))
            self.port: int = self._socket.getsockname()[1]
        except OSError:
            self._socket.close()
            raise

    def _ask(self) -> bool:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        except OSError:
            return False
        return True

    @property
    def buffer_bytes(self) -> int:
        """What the kernel gave for datagrams that wait."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def receive(self, wall_offset_s: float) -> Datagram | None:
        """The next datagram that waits, if any. `wall_offset_s`: wall clock minus perf_counter."""
        try:
            if self.tells:
                size, ancillary, _, sender = self._socket.recvmsg_into([self._view], _ANCILLARY)
            else:
                size, sender = self._socket.recvfrom_into(self._view)
                ancillary = []
        except (BlockingIOError, InterruptedError):
            return None
        time_s = time.perf_counter()
        for _, kind, told in ancillary:
            if kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(told)
                stamp_s = seconds + nanoseconds * 1e-9 - wall_offset_s
                if time_s - OLDEST_S < stamp_s < time_s:
                    time_s = stamp_s
            elif kind == _SO_RXQ_OVFL:
                self.lost = _COUNT.unpack(told)[0]
        return Datagram(bytes(self._view[:size]), Peer(sender[0], sender[1]), time_s)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

"""The TCP end, OSC 1.0: each packet has its size before it as a big-endian int32."""

import errno
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator

from mappings.osc.packet import MAX_PACKET
from mappings.osc.udp import Datagram, Peer, family

CONNECTIONS = 16  # when one more comes, the one that was silent longest goes
_SIZE = struct.Struct(">i")
# Nobody there, or one that cannot be taken now; the listener itself is well.
_PASSING = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR, errno.ECONNABORTED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS)
_SLIP_END = 0xC0  # what a sender of OSC 1.1 starts with


class _Connection:
    """A sender's stream and the part of it that is not read yet."""

    def __init__(self, stream: socket.socket, peer: Peer) -> None:
        self.stream = stream
        self.peer = peer
        self.waiting = bytearray()
        self.heard_s = time.perf_counter()
        self.open = True

    def packet(self) -> bytes | None:
        """The next whole packet that waits. ValueError where the sizes make no sense: the stream is lost then."""
        if len(self.waiting) < _SIZE.size:
            return None
        size: int = _SIZE.unpack_from(self.waiting)[0]
        if self.waiting[0] == _SLIP_END:
            raise ValueError("a TCP sender speaks OSC 1.1 (SLIP); set it to OSC 1.0 (size before each packet)")
        if not 0 < size <= MAX_PACKET or size % 4:
            raise ValueError(f"a TCP packet of {size} bytes; sizes are multiples of 4 up to {MAX_PACKET}")
        end = _SIZE.size + size
        if len(self.waiting) < end:
            return None
        packet = bytes(self.waiting[_SIZE.size : end])
        del self.waiting[:end]
        return packet

    def fill(self, buffer: memoryview) -> None:
        """Take what has come; `open` turns False at the end of the stream."""
        try:
            size = self.stream.recv_into(buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # the sender is gone without a word
            size = 0
        self.open = size > 0
        self.waiting += buffer[:size]
        self.heard_s = time.perf_counter()


class TcpReceiver:
    """A listening socket and its connections. OSError where the port or the interface is not to be had."""

    def __init__(self, ip: str, port: int, dropped: Counter[str]) -> None:
        self._dropped = dropped
        self._connections: deque[_Connection] = deque()
        self._buffer = memoryview(bytearray(MAX_PACKET))
        self.fault = ""  # why a stream was closed last
        self._listener = socket.socket(family(ip), socket.SOCK_STREAM)
        try:
            self._listener.setblocking(False)
            if sys.platform != "win32":  # there it would let others take the port
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((ip, port))
            self._listener.listen(CONNECTIONS)
            self.port: int = self._listener.getsockname()[1]
        except OSError:
            self._listener.close()
            raise

    def __len__(self) -> int:
        """How many senders are connected."""
        return len(self._connections)

    def receive(self, budget: int) -> Iterator[Datagram]:
        """At most `budget` packets; the connections take turns at being first."""
        self._accept()
        self._connections.rotate(-1)
        for connection in tuple(self._connections):
            while budget > 0:
                packet = self._next(connection)
                if packet is None:
                    break
                budget -= 1
                yield Datagram(packet, connection.peer, connection.heard_s)

    def _next(self, connection: _Connection) -> bytes | None:
        """Packets that wait go first, so that no more than one packet and one read are ever held."""
        try:
            packet = connection.packet()
            if packet is None and connection.open:
                connection.fill(self._buffer)
                packet = connection.packet()
        except ValueError as fault:
            self._dropped["osc_malformed"] += 1
            self.fault = str(fault)
            self._drop(connection)
            return None
        if packet is None and not connection.open:
            self._drop(connection)
        return packet

    def _accept(self) -> None:
        try:
            stream, sender = self._listener.accept()
        except OSError as error:
            if error.errno in _PASSING:
                return
            raise
        stream.setblocking(False)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if len(self._connections) >= CONNECTIONS:
            self._dropped["osc_connections_full"] += 1
            self._drop(min(self._connections, key=lambda connection: connection.heard_s))
        self._connections.append(_Connection(stream, Peer(sender[0], sender[1])))

    def _drop(self, connection: _Connection) -> None:
        connection.stream.close()
        self._connections.remove(connection)

    def close(self) -> None:
        """End every connection and give the port back."""
        self._listener.close()
        for connection in tuple(self._connections):
            self._drop(connection)

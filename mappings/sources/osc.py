"""OSC in and out: a control's address moves the control, any other address is a signal `/osc/<address>`."""

import errno
import ipaddress
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus
from mappings.errors import SourceError
from mappings.osc.addressees import Addressees
from mappings.osc.config import OscConfig
from mappings.osc.packet import IMMEDIATELY, Message, Reader
from mappings.osc.tcp import TcpReceiver
from mappings.osc.timetag import AHEAD_S, Schedule, WallClock, ahead_s
from mappings.osc.udp import Datagram, Peer, UdpReceiver, plain_ip
from mappings.osc.values import Values, values
from mappings.sources.base import Source, SourceConfig, State

if TYPE_CHECKING:
    from mappings.osc.replies import Replies

PACKETS_PER_STEP = 40  # read in one poll; TCP may take half of them, UDP what is left
WORK_PER_STEP = 512  # messages, their levels and faults after which a poll reads no further packet
GREATEST = 1e300  # what the bus takes
RETRY_S = (0.5, 8.0)  # first and longest wait before the port is tried again
DETAIL_S = 1.0  # at most one new line about faults in this time
PEERS = 1024  # senders whose permission is remembered


class Osc(Source):
    """Receives on UDP and, where asked, TCP; schedules what bundles date up to 2 s ahead; answers changes."""

    Config: ClassVar[type[SourceConfig]] = OscConfig
    config: OscConfig

    def __init__(self, name: str, config: OscConfig) -> None:
        super().__init__(name, config)
        self.port = config.port  # what is bound, once it is open
        self.tcp_port = config.port if config.tcp_port is None else config.tcp_port
        self._udp: UdpReceiver | None = None
        self._tcp: TcpReceiver | None = None
        self._reader = Reader()
        self._schedule: Schedule[tuple[str, Values, Peer]] = Schedule()
        self._clock = WallClock()
        self._addressees: Addressees | None = None
        self._replies: Replies | None = None
        self._networks = [ipaddress.ip_network(text) for text in config.allow]
        self._allowed: dict[str, bool] = {}
        self._wait_s, self._retry_s = RETRY_S[0], 0.0
        self._heard_s = 0.0
        self._lost = 0  # of what the kernel counts
        self._told_s = -DETAIL_S

    @property
    def _with_tcp(self) -> bool:
        return self.config.tcp or self.config.tcp_port is not None

    def addresses(self) -> tuple[str, ...]:
        """Whatever is sent."""
        return ("/osc/*",)

    def open(self, bus: Bus, now_s: float) -> None:
        """Bind the ports. SourceError where another program has one; an interface that is not there is retried."""
        self._addressees = Addressees(self.dropped, partial(self.own, bus))
        try:
            self._bind(now_s)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise SourceError(self._in_use(error)) from error
            self._lose(error, now_s)

    def _in_use(self, error: OSError) -> str:
        ports = f"UDP port {self.port}" + (f" or TCP port {self.tcp_port}" if self._with_tcp else "")
        why = "is in use by another program" if error.errno == errno.EADDRINUSE else "is not allowed to this user"
        return (
            f"[sources.{self.name}]: {ports} at {self.config.host} {why}; close that program, "
            f"or give another port (1024 to 65535) with port = in [sources.{self.name}] or --osc HOST:PORT"
        )

    def _bind(self, now_s: float) -> None:
        to = self.config.reply_peer
        if to is not None and self._replies is None:
            from mappings.osc.replies import Replies  # python-osc is needed for sending only

            self._replies = Replies(to, self.dropped)
        self._udp, self._lost = UdpReceiver(self.config.host, self.port), 0
        self.port = self._udp.port
        if self._with_tcp:
            try:
                self._tcp = TcpReceiver(self.config.host, self.tcp_port, self.dropped)
            except OSError:
                self._udp.close()
                self._udp = None
                raise
            self.tcp_port = self._tcp.port
        self.state = State.OK
        self.detail = self._place()
        self._heard_s = now_s
        self._wait_s = RETRY_S[0]

    def _place(self) -> str:
        tcp = f", TCP {self.tcp_port}" if self._with_tcp else ""
        return f"listening at {self.config.host}, UDP {self.port}{tcp}"

    def _lose(self, error: OSError, now_s: float) -> None:
        self._shut()
        self.state = State.RETRYING
        self.detail = f"cannot listen at {self.config.host}:{self.port}: {error.strerror or error}; trying again"
        self._retry_s = now_s + self._wait_s
        self._wait_s = min(self._wait_s * 2, RETRY_S[1])

    def poll(self, bus: Bus, now_s: float) -> None:
        """Hand over what has come in and what has come due; at most 40 packets are read."""
        if self._addressees is None:
            return
        self._clock.refresh(now_s)
        self._addressees.begin(bus)
        if self._udp is None and now_s >= self._retry_s:
            try:
                self._bind(now_s)
            except OSError as error:
                self._lose(error, now_s)
        if self._udp is not None:
            try:
                self._read(self._udp, self._addressees, bus, now_s)
            except OSError as error:
                self._lose(error, now_s)
        for due_s, (address, numbers, peer) in self._schedule.due(now_s):
            self._addressees.deliver(bus, address, numbers, due_s, peer)
        if self.config.stale_s is not None and self._udp is not None:
            silent = now_s - self._heard_s > self.config.stale_s
            self.state = State.STALE if silent else State.OK

    def _read(self, udp: UdpReceiver, to: Addressees, bus: Bus, now_s: float) -> None:
        """TCP goes first but has half the packets, so that neither can starve the other."""
        left, work = PACKETS_PER_STEP, 0
        if self._tcp is not None:
            for packet in self._tcp.receive(PACKETS_PER_STEP // 2):
                left -= 1
                work += self._take(packet, to, bus, now_s)
                if work >= WORK_PER_STEP:
                    break
            self._tell(self._tcp.fault, now_s)
            self._tcp.fault = ""
        while left > 0 and work < WORK_PER_STEP:
            datagram = udp.receive(self._clock.offset_s)
            if datagram is None:
                break
            left -= 1
            work += self._take(datagram, to, bus, now_s)
        if udp.lost != self._lost:
            self.dropped["osc_overrun"] += (udp.lost - self._lost) % 2**32
            self._lost = udp.lost
            self._tell("more came than could be read", now_s)

    def _take(self, datagram: Datagram, to: Addressees, bus: Bus, now_s: float) -> int:
        """Play one packet's messages, or schedule them; how much work it was."""
        if self._networks and not self._is_allowed(datagram.peer.ip):
            self.dropped["osc_refused"] += 1
            self._tell(f"{datagram.peer.ip} is not in allow", now_s)
            return 0
        self._heard_s = now_s
        packet = self._reader.read(datagram.data)
        if packet.faults:
            self.dropped["osc_malformed"] += packet.faults
            self._tell(f"{datagram.peer.ip} sent {packet.why}", now_s)
        work = packet.faults + len(packet.messages)
        for message in packet.messages:
            numbers = self._numbers(message, datagram.peer, now_s)
            if numbers is None or self._scheduled(message, numbers, datagram.peer, now_s):
                continue
            work += len(numbers.levels)
            to.deliver(bus, message.address, numbers, datagram.time_s, datagram.peer)
        return work

    def _numbers(self, message: Message, peer: Peer, now_s: float) -> Values | None:
        """What a message says, or None where it says nothing that can be played."""
        if message.tags is None:
            self.dropped["osc_untyped"] += 1
            self._tell(f"{peer.ip} sent {message.address} without type tags", now_s)
            return None
        numbers = values(message)
        if numbers.ignored:
            self.dropped["osc_not_numeric"] += numbers.ignored
        for value in numbers.levels:
            if not -GREATEST < value < GREATEST:  # also false for NaN
                self.dropped["osc_nonfinite"] += 1
                self._tell(f"{peer.ip} sent {message.address} {value}", now_s)
                return None
        return numbers

    def _scheduled(self, message: Message, numbers: Values, peer: Peer, now_s: float) -> bool:
        """Whether a message waits for its time tag (or is dropped because too many do)."""
        if message.timetag == IMMEDIATELY:
            return False
        wait_s = ahead_s(message.timetag, now_s + self._clock.offset_s)
        if not 0 < wait_s <= AHEAD_S:
            return False
        if not self._schedule.push(now_s + wait_s, (message.address, numbers, peer)):
            self.dropped["osc_schedule_full"] += 1
        return True

    def _is_allowed(self, ip: str) -> bool:
        """This machine always; others by the list."""
        known = self._allowed.get(ip)
        if known is None:
            address = ipaddress.ip_address(plain_ip(ip))
            known = address.is_loopback or any(address in network for network in self._networks)
            if len(self._allowed) >= PEERS:
                self._allowed.clear()
            self._allowed[ip] = known
        return known

    def _tell(self, fault: str, now_s: float) -> None:
        """One line about what was dropped, at most once a second; the counters know all of it."""
        if fault and now_s - self._told_s >= DETAIL_S:
            self._told_s = now_s
            self.detail = f"{self._place()}; dropped: {fault}"

    def feedback(self, addresses: Sequence[str], values: NDArray[np.float64], bus: Bus, now_s: float) -> None:
        """Send changed controls to the reply address; all of them the first time."""
        if self._replies is not None:
            self._replies.step(addresses, values, bus.writers, now_s)

    def close(self) -> None:
        """Give the ports back."""
        self._shut()
        if self._replies is not None:
            self._replies.close()
            self._replies = None
        self._addressees = None

    def _shut(self) -> None:
        if self._udp is not None:
            self._udp.close()
            self._udp = None
        if self._tcp is not None:
            self._tcp.close()
            self._tcp = None

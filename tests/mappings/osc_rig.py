"""An open OSC source with its bus and a sender, on ephemeral ports of the loopback."""

import socket
import time
from collections.abc import Callable

from mappings.bus import Bus
from mappings.osc.config import OscConfig
from mappings.sources.osc import Osc

CONTROLS = frozenset({"/direction/bloom", "/direction/stripes", "/generator/psi", "/latent/next"})


class Rig:
    """An open source with its bus, and a sender."""

    def __init__(self, config: OscConfig) -> None:
        self.bus = Bus()
        self.bus.controls = CONTROLS
        self.osc = Osc("osc", config)
        self.osc.open(self.bus, time.perf_counter())
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.connect(("127.0.0.1", self.osc.port))
        self.who = f"osc:127.0.0.1:{self.sender.getsockname()[1]}"

    def send(self, *data: bytes) -> None:
        for packet in data:
            self.sender.send(packet)

    def step(self, now_s: float | None = None) -> None:
        self.osc.poll(self.bus, time.perf_counter() if now_s is None else now_s)

    def play(self, *data: bytes) -> None:
        """Send and poll once: on loopback a datagram has arrived when `send` returns."""
        self.send(*data)
        self.step()

    def until(self, done: Callable[[], bool]) -> None:
        """Poll until something has come, for what other threads and programs send."""
        end_s = time.perf_counter() + 10
        while not done():
            assert time.perf_counter() < end_s, f"nothing came: {self.osc.detail} {self.osc.dropped}"
            self.step()
            time.sleep(0.002)

    def levels(self) -> dict[str, float]:
        return dict(zip(self.bus.addresses, self.bus.read().levels.tolist(), strict=True))

    def events(self) -> list[tuple[str, float]]:
        return [(event.address, event.value) for event in self.bus.read().events]

    def writes(self) -> list[tuple[str, float]]:
        return [(write.address, write.value) for write in self.bus.take_writes()]

    def close(self) -> None:
        self.osc.close()
        self.sender.close()

"""A MIDI system in memory: ports that a test plugs in, plays and pulls out."""

import time
from collections.abc import Sequence

from mappings.errors import SourceError
from mappings.midi.drivers import Driver, Inlet, Outlet, Take


class _End:
    """One open port of a `Cable`."""

    def __init__(self, cable: "Cable", name: str) -> None:
        self._cable = cable
        self._name = name

    def send(self, data: Sequence[int]) -> None:
        if self._name not in self._cable.present_out:
            raise OSError("no such device")
        self._cable.sent.append((self._name, tuple(data), time.perf_counter()))

    def close(self) -> None:
        self._cable.takes.pop(self._name, None)


class Cable(Driver):
    """Every port is there that `present_in` and `present_out` name."""

    def __init__(self, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> None:
        self.api = "core"
        self.present_in = list(inputs)
        self.present_out = list(outputs)
        self.takes: dict[str, Take] = {}
        self.sent: list[tuple[str, tuple[int, ...], float]] = []
        self.runs = True
        self.closed = 0

    def play(self, name: str, *data: int, time_s: float | None = None) -> None:
        """A message arrives at a port."""
        self.takes[name](data, time.perf_counter() if time_s is None else time_s)

    def alive(self) -> bool:
        return self.runs

    def inputs(self) -> list[str]:
        return list(self.present_in)

    def outputs(self) -> list[str]:
        return list(self.present_out)

    def listen(self, name: str, take: Take) -> Inlet:
        if name in self.takes:
            raise SourceError(f"the port {name} is taken")
        self.takes[name] = take
        return _End(self, name)

    def offer(self, name: str, take: Take) -> Inlet:
        return self.listen(name, take)

    def speak(self, name: str) -> Outlet:
        return _End(self, name)

    def close(self) -> None:
        self.closed += 1

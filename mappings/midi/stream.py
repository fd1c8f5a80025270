"""Whole messages out of whatever bytes a driver hands over: running status, cut SysEx, real-time in between."""

from collections.abc import Iterator, Sequence

SYSEX_BYTES = 4096  # longer ones are let go: nothing here reads them
_LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}
_SYSTEM = {0xF1: 2, 0xF2: 3, 0xF3: 2, 0xF6: 1}


class Stream:
    """The bytes of one port. Any bytes at all are allowed; what makes no message is counted in `stray`."""

    def __init__(self) -> None:
        self.stray = 0
        self._status = 0  # of the message being read, or running; 0 when data mean nothing
        self._data: list[int] = []
        self._sysex: list[int] | None = None

    @property
    def resting(self) -> bool:
        """Between messages: a whole message that arrives now needs no reading."""
        return self._sysex is None and not self._data

    def feed(self, data: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """The messages that these bytes complete."""
        for byte in data:
            message = self._byte(byte)
            if message is not None:
                yield message

    def _byte(self, byte: int) -> tuple[int, ...] | None:
        if byte >= 0xF8:  # real time may stand anywhere and ends nothing
            return (byte,)
        if byte >= 0x80:
            return self._begin(byte)
        if self._sysex is not None:
            if len(self._sysex) < SYSEX_BYTES:
                self._sysex.append(byte)
            return None
        return self._datum(byte)

    def _begin(self, status: int) -> tuple[int, ...] | None:
        self.stray += len(self._data)
        self._data = []
        sysex, self._sysex = self._sysex, None
        self._status = 0
        if status == 0xF7:
            return None if sysex is None else (*sysex, 0xF7)
        if sysex is not None:
            self.stray += 1  # cut off by another message
        if status == 0xF0:
            self._sysex = [0xF0]
        elif _SYSTEM.get(status) == 1:
            return (status,)
        elif status < 0xF0 or status in _SYSTEM:
            self._status = status
        return None

    def _datum(self, byte: int) -> tuple[int, ...] | None:
        if not self._status:
            self.stray += 1
            return None
        self._data.append(byte)
        channel = self._status < 0xF0
        length = _LENGTHS[self._status & 0xF0] if channel else _SYSTEM[self._status]
        if len(self._data) + 1 < length:
            return None
        message = (self._status, *self._data)
        self._data = []
        if not channel:  # only channel messages run on
            self._status = 0
        return message

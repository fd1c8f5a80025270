"""Reads OSC 1.0 packets with bounds on everything, so that no packet can hold, crash or fill the loop.

Source: Wright, "The Open Sound Control 1.0 Specification" (2002), with the array tags and T F N I.
"""

import struct
from typing import NamedTuple

MAX_PACKET = 65536  # bytes
MAX_DEPTH = 4  # bundles inside bundles
MAX_ELEMENTS = 256  # of one bundle
MAX_MESSAGES = 512  # of one packet
MAX_ARGUMENTS = 256  # of one message
MAX_BUNDLED = 2048  # arguments of one packet
MAX_ADDRESS = 256  # bytes
IMMEDIATELY = 1  # the time tag that means now
HEADERS = 4096  # addresses with their type tags that a reader remembers

BUNDLE = b"#bundle\0"
_FIXED = {"i": "i", "f": "f", "h": "q", "d": "d", "t": "Q"}  # tags that one struct reads at once
_BUNDLE_HEADER = struct.Struct(">8sQ")
_INT = struct.Struct(">i")


class Colour(NamedTuple):
    """Argument `r`; each 0..255."""

    red: int
    green: int
    blue: int
    alpha: int


class MidiBytes(NamedTuple):
    """Argument `m`: a MIDI message as it is on the wire."""

    port: int
    status: int
    data1: int
    data2: int


Argument = int | float | str | bytes | bool | None | Colour | MidiBytes


class Message(NamedTuple):
    """One message. `args` is flat: the brackets of arrays stay in `tags` and have no argument.

    `I` (impulse) is True. Time tags (`t`, and the message's own) are NTP: 32 bits of seconds, 32 of fraction.
    """

    address: str
    tags: str | None  # without the comma; None where an old sender left the type tags out
    args: tuple[Argument, ...]
    timetag: int = IMMEDIATELY  # of the innermost bundle that gives one


class Packet(NamedTuple):
    """What a datagram held: the good messages in order, and what had to be dropped."""

    messages: list[Message]
    faults: int = 0
    why: str = ""  # the first fault


class _MalformedError(ValueError):
    """Stays inside this file: `Reader.read` counts it."""


class _Header(NamedTuple):
    address: str
    tags: str | None
    layout: struct.Struct | None  # where all arguments are numbers of a fixed size


class _Frame:
    """A bundle being read."""

    __slots__ = ("at", "count", "end", "timetag")

    def __init__(self, at: int, end: int, timetag: int) -> None:
        self.at = at
        self.end = end
        self.timetag = timetag
        self.count = 0


class Reader:
    """Reads packets and remembers the headers it has seen: a fader sends the same one again and again."""

    def __init__(self) -> None:
        self._headers: dict[bytes, _Header] = {}

    def read(self, data: bytes) -> Packet:
        """The messages of one packet. Never raises: what is malformed is dropped and counted in `faults`."""
        if not 0 < len(data) <= MAX_PACKET or len(data) % 4:
            return Packet([], 1, f"a packet of {len(data)} bytes; sizes are multiples of 4 up to {MAX_PACKET}")
        if data.startswith(BUNDLE):
            return self._bundle(data)
        try:
            return Packet([self._message(data, IMMEDIATELY)])
        except _MalformedError as fault:
            return Packet([], 1, str(fault))

    def _bundle(self, data: bytes) -> Packet:
        """Walks bundles with a stack of its own. A broken element is skipped, a broken size ends its bundle."""
        messages: list[Message] = []
        faults: list[str] = []
        stack: list[_Frame] = []
        args_left = MAX_BUNDLED
        _enter(stack, data, 0, len(data), faults)
        while stack:
            frame = stack[-1]
            if frame.at >= frame.end:
                stack.pop()
                continue
            size = _INT.unpack_from(data, frame.at)[0]
            start = frame.at + 4
            frame.at = start + size
            frame.count += 1
            if size < 0 or size % 4 or frame.at > frame.end:
                faults.append(f"a bundle element of {size} bytes where {frame.end - start} are left")
                stack.pop()
            elif frame.count > MAX_ELEMENTS:
                faults.append(f"a bundle of more than {MAX_ELEMENTS} elements")
                stack.pop()
            elif args_left < 0 or len(messages) + len(faults) >= MAX_MESSAGES:
                faults.append(f"a packet of more than {MAX_MESSAGES} messages or {MAX_BUNDLED} arguments")
                stack.clear()
            elif data.startswith(BUNDLE, start, frame.at):
                _enter(stack, data, start, frame.at, faults)
            else:
                try:
                    messages.append(self._message(data[start : frame.at], frame.timetag))
                    args_left -= len(messages[-1].args)
                except _MalformedError as fault:
                    faults.append(str(fault))
        return Packet(messages, len(faults), faults[0] if faults else "")

    def _message(self, data: bytes, timetag: int) -> Message:
        tags_at = (data.find(b"\0") + 4) & -4
        args_at = (data.find(b"\0", tags_at) + 4) & -4
        header = self._headers.get(data[:args_at])
        if header is None:
            header = self._learn(data, tags_at, args_at)
        address, tags, layout = header
        if layout is None:
            return Message(address, tags, _arguments(tags or "", data, args_at), timetag)
        try:
            return Message(address, tags, layout.unpack_from(data, args_at), timetag)
        except struct.error:
            raise _MalformedError(f"{address} ,{tags} ends inside its arguments") from None

    def _learn(self, data: bytes, tags_at: int, args_at: int) -> _Header:
        address = _address(data)
        if tags_at >= len(data):  # an old sender's message without arguments
            return _Header(address, "", None)
        if data[tags_at : tags_at + 1] != b",":
            return _Header(address, None, None)
        end = data.find(b"\0", tags_at)
        if end < 0:
            raise _MalformedError(f"{address}: type tags without an end")
        tags = data[tags_at + 1 : end].decode("ascii", "replace")
        _check(address, tags)
        plain = bool(tags) and all(tag in _FIXED for tag in tags)
        layout = struct.Struct(">" + "".join(_FIXED[tag] for tag in tags)) if plain else None
        header = _Header(address, tags, layout)
        if len(self._headers) >= HEADERS:
            self._headers.clear()
        self._headers[data[:args_at]] = header
        return header


def _enter(stack: list[_Frame], data: bytes, start: int, end: int, faults: list[str]) -> None:
    """Push the bundle at `start`; its time tag, or the outer one's where it says immediately."""
    if end - start < _BUNDLE_HEADER.size:
        faults.append(f"a bundle of {end - start} bytes; the smallest has {_BUNDLE_HEADER.size}")
    elif len(stack) >= MAX_DEPTH:
        faults.append(f"bundles nested deeper than {MAX_DEPTH}")
    else:
        timetag: int = _BUNDLE_HEADER.unpack_from(data, start)[1]
        if timetag == IMMEDIATELY and stack:
            timetag = stack[-1].timetag
        stack.append(_Frame(start + _BUNDLE_HEADER.size, end, timetag))


def _address(data: bytes) -> str:
    end = data.find(b"\0")
    if end < 0:
        raise _MalformedError("an address without an end")
    if not 2 <= end <= MAX_ADDRESS or data[:1] != b"/":
        raise _MalformedError(f"an address has / and 1 to {MAX_ADDRESS - 1} bytes; this one is {data[:24]!r}")
    try:
        address = data[:end].decode()
    except UnicodeDecodeError:
        raise _MalformedError(f"an address that is not text: {data[: min(end, 24)]!r}") from None
    if not address.isprintable():
        raise _MalformedError(f"an address that cannot be printed: {address[:24]!r}")
    return address


def _check(address: str, tags: str) -> None:
    """Known tags, not too many, brackets that close."""
    if len(tags) > MAX_ARGUMENTS:
        raise _MalformedError(f"{address} has {len(tags)} type tags; at most {MAX_ARGUMENTS}")
    depth = 0
    shown = f"{address} ,{tags[:24]}"
    for tag in tags:
        if tag not in "ifsbhtdScrmTFNI[]":
            raise _MalformedError(f"{shown}: no type tag {tag!r} in OSC 1.0")
        depth += (tag == "[") - (tag == "]")
        if not 0 <= depth <= MAX_DEPTH:
            raise _MalformedError(f"{shown}: an array that closes twice, or nested deeper than {MAX_DEPTH}")
    if depth:
        raise _MalformedError(f"{shown}: an array that does not close")


def _arguments(tags: str, data: bytes, at: int) -> tuple[Argument, ...]:
    """Every type of argument, one after the other."""
    args: list[Argument] = []
    for tag in tags:
        if tag in "TI":
            args.append(True)
        elif tag == "F":
            args.append(False)
        elif tag == "N":
            args.append(None)
        elif tag not in "[]":
            arg, at = _argument(tag, data, at)
            args.append(arg)
    return tuple(args)


def _argument(tag: str, data: bytes, at: int) -> tuple[Argument, int]:
    """An argument that takes bytes, and where the next one starts."""
    try:
        if tag in "sS":
            end = data.index(b"\0", at)
            return data[at:end].decode("utf-8", "replace"), (end + 4) & -4
        if tag == "b":
            size = _INT.unpack_from(data, at)[0]
            if not 0 <= size <= len(data) - at - 4:
                raise _MalformedError(f"a blob of {size} bytes where {len(data) - at - 4} are left")
            return data[at + 4 : at + 4 + size], at + 4 + ((size + 3) & -4)
        if tag == "c":
            code = _INT.unpack_from(data, at)[0]
            return chr(code), at + 4
        if tag == "r":
            return Colour(*struct.unpack_from("4B", data, at)), at + 4
        if tag == "m":
            return MidiBytes(*struct.unpack_from("4B", data, at)), at + 4
        layout = struct.Struct(">" + _FIXED[tag])
        value: int | float = layout.unpack_from(data, at)[0]
        return value, at + layout.size
    except _MalformedError:
        raise
    except (struct.error, ValueError, OverflowError):
        raise _MalformedError(f"a message ends inside an argument of type {tag}, or it is out of range") from None

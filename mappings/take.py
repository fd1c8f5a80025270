"""A take is everything that moved a show, as JSON lines; this is how one is written and read.

    {"latenz": "take", "version": 1, "show": ..., "seed": ..., "models": {...}, ...}
    {"t": 0.002, "a": "/audio/low", "v": 0.31}                           a level
    {"t": 0.5, "a": "/audio/onset", "e": 1.0}                            an event
    {"t": 1.2, "a": "/motion/frequency_hz", "w": 0.8, "who": "page"}     a hand moved a control
    {"t": 9.0, "show": "pulse"}                                          the show changed
    {"t": 60.0, "end": 4711, "addresses": ["/audio/low", ...]}           last line: how many lines came before it

`t` is in seconds since the take began and never goes back.
"""

import json
import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mappings.errors import TakeError

VERSION = 1
LINE_BYTES = 65536  # of a header or line; no line of ours is longer
HEADER_BYTES = 1 << 20
TRAILER_BYTES = 1 << 20
ADDRESS_CHARACTERS = 255
ADDRESSES = 4096
ALLOWED = 'a level {"t", "a", "v"}, an event {"t", "a", "e"}, a write {"t", "a", "w", "who"} or a show {"t", "show"}'


class TakeLine(NamedTuple):  # made ten thousand times a second: a third of the cost of a frozen dataclass
    """One thing that happened."""

    kind: Literal["level", "event", "write", "show"]
    time_s: float  # since the take began
    address: str  # of a show: its name
    value: float = 0.0
    who: str = ""  # of a write: who moved the control


@dataclass(frozen=True, slots=True)
class TakeExtent:
    """What a take holds, known without playing it."""

    seconds: float
    lines: int
    addresses: tuple[str, ...]  # of levels and events, sorted
    cut: bool  # the recording ended in the middle: a crash, a full disk


class TakeReader:
    """Reads a take line by line, never all at once; anything malformed is a TakeError with file and line.

    A file whose last line was cut off (a crash while recording leaves one as `.part`) is read up to there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                first = file.readline(HEADER_BYTES + 1)
        except OSError as error:
            raise TakeError(f"{path}: cannot be read ({error.strerror}); give the path of a recorded take") from error
        self.header = self._header(first)

    def __iter__(self) -> Generator[TakeLine]:
        """The lines in order; the closing line is not one of them."""
        with self.path.open("rb") as file:
            file.readline(HEADER_BYTES + 1)
            last_s = 0.0
            number = 1
            while raw := file.readline(LINE_BYTES + 1):
                number += 1
                line = self._line(raw, number)
                if line is None:
                    return
                if line.time_s < last_s:
                    raise self._wrong(number, f"time {line.time_s} after {last_s}", "times that never go back")
                last_s = line.time_s
                yield line

    def extent(self) -> TakeExtent:
        """What the take holds: from its closing line, else by reading all of it."""
        return self._closing() or self._scan()

    def _scan(self) -> TakeExtent:
        seconds, lines, addresses = 0.0, 0, set[str]()
        for line in self:
            seconds, lines = line.time_s, lines + 1
            if line.kind in ("level", "event"):
                addresses.add(line.address)
                if len(addresses) > ADDRESSES:
                    raise self._wrong(lines + 1, f"more than {ADDRESSES} addresses", f"at most {ADDRESSES}")
        return TakeExtent(seconds, lines, tuple(sorted(addresses)), cut=True)

    def _closing(self) -> TakeExtent | None:
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TRAILER_BYTES))
            tail = file.read(TRAILER_BYTES).rstrip(b"\n").rpartition(b"\n")[2]
        if b'"end"' not in tail:
            return None
        try:
            data = _JSON.decode(tail.decode())
            seconds, lines, addresses = data["t"], data["end"], data["addresses"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        good = isinstance(addresses, list) and len(addresses) <= ADDRESSES and all(map(_is_address, addresses))
        if not (good and _is_number(seconds) and _is_number(lines) and seconds >= 0):
            return None
        return TakeExtent(float(seconds), int(lines), tuple(addresses), cut=False)

    def _header(self, raw: bytes) -> dict[str, Any]:
        allowed = f'a first line {{"latenz": "take", "version": {VERSION}, ...}}'
        if len(raw) > HEADER_BYTES:
            raise self._wrong(1, f"a first line of more than {HEADER_BYTES} bytes", allowed)
        header = self._json(raw, 1, allowed)
        if not isinstance(header, dict) or header.get("latenz") != "take":
            raise self._wrong(1, _short(raw), allowed)
        if header.get("version") != VERSION or isinstance(header["version"], bool):
            raise self._wrong(1, f"version {header.get('version')!r}", f"version {VERSION}; a newer latenz wrote it")
        return header

    def _line(self, raw: bytes, number: int) -> TakeLine | None:
        """The parsed line; None for the closing line and for a last line that was cut off."""
        if len(raw) > LINE_BYTES:
            raise self._wrong(number, f"a line of more than {LINE_BYTES} bytes", "shorter lines")
        if not raw.endswith(b"\n"):
            try:
                _JSON.decode(raw.decode())
            except (ValueError, RecursionError):
                return None
        data = self._json(raw, number, ALLOWED)
        if type(data) is not dict or not _is_number(data.get("t")) or data["t"] < 0:
            raise self._wrong(number, _short(raw), ALLOWED)
        if "end" in data:
            return None
        line = _parse(data)
        if line is None:
            raise self._wrong(number, _short(raw), ALLOWED)
        return line

    def _json(self, raw: bytes, number: int, allowed: str) -> Any:
        try:
            return _JSON.decode(raw.decode())
        except (ValueError, RecursionError) as error:
            raise self._wrong(number, f"{_short(raw)} (not JSON)", allowed) from error

    def _wrong(self, number: int, given: str, allowed: str) -> TakeError:
        return TakeError(f"{self.path}:{number}: {given}; allowed: {allowed}; mend or delete this line")


def _parse(data: dict[str, Any]) -> TakeLine | None:
    time_s, address = float(data["t"]), data.get("a")
    if address is None:
        show = data.get("show")
        named = isinstance(show, str) and 0 < len(show) <= ADDRESS_CHARACTERS
        return TakeLine("show", time_s, show) if isinstance(show, str) and named else None
    if not _is_address(address):
        return None
    if "v" in data:
        return TakeLine("level", time_s, address, float(data["v"])) if _is_number(data["v"]) else None
    if "e" in data:
        return TakeLine("event", time_s, address, float(data["e"])) if _is_number(data["e"]) else None
    who = data.get("who", "")
    if _is_number(data.get("w")) and isinstance(who, str):
        return TakeLine("write", time_s, address, float(data["w"]), who[:ADDRESS_CHARACTERS])
    return None


def _is_number(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and 1 < len(value) <= ADDRESS_CHARACTERS


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


_JSON = json.JSONDecoder(parse_constant=_refuse)


def _short(raw: bytes) -> str:
    text = raw[:80].decode("utf-8", "replace").strip()
    return f"given {text!r}" + ("..." if len(raw) > 80 else "")

"""The arguments of a pickle's opcodes: texts, byte strings and numbers, each of bounded size."""

import codecs
import re
from typing import Any

from engine.generator.foreign.machine import Machine
from engine.generator.foreign.refusal import RefusedError, shown

WHOLE_BYTES = 4096
"""Byte strings over this stay views of the file."""
MAX_TEXT_BYTES = 64 << 20
MAX_INT_BYTES = 64
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


def text(machine: Machine, size_bytes: int) -> str:
    """A text of so many bytes of UTF-8."""
    raw = machine.take(size_bytes)
    if size_bytes > MAX_TEXT_BYTES:
        raise RefusedError(f"a text of {size_bytes} bytes is too long")
    try:
        text = str(raw, "utf-8")
    except UnicodeDecodeError:
        raise RefusedError("a text is no UTF-8") from None
    machine.reading.budget.copy(len(text) if text.isascii() else text.__sizeof__())
    return text


def raw_bytes(machine: Machine, size_bytes: int) -> bytes | memoryview:
    """A byte string; a long one is a view of the file."""
    raw = machine.take(size_bytes)
    return raw if size_bytes > WHOLE_BYTES else bytes(raw)


def old_text(machine: Machine, size_bytes: int) -> str | memoryview:
    """A Python 2 string: text, or (when it is long) an array's bytes."""
    raw = machine.take(size_bytes)
    return raw if size_bytes > WHOLE_BYTES else str(raw, "latin1")


def line_text(machine: Machine) -> str:
    """The next line as text of 8 bits."""
    return machine.line().decode("latin1")


def parsed(machine: Machine, kind: type[int] | type[float]) -> Any:
    """The number on the next line; protocol 0 writes truth as 00 and 01."""
    text = line_text(machine)
    if kind is int and text in ("00", "01"):
        return text == "01"
    try:
        return kind(text.removesuffix("L") if kind is int else text) if len(text) <= 100 else _no_number(text)
    except ValueError:
        return _no_number(text)


def _no_number(text: str) -> Any:
    raise RefusedError(f'"{shown(text[:20])}" is no number that it could need')


def quoted(machine: Machine) -> str:
    """The quoted Python 2 string on the next line."""
    line = _long_line(machine)
    machine.reading.budget.spend(line.count(b"\\"))
    text = line.decode("latin1").strip()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        raise RefusedError("a string is not quoted")
    return _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "x" and len(code) == 3:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return _ESCAPED.get(code, code if code in "\\'\"" else match[0])


def raw_unicode(machine: Machine) -> str:
    """The text on the next line, its other characters escaped."""
    try:
        text = codecs.raw_unicode_escape_decode(_long_line(machine))[0]  # by name it would be imported first
        text.encode()
    except UnicodeError:
        raise RefusedError("a text is no unicode") from None
    return text


def _long_line(machine: Machine) -> bytes:
    line = machine.line(MAX_TEXT_BYTES)
    machine.reading.budget.copy(len(line))
    return line


def integer(machine: Machine, size_bytes: int) -> int:
    """A signed integer of so many bytes."""
    if not 0 <= size_bytes <= MAX_INT_BYTES:
        raise RefusedError(f"an integer of {size_bytes} bytes is too long")
    return machine.number(size_bytes, signed=True)


def memo_index(machine: Machine) -> int:
    """The number of a memo on the next line."""
    text = machine.line()
    if not text.isdigit() or len(text) > 10:
        raise RefusedError("a memo has no number")
    return int(text)

"""What an ISF 2.0 effect file says of itself: its inputs, passes and images, and where its GLSL begins.

Source of the format: github.com/mrRay/ISF_Spec. Files of version 1 are read as well. No OpenGL here.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ShaderError
from engine.stage.equation import Equation
from engine.stage.isf_names import check_name

TYPES = ("event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT")
IMAGES = ("image", "audio", "audioFFT")
PARTS: Mapping[str, tuple[str, ...]] = {"point2D": ("x", "y"), "color": ("r", "g", "b", "a")}
_MAX_BYTES, _MAX_HEADER, _MAX_INPUTS, _MAX_PASSES = 1 << 20, 1 << 16, 128, 32


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a uniform of the shader. Numbers are tuples: one part, or x y, or r g b a."""

    name: str
    type: str
    default: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    label: str = ""
    values: tuple[int, ...] = ()  # of a long: what is allowed


@dataclass(frozen=True, slots=True)
class Pass:
    """One drawing of the shader, into the output or into a buffer of its own."""

    target: str = ""
    persistent: bool = False
    floating: bool = False
    width: Equation | None = None
    height: Equation | None = None


@dataclass(frozen=True, slots=True)
class Isf:
    """A parsed effect."""

    path: Path
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]
    images: Mapping[str, Path]
    body: str  # GLSL after the header
    body_line: int  # line of the file on which the body begins
    vertex: str = ""  # GLSL of the .vs beside it, if there is one
    description: str = ""
    credit: str = ""
    version: int = 2


def load_isf(path: Path) -> Isf:
    """The effect in a file. ShaderError when it cannot be read or does not hold together."""
    text = _text(path)
    beside = path.with_suffix(".vs")
    return parse_isf(text, path, _text(beside) if beside.is_file() else "")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ShaderError(f"{path}: larger than {_MAX_BYTES >> 20} MiB; an effect is a short text file")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ShaderError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ShaderError(f"{path}: not UTF-8 text (byte {error.start})") from error


def parse_isf(text: str, path: Path, vertex: str = "") -> Isf:
    """Read an effect's text. `path` is for messages and for finding images beside it."""
    start, end = text.find("/*"), text.find("*/")
    if start < 0 or end < start or text[:start].strip():
        raise ShaderError(f"{path}:1: no ISF header; an effect begins with a comment /* {{ JSON }} */")
    header = _Header(path, text[start + 2 : end], text.count("\n", 0, start) + 1)
    return header.effect(text[end + 2 :], text.count("\n", 0, end) + 1, vertex)


def _clean(text: str) -> str:
    """JSON without the // comments and trailing commas that many effects carry; line numbers stay."""
    text = re.sub(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*', lambda m: m.group(1) or "", text)
    return re.sub(r'("(?:[^"\\\n]|\\.)*")|,(?=\s*[\]}])', lambda m: m.group(1) or "", text)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number JSON knows")


class _Header:
    """The JSON of one effect, read field by field with errors that name the line."""

    def __init__(self, path: Path, text: str, line: int) -> None:
        self.path, self.text, self.line = path, text, line
        if len(text) > _MAX_HEADER:
            raise self.fault(f"the ISF header has {len(text)} characters; {_MAX_HEADER} are allowed")
        try:
            data = json.loads(_clean(text), parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            at = line + error.lineno - 1
            raise ShaderError(f"{path}:{at}: the ISF header is not JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise self.fault(f"the ISF header is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise self.fault("the ISF header is not a JSON object { }")
        self.data: dict[str, Any] = data

    def fault(self, what: str, word: str = "") -> ShaderError:
        at = self.text.find(f'"{word}"') if word else -1
        return ShaderError(f"{self.path}:{self.line + (self.text.count(chr(10), 0, at) if at >= 0 else 0)}: {what}")

    def effect(self, body: str, body_line: int, vertex: str) -> Isf:
        version = 2 if str(self.data.get("ISFVSN", "")).startswith("2") else 1
        inputs = tuple(self._input(row) for row in self._rows("INPUTS", _MAX_INPUTS))
        buffers = self._version_1_buffers()
        passes = tuple(self._pass(row, buffers) for row in self._rows("PASSES", _MAX_PASSES)) or (Pass(),)
        images = self._images()
        targets = list(dict.fromkeys(p.target for p in passes if p.target))
        names = [i.name for i in inputs] + targets + list(images)
        for name in names:
            if names.count(name) > 1:
                raise self.fault(f'the name "{name}" is used twice among inputs, targets and images', name)
        self._check_sizes(inputs, passes)
        return Isf(
            self.path, inputs, passes, images, body, body_line, vertex,
            str(self.data.get("DESCRIPTION", "")), str(self.data.get("CREDIT", "")), version,
        )  # fmt: skip

    def _rows(self, key: str, limit: int) -> list[dict[str, Any]]:
        rows = self.data.get(key) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.fault(f"{key} is not a list of objects [{{ }}, ...]", key)
        if len(rows) > limit:
            raise self.fault(f"{key} has {len(rows)} entries; {limit} are allowed", key)
        return rows

    def _name(self, given: Any, what: str) -> str:
        reason = check_name(given)
        if reason:
            raise self.fault(f"{what}: {reason}", given if isinstance(given, str) else "")
        return str(given)

    def _input(self, row: dict[str, Any]) -> Input:
        name = self._name(row.get("NAME"), "an input's NAME")
        kind = row.get("TYPE")
        if kind not in TYPES:
            raise self.fault(f'input "{name}": TYPE is {_short(kind)}; allowed are {", ".join(TYPES)}', name)
        label = str(row.get("LABEL", name))
        if kind in IMAGES:
            return Input(name, kind, label=label)
        if kind == "long":
            return self._long(row, name, label)
        count = len(PARTS.get(kind, ("",)))
        low = self._numbers(row, "MIN", name, count, 0.0)
        high = self._numbers(row, "MAX", name, count, 1.0)
        if any(a > b for a, b in zip(low, high, strict=True)):
            raise self.fault(
                f'input "{name}": MIN {_short(row.get("MIN"))} is above MAX {_short(row.get("MAX"))}', name
            )
        if kind in ("bool", "event"):
            low, high = (0.0,), (1.0,)
        default = self._numbers(row, "DEFAULT", name, count, None)
        middle = tuple(d if d is not None else _rest(kind, a, b) for d, a, b in zip(default, low, high, strict=True))
        held = tuple(min(max(d, a), b) for d, a, b in zip(middle, low, high, strict=True))
        return Input(name, kind, held, low, high, label)

    def _long(self, row: dict[str, Any], name: str, label: str) -> Input:
        values = row.get("VALUES")
        if values is None:
            low, high = (self._numbers(row, key, name, 1, rest)[0] for key, rest in (("MIN", 0.0), ("MAX", 1.0)))
            if high - low > 4096 or high < low:
                raise self.fault(f'input "{name}": a long goes from MIN up to MAX, at most 4096 apart', name)
            values = list(range(int(low), int(high) + 1))
        whole = isinstance(values, list) and all(_number(v) is not None and abs(v) < 2**31 for v in values)
        if not whole or not 1 <= len(values) <= 4097:
            raise self.fault(f'input "{name}": VALUES is not a list of whole numbers', name)
        allowed = tuple(int(v) for v in values)
        default = self._numbers(row, "DEFAULT", name, 1, float(allowed[0]))[0]
        nearest = min(allowed, key=lambda v: abs(v - default))
        return Input(name, "long", (float(nearest),), (float(min(allowed)),), (float(max(allowed)),), label, allowed)

    def _numbers(self, row: dict[str, Any], key: str, name: str, count: int, rest: float | None) -> tuple[Any, ...]:
        given = row.get(key)
        if given is None:
            return (rest,) * count
        parts = given if isinstance(given, list) else [given] * (count if key != "DEFAULT" else 1)
        numbers = [_number(part) for part in parts]
        if len(numbers) != count or any(n is None for n in numbers):
            wanted = "a number" if count == 1 else f"{count} numbers"
            raise self.fault(f'input "{name}": {key} is {_short(given)}; expected {wanted}', name)
        return tuple(numbers)

    def _version_1_buffers(self) -> dict[str, dict[str, Any]]:
        given = self.data.get("PERSISTENT_BUFFERS") or {}
        if isinstance(given, list) and all(isinstance(name, str) for name in given):
            return {name: {} for name in given}
        if isinstance(given, dict) and all(isinstance(row, dict) for row in given.values()):
            return given
        raise self.fault("PERSISTENT_BUFFERS is neither a list of names nor an object of objects", "PERSISTENT_BUFFERS")

    def _pass(self, row: dict[str, Any], buffers: Mapping[str, dict[str, Any]]) -> Pass:
        target = row.get("TARGET") or ""
        if not target:
            return Pass()
        target = self._name(target, "a pass's TARGET")
        row = {**buffers.get(target, {}), **row}
        sizes = [self._equation(row.get(key), key, target) for key in ("WIDTH", "HEIGHT")]
        persistent = target in buffers or _true(row.get("PERSISTENT"))
        return Pass(target, persistent, _true(row.get("FLOAT")), *sizes)

    def _equation(self, given: Any, key: str, target: str) -> Equation | None:
        if given is None or given == "":
            return None
        try:
            return Equation(given if isinstance(given, str) else str(_number(given)))
        except ShaderError as error:
            raise self.fault(f'pass "{target}": {key}: {error}', target) from None

    def _check_sizes(self, inputs: tuple[Input, ...], passes: tuple[Pass, ...]) -> None:
        known = {"WIDTH", "HEIGHT"} | {i.name for i in inputs if i.type in ("float", "long", "bool")}
        for one in passes:
            for equation in (one.width, one.height):
                unknown = sorted(equation.names - known) if equation else []
                if unknown:
                    allowed = ", ".join(f"${name}" for name in sorted(known))
                    raise self.fault(
                        f'pass "{one.target}": no ${unknown[0]} to size it by; there are {allowed}', one.target
                    )

    def _images(self) -> dict[str, Path]:
        given = self.data.get("IMPORTED") or {}
        if isinstance(given, list):  # version 1 wrote a list of objects
            given = {row["NAME"]: row for row in given if isinstance(row, dict) and isinstance(row.get("NAME"), str)}
        if not isinstance(given, dict):
            raise self.fault('IMPORTED is not an object {"name": {"PATH": ...}}', "IMPORTED")
        found: dict[str, Path] = {}
        folder = self.path.parent.resolve()
        for given_name, row in given.items():
            name = self._name(given_name, "an imported image's name")
            path = row.get("PATH") if isinstance(row, dict) else None
            if not isinstance(path, str) or not path or "\0" in path:
                raise self.fault(f'imported image "{name}" has no PATH', name)
            try:
                whole = (folder / path).resolve()
            except (OSError, RuntimeError, ValueError) as error:
                raise self.fault(f'imported image "{name}": {error}', name) from error
            if not whole.is_relative_to(folder):
                raise self.fault(f'imported image "{name}": {path} lies outside the effect\'s folder', name)
            found[name] = whole
        return found


def _number(given: Any) -> float | None:
    if isinstance(given, bool):
        return float(given)
    if not isinstance(given, int | float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _true(given: Any) -> bool:
    return given is True or given == 1 or (isinstance(given, str) and given.lower() in ("true", "1"))


def _rest(kind: str, low: float, high: float) -> float:
    """Where an input without a DEFAULT rests: as its range allows, at 0, or opaque white for a colour."""
    return high if kind == "color" else min(max(0.0, low), high)


def _short(given: Any) -> str:
    text = json.dumps(given, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."

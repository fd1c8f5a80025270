"""What a shape is called, what it takes and in which units: text -> Shape."""

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mappings.errors import RouteError
from mappings.expr import BOUND, CHARACTERS

POINTS = 64  # of a table or a scale
DELAY_S = 30.0  # the longest a delay remembers

_TIME = ("ms", "s", "beats", "bars")
_LAG = ("ms", "s", "hz", "beats", "bars")
_FREQUENCY = ("hz",)
_SINGULAR = {"beat": "beats", "bar": "bars", "sec": "s", "second": "s", "seconds": "s"}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z%]*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Duration:
    """A time that may hang on the tempo."""

    s: float = 0.0
    beats: float = 0.0
    bars: float = 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One parsed shape: its kind, and what it takes in the order of its fields."""

    kind: str
    numbers: tuple[float, ...] = ()
    times: tuple[Duration, ...] = ()
    word: str = ""  # "wrap", "while", "pow", ...
    text: str = ""  # an address or an expression


class Field(NamedTuple):
    """One thing a shape takes: by its name in any order, or without it in this order."""

    name: str
    units: tuple[str, ...] = ()  # none: a plain number
    default: str = ""  # none: it must be given
    low: float = -BOUND
    high: float = BOUND


class Kind(NamedTuple):
    """A shape's fields, or the function that reads what they cannot say; and an example for errors."""

    example: str
    fields: tuple[Field, ...] = ()
    read: Callable[[list[str]], Shape] | None = None


def parse_shape(text: str) -> Shape:
    """Read one shape; RouteError says what was given, what is allowed, and shows an example."""
    if len(text) > CHARACTERS + 20:
        raise RouteError(f"a shape of {len(text)} characters; {CHARACTERS} are allowed")
    name, rest = [*text.split(maxsplit=1), "", ""][:2]
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, 1)
        mend = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(KINDS)}"
        raise RouteError(f'no shape "{name}"; {mend}')
    if name == "expr":
        return _expr(rest)
    try:
        words = rest.split()
        if name == "release":
            return _fields("attack", kind.fields, ["release", *words])
        return kind.read(words) if kind.read else _fields(name, kind.fields, words)
    except RouteError as error:
        raise RouteError(f'shape "{text.strip()}": {error}; for example "{kind.example}"') from None


def _fields(name: str, fields: tuple[Field, ...], words: list[str]) -> Shape:
    given: dict[str, float | Duration] = {}
    names = [field.name for field in fields]
    while words:
        named = words[0] in names
        if named:
            field = fields[names.index(words.pop(0))]
        else:
            left = [field for field in fields if field.name not in given]
            if not left:
                raise RouteError(f'"{words[0]}" is one too many; it takes {_list(names) if names else "nothing"}')
            field = left[0]
        if field.name in given:
            raise RouteError(f"{field.name} is given twice")
        given[field.name] = _quantity(words, field)
    for field in fields:
        if field.name in given:
            continue
        if not field.default:
            raise RouteError(f"it needs {field.name}" + (f" in {_list(field.units)}" if field.units else ""))
        given[field.name] = _quantity([field.default], field)
    values = [given[field.name] for field in fields]
    return Shape(
        name,
        tuple(value for value in values if isinstance(value, float)),
        tuple(value for value in values if isinstance(value, Duration)),
    )


def _quantity(words: list[str], field: Field) -> float | Duration:
    """Take one number with its unit off the front of the words: `2s`, `2 s`."""
    if not words:
        raise RouteError(f"{field.name} needs a value" + (f" in {_list(field.units)}" if field.units else ""))
    word = words.pop(0)
    found = _QUANTITY.fullmatch(word)
    if found is None:
        raise RouteError(f'"{word}" is not a number' + (f" in {_list(field.units)}" if field.units else ""))
    number, unit = float(found[1]), found[2].lower()
    if not unit and words and field.units and _unit(words[0].lower()) in (*_LAG, "min", "h", "db", "bpm"):
        unit = words.pop(0).lower()
    unit = _unit(unit)
    if unit not in field.units and (unit or field.units):
        if not field.units:
            raise RouteError(f'{field.name} is a plain number, "{word}" has a unit')
        if not unit:
            raise RouteError(f'{field.name} is "{word}" without a unit; allowed are {_list(field.units)}')
        raise RouteError(f'{field.name} is in "{unit}"; allowed are {_list(field.units)}')
    per_s = 1000 if unit == "ms" else 1
    if not field.low * per_s <= number <= field.high * per_s:
        raise RouteError(f"{field.name} is {found[0]}; {field.low * per_s:g} to {field.high * per_s:g} are allowed")
    if not field.units or field.units == _FREQUENCY:
        return number
    return _duration(number, unit, field)


def _duration(number: float, unit: str, field: Field) -> Duration:
    if unit == "beats":
        return Duration(beats=number)
    if unit == "bars":
        return Duration(bars=number)
    if unit == "hz":
        if number <= 0:
            raise RouteError(f"{field.name} is 0 hz; a frequency is above 0")
        return Duration(s=1 / (2 * math.pi * number))
    return Duration(s=number / 1000 if unit == "ms" else number)


def _unit(word: str) -> str:
    return _SINGULAR.get(word, word)


def _list(names: tuple[str, ...] | list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _numbers(words: list[str], least: int, what: str) -> tuple[float, ...]:
    if not least <= len(words) <= POINTS:
        raise RouteError(f"it needs {what}, {least} to {POINTS} of them")
    number = Field(what)
    return tuple(value for word in words if isinstance(value := _quantity([word], number), float))


def _range(words: list[str]) -> Shape:
    shape = _fields("range", (Field("low"), Field("high")), words)
    if abs(shape.numbers[1] - shape.numbers[0]) < 1e-9:
        raise RouteError("its two ends are the same")
    return shape


def _clip(words: list[str]) -> Shape:
    shape = _fields("clip", (Field("low", default="0"), Field("high", default="1")), words)
    if shape.numbers[0] > shape.numbers[1]:
        raise RouteError("its low end is above its high end")
    return shape


def _gate(words: list[str]) -> Shape:
    given = [word for word in words if word not in ("on", "off")]
    shape = _fields("gate", (Field("on"), Field("off", default=given[0] if len(given) == 1 else "")), words)
    if shape.numbers[1] > shape.numbers[0]:
        raise RouteError("it opens at the first number and closes at the second, which must not be above it")
    return shape


def _curve(words: list[str]) -> Shape:
    if not words or words[0] not in ("pow", "exp", "log", "table"):
        raise RouteError("it needs pow, exp, log or table")
    word = words.pop(0)
    if word == "table":
        return _table(words)
    low, high = {"pow": (0.01, 100.0), "exp": (-50.0, 50.0), "log": (0.01, 1e6)}[word]
    shape = _fields("curve", (Field(word, low=low, high=high),), words)
    if abs(shape.numbers[0]) < 0.01:
        raise RouteError("an exp nearer to 0 than 0.01 is a straight line; leave it out")
    return Shape("curve", shape.numbers, word=word)


def _table(words: list[str]) -> Shape:
    points = " ".join(words).replace(",", " ").split()
    numbers = _numbers([part for point in points for part in point.split(":")], 4, "points x:y")
    if any(point.count(":") != 1 for point in points):
        raise RouteError("its points are written x:y")
    if any(after - before < 1e-9 for before, after in zip(numbers[0::2], numbers[2::2], strict=False)):
        raise RouteError("its points must go up in x")
    return Shape("curve", numbers, word="table")


def _quantise(words: list[str]) -> Shape:
    numbers = _numbers(words, 1, "a number of steps, or a scale of values")
    if len(numbers) > 1:
        return Shape("scale", tuple(sorted(set(numbers))))
    if not (numbers[0].is_integer() and 2 <= numbers[0] <= 1024):
        raise RouteError(f"it has {numbers[0]:g} steps; a whole number from 2 to 1024 is allowed")
    return Shape("quantise", numbers)


def _count(words: list[str]) -> Shape:
    shape = _fields("count", (Field("steps", low=2, high=1e6),), words)
    if not shape.numbers[0].is_integer():
        raise RouteError("it counts whole steps")
    return shape


def _accumulate(words: list[str]) -> Shape:
    if words not in ([], ["wrap"], ["clip"]):
        raise RouteError(f'"{" ".join(words)}" is not wrap or clip')
    return Shape("accumulate", word=words[0] if words else "wrap")


def _hold(words: list[str]) -> Shape:
    if len(words) == 2 and words[0] in ("while", "until"):
        if words[1].startswith("/") or (words[0] == "until" and words[1] in ("beat", "bar")):
            return Shape("hold", word=words[0], text=words[1])
        raise RouteError(f'"{words[1]}" is not an address' + (", beat or bar" if words[0] == "until" else ""))
    return _fields("hold", (Field("time", _TIME, low=0, high=86400),), words)


def _expr(rest: str) -> Shape:
    text = rest.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return Shape("expr", text=text)


def _span(name: str, default: str = "", units: tuple[str, ...] = _TIME, high: float = 86400.0) -> Field:
    return Field(name, units, default, 0.0, high)


KINDS: dict[str, Kind] = {
    "range": Kind("range 20 20000", read=_range),
    "clip": Kind("clip 0 1", read=_clip),
    "curve": Kind('curve pow 2" or "curve table 0:0 0.5:0.1 1:1', read=_curve),
    "invert": Kind("invert"),
    "smooth": Kind("smooth 2s", (_span("time", units=_LAG),)),
    "one-euro": Kind(
        "one-euro mincutoff 1hz beta 0.01",
        (
            Field("mincutoff", _FREQUENCY, "1hz", 1e-4, 1e4),
            Field("beta", (), "0", 0.0, 1e6),
            Field("dcutoff", _FREQUENCY, "1hz", 1e-4, 1e4),
        ),
    ),
    "attack": Kind("attack 20ms release 300ms", (_span("attack", "0ms"), _span("release", "0ms"))),
    "release": Kind("release 300ms", (_span("attack", "0ms"), _span("release"))),
    "gate": Kind("gate 0.6 0.4", read=_gate),
    "agc": Kind("agc 10s floor 0.01", (_span("half-life"), Field("floor", (), "0.001", 1e-9, BOUND))),
    "zscore": Kind("zscore 60s", (_span("half-life"),)),
    "quantise": Kind('quantise 5" or "quantise 0 0.25 1', read=_quantise),
    "delay": Kind("delay 250ms", (_span("time", high=DELAY_S),)),
    "accumulate": Kind("accumulate wrap", read=_accumulate),
    "hold": Kind('hold 200ms", "hold while /osc/freeze" or "hold until bar', read=_hold),
    "envelope": Kind(
        "envelope attack 10ms hold 0ms release 300ms",
        (_span("attack", "0ms"), _span("hold", "0ms"), _span("release", "300ms")),
    ),
    "toggle": Kind("toggle"),
    "count": Kind("count 4", read=_count),
    "set": Kind("set"),
    "expr": Kind('expr "x * 2"'),
}

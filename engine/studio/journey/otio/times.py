"""Times of OpenTimelineIO as exact fractions, and the checked ways into its JSON."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from engine.errors import InputError
from engine.studio.journey.timeline import MAX_FRAMES

MAX_RATE = 1_000_000  # audio counts in samples
MAX_VALUE = 10**15
NTSC_SLACK = 0.005  # 23.98 is 24000/1001, as are 23.976 and 23.976024


@dataclass(frozen=True, slots=True)
class Time:
    """A count of frames and their rate."""

    value: Fraction
    rate: Fraction

    @property
    def seconds(self) -> Fraction:
        return self.value / self.rate


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time: `length` is not negative."""

    start: Time
    length: Time


def schema(data: Any) -> str:
    """The kind of an object, without the version: "Clip" of "Clip.2"; "" for what is none."""
    name = data.get("OTIO_SCHEMA") if isinstance(data, dict) else None
    return name.partition(".")[0] if isinstance(name, str) else ""


def text(data: dict[str, Any], key: str) -> str:
    """A text of an object; "" where there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def items(data: dict[str, Any], key: str) -> list[Any]:
    """A list of an object; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def number(value: Any, where: str) -> Fraction:
    """A number, whole where only rounding of its float keeps it from being so. InputError for NaN and the like."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_VALUE:
        raise InputError(f"{where}: {str(value)[:40]} where a number up to 10^15 stands")
    whole = round(value)
    return Fraction(whole) if abs(value - whole) < 1e-6 else Fraction(value).limit_denominator(1_000_000)


def rate(value: Any, where: str) -> Fraction:
    """A rate in frames a second: 23.976 and its like as 24000/1001. InputError unless it is positive."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_RATE
    if not good or value < Fraction(1, 1000):
        raise InputError(f"{where}: a rate of {str(value)[:40]}; it is over 0 and at most {MAX_RATE}")
    if abs(value - round(value)) < 1e-6:
        return Fraction(round(value))
    ntsc = Fraction(math.ceil(value) * 1000, 1001)
    return ntsc if abs(value - ntsc) < NTSC_SLACK else Fraction(value).limit_denominator(1001)


def time(data: Any, where: str) -> Time | None:
    """A RationalTime; None where there is none."""
    if data is None:
        return None
    if schema(data) != "RationalTime":
        raise InputError(f"{where}: {str(data)[:40]} where a RationalTime stands")
    return Time(number(data.get("value"), where), rate(data.get("rate"), where))


def time_range(data: Any, where: str) -> Range | None:
    """A TimeRange; None where there is none. InputError for a negative or endless length."""
    if data is None:
        return None
    if schema(data) != "TimeRange":
        raise InputError(f"{where}: {str(data)[:40]} where a TimeRange stands")
    start, length = time(data.get("start_time"), where), time(data.get("duration"), where)
    if length is None:
        raise InputError(f"{where}: a TimeRange without a duration")
    if not 0 <= length.value / length.rate * 60 <= MAX_FRAMES:
        raise InputError(f"{where}: {float(length.seconds):g} seconds long; give 0 to a day")
    return Range(start or Time(Fraction(0), length.rate), length)

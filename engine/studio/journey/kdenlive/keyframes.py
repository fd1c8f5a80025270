"""Values that change over time as MLT writes them: `0=0;00:00:01.000~=0.5;-1=1`.

The letter before the sign is how the value goes on to the next key: none straight, `|` and `!` not at all, `~` a
Catmull-Rom spline, `$` and `-` splines without overshoot, a to D the easings of MLT 7.22 (Penner's, as in AHEasing).
"""

import math
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from engine.studio.journey.kdenlive.clocks import frames

MOST_KEYS = 100_000
_KEY = re.compile(r"\s*([-+]?[0-9:;.,]+)([^0-9=]?)=(.*)", re.DOTALL | re.ASCII)
_NUMBER = re.compile(
    r"([+-]?(?:\d{1,15}(?:[.,]\d{0,17})?|[.,]\d{1,17})(?:e[+-]?\d{1,2})?)(%?)", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Key:
    """A value at a frame, and how it goes on."""

    frame: int
    values: tuple[float, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Keys in order of time; before the first and after the last the value stands."""

    keys: tuple[Key, ...]

    def at(self, frame: int, part: int = 0) -> float:
        """One of the values at a frame."""
        i = bisect_right(self.keys, frame, key=lambda key: key.frame) - 1
        if i < 0 or i + 1 == len(self.keys):
            return self.keys[max(0, i)].values[part]
        keys = [self.keys[min(max(j, 0), len(self.keys) - 1)] for j in (i - 1, i, i + 1, i + 2)]
        t = (frame - keys[1].frame) / (keys[2].frame - keys[1].frame)
        return _between([key.values[part] for key in keys], [key.frame for key in keys], t, keys[1].kind)

    def constant(self, part: int = 0) -> bool:
        """True where one of the values never changes."""
        return all(key.values[part] == self.keys[0].values[part] for key in self.keys)


def number(text: str) -> float:
    """A number as MLT writes it, percent as its hundredth. ValueError for none."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text[:40]}" is no number')
    return float(match[1].replace(",", ".")) / (100 if match[2] else 1)


def curve(text: str, fps: Fraction, length: int, values: Callable[[str], tuple[float, ...]]) -> Curve:
    """The curve that a property stands for. ValueError for what is none.

    length : of what it belongs to, in frames: times below 0 count from its end
    values : makes the numbers of a key of its text
    """
    keys: dict[int, Key] = {}
    for part in _split(text):
        if match := _KEY.fullmatch(part):
            sign, time = (-1, match[1][1:]) if match[1].startswith("-") else (1, match[1])
            frame = sign * frames(time, fps)
            frame = frame + length if frame < 0 else frame
            keys[frame] = Key(frame, values(match[3]), match[2])
        else:
            keys[0] = Key(0, values(part))
        if len(keys) > MOST_KEYS:
            raise ValueError(f"more than {MOST_KEYS} keys")
    if not keys:
        raise ValueError("no value")
    if len({len(key.values) for key in keys.values()}) > 1:
        raise ValueError("keys of different kinds")
    return Curve(tuple(keys[frame] for frame in sorted(keys)))


def numbers(text: str, fps: Fraction, length: int) -> Curve:
    """A curve of single numbers."""
    return curve(text, fps, length, lambda value: (number(value),))


def _split(text: str) -> list[str]:
    """The keys of a text: at semicolons, but not at that of a timecode `00:00:01;12=`."""
    parts: list[str] = []
    for part in text.split(";"):
        if parts and "=" not in parts[-1] and ":" in parts[-1] and "=" in part:
            parts[-1] += ";" + part
        elif part.strip():
            parts.append(part)
    return parts


def _between(y: list[float], x: list[int], t: float, kind: str) -> float:
    """The value between y[1] and y[2] at t from 0 to 1; x: the frames of the four keys."""
    if kind in ("|", "!"):
        return y[1]
    if kind == "~":
        a, b, c = 2 * y[1], y[2] - y[0], 2 * y[0] - 5 * y[1] + 4 * y[2] - y[3]
        return 0.5 * (a + b * t + c * t * t + (3 * (y[1] - y[2]) + y[3] - y[0]) * t**3)
    if kind in ("$", "-"):
        slopes = [0.0, 0.0] if kind == "-" else _slopes(y, x)
        width = x[2] - x[1]
        blend = t * t * (3 - 2 * t)
        rise = width * (slopes[0] * t * (1 - t) ** 2 - slopes[1] * t * t * (1 - t))
        return y[1] + (y[2] - y[1]) * blend + rise
    easing = EASINGS.get(kind)
    return y[1] + (y[2] - y[1]) * (easing(t) if easing else t)


def _slopes(y: list[float], x: list[int]) -> list[float]:
    """The slopes at the two inner keys, which never lead past a key: 0 where the values turn (Fritsch and Carlson)."""
    steps = [(b - a) / (q - p) if q > p else 0.0 for (a, b), (p, q) in zip(pairwise(y), pairwise(x), strict=True)]
    return [2 * a * b / (a + b) if a * b > 0 else 0.0 for a, b in pairwise(steps)]


def _bounce(t: float) -> float:
    for end, at, up in ((4, 0, 0), (8, 6, 0.75), (10, 9, 0.9375), (11, 10.5, 0.984375)):
        if t * 11 < end or end == 11:
            return 7.5625 * (t - at / 11) ** 2 + up
    raise AssertionError


_IN: dict[str, Callable[[float], float]] = {
    "a": lambda t: 1 - math.cos(t * math.pi / 2),
    "d": lambda t: t**2,
    "g": lambda t: t**3,
    "j": lambda t: t**4,
    "m": lambda t: t**5,
    "p": lambda t: 2 ** (10 * (t - 1)) if t > 0 else 0.0,
    "s": lambda t: 1 - math.sqrt(max(0.0, 1 - t * t)),
    "v": lambda t: t**3 - t * math.sin(t * math.pi),
    "y": lambda t: math.sin(6.5 * math.pi * t) * 2 ** (10 * (t - 1)),
    "B": lambda t: 1 - _bounce(1 - t),
}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCD"


def _easings() -> dict[str, Callable[[float], float]]:
    """Each easing in, its mirror image out, and half of each."""
    found: dict[str, Callable[[float], float]] = {}
    for first, ease in _IN.items():
        i = LETTERS.index(first)
        found[first] = ease
        found[LETTERS[i + 1]] = lambda t, f=ease: 1 - f(1 - t)  # type: ignore[misc]
        found[LETTERS[i + 2]] = lambda t, f=ease: f(2 * t) / 2 if t < 0.5 else 1 - f(2 - 2 * t) / 2  # type: ignore[misc]
    return found


EASINGS = _easings()

"""Moments of a sequence, as one names them: a frame's number, a clock, seconds, or a mark."""

import math
import re
from difflib import get_close_matches

from engine.errors import InputError
from engine.studio.journey.pair import Pair

_CLOCK = re.compile(r"(\d{1,3}):(\d{1,2}):(\d{1,2}):(\d{1,3})")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)s")


def moments(text: str, pair: Pair, option: str) -> tuple[int, ...]:
    """The frames of `12,40,00:00:03:10,6.5s,flower`, in that order.

    option : what was given, for the message
    InputError for what is none of them, or lies outside of the sequence.
    """
    return tuple(_frame(part.strip(), pair, option) for part in text.split(","))


def _frame(text: str, pair: Pair, option: str) -> int:
    fps, count = pair.facts.fps, len(pair)
    if text.isascii() and text.isdecimal():
        frame = int(text[:12])
    elif found := _CLOCK.fullmatch(text):
        hours, minutes, seconds, rest = map(int, found.groups())
        frame = ((hours * 60 + minutes) * 60 + seconds) * max(1, round(fps)) + rest
    elif found := _SECONDS.fullmatch(text):
        frame = math.floor(float(found[1]) * float(fps) + 1e-6)
    else:
        frame = _marked(text, pair, option)
    if frame >= count:
        raise InputError(f"{option} {text}: {pair.path.name} has frames 0 to {count - 1}")
    return frame


def _marked(text: str, pair: Pair, option: str) -> int:
    names = {mark.name: mark.frame for mark in reversed(pair.facts.marks)}
    if text in names:
        return min(names[text], len(pair) - 1)
    close = get_close_matches(text, names, 1)
    hint = f'; did you mean "{close[0]}"?' if close else f"; its marks: {', '.join(names) or 'none'}"
    raise InputError(f"{option} {text}: give frames (12), clocks (00:00:03:10), seconds (6.5s) or marks{hint}")

"""Times as MLT writes them: clocks, timecodes and plain frames."""

import re
from fractions import Fraction

_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,9}):(\d{1,9}(?:[.,]\d{0,12})?)", re.ASCII)
_TIMECODE = re.compile(r"(?:(?:(\d{1,6}):)?(\d{1,9}):)?(\d{1,9})[:;](\d{1,9})", re.ASCII)
_FRAMES = re.compile(r"([+-]?\d{1,12})(?:[.,]\d{0,12})?", re.ASCII)


def frames(text: str, fps: Fraction) -> int:
    """The frame that a time stands for. ValueError for what is no time.

    A colon and a decimal point or comma: a clock `HH:MM:SS.mmm`, rounded to the nearest frame. A colon alone: a
    timecode `HH:MM:SS:FF`. Neither: frames, cut to a whole number as MLT does.
    """
    text = text.strip()
    if match := _FRAMES.fullmatch(text):
        return int(match[1])
    if ("." in text or "," in text) and (match := _CLOCK.fullmatch(text)):
        minutes = int(match[1] or 0) * 60 + int(match[2])
        return round((minutes * 60 + Fraction(match[3].replace(",", "."))) * fps)
    if match := _TIMECODE.fullmatch(text):
        hours, minutes, second, frame = (int(part or 0) for part in match.groups())
        return frame + round((hours * 3600 + minutes * 60 + second) * fps)
    raise ValueError(f'"{text[:40]}" is no time: give HH:MM:SS.mmm, HH:MM:SS:FF or frames')

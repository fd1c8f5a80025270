"""SMPTE timecode (ST 12-1), drop-frame and not, as counts of frames."""

import re
from dataclasses import dataclass
from fractions import Fraction

TIMECODE = r"\d\d[:;.,]\d\d[:;.,]\d\d[:;.,]\d{2,3}"
_PARTS = re.compile(r"(\d\d)[:;.,](\d\d)[:;.,](\d\d)([:;.,])(\d{2,3})")


@dataclass(frozen=True, slots=True)
class Timecode:
    """How a list counts: rounded frames a second, and whether numbers are dropped so that the clock keeps time."""

    base: int
    drop: bool = False

    @classmethod
    def of(cls, fps: Fraction, drop: bool = False) -> "Timecode":
        """That of a rate. ValueError for drop-frame at a rate that has none."""
        base = max(1, round(fps))
        if drop and (base % 30 or fps != Fraction(base * 1000, 1001)):
            raise ValueError(f"drop-frame timecode at {float(fps):g} frames a second; only 29.97 and 59.94 have it")
        return cls(base, drop)

    @property
    def hour(self) -> int:
        """The frames of an hour."""
        return 3600 * self.base - (54 * self.base // 15 if self.drop else 0)

    def frames(self, text: str) -> int:
        """The frame that a timecode names. ValueError for what is none. A `;` or `,` before frames says drop-frame."""
        match = _PARTS.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no timecode; it is HH:MM:SS:FF")
        hours, minutes, seconds, rest = (int(match[i]) for i in (1, 2, 3, 5))
        if minutes > 59 or seconds > 59 or rest >= self.base:
            raise ValueError(f"{text}: 60 minutes, 60 seconds and {self.base} frames are counted from 0; give --fps")
        total = (hours * 60 + minutes) * 60 + seconds
        if self.drop or (match[4] in ";," and not self.base % 30):
            each, past = self.base // 15, hours * 60 + minutes
            if minutes % 10 and not seconds and rest < each:
                raise ValueError(f"{text}: drop-frame timecode has no such number")
            return total * self.base + rest - each * (past - past // 10)
        return total * self.base + rest

    def text(self, frame: int) -> str:
        """A frame's timecode, non-drop. ValueError where a day has not as many."""
        seconds, rest = divmod(frame, self.base)
        if not 0 <= seconds < 24 * 3600:
            raise ValueError(f"frame {frame} is not within the day that timecode counts")
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"

"""Small parts of a project's file: properties, clocks, sizes."""

from collections.abc import Mapping
from fractions import Fraction
from math import gcd
from xml.etree import ElementTree as ET

Element = ET.Element
FINE_FPS = 250  # from here on a thousandth of a second does not tell frames apart safely


def properties(parent: Element, table: Mapping[str, object]) -> None:
    """Add `<property name="...">` for each; None is left out, "" is written empty."""
    for name, value in table.items():
        if value is not None:
            ET.SubElement(parent, "property", name=name).text = legal(str(value)) or None


def clock(frame: int, fps: Fraction) -> str:
    """A frame as MLT's clock `HH:MM:SS.mmm`, always with a point."""
    digits = 3 if fps < FINE_FPS else 6
    ticks = round(Fraction(frame) / fps * 10**digits)
    seconds, rest = divmod(ticks, 10**digits)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:0{digits}d}"


def profile(parent: Element, size: tuple[int, int], fps: Fraction) -> None:
    """The picture's size and rate, of square pixels."""
    width, height = size
    part = gcd(width, height)
    ET.SubElement(
        parent, "profile", description=f"{width}x{height} {float(fps):g} fps", width=str(width), height=str(height),
        progressive="1", sample_aspect_num="1", sample_aspect_den="1", display_aspect_num=str(width // part),
        display_aspect_den=str(height // part), frame_rate_num=str(fps.numerator), frame_rate_den=str(fps.denominator),
        colorspace="709",
    )  # fmt: skip


def legal(text: str) -> str:
    """A text without what XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "￾￿"))


def number(value: Fraction | float) -> str:
    """A number with a point, as short as tells it."""
    return repr(float(value))


def decimal(value: float) -> str:
    """A share, to nine digits."""
    return f"{value:.9f}".rstrip("0").rstrip(".")

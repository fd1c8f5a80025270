"""What stands behind an entry of a playlist: a file at some speed, a still, a colour, another sequence."""

import re
from dataclasses import dataclass
from fractions import Fraction

from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading, last, line
from engine.studio.journey.timeline import Media

FILES = ("", "avformat", "avformat-novalidate", "loader")
STILLS = ("qimage", "pixbuf")
COLOURS = ("color", "colour")
TITLES = ("kdenlivetitle", "qtext", "pango")
_SPEED = re.compile(r"([+-]?\d{1,6}(?:[.,]\d{1,12})?):(.*)", re.DOTALL | re.ASCII)
_OLD_SPEED = re.compile(r"(.*)\?(\d{1,6}(?:[.,]\d{1,12})?)(?:&strobe=\d{1,6})?", re.DOTALL | re.ASCII)
_SEQUENCE_OF_STILLS = re.compile(r"\.all\.|%\d*d|[/\\]\.all", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry plays.

    kind : "file", "colour" (also titles), "sequence", or "refused" (`why` says so)
    speed : of a warped file; None plays as it is. Negative is backwards, from frame `last` of the warped clip on
    """

    element: Element
    kind: str
    name: str
    media: Media | None = None
    speed: Fraction | None = None
    last: int = 0
    why: str = ""

    def frame(self, position: int) -> Fraction:
        """The frame of the file at a position of the producer: MLT shows the whole frame at or below it.

        A warped producer is asked at a position times its speed, rounded to the nearest frame.
        """
        if self.speed is None:
            return Fraction(position)
        at = position if self.speed > 0 else self.last - position
        return at * abs(self.speed) + Fraction(1, 2)


def source(reading: Reading, element: Element) -> Source:
    """What a producer, chain, playlist or tractor is to an entry."""
    service, name = element.service(), _shown(reading, element)
    if element.tag == "tractor":
        return Source(element, "sequence", name)
    if element.tag == "playlist":
        return Source(element, "refused", name, why="a playlist within a playlist has no counterpart")
    if service in COLOURS:
        return Source(element, "colour", name or "colour", why="a colour clip has no latent; it is left empty")
    if service in TITLES:
        return Source(element, "colour", name or "title", why="a title has no latent; it is left empty")
    if service == "timewarp":
        return _warped(reading, element, name)
    if service == "framebuffer":
        return _framebuffer(reading, element, name)
    if service not in FILES + STILLS:
        return Source(element, "refused", name, why=f"{line(service)[:60]} is not followed; it is left empty")
    return Source(element, "file", name, _media(reading, element, element.get("resource"), service in STILLS))


def _warped(reading: Reading, element: Element, name: str) -> Source:
    match = _SPEED.fullmatch(element.get("resource"))
    if match is None:
        return Source(element, "refused", name, why="timewarp without a speed; it is left empty")
    speed, file = _speed(match[1]), match[2]
    if speed is None:
        return Source(element, "refused", name, why=f"timewarp at speed {match[1]}; it is left empty")
    last = reading.time(element, "out", (reading.length(element) or 1) - 1)
    return Source(element, "file", name, _media(reading, element, file), _realised(speed, reading.fps), last)


def _framebuffer(reading: Reading, element: Element, name: str) -> Source:
    match = _OLD_SPEED.fullmatch(element.get("resource"))
    speed = match and _speed(match[2])
    if not match or not speed:
        return Source(element, "refused", name, why="framebuffer without a speed; it is left empty")
    last = reading.time(element, "out", (reading.length(element) or 1) - 1)
    return Source(element, "file", name, _media(reading, element, match[1]), speed, last)


def _speed(text: str) -> Fraction | None:
    speed = Fraction(text.replace(",", "."))
    return speed if Fraction(1, 1000) <= abs(speed) <= 1000 else None


def _realised(speed: Fraction, fps: Fraction) -> Fraction:
    """The speed that MLT plays for one asked for: it cuts the numerator of the warped rate to a whole number."""
    numerator = fps.numerator * (1000 if fps.numerator < 1000 else 1)
    whole = int(numerator / abs(speed))
    real = Fraction(numerator, whole) if whole else abs(speed)
    return real if speed > 0 else -real


def _media(reading: Reading, element: Element, resource: str, still: bool = False) -> Media:
    """The file of an element: its original where it plays a proxy, its hash and length as the bin has them."""
    known = reading.bin.get(element.get("kdenlive:id"), element)
    original = known.properties.get("kdenlive:originalurl", "") or element.properties.get("kdenlive:originalurl", "")
    digest = known.properties.get("kdenlive:file_hash", "") or element.properties.get("kdenlive:file_hash", "")
    length = reading.length(known) if known.service() not in ("timewarp", "framebuffer") else None
    name = line(original or resource)
    return Media(name, line(digest), None if still else length, still and not _SEQUENCE_OF_STILLS.search(name))


def _shown(reading: Reading, element: Element) -> str:
    """Its name as the editor shows it."""
    known = reading.bin.get(element.get("kdenlive:id"), element)
    for place in (element, known):
        if name := place.properties.get("kdenlive:clipname", ""):
            return line(name)
    resource = element.get("resource") if element.service() not in COLOURS + TITLES else ""
    return last(resource)

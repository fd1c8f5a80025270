"""What stands behind an entry of a playlist: a file at some speed, a still, a colour, another sequence."""

import re
from dataclasses import dataclass
from fractions import Fraction

from engine.errors import printable
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading, last, line
from engine.studio.journey.timeline import Media

FILES = ("", "avformat", "avformat-novalidate", "loader")
STILLS = ("qimage", "pixbuf")
COLOURS = ("color", "colour")
MOST_NAME = 4096  # of a file's path
TITLES = ("kdenlivetitle", "qtext", "pango")
_SPEED = re.compile(r"([+-]?\d{1,6}(?:[.,]\d{1,12})?):(.*)", re.DOTALL | re.ASCII)
_OLD_SPEED = re.compile(r"(.*)\?(-?\d{1,6}(?:[.,]\d{1,12})?)(?:&strobe=\d{1,6})?", re.DOTALL | re.ASCII)
_SEQUENCE_OF_STILLS = re.compile(r"\.all\.|%\d*d|[/\\]\.all", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry plays.

    kind : "file", "empty" (colours, titles and what is not followed: `why` says so), "sequence"
    origin, speed : the frame of the file at position 0 of the producer, and how many more at each position;
    MLT shows the whole frame at or below. rounding : a half where it shows the nearest one
    """

    element: Element
    kind: str
    name: str
    media: Media | None = None
    origin: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    rounding: Fraction = Fraction(0)
    why: str = ""

    def frame(self, position: int) -> Fraction:
        """The frame of the file at a position of the producer."""
        return self.origin + position * self.speed


def source(reading: Reading, element: Element) -> Source:
    """What a producer, chain, playlist or tractor is to an entry."""
    service, name = element.service(), _shown(reading, element)
    if element.tag == "tractor":
        return Source(element, "sequence", name)
    if element.tag == "playlist":
        return _empty(element, name, "a playlist within a playlist is not followed")
    if service in COLOURS:
        return _empty(element, name or "colour", "a colour clip has no latent")
    if service in TITLES:
        return _empty(element, name or "title", "a title has no latent")
    if service == "timewarp":
        return _warped(reading, element, name)
    if service == "framebuffer":
        return _framebuffer(reading, element, name)
    if service not in FILES + STILLS:
        return _empty(element, name, f"{line(service)[:60]} is not followed")
    media = _media(reading, element, element.get("resource"), service in STILLS)
    if not media.name:
        return _empty(element, name, "a clip without a file")
    if media.still:
        return Source(element, "file", name, media, speed=Fraction(0))
    if service in STILLS:
        return _empty(element, name, "a sequence of pictures is not followed")
    return Source(element, "file", name, media)


def shown(element: Element) -> bool:
    """False for a clip that is switched off in the editor, or of which the sound alone is played."""
    return not element.flag("set.test_image") and element.get("video_index").strip() != "-1"


def heard(element: Element) -> bool:
    """False for a clip that is switched off in the editor, or of which the picture alone is shown."""
    return not element.flag("set.test_audio") and element.get("audio_index").strip() != "-1"


def _empty(element: Element, name: str, why: str) -> Source:
    return Source(element, "empty", name, speed=Fraction(0), why=f"{why}; what lies under it is seen")


def _warped(reading: Reading, element: Element, name: str) -> Source:
    """A clip at another speed: MLT asks the file at a position times the speed, rounded to the nearest frame."""
    match = _SPEED.fullmatch(element.get("resource"))
    speed = match and _speed(match[1])
    if not match or not speed:
        return _empty(element, name, "a timewarp without a speed")
    speed, half = _realised(speed, reading.fps), Fraction(1, 2)
    origin = half if speed > 0 else half - _last(reading, element) * speed
    return Source(element, "file", name, _media(reading, element, match[2]), origin, speed, half)


def _framebuffer(reading: Reading, element: Element, name: str) -> Source:
    """A clip at another speed as Kdenlive wrote it before 2020: the whole frame at or below."""
    match = _OLD_SPEED.fullmatch(element.get("resource"))
    speed = match and _speed(match[2])
    if not match or not speed:
        return _empty(element, name, "a framebuffer without a speed")
    speed = -abs(speed) if element.flag("reverse") else speed
    origin = Fraction(0) if speed > 0 else Fraction(_last(reading, element) + 1)
    return Source(element, "file", name, _media(reading, element, match[1]), origin, speed)


def _last(reading: Reading, element: Element) -> int:
    """The last position of a producer."""
    return reading.time(element, "out", (reading.length(element) or 1) - 1)


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
    name = printable((original or resource).strip())[:MOST_NAME]  # as it is: two spaces may stand in a file's name
    return Media(name, line(digest), None if still else length, still and not _SEQUENCE_OF_STILLS.search(name))


def _shown(reading: Reading, element: Element) -> str:
    """Its name as the editor shows it."""
    known = reading.bin.get(element.get("kdenlive:id"), element)
    for place in (element, known):
        if name := place.properties.get("kdenlive:clipname", ""):
            return line(name)
    resource = element.get("resource") if element.service() not in COLOURS + TITLES else ""
    return last(resource)

"""Which frame of its file a clip shows at each of its frames: speed, remapped time, frozen time."""

import math
from collections.abc import Sequence
from fractions import Fraction

from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.effects import Freeze
from engine.studio.journey.kdenlive.keyframes import numbers
from engine.studio.journey.kdenlive.reading import Reading
from engine.studio.journey.kdenlive.sources import Source
from engine.studio.journey.timeline import MAX_FRAMES

FINE = 1000  # parts of a frame that a remapped time is told in


def remap(element: Element) -> Element | None:
    """The link of a chain that remaps its time, None without."""
    links = (link for link in element.all("link") if link.service() == "timeremap" and not link.flag("disable"))
    return next((link for link in links if _map(link)), None)


def shown(
    reading: Reading, source: Source, first: int, length: int, freezes: Sequence[Freeze]
) -> tuple[Fraction, ...] | None:
    """The frame of the file at each position from `first` on; None where it is `Source.frame`.

    A freeze asks the file itself for its position: on a clip played backwards, too.
    """
    link = remap(source.element)
    if source.kind != "file" or (link is None and not freezes and not ties(source)):
        return None
    reading.spend(source.element, first + length if link and _map(link) == "speed_map" else length)
    positions = range(first, first + length)
    places = _remapped(reading, link, first, length) if link else [_warped(reading, source, i) for i in positions]
    if not link and not freezes and all(place == source.frame(i) for i, place in zip(positions, places, strict=True)):
        return None
    for freeze in freezes:
        frozen = freeze.position * abs(source.speed) + source.rounding
        places = [frozen if freeze.holds(first + i) else place for i, place in enumerate(places)]
    return tuple(places)


def ties(source: Source) -> bool:
    """True for a warped file that some position asks for a place just between two frames."""
    return bool(source.rounding) and (source.speed.denominator % 2 == 0 or source.origin.denominator != 2)


def _warped(reading: Reading, source: Source, position: int) -> Fraction:
    """The frame at a position of a warped file, a tie between two frames decided as MLT's own arithmetic does."""
    place = source.frame(position)
    if not source.rounding or place.denominator != 1:
        return place
    warped = float(reading.fps) / abs(float(source.speed))
    at = (place - source.rounding) / abs(source.speed)  # frames of the warped file
    whole = math.floor(float(at) / warped * float(reading.fps) + 0.5)
    return place if whole == place else whole + 1 - Fraction(1, FINE)


def _map(link: Element) -> str:
    """The property that holds the map: `speed_map` goes before `time_map` (MLT 7.14 on); `map` is that of before."""
    return next((name for name in ("speed_map", "time_map", "map") if link.properties.get(name, "").strip()), "")


def _remapped(reading: Reading, link: Element, first: int, length: int) -> list[Fraction]:
    """The frame at each position: the map gives seconds of the file, cut to a whole frame by MLT."""
    name, begin = _map(link), reading.time(link, "in", 0)
    reading.spend(link, link.properties[name].count(";"))
    fps = float(reading.fps)
    try:
        level = numbers(link.properties[name], reading.fps, first + length)
    except ValueError as error:
        raise reading.wrong(link, f"<link> {name}: {error}") from None
    if name == "speed_map":
        total, places = 0.0, []
        for i in range(min(begin, first), first + length):
            if i >= first:
                places.append(begin + total)
            total += level.at(i - begin)
    else:
        places = [(level.at(i - begin) + begin / fps) * fps for i in range(first, first + length)]
    return [Fraction(math.floor(min(max(place, 0.0), MAX_FRAMES) * FINE), FINE) for place in places]

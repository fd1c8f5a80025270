"""The clips of a track, from its two playlists A and B, and the mixes between them."""

from dataclasses import dataclass, replace
from fractions import Fraction

from engine.studio.journey.kdenlive.document import PLAYABLE, Element
from engine.studio.journey.kdenlive.effects import freezes, tell
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.kdenlive.sources import Source, source
from engine.studio.journey.kdenlive.timing import shown
from engine.studio.journey.timeline import MAX_FRAMES, Clip

MAX_REPEATS = 10_000
MAX_TRACKS = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A clip where it stands in the project.

    first : the position of the producer that it begins at
    lane : 0 for playlist A, 1 for B
    """

    element: Element
    source: Source
    at: int
    length: int
    first: int
    lane: int = 0

    @property
    def end(self) -> int:
        return self.at + self.length


@dataclass(frozen=True, slots=True)
class Lane:
    """A playlist of a track. hide : "", "audio", "video" or "both"."""

    element: Element
    hide: str


@dataclass(frozen=True, slots=True)
class Row:
    """A track of a sequence as it is written.

    number : what compositions call it; element : the track's tractor, or its playlist or producer
    """

    number: int
    element: Element
    lanes: tuple[Lane, ...]
    sound: bool
    name: str

    @property
    def seen(self) -> bool:
        """True for a track of pictures that is not hidden."""
        return not self.sound and any(lane.hide not in ("video", "both") for lane in self.lanes)

    @property
    def heard(self) -> bool:
        """True for a track of sound that is not muted."""
        return self.sound and any(lane.hide not in ("audio", "both") for lane in self.lanes)


def rows(reading: Reading, sequence: Element) -> list[Row]:
    """The tracks of a sequence, from the bottom up, without the black one below all."""
    found = []
    every = _tracks(reading, sequence)
    if len(every) > MAX_TRACKS:
        raise reading.wrong(sequence, f"{len(every)} tracks; at most {MAX_TRACKS}")
    for number, (element, hide) in enumerate(every):
        if number == 0 and _black(reading, element):
            continue
        lanes = (
            tuple(Lane(inner, _both(hide, more)) for inner, more in _tracks(reading, element))
            if _is_track(reading, element)
            else (Lane(element, hide),)
        )
        sound = element.flag("kdenlive:audio_track") or any(lane.element.flag("kdenlive:audio_track") for lane in lanes)
        sound = sound or (bool(lanes) and all(lane.hide == "video" for lane in lanes))
        found.append(Row(number, element, lanes, sound, element.get("kdenlive:track_name")))
    return found


def entries(reading: Reading, row: Row) -> list[Entry]:
    """What the playlists of a track hold, by time."""
    found = []
    for number, lane in enumerate(row.lanes):
        if lane.element.tag == "playlist":
            found += _played(reading, lane.element, number)
        else:
            length = reading.length(lane.element)
            if length is None:
                raise reading.wrong(lane.element, f"<{lane.element.tag}> {lane.element.id} as a track has no length")
            first = reading.time(lane.element, "in", 0)
            last = reading.time(lane.element, "out", length - 1)
            made = source(reading, lane.element)
            found.append(_entry(reading, lane.element, made, 0, first, last, number))
    return sorted(found, key=lambda entry: (entry.at, entry.lane))


def end(reading: Reading, row: Row, found: list[Entry]) -> int:
    """The frame behind a track: to MLT a gap at its end is a part of it, as long as it is written down."""
    behind = max((entry.end for entry in found), default=0)
    for number, lane in enumerate(row.lanes):
        at = max((entry.end for entry in found if entry.lane == number), default=0)
        for child in reversed(lane.element.children):
            if child.tag == "entry" or child.tag in PLAYABLE:
                break
            at += reading.time(child, "length") if child.tag == "blank" else 0
        behind = max(behind, at)
    return behind


def clip(reading: Reading, entry: Entry) -> Clip:
    """An entry as a clip of the timeline; what cannot be played of it is told."""
    source, end = entry.source, entry.first + entry.length
    for element in (entry.element, source.element):
        tell(reading, element, entry.at, entry.first, end, source.name)
    if source.why:
        reading.tell(entry.at, source.why, entry.element, source.name)
    shift = entry.first if source.element.tag == "producer" and not source.rounding else 0
    stops = freezes(reading, source.element, entry.first, end)
    stops += freezes(reading, entry.element, entry.first, end, shift)
    where = reading.document.where(entry.element)
    if source.kind == "sequence":
        if stops:
            reading.tell(entry.at, "a freeze of a sequence is not played", entry.element, source.name)
        return Clip(reading.inner(source.element), entry.at, entry.length, Fraction(entry.first), name=source.name,
                    where=where)  # fmt: skip
    media = None if source.media is None else reading.number(source.media)
    first, speed = source.frame(entry.first), source.speed
    places = shown(reading, source, entry.first, entry.length, stops)
    if places and len(set(places)) == 1:
        first, speed, places = places[0], Fraction(0), None
    return Clip(media, entry.at, entry.length, first, speed, places, source.name, where)


def _is_track(reading: Reading, element: Element) -> bool:
    """True for a tractor of at most two playlists, as Kdenlive writes a track."""
    if element.tag != "tractor" or is_sequence(element):
        return False
    inner = _tracks(reading, element)
    return len(inner) <= 2 and all(lane.tag == "playlist" for lane, _ in inner)


def is_sequence(element: Element) -> bool:
    """True for a tractor that is a timeline of its own."""
    return element.tag == "tractor" and bool(
        element.properties.get("kdenlive:uuid") or element.properties.get("kdenlive:producer_type") == "17"
    )


def resolve(reading: Reading, element: Element, name: str = "producer") -> Element:
    """What an element plays: the one that it names, or holds. InputError for neither."""
    if wanted := element.attributes.get(name, ""):
        if found := reading.document.ids.get(wanted):
            return found
        raise reading.wrong(element, f'<{element.tag}> {name}="{wanted[:60]}": nothing in the file has this id')
    if inner := next(element.all(*PLAYABLE), None):
        return inner
    raise reading.wrong(element, f"<{element.tag}> names no {name}")


def _tracks(reading: Reading, tractor: Element) -> list[tuple[Element, str]]:
    """The tracks of a tractor with what is hidden of each."""
    found = []
    for child in tractor.children:
        if child.tag == "multitrack":
            found += _tracks(reading, child)
        elif child.tag == "track":
            element = resolve(reading, child)
            found.append((element, _both(child.attributes.get("hide", ""), element.properties.get("hide", ""))))
        elif child.tag in PLAYABLE and tractor.tag == "multitrack":
            found.append((child, child.properties.get("hide", "")))
    return found


def _both(one: str, other: str) -> str:
    """What is hidden by two words together."""
    words = {"1": "video", "2": "audio", "3": "both"}
    one, other = words.get(one, one), words.get(other, other)
    return "both" if one and other and one != other else one or other


def _black(reading: Reading, element: Element) -> bool:
    """True for the black ground that every sequence stands on."""
    if element.properties.get("kdenlive:playlistid") == "black_track" or element.id == "black_track":
        return True
    inside = [resolve(reading, entry) for entry in element.all("entry")] if element.tag == "playlist" else [element]
    return len(inside) == 1 and inside[0].service() in ("color", "colour") and inside[0].get("resource") in BLACKS


BLACKS = ("black", "0", "0x00000000", "0x000000ff", "#000000", "#ff000000", "#00000000")


def _played(reading: Reading, playlist: Element, lane: int) -> list[Entry]:
    found: list[Entry] = []
    known: dict[int, Source] = {}
    at = 0
    for child in playlist.children:
        if child.tag == "blank":
            at += reading.time(child, "length")
        elif child.tag == "entry" or child.tag in PLAYABLE:
            element = resolve(reading, child) if child.tag == "entry" else child
            length = reading.length(element)
            first = reading.time(child, "in", reading.time(element, "in", 0))
            last = reading.time(child, "out", reading.time(element, "out", length - 1 if length else -1))
            if last < 0:
                raise reading.wrong(child, f"<{child.tag}> has no out, and {element.id or 'what it plays'} no length")
            made = known.get(id(element)) or source(reading, element)
            known[id(element)] = made
            for _ in range(_repeats(reading, child)):
                found.append(_entry(reading, child, made, at, first, last, lane))
                at = found[-1].end
        if at > MAX_FRAMES:
            raise reading.wrong(child, f"<{child.tag}> ends at frame {at}; a timeline has at most {MAX_FRAMES}")
    return found


def _entry(reading: Reading, child: Element, found: Source, at: int, first: int, last: int, lane: int) -> Entry:
    """An entry as MLT plays it: its ends in order, and within the length that the project gives the producer."""
    first, last = sorted((first, last))
    if found.element.get("length") and (length := reading.length(found.element)):
        first, last = min(first, length - 1), min(last, length - 1)
    reading.count(child)
    if own := child.properties.get("kdenlive:clipname", ""):
        found = replace(found, name=line(own))
    return Entry(child, found, at, last - first + 1, first, lane)


def _repeats(reading: Reading, child: Element) -> int:
    text = child.attributes.get("repeat", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_REPEATS):
        raise reading.wrong(child, f'repeat="{text[:20]}" is no count from 1 to {MAX_REPEATS}')
    return int(text)

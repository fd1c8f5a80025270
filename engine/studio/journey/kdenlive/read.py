"""Read a project of Kdenlive, of either generation, or one of MLT itself, as an edit."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError
from engine.studio.journey.kdenlive.compositions import dissolves
from engine.studio.journey.kdenlive.document import Document, Element, parse
from engine.studio.journey.kdenlive.effects import tell
from engine.studio.journey.kdenlive.guides import guides, ordered, seen
from engine.studio.journey.kdenlive.mixing import mixed_track
from engine.studio.journey.kdenlive.nested import Edit, Nest
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.kdenlive.sources import heard, shown
from engine.studio.journey.kdenlive.tracks import Entry, Row, clip, end, entries, is_sequence, resolve, rows
from engine.studio.journey.timeline import MAX_BYTES, Clip, Mark, Timeline, Track

MAX_FPS = 1000
MAX_SIZE = 1 << 16


def read(path: Path) -> Timeline:
    """What a project says: nothing of its media is opened, nothing in it is run.

    InputError for what is no project, is too large, or does not hold together: file, line and what is wrong.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: over {MAX_BYTES >> 20} MB; refused")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    document = parse(path)
    reading = Reading(document, *_profile(document), bin=_bin(document))
    nest = Nest(reading, _edit)
    sequence = _sequence(reading)
    edit = nest.edit(sequence)
    return Timeline(
        fps=reading.fps,
        media=tuple(reading.media),
        tracks=edit.tracks,
        dissolves=edit.dissolves,
        marks=edit.marks,
        unsupported=tuple(sorted(edit.told, key=lambda row: row.frame)),
        size=reading.size,
        name=line(sequence.get("kdenlive:clipname")) or line(path.stem),
        length=edit.length,
        sound=edit.sound,
    )


def _edit(nest: Nest, sequence: Element) -> Edit:
    """What one sequence holds, the sequences within it played."""
    reading = nest.reading
    tracks: list[Track] = []
    numbers: dict[int, int] = {}
    sound: dict[str, None] = {}
    marks = guides(reading, sequence, reading.document.ids.get("main_bin"))
    length = 0
    for row in rows(reading, sequence):
        found = entries(reading, row)
        length = max(length, end(reading, row, found))
        if row.heard:
            played = {id(entry.source.element): entry for entry in found if heard(entry.source.element)}
            sound |= dict.fromkeys(name for entry in played.values() for name in _heard(nest, entry))
        if row.seen:
            numbers[row.number] = len(tracks)
            tracks.append(_pictures(nest, row, found, marks))
    done = dissolves(reading, sequence, tracks, numbers, length)
    tell(reading, sequence, 0, 0, max(1, length), "")
    return Edit(tuple(tracks), done, length, tuple(sound), ordered(reading, marks))


def _heard(nest: Nest, entry: Entry) -> Iterable[str]:
    """The files that an entry of a track of sound plays."""
    if entry.source.kind == "sequence":
        return nest.edit(entry.source.element).sound
    return (entry.source.media.name,) if entry.source.media else ()


def _pictures(nest: Nest, row: Row, found: Sequence[Entry], marks: list[Mark]) -> Track:
    """A track of pictures; the markers of its clips are added to the marks."""
    reading = nest.reading
    lanes: tuple[list[Clip], list[Clip]] = ([], [])
    for entry in found:
        if not shown(entry.source.element):
            continue
        made = clip(reading, entry)
        lanes[min(entry.lane, 1)].append(made)
        known = reading.bin.get(entry.source.element.get("kdenlive:id"), entry.source.element)
        marks += seen(made, nest.marked(known))
        if entry.source.kind == "sequence":
            marks += nest.marks(made)
    name = line(row.name)
    for element in {id(e): e for e in (row.element, *(lane.element for lane in row.lanes))}.values():
        if element.tag in ("tractor", "playlist") and found:
            tell(reading, element, 0, 0, max(entry.end for entry in found), f"track {name}".strip())
    return nest.flat(mixed_track(reading, row.element, *lanes, name))


def _profile(document: Document) -> tuple[Fraction, tuple[int, int]]:
    """Frame rate and size."""
    profile = next(document.root.all("profile"), None)
    if profile is None:
        raise InputError(f"{document.path}: no <profile>: a project says its frame rate")
    num, den, width, height = (
        _whole(document, profile, name) for name in ("frame_rate_num", "frame_rate_den", "width", "height")
    )
    fps = Fraction(num, den)
    if fps > MAX_FPS or max(width, height) > MAX_SIZE:
        raise document.wrong(profile, f"<profile> {width}x{height} at {fps} frames a second; out of range")
    return fps, (width, height)


def _whole(document: Document, profile: Element, name: str) -> int:
    text = profile.get(name).strip()
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise document.wrong(profile, f'<profile> {name}="{text[:20]}" is no whole number above 0')


def _bin(document: Document) -> dict[str, Element]:
    """The bin's own elements by `kdenlive:id`."""
    main = document.ids.get("main_bin")
    found = {}
    for entry in main.all("entry") if main else ():
        element = document.ids.get(entry.attributes.get("producer", ""))
        if element is not None and element.get("kdenlive:id"):
            found[element.get("kdenlive:id")] = element
    return found


def _sequence(reading: Reading) -> Element:
    """The tractor that is the timeline: the active sequence, or the last tractor."""
    document = reading.document
    main = document.ids.get("main_bin")
    properties = main.properties if main else {}
    for name in ("activetimeline", "opensequences", "uuid"):
        for uuid in properties.get(f"kdenlive:docproperties.{name}", "").split(";"):
            if found := _by_uuid(document, uuid.strip()):
                return found
    tractors = [element for element in document.ids.values() if element.tag == "tractor"]
    for tractor in reversed(tractors):
        if tractor.flag("kdenlive:projectTractor") and (inner := next(tractor.all("track"), None)):
            return resolve(reading, inner)
    if tractors:
        return tractors[-1]
    lists = [e for e in document.ids.values() if e.tag == "playlist" and e is not main]
    if lists:
        return Element("tractor", {}, lists[-1].line, [Element("track", {"producer": lists[-1].id}, lists[-1].line)])
    raise InputError(f"{document.path}: no <tractor> or <playlist>: there is no timeline in it")


def _by_uuid(document: Document, uuid: str) -> Element | None:
    if not uuid:
        return None
    found = document.ids.get(uuid)
    if found is not None and is_sequence(found):
        return found
    every: Sequence[Element] = list(document.ids.values())
    return next((e for e in every if is_sequence(e) and e.properties.get("kdenlive:uuid") == uuid), None)

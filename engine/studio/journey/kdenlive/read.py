"""Read a project of Kdenlive, of either generation, or one of MLT itself, as an edit."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError
from engine.studio.journey.kdenlive.compositions import dissolves
from engine.studio.journey.kdenlive.document import Document, Element, parse
from engine.studio.journey.kdenlive.mixing import mixed_track
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.kdenlive.tracks import clip, entries, is_sequence, resolve, rows
from engine.studio.journey.timeline import MAX_BYTES, Clip, Timeline, Track

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
    sequence = _sequence(reading)
    tracks: list[Track] = []
    numbers: dict[int, int] = {}
    sound: dict[str, None] = {}
    for row in rows(reading, sequence):
        if row.heard:
            for entry in entries(reading, row):
                if entry.source.media is not None:
                    sound[entry.source.media.name] = None
        if row.seen:
            numbers[row.number] = len(tracks)
            lanes: tuple[list[Clip], list[Clip]] = ([], [])
            for entry in entries(reading, row):
                lanes[min(entry.lane, 1)].append(clip(reading, entry))
            tracks.append(mixed_track(reading, row.element, *lanes, line(row.name)))
    length = max((c.end for track in tracks for c in track.clips), default=0)
    found = dissolves(reading, sequence, tracks, numbers, length)
    return Timeline(
        fps=reading.fps,
        media=tuple(reading.media),
        tracks=tuple(tracks),
        dissolves=found,
        unsupported=tuple(sorted(reading.unsupported, key=lambda row: row.frame)),
        size=reading.size,
        name=line(sequence.get("kdenlive:clipname")) or line(path.stem),
        length=length,
        sound=tuple(sound),
    )


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
    raise InputError(f"{document.path}: no <tractor>: there is no timeline in it")


def _by_uuid(document: Document, uuid: str) -> Element | None:
    if not uuid:
        return None
    found = document.ids.get(uuid)
    if found is not None and is_sequence(found):
        return found
    every: Sequence[Element] = list(document.ids.values())
    return next((e for e in every if is_sequence(e) and e.properties.get("kdenlive:uuid") == uuid), None)

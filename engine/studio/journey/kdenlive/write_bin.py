"""The bin of a project: each file once, and the copies of it that tracks are cut from."""

from dataclasses import dataclass
from fractions import Fraction
from hashlib import md5
from math import floor
from pathlib import Path
from xml.etree import ElementTree as ET

from engine.studio.journey.kdenlive.write_laid import Laid
from engine.studio.journey.kdenlive.write_pieces import STILL, Piece, warped
from engine.studio.journey.kdenlive.write_xml import Element, clock, number, properties
from engine.studio.journey.timeline import Media, Timeline

FIRST_ID = 2  # Kdenlive keeps 1 for the folder that holds the others
VERSION, PROGRAM = "1.04", "22.12.3"
BLACK = "0x000000ff"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bin. id : Kdenlive's number of it; frames : its length, as a project must say it."""

    id: int
    media: Media
    frames: int
    service: str

    @property
    def producer(self) -> str:
        """What entries of the bin call it."""
        return f"producer{self.id - FIRST_ID}"


class Bin:
    """All items, and the copies made of them so far.

    folder : of the project, which names of files are seen from
    """

    def __init__(self, timeline: Timeline, laid: Laid, folder: Path) -> None:
        self.fps, self._copies = timeline.fps, dict[tuple[object, ...], str]()
        drawn = any(entry.media is None for row in laid.rows for entry in row.entries)
        self.files = [
            Item(i, media, frames, "qimage" if media.still else "avformat")
            for i, (media, frames) in enumerate(zip(timeline.media, laid.frames, strict=True), FIRST_ID)
        ]
        known = {item.media.name: item for item in self.files}
        count, self.sounds = FIRST_ID + len(self.files), list[Item]()
        for name in timeline.sound:
            if name not in known:
                known[name] = Item(count, Media(name), _heard(folder / name, timeline), "avformat")
                count += 1
            self.sounds.append(known[name])
        self.colour = Item(count, Media(BLACK, still=True), STILL, "color") if drawn else None
        found = {*known.values(), *self.files} | ({self.colour} if self.colour else set())
        self.items = sorted(found, key=lambda item: item.id)

    def item(self, entry: Piece) -> Item:
        """What an entry is cut from."""
        if entry.media is not None:
            return self.files[entry.media]
        assert self.colour is not None
        return self.colour

    def write(self, root: Element, settings: dict[str, object]) -> None:
        """The producers, and the list of them that Kdenlive calls `main_bin`."""
        for item in self.items:
            self._producer(root, item.producer, item, item.frames, item.service, {"resource": item.media.name})
        listed = ET.SubElement(root, "playlist", id="main_bin")
        properties(listed, {f"kdenlive:docproperties.{name}": value for name, value in settings.items()})
        properties(listed, {"kdenlive:expandedFolders": "", "kdenlive:documentnotes": "", "xml_retain": 1})
        for item in self.items:
            span = {"in": clock(0, self.fps), "out": clock(item.frames - 1, self.fps)}
            ET.SubElement(listed, "entry", {"producer": item.producer, **span})

    def copy(self, root: Element, item: Item, place: object, speed: Fraction = Fraction(1)) -> str:
        """The producer of a sub-playlist that shows an item at a speed: written when it is first asked for."""
        if item.service == "color":
            return item.producer
        key = (item.id, place, speed)
        if key not in self._copies:
            name = self._copies[key] = f"producer{len(self.items) + len(self._copies)}"
            quiet = {"set.test_audio": int(place != "sound"), "set.test_image": int(place == "sound")}
            if speed == 1:
                service = "avformat-novalidate" if item.service == "avformat" else item.service
                self._producer(root, name, item, item.frames, service, {"resource": item.media.name, **quiet})
            else:
                warp = {
                    "resource": f"{number(speed)}:{item.media.name}", "warp_speed": number(speed),
                    "warp_resource": item.media.name, "warp_pitch": 0, **quiet,
                }  # fmt: skip
                self._producer(root, name, item, warped(item.frames, speed), "timewarp", warp)
        return self._copies[key]

    def _producer(
        self, root: Element, name: str, item: Item, frames: int, service: str, more: dict[str, object]
    ) -> None:
        span = {"in": clock(0, self.fps), "out": clock(frames - 1, self.fps)}
        producer = ET.SubElement(root, "producer", {"id": name, **span})
        still = {"ttl": 25, "aspect_ratio": 1} if service == "qimage" else {}
        colour = {"aspect_ratio": 1, "mlt_image_format": "rgb"} if service == "color" else {}
        properties(producer, {"length": frames, "eof": "pause", **more, **still, **colour, "mlt_service": service})
        if service == "avformat":
            properties(producer, {"seekable": 1})
        digest = item.media.digest or (md5(BLACK.encode(), usedforsecurity=False).hexdigest() if colour else None)
        properties(
            producer,
            {
                "kdenlive:clipname": "Colour" if colour else Path(item.media.name).name,
                "kdenlive:duration": clock(frames, self.fps), "kdenlive:folderid": -1, "kdenlive:id": item.id,
                "kdenlive:file_hash": digest,
            },
        )  # fmt: skip


def _heard(file: Path, timeline: Timeline) -> int:
    """The frames that a sound lasts, as it says itself; the length of the edit where it does not."""
    import av

    if file.is_file():
        try:
            with av.open(str(file)) as container:
                if container.duration:
                    return max(1, floor(Fraction(container.duration, av.time_base) * timeline.fps))
        except (av.FFmpegError, OSError, ValueError):
            return max(1, timeline.length)
    return max(1, timeline.length)

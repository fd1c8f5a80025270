"""What is gathered while a project is read: its document, its clock, the media met, and what cannot be played."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from engine.errors import InputError, printable
from engine.studio.journey.kdenlive.clocks import frames
from engine.studio.journey.kdenlive.document import Document, Element
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Media, Unsupported

MOST_TOLD = 10_000
MOST_TEXT = 300
MAX_SEQUENCES = 1000


@dataclass(slots=True)
class Reading:
    """The state of one reading.

    bin : the bin's own elements by `kdenlive:id`: they know a clip's file, hash and length
    sequences : those met as clips
    """

    document: Document
    fps: Fraction
    size: tuple[int, int]
    bin: dict[str, Element] = field(default_factory=dict)
    media: dict[Media, int] = field(default_factory=dict)
    unsupported: dict[Unsupported, None] = field(default_factory=dict)
    clips: int = 0
    spent: int = 0
    sequences: list[Element] = field(default_factory=list)

    def number(self, media: Media) -> int:
        """Its number in the timeline's media."""
        return self.media.setdefault(media, len(self.media))

    def inner(self, sequence: Element) -> int:
        """A number below 0 in place of a media's: the clip plays another sequence (see `nested`)."""
        for number, known in enumerate(self.sequences):
            if known is sequence:
                return -1 - number
        if len(self.sequences) >= MAX_SEQUENCES:
            raise self.wrong(sequence, f"more than {MAX_SEQUENCES} sequences; refused")
        self.sequences.append(sequence)
        return -len(self.sequences)

    def tell(self, frame: int, what: str, element: Element, clip: str = "") -> None:
        """List what latents have no counterpart of, once."""
        self.add(Unsupported(max(0, frame), line(what), line(clip), self.document.where(element)))

    def add(self, row: Unsupported) -> None:
        """List a row. InputError past the most: a list must not end silently."""
        if len(self.unsupported) >= MOST_TOLD:
            raise InputError(f"{self.document.path}: more than {MOST_TOLD} things that cannot be played; refused")
        self.unsupported[row] = None

    def count(self, element: Element) -> None:
        """One clip more. InputError past the most."""
        self.clips += 1
        if self.clips > MAX_CLIPS:
            raise self.wrong(element, f"more than {MAX_CLIPS} clips; refused")

    def spend(self, element: Element, frames: int) -> None:
        """So many frames written out one by one. InputError past the most."""
        self.spent += frames
        if self.spent > MAX_FRAMES:
            raise self.wrong(element, f"curves of more than {MAX_FRAMES} frames in all; refused")

    def time(self, element: Element, name: str, default: int | None = None) -> int:
        """A time of an element in frames, as far as a timeline may reach. InputError for none, or one outside."""
        text = element.get(name)
        if not text and default is not None:
            return default
        try:
            value = frames(text, self.fps)
        except ValueError as error:
            raise self.wrong(element, f"<{element.tag}> {name}: {error}") from None
        if not 0 <= value <= MAX_FRAMES:
            raise self.wrong(element, f"<{element.tag}> {name}: {text[:40]} is no frame from 0 to {MAX_FRAMES}")
        return value

    def length(self, element: Element) -> int | None:
        """The frames of a producer as the project has them; None where it does not say, or runs for ever."""
        text = element.get("length")
        if text:
            try:
                value = frames(text, self.fps)
            except ValueError:
                return None
            return value if 0 < value <= MAX_FRAMES else None
        return self.time(element, "out") + 1 if element.get("out") else None

    def wrong(self, element: Element, what: str) -> InputError:
        """An error that names the file and the line."""
        return self.document.wrong(element, what)


def line(text: str) -> str:
    """A stranger's text as one line that a terminal can show."""
    return printable(" ".join(text.split()))[:MOST_TEXT]


def last(path: str) -> str:
    """The last part of a path, whichever way its slashes lean."""
    return line(re.split(r"[/\\]", path)[-1])

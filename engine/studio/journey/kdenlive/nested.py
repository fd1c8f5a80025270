"""Sequences that stand as clips in another: what they show is laid flat into the track."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.guides import Markers, markers
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.kdenlive.strips import Span, above, dissolved, moved, spans, track
from engine.studio.journey.timeline import Clip, Dissolve, Mark, Track, Unsupported

MAX_NESTED = 16


@dataclass(frozen=True, slots=True)
class Edit:
    """What one sequence holds.

    told, marks : by its own frames
    """

    tracks: tuple[Track, ...]
    dissolves: tuple[Dissolve, ...]
    length: int
    sound: tuple[str, ...]
    marks: tuple[Mark, ...]
    told: tuple[Unsupported, ...] = ()


@dataclass(slots=True)
class Nest:
    """The sequences of a project, each read once, each flat.

    read : makes an edit of a sequence, by way of this nest
    """

    reading: Reading
    read: Callable[["Nest", Element], Edit]
    edits: dict[int, Edit] = field(default_factory=dict)
    strips: dict[int, list[Span]] = field(default_factory=dict)
    open: list[Element] = field(default_factory=list)
    markers: dict[int, Markers] = field(default_factory=dict)

    def edit(self, sequence: Element) -> Edit:
        """A sequence. InputError for one that holds itself, or for too many within each other."""
        if (known := self.edits.get(id(sequence))) is not None:
            return known
        name = line(sequence.get("kdenlive:clipname")) or line(sequence.id)
        if any(outer is sequence for outer in self.open):
            raise self.reading.wrong(sequence, f'sequence "{name}" holds itself')
        if len(self.open) >= MAX_NESTED:
            raise self.reading.wrong(sequence, f"sequences more than {MAX_NESTED} deep; refused")
        self.open.append(sequence)
        outer, self.reading.unsupported = self.reading.unsupported, {}
        edit = self.read(self, sequence)
        told = tuple(sorted(self.reading.unsupported, key=lambda row: row.frame))
        self.edits[id(sequence)] = replace(edit, told=told)
        self.reading.unsupported = outer
        self.open.pop()
        return self.edits[id(sequence)]

    def flat(self, given: Track) -> Track:
        """A track with the sequences on it played; what they told is told where it is seen."""
        if all(clip.media is None or clip.media >= 0 for clip in given.clips):
            return given
        for clip in given.clips:
            if clip.media is not None and clip.media < 0:
                self._tell(clip)
        strip: list[Span] = []
        for span in spans(given):
            lower = self._played(span.clip)
            if span.over is None:
                strip += lower
                continue
            upper, lost = dissolved(lower, self._played(span.over), Dissolve(span.first, span.shares, 0, 1))
            self._lost(lost, span.first, span.over.name)
            strip += above(lower, upper)
        return track(strip, given.name)

    def marks(self, clip: Clip) -> list[Mark]:
        """The marks of a sequence where a clip shows them."""
        edit = self.edit(self.reading.sequences[-1 - (clip.media or 0)])
        shift = clip.at - int(clip.first)
        return [Mark(mark.frame + shift, mark.name) for mark in _within(edit.marks, clip)]

    def marked(self, element: Element) -> Markers:
        """The markers of a bin clip, read once."""
        if id(element) not in self.markers:
            self.markers[id(element)] = markers(self.reading, element)
        return self.markers[id(element)]

    def _played(self, clip: Clip) -> list[Span]:
        """What a clip shows: itself, or its sequence."""
        if clip.media is None or clip.media >= 0:
            return [Span(clip)]
        sequence = self.reading.sequences[-1 - clip.media]
        strip = moved(self._strip(sequence), clip)
        for _ in strip:
            self.reading.count(sequence)
        self.reading.spend(sequence, sum(len(span.shares) for span in strip))
        return strip

    def _strip(self, sequence: Element) -> list[Span]:
        """All tracks of a sequence as one."""
        if id(sequence) in self.strips:
            return self.strips[id(sequence)]
        edit = self.edit(sequence)
        layers = [spans(track) for track in edit.tracks]
        for dissolve in edit.dissolves:
            upper, lost = dissolved(layers[dissolve.out], layers[dissolve.into], dissolve)
            layers[dissolve.into] = upper
            self._lost(lost, 0, line(sequence.get("kdenlive:clipname")))
        strip: list[Span] = []
        for layer in layers:
            strip = above(strip, layer)
        self.strips[id(sequence)] = strip
        return strip

    def _tell(self, clip: Clip) -> None:
        """What a sequence told, where a clip shows it."""
        edit = self.edit(self.reading.sequences[-1 - (clip.media or 0)])
        shift = clip.at - int(clip.first)
        for row in _within(edit.told, clip):
            self.reading.add(replace(row, frame=row.frame + shift))

    def _lost(self, lost: bool, frame: int, name: str) -> None:
        if lost:
            self.reading.tell(frame, "a mix within a mix; the clip that is seen more is mixed", self.open[-1], name)


Row = TypeVar("Row", Mark, Unsupported)


def _within(rows: Sequence[Row], clip: Clip) -> Sequence[Row]:
    """The rows, in order of frames, that a clip of their sequence shows."""
    first = int(clip.first)
    return rows[
        bisect_left(rows, first, key=lambda row: row.frame) : bisect_left(
            rows, first + clip.length, key=lambda row: row.frame
        )
    ]

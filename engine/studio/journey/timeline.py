"""An edit, whoever wrote it down: clips on tracks, dissolves between them, marks; what a picture needs of it alone.

All numbers are frames of the timeline's own rate. Readers of projects make a Timeline, writers take one, `plan` plays
it.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from engine.latent.sequence_file import Mark as Mark

MAX_BYTES = 64 << 20  # of a project's file
MAX_CLIPS = 100_000
MAX_FRAMES = 24 * 3600 * 60  # a day at 60 frames a second


@dataclass(frozen=True, slots=True)
class Media:
    """A file that clips are cut from, as the project names it: nothing of it is opened here.

    name : the file's name or path, as text; what stands before the last slash is never trusted
    digest : what Kdenlive knows it by (see `pair.kdenlive_digest`); "" where the project gives none
    frames : its length as the project has it
    still : one picture that stands still
    """

    name: str
    digest: str = ""
    frames: int | None = None
    still: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of a file on a track.

    media : its number in the timeline's media; None for what is no file (a colour, a title)
    at, length : the frames of the timeline that it covers: at .. at + length - 1
    first : the frame of the file that its first frame shows
    speed : frames of the file for each frame of the timeline; negative is backwards, 0 stands still
    shown : instead of first and speed, the frame of the file at each of its frames (time remapping), (length,)
    name, where : as the editor shows it; the file and line, or track and time, that it stands at
    """

    media: int | None
    at: int
    length: int
    first: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    shown: tuple[Fraction, ...] | None = None
    name: str = ""
    where: str = ""

    @property
    def end(self) -> int:
        """The first frame behind it."""
        return self.at + self.length

    def source(self, frame: int) -> Fraction:
        """The frame of the file at a frame of the timeline, which need not be whole."""
        i = frame - self.at
        return self.shown[i] if self.shown is not None else self.first + i * self.speed


@dataclass(frozen=True, slots=True)
class Mix:
    """Two clips of one track over each other: numbers of `Track.clips`; the share of `into` at each frame from `at`.

    The clips overlap there; outside, each is seen alone.
    """

    at: int
    shares: tuple[float, ...]
    out: int
    into: int


@dataclass(frozen=True, slots=True)
class Track:
    """Clips in order of `at`; they overlap only where a mix says so. A hidden or muted track is left out by readers."""

    clips: tuple[Clip, ...] = ()
    mixes: tuple[Mix, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Dissolve:
    """From one track to another, across tracks: the share of track `into` over track `out` at each frame from `at`.

    out, into : numbers in the timeline's tracks. Outside of it the topmost clip is seen
    """

    at: int
    shares: tuple[float, ...]
    out: int
    into: int


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What the project holds and latents have no counterpart of: told by clip and frame, never dropped silently."""

    frame: int
    what: str
    clip: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An edit.

    tracks : of pictures, from the bottom up: the topmost that has a clip at a frame is seen
    length : frames in all; a gap at the end counts
    sound : the files of its sound tracks, as they are named
    """

    fps: Fraction
    media: tuple[Media, ...] = ()
    tracks: tuple[Track, ...] = ()
    dissolves: tuple[Dissolve, ...] = ()
    marks: tuple[Mark, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    size: tuple[int, int] | None = None
    name: str = ""
    length: int = field(default=0)
    sound: tuple[str, ...] = ()


def linear(count: int) -> tuple[float, ...]:
    """The shares of a dissolve of so many frames as MLT plays them: i / count at frame i, a single frame one half."""
    return tuple(i / count for i in range(count)) if count > 1 else (0.5,) * count


def clock(frame: int, fps: Fraction) -> str:
    """A frame as `HH:MM:SS:FF`, as editors show it, counting frames (non-drop)."""
    base = max(1, round(fps))
    seconds, rest = divmod(max(0, frame), base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"

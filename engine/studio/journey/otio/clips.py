"""A clip of OpenTimelineIO: which file, which of its frames, how fast."""

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from engine.errors import InputError
from engine.studio.journey.contents import file_name
from engine.studio.journey.otio.times import Range, items, number, schema, text, time_range
from engine.studio.journey.otio.tree import enabled
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Clip, Mark, Media

STILLS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga", ".gif", ".psd")
MOST_SPEED = 10_000
# what Resolve writes with every clip, with parameters only where somebody has moved one
SLOTS = frozenset(
    (
        "Composite", "Transform", "Cropping", "Dynamic Zoom", "Lens Correction", "Retime and Scaling", "Stabilization",
        "Video Faders", "Immersive Transform", "Immersive Output Transform", "Source Cropping", "Source Transform",
        "Source Looks",
    )
)  # fmt: skip
_FILE = re.compile(r"file:(?://(localhost(?=/))?)?", re.I)
_DRIVE = re.compile(r"/[A-Za-z][:|]")


@dataclass(slots=True)
class Reels:
    """The files that were met, each once."""

    fps: Fraction
    media: list[Media] = field(default_factory=list)
    clips: int = 0
    shown: int = 0
    _numbers: dict[Media, int] = field(default_factory=dict)

    def number(self, media: Media) -> int:
        """A file's number."""
        if media not in self._numbers:
            self._numbers[media] = len(self.media)
            self.media.append(media)
        return self._numbers[media]

    def count(self, where: str, shown: int = 0) -> None:
        """InputError where there are more clips, or more of them remapped, than a timeline has."""
        self.clips, self.shown = self.clips + 1, self.shown + shown
        if self.clips > MAX_CLIPS:
            raise InputError(f"{where}: more than {MAX_CLIPS} clips")
        if self.shown > MAX_FRAMES:
            raise InputError(f"{where}: more than {MAX_FRAMES} frames with their time remapped")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a clip is cut from: its name, None where it is no file; the time there is of it; what is amiss."""

    name: str | None
    available: Range | None
    still: bool = False
    amiss: str = ""


def path_of(url: str) -> str:
    """The path that a URL or a path names, as text."""
    if (head := _FILE.match(url)) is None:
        return unquote(url)
    rest = unquote(url[head.end() :])
    if _DRIVE.match(rest):
        return rest[1:]
    return rest if rest.startswith("/") or not url[len("file:") :].startswith("//") else "//" + rest


def reference(clip: dict[str, Any], where: str) -> Reference:
    """The media of a clip; of several versions of it the active one."""
    data = clip.get("media_reference")  # Clip.1
    if isinstance(many := clip.get("media_references"), dict):
        data = many.get(text(clip, "active_media_reference_key") or "DEFAULT_MEDIA")
    what = schema(data)
    if not isinstance(data, dict) or not what:
        return Reference(None, None, amiss="a clip without media")
    available = time_range(data.get("available_range"), where)
    if what == "ExternalReference":
        name = file_name(path_of(text(data, "target_url")), where)
        return Reference(name or None, available, name.lower().endswith(STILLS), "" if name else "a clip without media")
    if what == "MissingReference" and (name := file_name(text(data, "name"), where)):
        return Reference(name, available, name.lower().endswith(STILLS))
    if what == "ImageSequenceReference":
        named = path_of(text(data, "target_url_base")) + text(data, "name_prefix") + text(data, "name_suffix")
        return Reference(None, available, amiss=f"a sequence of pictures {named!r}; render it to a video")
    if what == "GeneratorReference":
        return Reference(None, available, amiss=f"made by the editor: {text(data, 'generator_kind') or 'a generator'}")
    return Reference(None, available, amiss="a clip without media")


@dataclass(slots=True)
class Pace:
    """How a clip goes through its file: frames of it for each of the timeline; the curve of a time remapping."""

    speed: Fraction = Fraction(1)
    curve: tuple[tuple[Fraction, Fraction], ...] = ()
    since: Fraction = Fraction(0)
    amiss: list[str] = field(default_factory=list)


def pace(clip: dict[str, Any], where: str) -> Pace:
    """What its effects do to time; what else they do is amiss."""
    found = Pace()
    for effect in items(clip, "effects"):
        if not isinstance(effect, dict) or not enabled(effect):
            continue
        what = schema(effect)
        if what == "FreezeFrame":
            found.speed = Fraction(0)
        elif what == "LinearTimeWarp":
            found.speed *= number(effect.get("time_scalar"), where)
        elif what == "LatenzRemap":
            found.since = number(effect.get("since"), where)
            keys = [key for key in items(effect, "curve") if isinstance(key, list) and len(key) == 2]
            found.curve = tuple(sorted((number(a, where), number(b, where)) for a, b in keys))
            found.amiss.append("a curve of speed: straight from key to key")
        elif what == "TimeEffect":
            found.amiss.append("a speed that changes: played at an even pace; a .xml of Final Cut 7 can say it")
        elif not idle(effect):
            found.amiss.append(f"effect {called(effect)}")
    if abs(found.speed) > MOST_SPEED:
        raise InputError(f"{where}: {float(found.speed):g} times as fast; at most {MOST_SPEED} times")
    return found


def called(effect: dict[str, Any]) -> str:
    """What an effect is called. Resolve calls all of its own alike, and says which in what it keeps beside."""
    name = text(effect, "name") or text(_resolve(effect), "Effect Name") or text(effect, "effect_name")
    return (name or schema(effect) or "without a name")[:80]


def idle(effect: dict[str, Any]) -> bool:
    """Whether an effect of Resolve changes no picture: switched off, of sound, or a slot that it writes empty."""
    kept = _resolve(effect)
    name = text(kept, "Effect Name")
    empty = name in SLOTS and kept.get("Parameters") == []
    return kept.get("Enabled") is False or name.startswith("Fairlight ") or empty


def _resolve(effect: dict[str, Any]) -> dict[str, Any]:
    metadata = effect.get("metadata")
    kept = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    return kept if isinstance(kept, dict) else {}


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip where it stands, the frame that its file begins at, what is amiss with it."""

    clip: Clip
    begin: Fraction
    amiss: tuple[str, ...]
    pace: Pace

    def longer(self, before: int, after: int) -> "Cut":
        """It goes on for so many frames on either side."""
        clip, how = self.clip, self.pace
        length = before + clip.length + after
        shown = tuple(along(how.curve, how.since - before + i) for i in range(length)) if how.curve else None
        clip = replace(clip, at=clip.at - before, length=length, first=clip.first - before * clip.speed, shown=shown)
        since = how.since - before
        return replace(self, clip=clip, pace=replace(how, since=since))

    def marks(self, markers: list[tuple[Fraction, str]]) -> list[Mark]:
        """Its markers, which stand at frames of the file as that counts them, where they are seen."""
        clip, marks = self.clip, []
        for frame, name in markers:
            still = clip.shown is not None or not clip.speed
            i = 0 if still else round((frame - self.begin - clip.first) / clip.speed)
            if 0 <= i < clip.length:
                marks.append(Mark(clip.at + i, name))
        return marks


def cut(data: dict[str, Any], seconds: Range, at: int, length: int, reels: Reels, where: str) -> Cut:
    """A clip of so many frames. Reversed, it shows the frames that it would show forwards, the last one first."""
    ref, how = reference(data, where), pace(data, where)
    reels.count(where, length if how.curve else 0)
    begin = ref.available.start.seconds * reels.fps if ref.available else Fraction(0)
    low = seconds.start.seconds * reels.fps - begin
    first = low if how.speed >= 0 else low - how.speed * (length - 1)
    media = None
    if ref.name is not None:
        there = round(ref.available.length.seconds * reels.fps) if ref.available else 0
        media = reels.number(Media(ref.name, frames=there or None, still=ref.still))
    shown = tuple(along(how.curve, how.since + i) for i in range(length)) if how.curve else None
    clip = Clip(media, at, length, first, how.speed, shown, text(data, "name"))
    return Cut(clip, begin, ((ref.amiss,) if ref.amiss else ()) + tuple(how.amiss), how)


def beyond(clip: Clip, media: Media) -> int:
    """How many of its frames lie outside of the file: an editor holds its first or last one there."""
    if media.still or media.frames is None or clip.shown is not None:
        return 0
    ends = clip.source(clip.at), clip.source(clip.end - 1)
    before, behind = -min(ends), max(ends) - (media.frames - 1)
    return sum(math.ceil(far / abs(clip.speed) if clip.speed else clip.length) for far in (before, behind) if far >= 1)


def along(curve: tuple[tuple[Fraction, Fraction], ...], when: Fraction) -> Fraction:
    """The place at a time, in straight lines from key to key and on beyond the last ones."""
    if len(curve) == 1:
        return curve[0][1]
    i = min(max(bisect_right(curve, when, key=lambda key: key[0]) - 1, 0), len(curve) - 2)
    (a, x), (b, y) = curve[i], curve[i + 1]
    return x if a == b else x + (y - x) * (when - a) / (b - a)

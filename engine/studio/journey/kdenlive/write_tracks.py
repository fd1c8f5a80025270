"""Tracks of a project: two sub-playlists each, so that neighbours can lie over each other, and the mixes there."""

from fractions import Fraction
from xml.etree import ElementTree as ET

from engine.studio.journey.kdenlive.write_bin import Bin, Item, warped
from engine.studio.journey.kdenlive.write_xml import Element, clock, properties
from engine.studio.journey.timeline import Clip, Mix, Track

INTERNAL = 237  # what Kdenlive adds by itself is marked with it
DISSOLVE = {"factory": "loader", "resource": "", "mlt_service": "luma", "kdenlive_id": "luma"}
LOOKS = {
    "kdenlive:trackheight": 67, "kdenlive:timeline_active": 1, "kdenlive:collapsed": 0, "kdenlive:thumbs_format": "",
    "kdenlive:audio_rec": "",
}  # fmt: skip


class Tracks:
    """Writes one track after another; each has its place and is called by it."""

    def __init__(self, root: Element, bin: Bin) -> None:
        self._root, self._bin, self.count, self._transitions = root, bin, 0, 0

    def picture(self, track: Track) -> None:
        """A track of clips and mixes."""
        fps, sides = self._bin.fps, _sides(track)
        names = []
        for side in range(2):
            clips = [clip for clip, its in zip(track.clips, sides, strict=True) if its == side]
            entries = [self._entry(clip, (self.count, side)) for clip in clips]
            names.append(self._playlist(2 * self.count + side, clips, entries))
        tractor = self._tractor(names, "audio", max((clip.end for clip in track.clips), default=0))
        properties(tractor, {**LOOKS, "kdenlive:track_name": track.name or None})
        for name in names:
            ET.SubElement(tractor, "track", hide="audio", producer=name)
        for mix in track.mixes:
            span = {"in": clock(mix.at, fps), "out": clock(mix.at + len(mix.shares), fps)}
            transition = ET.SubElement(tractor, "transition", id=f"mix{self._transitions}", **span)
            self._transitions += 1
            cut = {"kdenlive:mixcut": cut_of(mix), "softness": 0, "alpha_over": 0, "reverse": int(not sides[mix.into])}
            properties(transition, {"a_track": 0, "b_track": 1, **DISSOLVE, **cut})
        self.count += 1

    def sound(self, item: Item, frames: int) -> None:
        """A track of one sound, from the beginning on."""
        fps, first = self._bin.fps, 2 * self.count
        entry = ET.Element("entry", producer=self._bin.copy(self._root, item, "sound"))
        entry.attrib |= {"in": clock(0, fps), "out": clock(frames - 1, fps)}
        properties(entry, {"kdenlive:id": item.id})
        names = [self._playlist(first, [Clip(0, 0, frames)], [entry], True), self._playlist(first + 1, [], [], True)]
        tractor = self._tractor(names, "video", frames)
        properties(tractor, {"kdenlive:audio_track": 1, **LOOKS})
        for name in names:
            ET.SubElement(tractor, "track", hide="video", producer=name)
        self.count += 1

    def _tractor(self, names: list[str], hide: str, frames: int) -> Element:
        span = {"in": clock(0, self._bin.fps)} | ({"out": clock(frames - 1, self._bin.fps)} if frames else {})
        return ET.SubElement(self._root, "tractor", id=f"tractor{self.count}", **span)

    def _playlist(self, number: int, clips: list[Clip], entries: list[Element], audio: bool = False) -> str:
        fps, at = self._bin.fps, 0
        playlist = ET.SubElement(self._root, "playlist", id=f"playlist{number}")
        if audio:
            properties(playlist, {"kdenlive:audio_track": 1})
        for clip, entry in zip(clips, entries, strict=True):
            if clip.at > at:
                ET.SubElement(playlist, "blank", length=clock(clip.at - at, fps))
            playlist.append(entry)
            at = clip.end
        return playlist.attrib["id"]

    def _entry(self, clip: Clip, place: object) -> Element:
        fps, item = self._bin.fps, self._bin.item(clip)
        speed = Fraction(1) if clip.media is None or item.media.still else clip.speed
        first = 0 if clip.media is None or item.media.still else placed(clip, item.frames)
        entry = ET.Element("entry", producer=self._bin.copy(self._root, item, place, speed or Fraction(1)))
        entry.attrib |= {"in": clock(first, fps), "out": clock(first + clip.length - 1, fps)}
        properties(entry, {"kdenlive:id": item.id})
        return entry


def placed(clip: Clip, frames: int) -> int:
    """Where a clip begins in the copy of its file at its speed."""
    if not clip.speed:
        return 0
    first = clip.first / abs(clip.speed)
    return int(warped(frames, clip.speed) - 1 - first if clip.speed < 0 else first)


def cut_of(mix: Mix) -> int:
    """The frames of a mix behind the cut that it was made at: Kdenlive puts the cut into its middle."""
    return len(mix.shares) // 2


def _sides(track: Track) -> list[int]:
    """The sub-playlist of each clip: neighbours that are mixed lie on different ones, all others on the first."""
    sides = [0] * len(track.clips)
    for mix in sorted(track.mixes, key=lambda mix: mix.at):
        sides[mix.into] = 1 - sides[mix.out]
    return sides

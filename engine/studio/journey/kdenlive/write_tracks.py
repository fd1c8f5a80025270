"""Tracks of a project: two sub-playlists each, so that neighbours can lie over each other, and the mixes there."""

from xml.etree import ElementTree as ET

from engine.studio.journey.kdenlive.write_bin import Bin, Item
from engine.studio.journey.kdenlive.write_laid import Row
from engine.studio.journey.kdenlive.write_pieces import Piece
from engine.studio.journey.kdenlive.write_xml import Element, clock, properties

DISSOLVE = {
    "factory": "loader", "resource": "", "mlt_service": "luma", "kdenlive_id": "luma", "softness": 0, "alpha_over": 0,
}  # fmt: skip
FREEZE = {"freeze_after": 0, "freeze_before": 0}
LOOKS = {
    "kdenlive:trackheight": 67, "kdenlive:timeline_active": 1, "kdenlive:collapsed": 0, "kdenlive:thumbs_format": "",
    "kdenlive:audio_rec": "",
}  # fmt: skip


class Tracks:
    """Writes one track after another; each has its place and is called by it."""

    def __init__(self, root: Element, bin: Bin) -> None:
        self._root, self._bin, self.count, self._mixes, self._filters = root, bin, 0, 0, 0

    def picture(self, row: Row, until: int = 0) -> None:
        """A track of entries and mixes. until : the frame up to which a gap at its end is written down"""
        fps, sides = self._bin.fps, _sides(row)
        names = []
        for side in range(2):
            pieces = [entry for entry, its in zip(row.entries, sides, strict=True) if its == side]
            made = [self._entry(piece, (self.count, side)) for piece in pieces]
            names.append(self._playlist(side, pieces, made, until=until if side == 0 else 0))
        tractor = self._tractor(names, "audio", max([until, *(entry.end for entry in row.entries)]), row.name)
        for join in row.joins:
            span = {"in": clock(join.at, fps), "out": clock(join.at + join.steps - 1, fps)}
            transition = ET.SubElement(tractor, "transition", {"id": f"mix{self._mixes}", **span})
            self._mixes += 1
            own = {"kdenlive:mixcut": join.length // 2, "reverse": int(not sides[join.into])}
            properties(transition, {"a_track": 0, "b_track": 1, **DISSOLVE, **own})
        self.count += 1

    def sound(self, item: Item, frames: int) -> None:
        """A track of one sound, from the beginning on."""
        entry = ET.Element("entry", producer=self._bin.copy(self._root, item, "sound"))
        entry.attrib |= {"in": clock(0, self._bin.fps), "out": clock(frames - 1, self._bin.fps)}
        properties(entry, {"kdenlive:id": item.id})
        names = [self._playlist(0, [Piece(None, 0, frames)], [entry], True), self._playlist(1, [], [], True)]
        self._tractor(names, "video", frames)
        self.count += 1

    def _tractor(self, names: list[str], hide: str, frames: int, name: str = "") -> Element:
        span = {"in": clock(0, self._bin.fps)} | ({"out": clock(frames - 1, self._bin.fps)} if frames else {})
        tractor = ET.SubElement(self._root, "tractor", {"id": f"tractor{self.count}", **span})
        properties(tractor, ({"kdenlive:audio_track": 1} if hide == "video" else {}) | LOOKS)
        properties(tractor, {"kdenlive:track_name": name or None})
        for playlist in names:
            ET.SubElement(tractor, "track", hide=hide, producer=playlist)
        return tractor

    def _playlist(
        self, side: int, pieces: list[Piece], entries: list[Element], audio: bool = False, until: int = 0
    ) -> str:  # fmt: skip
        at = 0
        playlist = ET.SubElement(self._root, "playlist", id=f"playlist{2 * self.count + side}")
        if audio:
            properties(playlist, {"kdenlive:audio_track": 1})
        for piece, entry in zip(pieces, entries, strict=True):
            if piece.at > at:
                ET.SubElement(playlist, "blank", length=clock(piece.at - at, self._bin.fps))
            playlist.append(entry)
            at = piece.end
        if until > at:
            ET.SubElement(playlist, "blank", length=clock(until - at, self._bin.fps))
        return playlist.attrib["id"]

    def _entry(self, piece: Piece, place: object) -> Element:
        fps, item = self._bin.fps, self._bin.item(piece)
        entry = ET.Element("entry", producer=self._bin.copy(self._root, item, place, piece.speed))
        entry.attrib |= {"in": clock(piece.first, fps), "out": clock(piece.first + piece.length - 1, fps)}
        properties(entry, {"kdenlive:id": item.id})
        if piece.frozen is not None:
            still = ET.SubElement(entry, "filter", id=f"filter{self._filters}")
            self._filters += 1
            properties(still, {"mlt_service": "freeze", "kdenlive_id": "freeze", "frame": piece.frozen, **FREEZE})
        return entry


def _sides(row: Row) -> list[int]:
    """The playlist of each entry: two that are mixed lie on different ones, all others on the first."""
    sides = [0] * len(row.entries)
    for join in sorted(row.joins, key=lambda join: join.at):
        sides[join.into] = 1 - sides[join.out]
    return sides

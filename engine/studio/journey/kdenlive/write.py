"""Write an edit as a Kdenlive project: the 1.04 layout, which Kdenlive up to 22.12 writes and every later one opens.

The layout is that of Kdenlive's own files: see KDE/kdenlive-test-suite and dev-docs/fileformat.md.
"""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from engine.errors import InputError
from engine.paths import check_output, part_beside
from engine.studio.journey.kdenlive.write_bin import PROGRAM, VERSION, Bin
from engine.studio.journey.kdenlive.write_laid import Laid, laid
from engine.studio.journey.kdenlive.write_main import main
from engine.studio.journey.kdenlive.write_tracks import Tracks
from engine.studio.journey.kdenlive.write_xml import Element, clock, profile, properties
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Timeline

SIZE = (1920, 1080)
SCALES = (1, 2, 4, 8, 15, 30, 50, 75, 100, 150, 200, 300, 500, 800, 1000, 1500, 2000, 3000, 6000, 15000, 30000)
FITS = 14  # so many frames for each unit of the scale show all of the edit in a window of usual width


def write(timeline: Timeline, path: Path) -> None:
    """Write it; media are named as the timeline names them, so relative to the project's folder.

    InputError for what is beyond the caps of `timeline`, or where nothing can be written.
    """
    check_output(path)
    _check(path, sum(len(track.clips) for track in timeline.tracks), timeline)
    edit = laid(timeline)
    _check(path, sum(len(row.entries) for row in edit.rows), timeline)
    root = document(timeline, edit, path.parent)
    ET.indent(root, " ")
    data = ET.tostring(root, "utf-8", xml_declaration=True)
    with part_beside(path) as part:
        part.write_bytes(data + b"\n")


def document(timeline: Timeline, edit: Laid, folder: Path) -> Element:
    """The project as a tree. folder : that it will lie in."""
    size, fps = timeline.size or SIZE, timeline.fps
    root = ET.Element("mlt", LC_NUMERIC="C", producer="main_bin", version="7.12.0")
    profile(root, size, fps)
    bin = Bin(timeline, edit, folder)
    bin.write(root, _settings(timeline))
    _black(root, timeline)
    tracks = Tracks(root, bin)
    for item in bin.sounds:
        tracks.sound(item, min(item.frames, max(1, timeline.length)))
    shown = max((entry.end for row in edit.rows for entry in row.entries), default=0)
    for number, row in enumerate(edit.rows):
        tracks.picture(row, timeline.length if number == 0 and timeline.length > shown else 0)
    main(root, timeline, len(bin.sounds), len(edit.rows), edit.blends)
    return root


def _check(path: Path, clips: int, timeline: Timeline) -> None:
    if clips > MAX_CLIPS or timeline.length > MAX_FRAMES or timeline.fps <= 0:
        raise InputError(f"{path}: {clips} clips, {timeline.length} frames; at most {MAX_CLIPS} and {MAX_FRAMES}")


def _settings(timeline: Timeline) -> dict[str, object]:
    guides = [{"comment": mark.name, "pos": mark.frame, "type": 0} for mark in timeline.marks]
    sounds, pictures = len(timeline.sound), len(timeline.tracks)
    return {
        "activeTrack": sounds if pictures else 0, "audioChannels": 2, "audioTarget": -1, "disablepreview": 0,
        "documentid": 1, "enableTimelineZone": 0, "enableexternalproxy": 0, "enableproxy": 0,
        "generateimageproxy": 0, "generateproxy": 0, "groups": "[\n]\n",
        "guides": json.dumps(guides, ensure_ascii=False, indent=1), "kdenliveversion": PROGRAM, "position": 0,
        "profile": "", "scrollPos": 0, "seekOffset": 30000, "version": VERSION, "verticalzoom": 1,
        "videoTarget": -1, "zonein": 0, "zoneout": 75,
        "zoom": next((i for i, scale in enumerate(SCALES) if scale * FITS >= timeline.length), len(SCALES) - 1),
    }  # fmt: skip


def _black(root: Element, timeline: Timeline) -> None:
    span = {"in": clock(0, timeline.fps), "out": clock(max(1, timeline.length) - 1, timeline.fps)}
    black = ET.SubElement(root, "producer", {"id": "black_track", **span})
    properties(
        black,
        {
            "length": 2147483647, "eof": "continue", "resource": "black", "aspect_ratio": 1, "mlt_service": "color",
            "mlt_image_format": "rgba", "set.test_audio": 0,
        },
    )  # fmt: skip

"""What is written is the layout that Kdenlive itself writes, and no byte of it depends on chance."""

from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from defusedxml.ElementTree import parse

from engine.errors import InputError
from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.kdenlive.write import write
from engine.studio.journey.kdenlive.write_laid import laid
from engine.studio.journey.kdenlive.write_xml import clock
from engine.studio.journey.plan import plan
from engine.studio.journey.timeline import MAX_FRAMES, Clip, Dissolve, Mark, Media, Mix, Timeline, Track, linear

FPS = Fraction(25)
MEDIA = (Media("a.mp4", "0123", 100), Media("b <&> c.mp4", frames=100))
MIXED = Track((Clip(0, 0, 40), Clip(1, 28, 40)), (Mix(28, tuple(i / 13 for i in range(12)), 0, 1),), name="V")


def edit(*tracks: Track, **more: Any) -> Timeline:
    length = max((clip.end for track in tracks for clip in track.clips), default=0)
    return Timeline(FPS, MEDIA, tracks, size=(128, 96), **{"length": length, **more})


def written(timeline: Timeline, folder: Path) -> Element:
    write(timeline, folder / "x.kdenlive")
    root = parse(folder / "x.kdenlive").getroot()
    assert isinstance(root, Element)
    return root


def told(element: Element) -> dict[str, str]:
    return {p.attrib["name"]: p.text or "" for p in element.findall("property")}


def test_every_file_of_the_bin_is_listed_with_a_number_of_its_own(tmp_path: Path) -> None:
    root = written(edit(MIXED, Track((Clip(None, 3, 5),)), sound=("song.wav",)), tmp_path)
    bin = root.find("playlist[@id='main_bin']")
    assert bin is not None
    producers = {p.attrib["id"]: told(p) for p in root.findall("producer")}
    listed = [producers[entry.attrib["producer"]] for entry in bin.findall("entry")]
    assert [p["resource"] for p in listed] == ["a.mp4", "b <&> c.mp4", "song.wav", "0x000000ff"]
    assert [int(p["kdenlive:id"]) for p in listed] == [2, 3, 4, 5]
    assert listed[0]["kdenlive:file_hash"] == "0123" and "kdenlive:file_hash" not in listed[1]
    assert told(bin)["kdenlive:docproperties.version"] == "1.04"
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))


def test_everything_that_is_named_comes_before_it_is_used(tmp_path: Path) -> None:
    root, known = written(edit(MIXED, MIXED, sound=("song.wav",)), tmp_path), set[str]()
    for element in root:
        assert all(inner.attrib["producer"] in known for inner in element.iter() if "producer" in inner.attrib)
        known.add(element.attrib.get("id", ""))


def test_a_mix_is_that_of_kdenlives_own_files(tmp_path: Path) -> None:
    root = written(edit(MIXED), tmp_path)
    tractor = root.find("tractor[@id='tractor0']")
    assert tractor is not None
    transition = tractor.find("transition")
    assert transition is not None and (transition.attrib["in"], transition.attrib["out"]) == (
        clock(28, FPS),
        clock(40, FPS),
    )
    properties = told(transition)
    assert properties["mlt_service"] == "luma" and properties["kdenlive:mixcut"] == "6"
    assert (properties["a_track"], properties["b_track"], properties["reverse"]) == ("0", "1", "0")
    a, b = (root.find(f"playlist[@id='playlist{i}']") for i in range(2))
    assert a is not None and [e.tag for e in a] == ["entry"]
    assert b is not None and [e.tag for e in b] == ["blank", "entry"] and b[0].attrib["length"] == clock(28, FPS)
    assert a[0].attrib["out"] == clock(39, FPS)  # the last frame, not the one behind it


def test_the_clip_that_comes_back_to_the_first_playlist_is_mixed_in_reverse(tmp_path: Path) -> None:
    clips = (Clip(0, 0, 20), Clip(1, 15, 20), Clip(0, 30, 20))
    root = written(edit(Track(clips, (Mix(15, linear(5), 0, 1), Mix(30, linear(5), 1, 2)))), tmp_path)
    assert [told(t)["reverse"] for t in root.findall("tractor[@id='tractor0']/transition")] == ["0", "1"]


def test_a_curve_of_its_own_goes_across_tracks(tmp_path: Path) -> None:
    bent = (0.0, 0.1, 0.5, 1.0)
    timeline = edit(Track((Clip(0, 0, 20), Clip(1, 16, 20)), (Mix(16, bent, 0, 1),)))
    rows = laid(timeline).rows
    assert [[(e.at, e.end) for e in row.entries] for row in rows] == [[(0, 20), (20, 36)], [(16, 20)]]
    root = written(timeline, tmp_path)
    transitions = [told(t) for t in root.findall("tractor[@id='tractor2']/transition")]
    assert [t.get("internal_added", "") for t in transitions] == ["", "237", "237"]
    assert transitions[0]["0"] == "00:00:00.000=0;00:00:00.040=0.1;00:00:00.080=0.5;00:00:00.120=1"


def test_a_clip_at_an_odd_start_of_double_speed_shows_its_own_frames() -> None:
    entries = laid(edit(Track((Clip(0, 0, 4, Fraction(7), Fraction(2)),)))).rows[0].entries
    assert [(e.at, e.first, e.length, e.speed) for e in entries] == [(i, 7 + 2 * i, 1, 1) for i in range(4)]


def test_guides_are_marks(tmp_path: Path) -> None:
    bin = written(edit(MIXED, marks=(Mark(3, 'a "b" <c>'),)), tmp_path).find("playlist[@id='main_bin']")
    assert bin is not None
    assert '"comment": "a \\"b\\" <c>"' in told(bin)["kdenlive:docproperties.guides"]


def test_the_same_edit_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("x.kdenlive", "y.kdenlive"):
        write(edit(MIXED, Track((Clip(0, 0, 9, Fraction(5), Fraction(-1, 2)),))), tmp_path / name)
    assert (tmp_path / "x.kdenlive").read_bytes() == (tmp_path / "y.kdenlive").read_bytes()


def test_names_with_what_xml_cannot_hold_are_written_without_it(tmp_path: Path) -> None:
    root = written(
        Timeline(FPS, (Media("a\x00\x0b\ud800.mp4", frames=5),), (Track((Clip(0, 0, 5),)),), length=5), tmp_path
    )
    assert told(root.findall("producer")[0])["resource"] == "a.mp4"


@pytest.mark.parametrize(("frame", "fps", "text"), [
    (87, FPS, "00:00:03.480"), (90_000, FPS, "01:00:00.000"), (1, Fraction(30000, 1001), "00:00:00.033"),
    (1, Fraction(1000), "00:00:00.001000"),
])  # fmt: skip
def test_clocks_have_a_point(frame: int, fps: Fraction, text: str) -> None:
    assert clock(frame, fps) == text


@pytest.mark.parametrize(("timeline", "told"), [
    (edit(Track((Clip(0, 0, 9), Clip(1, 5, 9)))), "lie over each other"),
    (edit(MIXED, length=MAX_FRAMES + 1), "at most"),
    (edit(MIXED, MIXED, MIXED), None),
    (edit(*3 * [Track((Clip(0, 0, 30),))]), None),
])  # fmt: skip
def test_what_no_track_can_hold_is_refused(tmp_path: Path, timeline: Timeline, told: str | None) -> None:
    if told is None:
        write(timeline, tmp_path / "x.kdenlive")
        return
    with pytest.raises(InputError, match=told):
        write(timeline, tmp_path / "x.kdenlive")
    assert not [*tmp_path.iterdir()]


def test_two_dissolves_that_meet_on_a_track_are_refused(tmp_path: Path) -> None:
    three, dissolves = 3 * [Track((Clip(0, 0, 30),))], (Dissolve(3, linear(9), 0, 1), Dissolve(6, linear(9), 1, 2))
    with pytest.raises(InputError, match="two dissolves meet on one track at 00:00:00:06"):
        write(edit(*three, dissolves=dissolves), tmp_path / "x.kdenlive")
    with pytest.raises(InputError, match="no folder"):
        write(edit(MIXED), tmp_path / "none" / "x.kdenlive")


@pytest.mark.parametrize("speed", [Fraction(1, 2), Fraction(-1, 4), Fraction(2)])
def test_an_hour_at_a_speed_is_a_few_clips_that_show_the_same_frames(speed: Fraction, tmp_path: Path) -> None:
    media, length = (Media("a.mp4", frames=200_000),), 90_000
    timeline = Timeline(
        FPS, media, (Track((Clip(0, 0, length, Fraction(150_000 if speed < 0 else 8), speed),)),), length=length
    )
    write(timeline, tmp_path / "x.kdenlive")
    again = read(tmp_path / "x.kdenlive")
    assert len(again.tracks[0].clips) < 60
    assert np.array_equal(plan(timeline).frame[0], plan(again).frame[0])

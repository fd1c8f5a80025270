"""Edit decision lists: read as the editors write them, written as other programs read them."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.journey import edl
from engine.studio.journey.conform import How, conform
from engine.studio.journey.edl.timecode import Timecode
from engine.studio.journey.otio import timeline_of
from engine.studio.journey.otio.write import url_of
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.timeline import Clip, Dissolve, Mark, Media, Mix, Timeline, Track, linear
from tests.conftest import needed
from tests.engine.studio.journey.edits import differs
from tests.engine.studio.journey.test_otio import mutated, seen, tracks

DATA = Path(__file__).parents[3] / "data" / "edits"
MEDIA = (Media("a.mp4", frames=900), Media("A!.mp4", frames=900), Media("films/ein Film ü.mov", frames=900))
FPS = [Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)]
NTSC = Fraction(30000, 1001)


@st.composite
def edits(draw: st.DrawFn, speeds: tuple[str, ...] = ("1", "1", "1", "2", "-1", "1/2", "-3/2", "0", "1/3")) -> Timeline:
    """What a list can say."""
    track = draw(tracks(st.sampled_from([Fraction(s) for s in speeds]), MEDIA))
    length = max(clip.end for clip in track.clips) + draw(st.sampled_from([0, 0, 7]))
    marks = draw(
        st.lists(st.builds(Mark, st.integers(0, length), st.sampled_from(["x", "two words", "ü"])), max_size=2)
    )
    own = tuple(sorted(marks, key=lambda m: m.frame))
    return Timeline(draw(st.sampled_from(FPS)), MEDIA, (track,), marks=own, name="made up", length=length)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edl")


ALIKE = (Clip(2, 0, 3, Fraction(100), Fraction(1, 2)), Clip(2, 1, 3, Fraction(100), Fraction(2)))


@given(edits())
@example(Timeline(FPS[0], MEDIA, (Track(ALIKE, (Mix(1, linear(2), 0, 1),)),), name="made up", length=4))
@settings(max_examples=120)
def test_an_edit_comes_back_as_it_went(folder: Path, timeline: Timeline) -> None:
    write_project(timeline, folder / "edit.edl")
    back = read_project(folder / "edit.edl")
    plain = replace(timeline, media=tuple(replace(m, name=m.name.rpartition("/")[2]) for m in timeline.media))
    assert differs(plain, back) == ""
    assert (back.length, back.marks, back.name, back.unsupported) == (timeline.length, timeline.marks, "made up", ())
    assert back.fps == timeline.fps


@given(edits(("1", "2", "1/2")))
@settings(max_examples=60)
def test_another_reader_of_lists_sees_the_same_events(folder: Path, timeline: Timeline) -> None:
    other = needed("pycmx")
    write_project(timeline, folder / "edit.edl")
    code = Timecode.of(timeline.fps)
    with (folder / "edit.edl").open() as file:
        listed = other.parse_cmx3600(file)
    assert listed.title == "made up" and not [
        s for s in listed.unrecognized_statements if s.content[:2] != "M2" and s.content.strip()
    ]
    spans = {}
    for event in listed.events:
        for edit in event.edits:
            at, end = code.frames(edit.record_in), code.frames(edit.record_out)
            if edit.transition.dissolve:
                assert any(
                    m.at == at - code.frames("01:00:00:00") and len(m.shares) == edit.transition.effect_duration
                    for m in timeline.tracks[0].mixes
                )
            if not edit.black and end > at:
                spans[at - code.frames("01:00:00:00")] = (edit.clip_name, code.frames(edit.source_in))
    track = timeline.tracks[0]
    whole = {mix.out for mix in track.mixes if mix.at == track.clips[mix.out].at}
    assert spans == {
        clip.at: (MEDIA[clip.media or 0].name.rpartition("/")[2], clip.first)
        for n, clip in enumerate(track.clips) if n not in whole
    }  # fmt: skip


@given(edits(("1",)).filter(lambda t: t.fps in (24, 25, 60)))
@settings(max_examples=60)
def test_what_opentimelineio_makes_of_a_list_is_the_same_edit(folder: Path, timeline: Timeline) -> None:
    library = needed("opentimelineio")
    needed("otio_cmx3600_adapter")
    write_project(timeline, folder / "edit.edl")
    made = library.adapters.read_from_file(str(folder / "edit.edl"), "cmx_3600", rate=float(timeline.fps))
    for track in made.video_tracks():
        track.source_range = None  # it begins an hour before
    for clip in made.find_clips():
        if not isinstance(clip.media_reference, library.schema.GeneratorReference):
            clip.media_reference = library.schema.ExternalReference(url_of(clip.name))
    theirs = timeline_of(json.loads(made.to_json_string()), folder, timeline.fps)
    plain = replace(timeline, media=tuple(replace(m, name=m.name.rpartition("/")[2]) for m in timeline.media))
    assert differs(plain, theirs) == ""


def test_a_list_of_opentimelineio_is_read(folder: Path) -> None:
    library = needed("opentimelineio")
    needed("otio_cmx3600_adapter")
    schema, times = library.schema, library.opentime

    def clip(name: str, start: int, length: int) -> object:
        span = times.TimeRange(times.RationalTime(start, 25), times.RationalTime(length, 25))
        made = schema.Clip(name, schema.ExternalReference(f"/{name}.mp4", span), span)
        made.metadata["cmx_3600"] = {"reel": name}
        return made

    track = schema.Track("V", kind="Video")
    move = schema.Transition("d", "SMPTE_Dissolve", times.RationalTime(0, 25), times.RationalTime(10, 25))
    slow = clip("slow", 500, 20)
    slow.effects.append(schema.LinearTimeWarp(time_scalar=0.5))  # type: ignore[attr-defined]
    track.extend([clip("one", 100, 50), move, clip("two", 200, 50), slow])
    edit = schema.Timeline("t")
    edit.tracks.append(track)
    path = folder / "theirs.edl"
    path.write_text(library.adapters.write_to_string(edit, "cmx_3600", rate=25.0), "utf-8")
    back = edl.read(path, Fraction(25))
    assert seen(back) == [(0, 60, 100, 1), (50, 50, 200, 1), (100, 20, 500, Fraction(1, 2))]
    assert [m.name for m in back.media] == ["one", "two", "slow"] and back.length == 120


def test_a_list_of_a_tape_suite_is_read() -> None:
    edit = edl.read(DATA / "avid.edl")
    assert edit.fps == NTSC and edit.length == 300 and edit.name == "MEDITATION"
    assert [m.name for m in edit.media] == ["FIRST.MP4", "SECOND.MP4", "C003", "D004"]
    assert seen(edit) == [
        (30, 70, 300, 1), (90, 72, 600, 1), (150, 30, 900, Fraction(1, 2)), (240, 30, 179, -1), (270, 30, 210, 0),
    ]  # fmt: skip
    assert edit.tracks[0].mixes == (Mix(90, linear(10), 0, 1), Mix(150, linear(12), 1, 2))
    assert edit.sound == ("FIRST.MP4", "C003") and edit.marks == (Mark(250, "BLOOM"),)
    assert [u.what for u in edit.unsupported] == [
        "no frame rate: read as 29.97 a second; give --fps", "not understood: 'SOMETHING ELSE'",
        "colour correction (ASC CDL)", "wipe 001: a dissolve",
    ]  # fmt: skip


def test_a_list_of_resolve_is_read() -> None:
    edit = edl.read(DATA / "resolve.edl", Fraction(25))
    assert [m.name for m in edit.media] == ["first.mp4", "second.mp4"] and edit.length == 175
    assert seen(edit) == [(0, 62, 25, 1), (50, 50, 250, 1), (125, 50, 200, Fraction(1, 2))]
    assert edit.marks == (Mark(130, "leaf"),) and not edit.unsupported


@pytest.mark.parametrize(
    ("fps", "drop", "text", "frame"),
    [(NTSC, True, "00:01:00;02", 1800), (NTSC, True, "00:10:00;00", 17982), (NTSC, False, "00:00:59;29", 1799),
     (NTSC, True, "01:00:00:00", 107892), (NTSC, False, "01:00:00:00", 108000), (Fraction(60000, 1001), True, "00:01:00;04", 3600),
     (Fraction(25), False, "00:01:00:00", 1500), (Fraction(24000, 1001), False, "01:00:00:00", 86400)],
)  # fmt: skip
def test_timecodes_are_frames(fps: Fraction, drop: bool, text: str, frame: int) -> None:
    assert Timecode.of(fps, drop).frames(text) == frame


@given(st.sampled_from(FPS), st.integers(0, 24 * 3600 * 24 - 1))
def test_a_timecode_comes_back(fps: Fraction, frame: int) -> None:
    code = Timecode.of(fps)
    assert code.frames(code.text(frame)) == frame


EVENT = "001  AX       V     C        00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([EVENT.replace("02:00 01:00:00:00", "01:00 01:00:00:00")], ["25 frames of the file for 50 of the edit, and no M2 line: not scaled"]),
        ([EVENT.replace("V     C    ", "V     D 010")], ["dissolve from black: a cut"]),
        ([EVENT, "002  AX       V     K        00:00:00:00 00:00:02:00 01:00:02:00 01:00:04:00"], ["key: left out"]),
        ([EVENT, "002  BL       V     D 010    00:00:00:00 00:00:02:00 01:00:02:00 01:00:04:00"], ["dissolve to black: a cut"]),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_told(tmp_path: Path, lines: list[str], told: list[str]) -> None:
    path = tmp_path / "x.edl"
    path.write_text("\n".join(["TITLE: x", *lines]))
    assert [u.what for u in edl.read(path, Fraction(25)).unsupported] == told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no event with a picture"),
        ("TITLE: x\nFCM: NON-DROP FRAME", "no event with a picture"),
        (EVENT.replace(" V ", " AA"), "no event with a picture"),
        (f"{EVENT}\n{EVENT}", "x.edl:2: 01:00:00:00 lies in an event before it"),
        (EVENT.replace("01:00:02:00", "00:59:00:00"), "x.edl:1: it ends at 00:59:00:00, before"),
        (EVENT.replace("00:00:02:00", "00:00:02:25"), "x.edl:1: 00:00:02:25: 60 minutes, 60 seconds and 25 frames"),
        (EVENT.replace("V     C", "V     Q"), "x.edl:1: no event: "),
        (f"TITLE: x\nM2   AX  012.5  00:00:00:00\n{EVENT}", "x.edl:2: a speed before any event"),
        (f"{EVENT}\nM2   AX  fast  00:00:00:00", "x.edl:2: no speed"),
        (EVENT.replace("V     C    ", "V     D 099"), "x.edl:1: a dissolve of 99 frames into an event of 50"),
        (EVENT.replace("00:00:00:00 00:00:02:00", "00:00:02:00 00:00:00:00"), "x.edl:1: its source ends before it begins"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.edl"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        edl.read(path, Fraction(25))


def test_numbers_are_dropped_only_where_they_can_be(tmp_path: Path) -> None:
    path = tmp_path / "x.edl"
    path.write_text(f"FCM: DROP FRAME\n{EVENT}")
    assert edl.read(path).fps == NTSC
    with pytest.raises(InputError, match=r"x.edl:2: drop-frame timecode at 25 frames a second; only 29.97 and 59.94"):
        edl.read(path, Fraction(25))


def test_a_program_begins_at_its_hour_unless_that_is_long_before(tmp_path: Path) -> None:
    path = tmp_path / "x.edl"
    path.write_text(EVENT.replace("01:00:0", "01:01:0"))
    assert edl.read(path, Fraction(25)).length == 62 * 25
    path.write_text(EVENT.replace("01:00:0", "00:59:0"))
    assert edl.read(path, Fraction(25)).length == 50


def test_a_marker_outside_of_the_edit_is_kept_for_its_reader_to_tell(tmp_path: Path) -> None:
    path = tmp_path / "x.edl"
    event = "001  A        V     C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n"
    path.write_text(f"{event}* LOC: 01:00:00:05 RED in\n* LOC: 01:00:09:00 RED late\n")
    assert edl.read(path).marks == (Mark(5, "in"), Mark(225, "late"))


def test_a_list_in_latin_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.edl"
    path.write_bytes(f"{EVENT}\n* FROM CLIP NAME: Blüte.mp4".encode("latin-1"))
    assert edl.read(path, Fraction(25)).media[0].name == "Blüte.mp4"


CUTS = Track(tuple(Clip(0, n, 1) for n in range(1000)))


@pytest.mark.parametrize(
    ("timeline", "text"),
    [
        (Timeline(FPS[0], MEDIA, (CUTS,)), "more than 999 events, which an .edl can number; write .otio or .kdenlive"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 9),)), Track((Clip(0, 30, 9),)))), "a second track at 00:00:01:05"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 9),)),), (Dissolve(3, (0.5,), 0, 1),)), "a second track at 00:00:00:03"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 1, shown=(Fraction(2),)),)),)), "remapped time at 00:00:00:00"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5), Clip(0, 2, 5)), (Mix(2, (0, 0, 1), 0, 1),)),)), "a dissolve with a curve"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5), Clip(None, 2, 5)), (Mix(2, linear(3), 0, 1),)),)), "what is no file"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5), Clip(0, 2, 5))),)), "a clip over another"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5, Fraction(-3)),)),)), "3 frames before the beginning of a.mp4"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5),)),), length=24 * 3600 * 25), "not within the day"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_not_written_as_something_else(tmp_path: Path, timeline: Timeline, text: str) -> None:
    with pytest.raises(InputError, match=text):
        edl.write(timeline, tmp_path / "x.edl")
    assert not list(tmp_path.iterdir())


@given(st.randoms(use_true_random=False), st.sampled_from(["avid.edl", "resolve.edl"]), st.sampled_from([None, *FPS]))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(folder: Path, dice: random.Random, name: str, fps: Fraction | None) -> None:
    path = folder / "mutated.edl"
    path.write_bytes(mutated((DATA / name).read_bytes(), dice))
    try:
        edl.read(path, fps)
    except InputError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    "line", ["001 " + " " * 100_000 + "x", "* LOC:" + " " * 100_000, "1" * 100_000, "001 A V C " * 20_000]
)
def test_long_lines_take_no_time(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.edl"
    path.write_text(f"{EVENT}\n" + f"{line}\n" * 20)
    assert len(edl.read(path, Fraction(25)).tracks[0].clips) == 1


@pytest.mark.parametrize("said", ["25/0", "0", "nan", "1e9", "9999", "-25", "twenty"])
def test_a_remark_of_a_rate_that_is_none_is_none(tmp_path: Path, said: str) -> None:
    path = tmp_path / "x.edl"
    path.write_text(f"* FRAME RATE: {said}\n{EVENT}")
    assert [u.what for u in edl.read(path).unsupported] == ["no frame rate: read as 25 a second; give --fps"]


def test_only_a_list_is_told_its_rate(tmp_path: Path) -> None:
    (tmp_path / "x.otio").write_bytes((DATA / "kdenlive.otio").read_bytes())
    with pytest.raises(InputError, match="--fps 24: x.otio says its own rate; only an .edl does not"):
        conform(tmp_path / "x.otio", tmp_path / "out", How(fps=Fraction(24)))
    (tmp_path / "x.edl").write_text(EVENT)
    with pytest.raises(InputError, match="AX"):  # read at 24 a second, and then no AX is there
        conform(tmp_path / "x.edl", tmp_path / "out", How(fps=Fraction(24)))

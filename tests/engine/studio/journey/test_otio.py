"""OpenTimelineIO: what it says is read, what it can say is written, what is none is refused by name."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.journey import otio
from engine.studio.journey.otio.clips import path_of
from engine.studio.journey.otio.times import rate
from engine.studio.journey.otio.write import url_of
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.timeline import Clip, Dissolve, Mark, Media, Mix, Timeline, Track, linear
from tests.conftest import needed
from tests.engine.studio.journey.edits import differs

DATA = Path(__file__).parents[3] / "data" / "edits"
FPS = [Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60), Fraction(25, 2)]
MEDIA = (Media("a.mp4", frames=900), Media("/films/b ü%20#1.mp4", frames=900), Media("c.png", still=True), Media("d"))


@st.composite
def tracks(draw: st.DrawFn, speeds: st.SearchStrategy[Fraction], media: tuple[Media, ...] = MEDIA) -> Track:
    """Clips with gaps between them, or with straight dissolves of two frames or more."""
    clips: list[Clip] = []
    mixes: list[Mix] = []
    at = draw(st.integers(0, 5))
    for n in range(draw(st.integers(1, 6))):
        length = draw(st.integers(1, 12))
        busy = max(clips[-1].at, mixes[-1].at + len(mixes[-1].shares) if mixes else 0) if clips else 0
        most = min(length, clips[-1].end - busy) - 1 if clips and at == clips[-1].end else 0
        overlap = draw(st.integers(0, most)) if most > 1 else 0
        clip = Clip(
            draw(st.integers(0, len(media) - 1)), at - overlap, length,
            Fraction(draw(st.integers(100, 800))), draw(speeds), name=f"clip {n}",
        )  # fmt: skip
        if overlap > 1:
            mixes.append(Mix(clip.at, linear(overlap), len(clips) - 1, len(clips)))
        else:
            clip = replace(clip, at=at)
        clips.append(clip)
        at = clip.end + draw(st.sampled_from([0, 0, 0, 1, 4]))
    return Track(tuple(clips), tuple(mixes), draw(st.sampled_from(["", "V7", "oben"])))


@st.composite
def edits(draw: st.DrawFn) -> Timeline:
    """What an `.otio` can say."""
    speeds = st.sampled_from([Fraction(1)] * 3 + [Fraction(n) for n in ("2", "-1", "1/2", "-3/2", "0", "1/3", "-7/4")])
    own = tuple(draw(st.lists(tracks(speeds), min_size=1, max_size=3)))
    length = max(clip.end for track in own for clip in track.clips) + draw(st.integers(0, 9))
    marks = draw(st.lists(st.builds(Mark, st.integers(0, length), st.text(max_size=5)), max_size=3))
    sound = draw(st.sampled_from([(), ("song.wav",), ("song.wav", "rain.flac")]))
    return Timeline(
        draw(st.sampled_from(FPS)), MEDIA, own, marks=tuple(sorted(marks, key=lambda m: m.frame)), name="made up",
        length=length, sound=sound,
    )  # fmt: skip


def there_and_back(timeline: Timeline, folder: Path) -> Timeline:
    write_project(timeline, folder / "edit.otio")
    return read_project(folder / "edit.otio")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("otio")


@given(edits())
@settings(max_examples=150)
def test_an_edit_comes_back_as_it_went(folder: Path, timeline: Timeline) -> None:
    back = there_and_back(timeline, folder)
    assert differs(timeline, back) == ""
    assert (back.fps, back.length, back.marks, back.name, back.sound) == (
        timeline.fps, timeline.length, timeline.marks, timeline.name, timeline.sound,
    )  # fmt: skip
    assert [len(track.mixes) for track in back.tracks] == [len(track.mixes) for track in timeline.tracks]


@given(edits())
@settings(max_examples=60)
def test_the_library_sees_what_was_written_where_it_was_put(folder: Path, timeline: Timeline) -> None:
    library = needed("opentimelineio")
    write_project(timeline, folder / "edit.otio")
    seen = library.adapters.read_from_file(str(folder / "edit.otio"))
    assert seen.video_tracks()[0].duration().value == timeline.length
    for track, own in zip(timeline.tracks, seen.video_tracks(), strict=True):
        cuts = {mix.into: mix.at + (len(mix.shares) + 1) // 2 for mix in track.mixes}
        spans = [own.range_of_child(clip) for clip in own.find_clips()]
        assert [span.start_time.value for span in spans] == [cuts.get(n, c.at) for n, c in enumerate(track.clips)]
        assert {span.start_time.rate for span in spans} == {float(timeline.fps)}
        for clip, written in zip(track.clips, own.find_clips(), strict=True):
            assert written.name == clip.name and written.range_in_parent().duration.value <= clip.length
        moves = [child for child in own if isinstance(child, library.schema.Transition)]
        assert [m.duration().value for m in moves] == [len(mix.shares) for mix in track.mixes]


def time(value: float, rate: float = 25) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


def span(start: float, length: float, rate: float = 25) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(length, rate)}


def clip(
    start: float, length: float, rate: float = 25, url: str = "a.mp4", first: float = 0, **more: Any
) -> dict[str, Any]:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": url, "available_range": span(first, 900, rate)}
    return {
        "OTIO_SCHEMA": "Clip.1",
        "name": "c",
        "source_range": span(start, length, rate),
        "media_reference": media,
    } | more


def gap(length: float, rate: float = 25) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, length, rate)}


def move(early: float, late: float, kind: str = "SMPTE_Dissolve") -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Transition.1", "in_offset": time(early), "out_offset": time(late), "transition_type": kind}


def track(*children: Any, **more: Any) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": list(children)} | more


def stack(*children: Any, **more: Any) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Stack.1", "children": list(children)} | more


def read(folder: Path, *tracks: Any, **more: Any) -> Timeline:
    path = folder / "given.otio"
    data = {"OTIO_SCHEMA": "Timeline.1", "name": "t", "tracks": stack(*tracks, **more)}
    path.write_text(json.dumps(data), "utf-8")
    return otio.read(path)


def seen(timeline: Timeline) -> list[tuple[int, int, Fraction, Fraction]]:
    return [(c.at, c.length, c.first, c.speed) for t in timeline.tracks for c in t.clips]


def test_frames_count_from_the_beginning_of_the_file_and_not_of_its_timecode(folder: Path) -> None:
    assert seen(read(folder, track(clip(90010, 20, first=90000)))) == [(0, 20, 10, 1)]


def test_a_dissolve_takes_both_clips_beyond_their_cut(folder: Path) -> None:
    edit = read(folder, track(clip(100, 30), move(4, 6), clip(200, 30)))
    assert seen(edit) == [(0, 36, 100, 1), (26, 34, 196, 1)]
    assert edit.tracks[0].mixes == (Mix(26, linear(10), 0, 1),)
    assert not edit.unsupported and edit.length == 60


def test_a_handle_that_is_not_there_is_told(folder: Path) -> None:
    edit = read(folder, track(clip(100, 30), move(4, 6), clip(1, 30)))
    assert [u.what for u in edit.unsupported] == ["3 frames beyond the file, whose end is held"]


@pytest.mark.parametrize(
    ("children", "told"),
    [
        ([gap(10), move(4, 4), clip(0, 20)], "dissolve from or to nothing: a cut"),
        ([clip(9, 20), move(4, 4)], "dissolve from or to nothing: a cut"),
        ([clip(9, 20), move(4, 40), clip(99, 20)], "dissolve longer than a clip of it: a cut"),
        ([clip(9, 20), move(4, 4), stack(track(clip(99, 20)))], "dissolve from or to several clips: a cut"),
        ([clip(9, 20), move(4, 4, "Custom_Star"), clip(99, 20)], "transition Custom_Star: a dissolve"),
        ([clip(9, 20, effects=[{"OTIO_SCHEMA": "Effect.1", "effect_name": "Blur"}])], "effect Blur"),
        ([clip(9, 20, effects=[{"OTIO_SCHEMA": "TimeEffect.1"}])], "a speed that changes: played at an even pace; a .xml of Final Cut 7 can say it"),
        ([clip(9, 0.2), clip(9, 5)], "shorter than half a frame: left out"),
        ([clip(9, 5, media_reference={"OTIO_SCHEMA": "GeneratorReference.1", "generator_kind": "SMPTEBars"})], "made by the editor: SMPTEBars"),
        ([clip(9, 5, media_reference={"OTIO_SCHEMA": "MissingReference.1"})], "a clip without media"),
        ([clip(9, 5, media_reference={"OTIO_SCHEMA": "ImageSequenceReference.1", "target_url_base": "x/", "name_prefix": "p.", "name_suffix": ".png"})], "a sequence of pictures 'x/p..png'; render it to a video"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_told(folder: Path, children: list[Any], told: str) -> None:
    edit = read(folder, track(*children))
    assert [u.what for u in edit.unsupported] == [told] and edit.unsupported[0].where


def slot(name: str, *parameters: str, on: bool = True) -> dict[str, Any]:
    """An effect as Resolve writes it."""
    kept = {"Effect Name": name, "Enabled": on, "Name": name, "Parameters": [{"Parameter ID": p} for p in parameters]}
    return {"OTIO_SCHEMA": "Effect.1", "name": "", "effect_name": "Resolve Effect", "metadata": {"Resolve_OTIO": kept}}


def test_what_resolve_writes_with_every_clip_is_told_only_where_it_changes_the_picture(folder: Path) -> None:
    plain = [slot(n) for n in ("Composite", "Transform", "Cropping", "Retime and Scaling", "Lens Correction")]
    plain += [slot("Dynamic Zoom", "dynamicZoomScale", on=False), slot("Fairlight Clip Pan", "pan")]
    moved = [slot("Transform", "transformationZoomX"), slot("Composite", "opacity"), slot("Gaussian Blur")]
    edit = read(folder, track(clip(0, 9, effects=plain), clip(0, 9, effects=moved), effects=plain + moved[:1]))
    assert [(u.frame, u.what) for u in edit.unsupported] == [
        (0, "effect Transform on all of a track"),
        (9, "effect Transform"), (9, "effect Composite"), (9, "effect Gaussian Blur"),
    ]  # fmt: skip


def test_speeds_are_of_the_file_and_reversed_clips_show_their_range_backwards(folder: Path) -> None:
    def warp(scalar: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": scalar}

    freeze = {"OTIO_SCHEMA": "FreezeFrame.1", "time_scalar": 0}
    effects = [[warp(0.5)], [warp(-1)], [warp(-2)], [freeze], [warp(2), warp(1.5)], [warp(3) | {"enabled": False}]]
    edit = read(folder, track(*(clip(100, 10, effects=each) for each in effects)))
    assert [(c.first, c.speed) for c in edit.tracks[0].clips] == [
        (100, Fraction(1, 2)), (109, -1), (118, -2), (100, 0), (100, 3), (100, 1),
    ]  # fmt: skip


def test_rates_that_differ_meet_exactly(folder: Path) -> None:
    edit = read(folder, track(clip(0, 10), clip(0, 10), *(clip(24, 48, 23.976) for _ in range(100))))
    last = edit.tracks[0].clips[-1]
    assert edit.fps == 25 or edit.fps == Fraction(24000, 1001)
    mixed = read(folder, track(*(clip(0, 10) for _ in range(200)), *(clip(24, 48, 23.976) for _ in range(100))))
    assert mixed.fps == 25 and mixed.length == round(2000 + 100 * 48 * Fraction(1001, 24000) * 25)
    assert mixed.tracks[0].clips[-1].first == 24 * Fraction(1001, 24000) * 25
    assert last.speed == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [(23.976, "24000/1001"), (23.98, "24000/1001"), (29.97, "30000/1001"), (59.94005994, "60000/1001"), (24, "24"),
     (24.000000001, "24"), (12.5, "25/2"), (48000, "48000"), (119.88, "120000/1001"), (0.5, "1/2")],
)  # fmt: skip
def test_rates_are_what_was_meant(written: float, meant: str) -> None:
    assert rate(written, "") == Fraction(meant)


def test_nested_compositions_are_cut_out_and_laid_on_top_of_each_other(folder: Path) -> None:
    inner = stack(
        track(clip(0, 30), move(2, 2), clip(100, 30)), track(gap(5), clip(200, 20)), source_range=span(10, 30),
        markers=[{"OTIO_SCHEMA": "Marker.2", "name": "in", "marked_range": span(20, 0)}],
    )  # fmt: skip
    edit = read(folder, track(clip(300, 7), inner, clip(400, 3)), track(gap(39), clip(500, 1)))
    assert edit.length == 40 and len(edit.tracks) == 3
    assert seen(edit) == [
        (0, 7, 300, 1), (7, 22, 10, 1), (25, 12, 98, 1), (37, 3, 400, 1), (7, 15, 205, 1), (39, 1, 500, 1),
    ]  # fmt: skip
    assert edit.tracks[0].mixes == (Mix(25, linear(4), 1, 2),)
    assert edit.marks == (Mark(17, "in"),)


def test_a_marker_of_a_clip_stands_where_its_frame_is_seen(folder: Path) -> None:
    def marker(frame: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "Marker.1", "name": str(frame), "range": span(frame, 0)}

    back = {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": -1}
    one = clip(1100, 10, first=1000, markers=[marker(1104), marker(1050)])
    edit = read(folder, track(gap(5), one, clip(100, 10, effects=[back], markers=[marker(101)])), markers=[marker(3)])
    assert edit.marks == (Mark(3, "3"), Mark(9, "1104"), Mark(23, "101"))


def test_a_marker_outside_of_the_edit_is_kept_for_its_reader_to_tell(folder: Path) -> None:
    markers = [{"OTIO_SCHEMA": "Marker.2", "name": str(at), "marked_range": span(at, 0)} for at in (90005, 3)]
    assert read(folder, track(clip(0, 9)), markers=markers).marks == (Mark(3, "3"), Mark(90005, "90005"))


def test_what_is_hidden_is_left_out_and_what_is_heard_is_named(folder: Path) -> None:
    audio = track(clip(0, 9, url="song.wav"), kind="Audio")
    edit = read(folder, track(clip(0, 9), clip(9, 9, enabled=False)), track(clip(1, 9), enabled=False), audio)
    assert seen(edit) == [(0, 9, 0, 1)] and edit.length == 18 and edit.sound == ("song.wav",)


@pytest.mark.parametrize(
    ("url", "path"),
    [("file:///a/b%20c.mp4", "/a/b c.mp4"), ("file://localhost/a.mp4", "/a.mp4"), ("file:///C:/x/y.mp4", "C:/x/y.mp4"),
     ("media/b%20c.mp4", "media/b c.mp4"), ("file://server/x.mp4", "//server/x.mp4"), ("file:a.mp4", "a.mp4"),
     ("C:\\x\\y.mp4", "C:\\x\\y.mp4")],
)  # fmt: skip
def test_urls_become_paths(url: str, path: str) -> None:
    assert path_of(url) == path


@given(st.text(min_size=1).filter(lambda t: "\0" not in t and not any("\ud800" <= c <= "\udfff" for c in t)))
@example("C:\\x y\\ü.mp4")
@example("/a/%20.mp4")
@example("//server/x")
def test_a_path_comes_back_from_its_url(name: str) -> None:
    assert path_of(url_of(name)).replace("\\", "/") == name.replace("\\", "/")


@pytest.mark.parametrize(
    ("timeline", "text"),
    [
        (Timeline(FPS[0], MEDIA, (Track(), Track()), (Dissolve(30, (0.5,), 0, 1),)), "across tracks at 00:00:01:05"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 1, shown=(Fraction(2),)),)),)), "remapped time in a clip at 00:00:00:00"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5), Clip(0, 2, 5)), (Mix(2, (0, 0, 1), 0, 1),)),)), "curve at 00:00:00:02"),
        (Timeline(FPS[0], MEDIA, (Track((Clip(0, 0, 5), Clip(0, 2, 5))),)), "over another clip of its track"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_not_written_as_something_else(tmp_path: Path, timeline: Timeline, text: str) -> None:
    with pytest.raises(InputError, match=text):
        otio.write(timeline, tmp_path / "x.otio")
    assert not list(tmp_path.iterdir())


BAD = [
    ("no json", "no OpenTimelineIO"),
    ("[" * 200_000, "nested too deep"),
    ("[]", "no timeline in it, but other JSON; export a timeline as .otio"),
    ('{"OTIO_SCHEMA": "Clip.1"}', "no timeline in it, but Clip"),
    ('{"OTIO_SCHEMA": "Timeline.1"}', "a timeline without tracks"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack()}), "how many frames a second"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 9, 0)))}), "a rate of 0; it is over 0"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 9, float("nan"))))}), "a rate of nan"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(float("inf"), 9)))}), "inf where a number"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, -9)))}), "-0.36 seconds long"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 10**12)))}), "seconds long; give 0 to a day"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(*[clip(0, 25 * 80_000)] * 9))}), "it ends at frame"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 9), 7))}), "tracks/1/2: int on a track"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 9, url="a\0b")))}), "is no name of a file"),
    (json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack(track(clip(0, 9, effects=[{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 1e9}])))}), "times as fast"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "text"), BAD, ids=[text for _, text in BAD])
def test_what_is_no_edit_is_refused_by_name(tmp_path: Path, written: str, text: str) -> None:
    path = tmp_path / "bad.otio"
    path.write_text(written, "utf-8")
    with pytest.raises(InputError, match=text) as caught:
        otio.read(path)
    assert str(caught.value).startswith(str(path))


def test_compositions_in_each_other_have_a_bottom(folder: Path) -> None:
    deep = clip(0, 9)
    for _ in range(40):
        deep = stack(track(deep))
    with pytest.raises(InputError, match="compositions in each other"):
        read(folder, track(clip(0, 9), deep))


@given(st.randoms(use_true_random=False), st.sampled_from(["kdenlive.otio", "resolve.otio"]))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(folder: Path, dice: random.Random, name: str) -> None:
    path = folder / "mutated.otio"
    path.write_bytes(mutated((DATA / name).read_bytes(), dice))
    try:
        otio.read(path)
    except InputError as error:
        assert str(path) in str(error)


WORDS = [b"-1", b"1e308", b"NaN", b"0", b"null", b"[]", b"{}", b'"x"', b"true", b"9" * 400, b"\xff", b"", b"12.5"]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Bytes with a few places changed: cut, doubled, or another number or word put there."""
    for _ in range(dice.randint(1, 4)):
        a = dice.randrange(len(data) + 1)
        b = min(len(data), a + dice.choice([0, 1, 2, 5, 40, 400]))
        put = dice.choice([b"", data[a:b] * 2, dice.choice(WORDS), bytes([dice.randrange(256)])])
        data = data[:a] + put + data[b:]
        numbers = [i for i in range(len(data)) if data[i : i + 1].isdigit()]
        if numbers and dice.random() < 0.7:
            i = dice.choice(numbers)
            data = data[:i] + dice.choice(WORDS) + data[i + 1 :]
    return data


def test_what_kdenlive_writes_is_read(folder: Path) -> None:
    edit = otio.read(DATA / "kdenlive.otio")
    assert edit.fps == 25 and edit.length == 125
    assert [m.name for m in edit.media] == ["/films/first.mp4", "/films/second.mp4"]
    assert seen(edit) == [(0, 50, 25, 1), (38, 37, 13, 1), (100, 25, 0, 1)]
    assert edit.tracks[0].mixes == (Mix(38, linear(12), 0, 1),)
    assert edit.marks == (Mark(10, "bloom"), Mark(110, "leaf")) and edit.sound == ("/films/song.wav",)


def test_what_resolve_writes_is_read(folder: Path) -> None:
    edit = otio.read(DATA / "resolve.otio")
    assert edit.fps == Fraction(24000, 1001) and edit.size is None
    assert seen(edit) == [(0, 48, 24, 1), (48, 24, Fraction(199, 2), Fraction(-1, 2)), (10, 14, 500, 1)]
    assert [u.what for u in edit.unsupported] == ["effect Transform"]

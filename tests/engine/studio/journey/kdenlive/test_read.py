"""What the reader makes of Kdenlive's own files and of both layouts."""

from fractions import Fraction
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.projects import read_project
from engine.studio.journey.timeline import Dissolve, Mark, Media, Timeline, linear
from tests.engine.studio.journey.kdenlive.mlt import (
    BLACK,
    SIZE,
    blank,
    document,
    entry,
    producer,
    project,
    properties,
    sequence,
    timeline,
    track,
    transition,
)

DATA = Path(__file__).parents[4] / "data" / "kdenlive"
UUID, INNER = "{11111111-1111-1111-1111-111111111111}", "{22222222-2222-2222-2222-222222222222}"


def covers(found: Timeline, number: int = 0) -> list[tuple[int, int]]:
    return [(clip.at, clip.end) for clip in found.tracks[number].clips]


def test_a_project_of_kdenlive_21_holds_its_clips_and_mixes() -> None:
    found = read_project(DATA / "mix-luma.kdenlive")
    assert (found.fps, found.size, found.length, found.name) == (25, (1920, 1080), 225, "mix-luma")
    assert covers(found) == [(0, 87), (62, 162), (137, 225)]
    assert [(mix.at, mix.out, mix.into) for mix in found.tracks[0].mixes] == [(62, 0, 1), (137, 1, 2)]
    for mix in found.tracks[0].mixes:  # 26 frames by the transition, the last of them beyond the first clip
        assert mix.shares == pytest.approx(linear(26)[:25])
    assert not found.tracks[1].clips
    assert [row.frame for row in found.unsupported] == [0, 62, 137]
    assert all(row.what.startswith("a colour clip has no latent") for row in found.unsupported)
    assert found.unsupported[0].where == "mix-luma.kdenlive:164"


def test_a_project_of_kdenlive_24_is_read_by_its_active_sequence() -> None:
    found = read_project(DATA / "audio-mix.kdenlive")
    assert (found.fps, found.length, found.name) == (25, 40, "Sequence 1")
    assert (covers(found, 0), covers(found, 1)) == ([(5, 30)], [(0, 8)])
    assert found.sound == ("footage/stereo-350hz.ogg", "footage/stereo-550hz.ogg", "footage/mono-440hz.ogg")
    assert ("effect fade to black is not played", 4) in {(row.what, row.frame) for row in found.unsupported}
    assert not found.media


def modern(*tracks: str, inside: str = "", more: str = "", bin: str = "", before: str = "") -> str:
    """A project of 1.1: a sequence by its uuid, a bin, a tractor of the project behind all."""
    names = tuple(f"t{i}" for i in range(len(tracks)))
    inner = properties(kdenlive_uuid=UUID, kdenlive_producer_type=17, kdenlive_clipname="Sequence 1") + more
    return (
        before + BLACK + "".join(tracks) + sequence(*names, id=UUID, inside=inner + inside)
        + f'<playlist id="main_bin">{properties(**{"kdenlive_docproperties.activetimeline": UUID})}'
        f'<entry producer="{UUID}" in="0" out="0"/>{bin}</playlist>'
        f'<tractor id="last"><property name="kdenlive:projectTractor">1</property><track producer="{UUID}"/></tractor>'
    )  # fmt: skip


def chain(id: str, kid: int, file: str = "n.mp4", more: str = "", **values: object) -> str:
    named = properties(resource=file, mlt_service="avformat-novalidate", length=200, kdenlive_id_=kid, **values)
    return f'<chain id="{id}" out="00:00:07.960">{named.replace("kdenlive:id_", "kdenlive:id")}{more}</chain>'


def test_chains_take_hash_and_name_from_the_bin(tmp_path: Path) -> None:
    bin_clip = chain("b", 4, kdenlive_file_hash="abc", kdenlive_clipname="faces")
    body = modern(track("t0", entry(3, 9, "c")), before=chain("c", 4) + bin_clip, bin=entry(0, 199, "b"))
    found = timeline(tmp_path, body)
    assert found.media == (Media("n.mp4", "abc", 200),)
    (clip,) = found.tracks[0].clips
    assert (clip.media, clip.at, clip.length, clip.first, clip.speed, clip.name) == (0, 0, 7, 3, 1, "faces")
    assert not found.unsupported


def test_a_proxy_stands_for_its_original(tmp_path: Path) -> None:
    made = chain("b", 4, "proxy/abc.mkv", kdenlive_originalurl="films/a.mp4", kdenlive_proxy="proxy/abc.mkv")
    body = modern(track("t0", entry(3, 9, "c")), before=chain("c", 4, "proxy/abc.mkv") + made, bin=entry(0, 199, "b"))
    assert timeline(tmp_path, body).media[0].name == "films/a.mp4"


def test_the_name_of_a_file_is_kept_as_it_is(tmp_path: Path) -> None:
    body = project(track("t0", entry(0, 9)), producers=producer("p", "my  films/two  spaces \u00e9.mp4"))
    assert timeline(tmp_path, body).media[0].name == "my  films/two  spaces \u00e9.mp4"


def test_tracks_come_from_the_bottom_up_without_the_hidden_the_muted_and_the_sound(tmp_path: Path) -> None:
    sound = '<property name="kdenlive:audio_track">1</property>'
    body = project(
        track("t0", entry(0, 9, "s"), hide="video", inside=sound),
        track("t1", entry(0, 9, "m"), hide="both", inside=sound),
        track("t2", entry(0, 9), inside='<property name="kdenlive:track_name">low</property>'),
        track("t3", entry(5, 9), hide="both"),
        track("t4", entry(7, 9)),
        producers=producer() + producer("s", "song.wav") + producer("m", "muted.wav"),
    )
    found = timeline(tmp_path, body)
    assert [(t.name, [c.first for c in t.clips]) for t in found.tracks] == [("low", [0]), ("", [7])]
    assert found.sound == ("song.wav",)


def test_a_clip_that_is_switched_off_lets_what_is_below_be_seen_and_nothing_of_it_be_heard(tmp_path: Path) -> None:
    off = {"set.test_audio": 1, "set.test_image": 1}
    made = producer() + producer("off", file="off.mp4", **off) + producer("sound", video_index=-1)
    red = f'<producer id="red">{properties(mlt_service="color", resource="red", length=200, **off)}</producer>'
    body = project(
        track("t0", entry(0, 9, "off"), hide="video", inside='<property name="kdenlive:audio_track">1</property>'),
        track("t1", entry(0, 49)),
        track(
            "t2", entry(5, 9, "off") + entry(0, 4, "sound") + entry(0, 4, "red") + entry(90, 94), entry(80, 91, "off")
        ),
        producers=made + red,
    )
    found = timeline(tmp_path, body)
    assert [[(c.at, c.length, c.first) for c in t.clips] for t in found.tracks] == [[(0, 50, 0)], [(15, 5, 90)]]
    assert not found.unsupported and not found.sound


def test_a_dissolve_counts_tracks_as_they_are_read(tmp_path: Path) -> None:
    hidden = track("t0", entry(0, 9), hide="video", inside='<property name="kdenlive:audio_track">1</property>')
    body = project(hidden, track("t1", entry(0, 49)), track("t2", entry(50, 99)), inside=transition(10, 29, 2, 3))
    assert timeline(tmp_path, body).dissolves == (Dissolve(10, linear(20), 0, 1),)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (transition(10, 29, 1, 2, resource="/usr/share/lumas/HD/bar.pgm"), "wipe bar.pgm is played as a dissolve"),
        (transition(10, 29, 1, 2, "affine", rect="0=5 0 64 64 0;19=0 0 64 64 1"), "a position or size"),
        (transition(10, 29, 1, 2, "qtblend", rect="0=0 0 64 64 0.5", rotation="0=0;9=90"), "a rotation"),
        (transition(10, 29, 1, 2, "qtblend", rect="0=0 0 64 64 0.5", compositing="13"), "blend mode 13"),
        (transition(10, 29, 1, 2, "frei0r.multiply"), "transition frei0r.multiply has no counterpart"),
        (transition(10, 29, 0, 2), "a fade against black"),
    ],
)
def test_what_a_transition_does_beyond_dissolving_is_told(made: str, told: str, tmp_path: Path) -> None:
    found = timeline(tmp_path, project(track("t0", entry(0, 49)), track("t1", entry(50, 99)), inside=made))
    (row,) = found.unsupported
    assert told in row.what and row.frame == 10 and row.clip == "n.mp4" and row.where.startswith("x.kdenlive:")


def test_a_composition_of_the_whole_picture_is_what_the_upper_track_shows_anyway(tmp_path: Path) -> None:
    made = transition(10, 29, 0, 2, "qtblend", rect="0=0 0 64 64 1", rotation="0=0") + transition(0, 9, 1, 2, "mix")
    off = transition(10, 29, 1, 2, disable=1)
    found = timeline(tmp_path, project(track("t0", entry(0, 49)), track("t1", entry(50, 99)), inside=made + off))
    assert not found.dissolves and not found.unsupported


def effect(service: str, inside: str = "", **more: object) -> str:
    return f"<filter {inside}>{properties(mlt_service=service, **more)}</filter>"


def test_effects_on_clips_tracks_and_all_are_told_by_clip_and_frame(tmp_path: Path) -> None:
    fade = effect("brightness", 'in="20" out="24"', kdenlive_id="fade_from_black")
    quiet = (
        effect("volume") + effect("sox.echo") + effect("frei0r.glow", disable=1) + effect("crop", internal_added=237)
    )
    whole = effect("qtblend", rect="0=0 0 64 64 1", rotation="0=0")
    moved = effect("qtblend", rect="0=10 0 64 64 1")
    body = project(
        track(
            "t0",
            blank(5) + entry(20, 40, inside=fade + quiet + whole) + entry(0, 3, inside=moved),
            inside=effect("sepia"),
        ),
        inside=effect("wave") + effect("avfilter.subtitles", internal_added=237),
    )
    rows = [(row.frame, row.what, row.clip) for row in timeline(tmp_path, body).unsupported]
    assert sorted(rows) == [
        (0, "effect sepia is not played", "track"),
        (0, "effect subtitles is not played", ""),
        (0, "effect wave is not played", ""),
        (5, "effect fade from black is not played", "n.mp4"),
        (26, "effect transform is not played", "n.mp4"),
    ]


def test_titles_and_whatever_is_no_file_leave_their_place_empty(tmp_path: Path) -> None:
    made = "".join(
        producer(id, file, mlt_service=service)
        for id, file, service in [("a", "", "kdenlivetitle"), ("b", "other.mlt", "xml"), ("c", "rm", "consumer")]
    )
    body = project(track("t0", entry(0, 4, "a") + entry(0, 4, "b") + entry(0, 4, "c")), producers=made)
    found = timeline(tmp_path, body)
    assert [clip.media for clip in found.tracks[0].clips] == [None] * 3 and not found.media
    assert {row.what.partition("; ")[2] for row in found.unsupported} == {"what lies under it is seen"}
    assert [row.what.partition(";")[0] for row in found.unsupported] == [
        "a title has no latent", "xml is not followed", "consumer is not followed",
    ]  # fmt: skip


def test_a_still_stands_still(tmp_path: Path) -> None:
    made = producer("p", "face.png", mlt_service="qimage", length="00:00:05.000")
    found = timeline(tmp_path, project(track("t0", entry(30, 49)), producers=made))
    assert found.media == (Media("face.png", still=True),)
    assert (found.tracks[0].clips[0].first, found.tracks[0].clips[0].speed) == (0, 0)


def test_guides_and_markers_become_marks(tmp_path: Path) -> None:
    guides = properties(**{"kdenlive_sequenceproperties.guides": '[{"comment": "drop", "pos": 12, "type": 0}]'})
    marked = '[{"comment": "eye", "pos": 8, "type": 1}, {"comment": "not seen", "pos": 50}]'
    body = modern(
        track("t0", entry(3, 9, "c") + entry(0, 99, "w")),
        more=guides,
        before=chain("c", 4) + chain("b", 4, kdenlive_markers=marked)
        + '<producer id="w" in="0" out="399">'
        + properties(resource="0.1:n.mp4", mlt_service="timewarp", length=2000, **{"kdenlive_id_": 4}).replace("id_", "id")
        + "</producer>",
        bin=entry(0, 199, "b"),
    )  # fmt: skip
    assert timeline(tmp_path, body).marks == (Mark(5, "eye"), Mark(12, "drop"), Mark(7 + 75, "eye"))


def test_a_marker_is_found_backwards_too(tmp_path: Path) -> None:
    made = '<producer id="p" in="0" out="199">' + properties(
        resource="-1:n.mp4", mlt_service="timewarp", length=200, kdenlive_markers='[{"comment": "eye", "pos": 190}]'
    )
    found = timeline(tmp_path, project(track("t0", entry(5, 50)), producers=made + "</producer>"))
    (mark,) = found.marks
    assert mark == Mark(4, "eye") and found.tracks[0].clips[0].source(4) // 1 == 190


def test_guides_of_the_older_layouts_are_read(tmp_path: Path) -> None:
    for text in (
        properties(**{"kdenlive_docproperties.guides": '[{"comment": "drop", "pos": 25}]'}),
        '<property name="kdenlive:guide.1.00">drop</property>',
    ):
        body = f'<playlist id="main_bin">{text}</playlist>' + project(track("t0", entry(0, 49)))
        assert timeline(tmp_path, body).marks == (Mark(25, "drop"),)


@pytest.mark.parametrize("fps", ["30000/1001", "24/1", "25/1", "60/1"])
def test_a_clock_is_the_frame_it_was_written_for(fps: str, tmp_path: Path) -> None:
    rate = Fraction(fps)
    first, last = (f"00:00:{float(frame / rate):06.3f}" for frame in (17, 113))
    body = project(track("t0", blank(last) + entry(first, last)))
    found = timeline(tmp_path, body, fps=fps)
    assert found.fps == rate and covers(found) == [(113, 113 + 97)] and found.tracks[0].clips[0].first == 17


def test_a_bare_playlist_of_mlt_is_a_timeline(tmp_path: Path) -> None:
    body = producer() + f'<playlist id="list">{entry(5, 9) + blank(3) + entry(0, 1)}</playlist>'
    assert covers(timeline(tmp_path, body, "x.mlt")) == [(0, 5), (8, 10)]


def test_a_fade_over_shares_keeps_its_easing(tmp_path: Path) -> None:
    made = transition(10, 29, 1, 2, "qtblend", rect="0g=0 0 64 64 0;19=0 0 64 64 1")
    found = timeline(tmp_path, project(track("t0", entry(0, 49)), track("t1", entry(50, 99)), inside=made))
    assert found.dissolves[0].shares == pytest.approx([(i / 19) ** 3 for i in range(20)])


def nested(inner: str, outer: str, uuid: str = INNER) -> str:
    """A project of 1.1 whose track holds another sequence."""
    inside = properties(kdenlive_uuid=uuid, kdenlive_clipname="inner", kdenlive_producer_type=17)
    guides = properties(**{"kdenlive_sequenceproperties.guides": '[{"comment": "in", "pos": 12}]'})
    body = producer() + producer("q") + BLACK + inner
    names = [f"i{n}" for n in range(inner.count("<tractor"))]
    made = sequence(*names, id=uuid, inside=inside + guides, more=' in="0" out="49"')
    return body + made + modern(outer)


def test_a_sequence_within_is_laid_flat(tmp_path: Path) -> None:
    inner = track("i0", entry(0, 49)) + track("i1", blank(10) + entry(100, 109, "q", effect("sepia")))
    body = nested(inner, track("t0", blank(4) + entry(5, 40, INNER)))
    found = timeline(tmp_path, body)
    assert [(c.at, c.end, c.first) for c in found.tracks[0].clips] == [(4, 9, 5), (9, 19, 100), (19, 40, 20)]
    assert found.marks == (Mark(4 + 12 - 5, "in"),)
    assert [(row.frame, row.what) for row in found.unsupported] == [(9, "effect sepia is not played")]


def test_a_mix_in_a_sequence_within_and_one_over_it_are_kept(tmp_path: Path) -> None:
    inner = track("i0", entry(0, 29), blank(20) + entry(100, 129, "q"), transition(20, 29, 0, 1))
    outer = track("t0", entry(5, 40, INNER), blank(30) + entry(50, 59), transition(30, 35, 0, 1))
    found = timeline(tmp_path, nested(inner, outer))
    (one, two) = found.tracks[0].mixes
    assert (one.at, one.shares) == (15, linear(10)) and (two.at, two.shares) == (30, linear(6))
    clips = found.tracks[0].clips
    assert [(c.at, c.end, c.first) for c in clips] == [(0, 25, 5), (15, 36, 100), (30, 40, 50)]
    assert (one.out, one.into, two.out, two.into) == (0, 1, 1, 2)


def test_a_sequence_that_holds_itself_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'x\.kdenlive:\d+: sequence "inner" holds itself'):
        timeline(tmp_path, nested(track("i0", entry(0, 9, INNER)), track("t0", entry(0, 9, INNER))))


def test_reading_opens_no_media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.kdenlive"
    path.write_text(document(project(track("t0", entry(0, 9)), producers=producer(file="/etc/passwd"))), "utf-8")
    opened: list[Path] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args: (opened.append(self), real(self, *args))[1])
    found = read(path)
    assert opened == [path] and found.media[0].name == "/etc/passwd" and found.size == (SIZE, SIZE)

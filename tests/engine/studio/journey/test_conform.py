"""An edit of proxies does to their latents what the editor shows."""

import json
import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli.start import run
from engine.errors import InputError
from engine.latent import sphere
from engine.latent.sequence_file import Facts, Mark
from engine.studio.journey.bar import bar_image
from engine.studio.journey.bridge import LEAP
from engine.studio.journey.conform import Conformed, How, conformed
from engine.studio.journey.pair import Pair, open_pair
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.report import as_json, check_report, runs_of, save, text
from engine.studio.journey.timeline import Clip, Dissolve, Media, Mix, Timeline, Track, Unsupported, linear
from engine.studio.pace import mixed
from tests.engine.studio.journey.made import FPS, write_pair, write_proxied, write_still

MEDIA = (Media("a.mp4"), Media("b.mp4"))
HELD = How()


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Pair, Pair]:
    return write_pair(tmp_path / "a", 40, seed=1), write_pair(tmp_path / "b", 30, seed=2)


def timeline(*clips: Clip, mixes: tuple[Mix, ...] = (), **more: Any) -> Timeline:
    return Timeline(FPS, MEDIA, (Track(clips, mixes),), name="edit.kdenlive", **more)


def apply(folder: Path, edit: Timeline, how: How = HELD, out: str = "out") -> Conformed:
    return conformed(edit, folder / "edit.kdenlive", folder / out, how)


def test_cuts_reverses_freezes_and_speeds_copy_rows_bit_for_bit(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    a, b = (pair.rows for pair in pairs)
    clips = (
        Clip(0, 0, 5, Fraction(10)), Clip(1, 5, 4, Fraction(20), Fraction(-2)), Clip(0, 9, 3, Fraction(7), Fraction(0)),
        Clip(0, 12, 4, Fraction(1, 2), Fraction(1, 2)), Clip(1, 16, 3, shown=(Fraction(9), Fraction(3), Fraction(99))),
    )  # fmt: skip
    made = apply(tmp_path, timeline(*clips)).pair
    wanted = [*a[10:15], *b[[20, 18, 16, 14]], *a[[7, 7, 7]], *a[[0, 1, 1, 2]], *b[[9, 3, 29]]]
    assert np.array_equal(made.rows, np.stack(wanted))
    assert made.facts.made == "conform of edit.kdenlive"


def test_between_mixes_the_rows_on_both_sides(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    a = pairs[0].rows
    made = apply(tmp_path, timeline(Clip(0, 0, 5, Fraction(38), Fraction(1, 2))), How(between=True)).pair
    half = mixed(a[38:39], a[39:40], np.array([0.5]))[0]
    assert np.array_equal(made.rows[[0, 2, 3, 4]], a[[38, 39, 39, 39]])
    assert np.allclose(made.rows[1], half, atol=1e-6)


def test_a_mix_of_z_stays_on_the_shell(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    a, b = (np.asarray(pair.rows, np.float64) for pair in pairs)
    edit = timeline(Clip(0, 0, 8), Clip(1, 4, 8), mixes=(Mix(4, linear(4), 0, 1),))
    made = np.asarray(apply(tmp_path, edit).pair.rows, np.float64)
    for i, share in enumerate(linear(4)):
        x, y, got = a[4 + i], b[i], made[4 + i]
        assert np.isclose(
            np.log(sphere.norm(got)), (1 - share) * np.log(sphere.norm(x)) + share * np.log(sphere.norm(y))
        )
        unit = [sphere.normalise(v) for v in (x, y, got)]
        assert np.isclose(sphere.angle(unit[0], unit[2]), share * sphere.angle(unit[0], unit[1]), atol=1e-6)


def test_a_mix_of_w_goes_straight_and_classes_too(tmp_path: Path) -> None:
    a = write_pair(tmp_path / "a", 10, (3, 4), classes=5, seed=1)
    b = write_pair(tmp_path / "b", 10, (3, 4), classes=5, seed=2)
    edit = timeline(Clip(0, 0, 6), Clip(1, 2, 6), mixes=(Mix(2, linear(4), 0, 1),))
    made = apply(tmp_path, edit).pair
    assert a.classes is not None and b.classes is not None and made.classes is not None
    for i, share in enumerate(linear(4)):
        assert np.allclose(made.rows[2 + i], (1 - share) * a.rows[2 + i] + share * b.rows[i], atol=1e-6)
        assert np.allclose(made.classes[2 + i], (1 - share) * a.classes[2 + i] + share * b.classes[i], atol=1e-6)
    assert np.allclose(made.classes.sum(1), 1, atol=1e-6)
    assert np.array_equal(made.classes[:2], a.classes[:2])


def test_the_ends_of_a_dissolve_are_rows_bit_for_bit(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    tracks = (Track((Clip(0, 0, 3),)), Track((Clip(1, 0, 3),)))
    edit = Timeline(FPS, MEDIA, tracks, (Dissolve(0, (0.0, 0.5, 1.0), 0, 1),))
    made = apply(tmp_path, edit).pair
    assert np.array_equal(made.rows[[0, 2]], np.stack([pairs[0].rows[0], pairs[1].rows[2]]))


def test_three_clips_that_meet_in_w_are_their_weighted_mean(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        write_pair(tmp_path / name, 4, (2, 4), seed=number)
    rows = [open_pair(tmp_path / name).rows for name in "abc"]
    under = Track((Clip(0, 0, 2), Clip(1, 0, 2)), (Mix(0, (0.25, 0.25), 0, 1),))
    edit = Timeline(FPS, (*MEDIA, Media("c.mp4")), (under, Track((Clip(2, 0, 2),))), (Dissolve(0, (0.5, 0.5), 0, 1),))
    made = apply(tmp_path, edit).pair.rows
    assert np.allclose(made, 0.375 * rows[0][:2] + 0.125 * rows[1][:2] + 0.5 * rows[2][:2], atol=1e-6)


def test_gaps_hold_what_was_seen_last(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    a, b = (pair.rows for pair in pairs)
    made = apply(tmp_path, timeline(Clip(0, 2, 3), Clip(1, 8, 2), length=12)).pair.rows
    assert np.array_equal(made, np.stack([a[0], a[0], *a[:3], a[2], a[2], a[2], b[0], b[1], b[1], b[1]]))


def smooth_pair(path: Path, turn: float, shape: tuple[int, ...] = (8,)) -> None:
    """A pair that moves by so many radians a frame, and from 1 on in length."""
    way = np.arange(20)[:, None] * turn
    axes = np.linalg.qr(np.random.default_rng(len(path.name)).standard_normal((8, 8)))[0]
    rows = (np.cos(way) * axes[0] + np.sin(way) * axes[1]) * (3.0 + 0.02 * np.arange(20))[:, None]
    pair = write_pair(path, 20, shape)
    np.save(pair.path, np.broadcast_to(rows.reshape(20, *[1] * (len(shape) - 1), 8), (20, *shape)).astype(np.float32))


@pytest.mark.parametrize("shape", [(8,), (3, 8)])
@pytest.mark.parametrize("gap", [1, 2, 7, 60])
def test_a_spring_leaves_and_arrives_without_a_jump_of_velocity(
    tmp_path: Path, gap: int, shape: tuple[int, ...]
) -> None:  # fmt: skip
    smooth_pair(tmp_path / "a", 0.03, shape)
    smooth_pair(tmp_path / "bb", 0.05, shape)
    edit = Timeline(FPS, (MEDIA[0], Media("bb.mp4")), (Track((Clip(0, 0, 10), Clip(1, 10 + gap, 10))),))
    sprung = np.asarray(apply(tmp_path, edit, How(gap="spring"), "s").pair.rows, np.float64)
    slerped = np.asarray(apply(tmp_path, edit, How(gap="slerp"), "l").pair.rows, np.float64)
    kinks = [np.abs(np.diff(rows, 2, 0)).max(tuple(range(1, rows.ndim))) for rows in (sprung, slerped)]
    if gap >= 7:  # a way of a quarter turn in two frames has speeds of its own
        assert kinks[0][8] < 0.5 * kinks[1][8] and kinks[0][9 + gap] < 0.5 * kinks[1][9 + gap]
    assert np.isfinite(sprung).all()
    assert np.array_equal(sprung[:10], slerped[:10]) and np.array_equal(sprung[10 + gap :], slerped[10 + gap :])


def test_a_spring_follows_finer_frames_to_the_same_velocity(tmp_path: Path) -> None:
    """The change of velocity where a gap begins falls with the length of a frame: it is an acceleration, no jump."""
    found = []
    for number, fine in enumerate((1, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        smooth_pair(folder / "a", 0.08 / fine)
        smooth_pair(folder / "bb", 0.08 / fine)
        edit = Timeline(
            FPS * fine, (MEDIA[0], Media("bb.mp4")), (Track((Clip(0, 0, 10), Clip(1, 10 + 40 * fine, 10))),)
        )
        for name in ("a", "bb"):
            pair = folder / f"{name}.json"
            pair.write_text(pair.read_text().replace('"fps": "25"', f'"fps": "{25 * fine}"'))
        rows = np.asarray(apply(folder, edit, How(gap="spring")).pair.rows, np.float64)
        velocity = np.diff(rows / sphere.norm(rows), axis=0) * float(FPS * fine)
        found.append(float(sphere.norm(np.diff(velocity[8:11], axis=0)).max()))
    assert found[1] < 0.5 * found[0]


def test_a_leap_has_no_speed_that_a_spring_could_keep(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    made = np.asarray(apply(tmp_path, timeline(Clip(0, 0, 5), Clip(1, 30, 5)), How(gap="spring")).pair.rows, np.float64)
    units = sphere.normalise(made)
    a, b = units[4], units[30]
    steps = sphere.angle(units[4:30], units[5:31])
    assert steps.sum() == pytest.approx(float(sphere.angle(a, b)), abs=1e-5)  # no detour
    assert steps.max() < LEAP and steps[0] < 0.002 and steps[-1] < 0.002


def test_slerp_crosses_a_gap_in_equal_steps(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    made = np.asarray(apply(tmp_path, timeline(Clip(0, 0, 5), Clip(1, 15, 5)), How(gap="slerp")).pair.rows, np.float64)
    units = sphere.normalise(made[4:16])
    steps = sphere.angle(units[:-1], units[1:])
    assert np.allclose(steps, steps[0], atol=1e-5)


def test_classes_go_along_over_a_gap(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 10, classes=3, seed=1)
    write_pair(tmp_path / "b", 10, classes=3, seed=2)
    for gap in ("hold", "spring", "slerp"):
        made = apply(tmp_path, timeline(Clip(0, 0, 4), Clip(1, 12, 4)), How(gap=gap), gap).pair
        assert made.classes is not None and np.allclose(made.classes.sum(1), 1, atol=1e-6)


@settings(max_examples=25)
@given(block=st.integers(1, 50), gap=st.sampled_from(["hold", "spring", "slerp"]), between=st.booleans())
def test_the_size_of_blocks_changes_no_bit(
    tmp_path_factory: pytest.TempPathFactory, block: int, gap: Any, between: bool
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    write_pair(folder / "a", 40, seed=1)
    write_pair(folder / "b", 30, seed=2)
    edit = timeline(
        Clip(0, 2, 12, speed=Fraction(1, 3)), Clip(1, 10, 9), Clip(0, 30, 10, Fraction(9)), length=45,
        mixes=(Mix(10, linear(4), 0, 1),),
    )  # fmt: skip
    whole = apply(folder, edit, How(gap=gap, between=between), "whole").pair.path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.studio.journey.cut._MOST", block)
        assert apply(folder, edit, How(gap=gap, between=between), "parts").pair.path.read_bytes() == whole


def test_stills_and_scaled_rates_go_together(tmp_path: Path) -> None:
    fast = write_pair(tmp_path / "a", 20, facts=Facts(fps=Fraction(50)), seed=3)
    write_still(tmp_path / "b.png", range(8))
    edit = Timeline(FPS, (MEDIA[0], Media("b.png", still=True)), (Track((Clip(0, 0, 4, Fraction(2)), Clip(1, 4, 3))),))
    made = apply(tmp_path, edit)
    assert np.array_equal(made.pair.rows[:4], fast.rows[[4, 6, 8, 10]])
    assert np.array_equal(made.pair.rows[4:], np.tile(np.arange(8), (3, 1)))
    assert any("scaled" in told for told in made.report.told)


def test_what_is_seen_alone_needs_its_media_alone(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    tracks = (Track((Clip(2, 0, 4, name="covered"),)), Track((Clip(0, 0, 4),)))
    edit = Timeline(FPS, (*MEDIA, Media("gone.mp4")), tracks)
    assert len(apply(tmp_path, edit).pair) == 4
    with pytest.raises(InputError, match=r"media gone\.mp4"):
        apply(tmp_path, replace(edit, length=5, tracks=(Track((Clip(2, 0, 5),)), tracks[1])))


def test_marks_of_the_edit_and_of_its_sources_are_kept(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 10, facts=Facts(marks=(Mark(3, "flower"), Mark(9, "unseen"))))
    edit = timeline(Clip(0, 0, 5), Clip(0, 5, 4, Fraction(3), Fraction(0)), marks=(Mark(7, "here"), Mark(99, "past")))
    made = apply(tmp_path, edit).pair
    assert made.facts.marks == (Mark(3, "flower"), Mark(5, "flower"), Mark(7, "here"))


def test_a_conformed_sequence_is_edited_again(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    apply(tmp_path, timeline(Clip(0, 0, 5, Fraction(3)), Clip(1, 5, 5)), out="second")
    edit = Timeline(FPS, (Media("second.mp4"),), (Track((Clip(0, 0, 4, Fraction(9), Fraction(-3)),)),))
    third = apply(tmp_path, edit, out="third").pair
    assert np.array_equal(third.rows, np.stack([pairs[1].rows[4], pairs[1].rows[1], *pairs[0].rows[[6, 3]]]))


def test_the_same_edit_gives_the_same_bytes(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    edit = timeline(Clip(0, 0, 9), Clip(1, 6, 9), mixes=(Mix(6, linear(3), 0, 1),), length=20)
    one, two = (apply(tmp_path, edit, How(gap="spring"), out).pair.path for out in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_strict_refuses_and_lists_everything(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    lost = (Unsupported(30, "a wipe", "tulips", "edit.kdenlive:40"), Unsupported(2, "a blur", "meadow"))
    edit = timeline(Clip(0, 0, 5), Clip(None, 60, 5, name="title"), unsupported=lost)
    before = listing(tmp_path)
    with pytest.raises(InputError) as refused:
        apply(tmp_path, edit, How(strict=True))
    assert str(refused.value).splitlines()[1:] == [
        "00:00:00:02: meadow: a blur",
        "00:00:01:05: tulips: a wipe (edit.kdenlive:40)",
        "00:00:02:10: title: no file, and so no latents; what lies under it is seen",
    ]
    assert listing(tmp_path) == before
    assert [u["clip"] for u in as_json(apply(tmp_path, edit).report)["unsupported"]] == ["meadow", "tulips", "title"]


def test_what_goes_wrong_leaves_nothing_behind(
    tmp_path: Path, pairs: tuple[Pair, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(tmp_path)

    def fail(what: str, done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conformed(timeline(Clip(0, 0, 5)), tmp_path / "edit.kdenlive", tmp_path / "out", tell=fail)
    assert listing(tmp_path) == before


def test_a_source_is_never_written_over(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    with pytest.raises(InputError, match=r"a source of this project; give another name"):
        apply(tmp_path, timeline(Clip(0, 0, 5)), out="a")


def test_nothing_to_see_is_refused(tmp_path: Path) -> None:
    for empty in (timeline(length=5), timeline()):
        with pytest.raises(InputError, match=r"edit\.kdenlive: no clip is seen in it; put a proxy on a track"):
            apply(tmp_path, empty)
    with pytest.raises(InputError, match=r"no clip is seen in it.*\n00:00:00:00: title: a title has no latent"):
        apply(tmp_path, timeline(Clip(None, 0, 5), unsupported=(Unsupported(0, "a title has no latent", "title"),)))


def test_a_video_of_the_name_is_not_taken_for_a_proxy(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    (tmp_path / "out.mp4").write_bytes(b"a film of somebody's")
    with pytest.raises(InputError, match=r"out\.mp4: there already, and no proxy"):
        apply(tmp_path, timeline(Clip(0, 0, 5)))
    assert (tmp_path / "out.mp4").is_file()


def test_the_proxy_of_what_is_replaced_goes_with_it(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    write_proxied(tmp_path / "out", 3)
    made = apply(tmp_path, timeline(Clip(0, 0, 5))).pair
    assert made.proxy is None and not (tmp_path / "out.mp4").exists()


def test_a_proxy_needs_a_model_and_says_so_before_anything_is_written(
    tmp_path: Path, pairs: tuple[Pair, Pair]
) -> None:  # fmt: skip
    with pytest.raises(InputError, match="give --model M"):
        apply(tmp_path, timeline(Clip(0, 0, 5)), How(proxy=True))
    assert not (tmp_path / "out.npy").exists()


def test_what_all_sources_agree_on_is_kept(tmp_path: Path) -> None:
    facts = Facts(model="tulip", model_hash="abc", psi=0.7, seed=4, snapshots=("tulip", "silk"))
    write_pair(tmp_path / "a", 10, facts=facts)
    write_pair(tmp_path / "b", 10, facts=replace(facts, psi=0.9))
    one = apply(tmp_path, timeline(Clip(0, 0, 5)), out="one").pair.facts
    both = apply(tmp_path, timeline(Clip(0, 0, 5), Clip(1, 5, 5)), out="both").pair.facts
    assert (one.model, one.model_hash, one.psi, one.seed, one.snapshots) == ("tulip", "abc", 0.7, None, facts.snapshots)
    assert (both.psi, both.snapshots) == (1.0, facts.snapshots)


def test_the_report_says_what_came_from_where(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    clips = Clip(0, 0, 10, Fraction(5), name="one"), Clip(1, 6, 10, Fraction(20), Fraction(-1), name="two")
    again = Clip(0, 20, 4, Fraction(5), Fraction(0), name="still")
    mix = Mix(6, (0.125, 0.375, 0.625, 0.875), 0, 1)
    edit = timeline(*clips, again, mixes=(mix,), length=24, marks=(Mark(20, "stop"),))
    found = as_json(apply(tmp_path, edit).report)
    assert [(r["at"], r["length"], r["how"], r["clock"]) for r in found["runs"]] == [
        (0, 6, "cut", "00:00:00:00"), (6, 4, "mix", "00:00:00:06"), (10, 6, "cut", "00:00:00:10"),
        (16, 4, "gap", "00:00:00:16"), (20, 4, "cut", "00:00:00:20"),
    ]  # fmt: skip
    assert found["runs"][0] | {"media": 0, "clip": "one", "from": 5, "to": 10, "speed": 1.0} == found["runs"][0]
    assert [p["share"] for p in found["runs"][1]["parts"]] == [[0.875, 0.125], [0.125, 0.875]]
    assert [(p["from"], p["to"], p["speed"]) for p in found["runs"][1]["parts"]] == [(11, 14, 1.0), (20, 17, -1.0)]
    a, b = found["sources"]
    assert a["use"] == [[0, 4, 0], [5, 5, 5], [6, 10, 1], [11, 11, 0.875], [12, 12, 0.625], [13, 13, 0.375],
                        [14, 14, 0.125], [15, 39, 0]]  # fmt: skip
    assert a["frames_seen"] + b["frames_seen"] == pytest.approx(20) and a["most_often"] == 5
    assert len(a["sha256"]) == 64 and found["gaps"] == {"filled": "hold", "frames": 4}
    assert found["marks"] == [{"frame": 20, "clock": "00:00:00:20", "name": "stop"}]


def test_runs_join_what_a_covered_edge_has_cut(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    edit = Timeline(FPS, MEDIA, (Track((Clip(0, 0, 3), Clip(0, 3, 3))), Track((Clip(1, 0, 6),))))
    made = apply(tmp_path, edit)
    assert [run.length for run in made.report.runs] == [6]
    assert runs_of([], made.report.plan, {}) == ()


def test_a_report_of_strange_names_is_still_json(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    edit = timeline(Clip(0, 0, 3, name="half \ud800 a character"), marks=(Mark(0, "\udcff\x1b[31m"),))
    found = json.loads(text(apply(tmp_path, edit).report))
    assert found["marks"][0]["name"] == "\\udcff\\x1b[31m"
    assert found["runs"][0]["clip"].startswith("half")


@pytest.mark.parametrize("length", [1, 7, 5000])
def test_the_picture_has_its_size_whatever_the_length(tmp_path: Path, pairs: tuple[Pair, Pair], length: int) -> None:
    marks = tuple(Mark(i % (length + 1), f"mark {i}") for i in range(40))
    tracks = (Track((Clip(0, 0, length),)), Track((Clip(1, length, max(length // 2, 1)),)))
    edit = Timeline(FPS, MEDIA, tracks, length=2 * length, marks=marks)
    image = bar_image(apply(tmp_path, edit).report)
    assert image.width == 1440 and len(image.getcolors(1 << 20) or ()) > 10


def test_names_in_the_picture_have_letters_that_its_font_has(tmp_path: Path) -> None:
    write_pair(tmp_path / "bl\u00fcten", 5)
    write_pair(tmp_path / "bluten", 5)
    edits = [Timeline(FPS, (Media(f"{name}.mp4"),), (Track((Clip(0, 0, 5),)),)) for name in ("bl\u00fcten", "bluten")]
    one, two = (bar_image(apply(tmp_path, edit, out="out").report).tobytes() for edit in edits)
    assert one == two


def test_the_command_conforms_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("opentimelineio")
    monkeypatch.chdir(tmp_path)
    a = write_proxied(tmp_path / "a", 20)
    edit = Timeline(FPS, (Media("a.mp4", frames=20),), (Track((Clip(0, 0, 5, Fraction(3)), Clip(0, 9, 5))),), length=14)
    write_project(edit, tmp_path / "edit.otio")
    words = ["journey", "conform", "edit.otio", "-o", "second", "--report", "r.json", "--picture", "p.png", "--json"]
    monkeypatch.setattr("sys.argv", ["latenz", *words])
    assert run() == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (tmp_path / "p.png").is_file()
    rows = open_pair(tmp_path / "second").rows
    assert np.array_equal(rows, a.rows[[3, 4, 5, 6, 7, 7, 7, 7, 7, 0, 1, 2, 3, 4]])


def test_marks_outside_of_the_edit_are_told(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    marks = tuple(Mark(frame, f"m{frame}") for frame in (5, 6, 30))
    report = apply(tmp_path, timeline(Clip(0, 0, 5), marks=marks)).report
    assert report.marks == marks[:1]
    assert report.told[-1] == "2 of the marks outside of the edit, left out: m6 at 00:00:00:06, m30 at 00:00:01:05"


def test_a_folder_is_no_output(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    for name in ("out.npy", "out.json", "out.classes.npy"):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match=rf"{name}: a folder has this name; give another one"):
            apply(tmp_path, timeline(Clip(0, 0, 5)))
        (tmp_path / name).rmdir()
    (tmp_path / "out.npy").mkdir()
    with pytest.raises(InputError, match="a folder has this name"):
        check_report(tmp_path / "out.npy", tmp_path / "x")


def test_a_report_replaces_reports_and_no_pair(tmp_path: Path, pairs: tuple[Pair, Pair]) -> None:
    with pytest.raises(InputError, match=r"--report .*a\.json: it belongs to the sequence a\.npy"):
        check_report(tmp_path / "a.json", tmp_path / "out")
    save(apply(tmp_path, timeline(Clip(0, 0, 5))).report, tmp_path / "r.json")
    check_report(tmp_path / "r.json", tmp_path / "out")


def test_a_pipe_is_no_project(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.kdenlive")
    with pytest.raises(InputError, match=r"x\.kdenlive: no file; give the project that the editor saved"):
        read_project(tmp_path / "x.kdenlive")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["x.kdenlive", "-o", "y", "--gap", "sprung"],
            '--gap sprung: give hold, spring, slerp; did you mean "spring"?',
        ),
        (["x.avi", "-o", "y"], "x.avi: no project that can be read"),
        (["x.kdenlive", "-o", "nowhere/y"], "no folder nowhere"),
        (["x.kdenlive", "-o", "y", "--report", "nowhere/r.json"], "no folder nowhere"),
        (["x.kdenlive", "-o", "y", "--report", "x.kdenlive"], "--report x.kdenlive: give a name that ends in .json"),
        (["x.kdenlive", "-o", "y", "--report", "y.json"], "what it is; give y.report.json"),
        (["x.kdenlive", "-o", "y", "--picture", "y.npy"], "--picture y.npy: give a name that ends in .png"),
        (["x.kdenlive", "-o", "y"], "x.kdenlive: cannot be read"),
    ],
)
def test_wrong_words_end_with_status_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["latenz", "journey", "conform", *words])
    assert run() == 2
    assert said in capsys.readouterr().err
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "BAD"], "BAD"), (["--size", "63x64"], "63x64"), (["--class", "3"], "no classes"),
        (["--psi", "9"], "--psi 9"), (["--audio", "none.wav"], "none.wav"), (["--model", "none.pkl"], "none.pkl"),
        (["--model", "tulip"], r"frames of shape \(8,\)"), (["--device", "stone"], "stone"), ([], r"frames of shape"),
    ],
)  # fmt: skip
def test_a_proxy_that_cannot_be_drawn_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    pytest.importorskip("opentimelineio")
    monkeypatch.chdir(tmp_path)
    # Rows of another size, so that the last two are refused; all others are refused earlier.
    write_pair(tmp_path / "a", 20, facts=Facts(model="tulip"))
    edit = Timeline(FPS, (Media("a.npy", frames=20),), (Track((Clip(0, 0, 5, Fraction(3)),)),), length=5)
    write_project(edit, tmp_path / "edit.otio")
    before = listing(tmp_path)
    monkeypatch.setattr("sys.argv", ["latenz", "journey", "conform", "edit.otio", "-o", "out", "--proxy", *words])
    assert run() == 2
    assert re.search(said, capsys.readouterr().err)
    assert listing(tmp_path) == before

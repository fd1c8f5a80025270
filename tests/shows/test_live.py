"""Whatever dies while a show plays, the wall is not black and the latent does not jump."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.shows.live import ROOT, SHOWS, Live

pytestmark = pytest.mark.real


def test_a_show_plays_answers_and_ends(tmp_path: Path) -> None:
    with Live(SHOWS / "plain", tmp_path, "--snapshot", str(tmp_path / "last.png")) as live:
        live.playing()
        for role in ("generator", "signals", "console"):
            assert live.child(role) is not None, role
        assert live.child("script") is None
        for step in range(20):
            live.osc.send_message("/direction/hue", step / 20)
            live.osc.send_message("/poke", 1)
            time.sleep(0.02)
        live.wait(lambda: live.health()["latency_ms"]["osc_to_present"]["n"] >= 20)
        report = live.finish()
    assert report["black_frames"] == 0 and report["frames"] > 10 and not report["restarts"]
    assert report["controls"]["/direction/hue"] == pytest.approx(0.95)
    assert report["signals"]["/osc/poke"]["count"] == 20 and report["events"]["/latent/next"] == 20
    assert 0 < report["latency_ms"]["osc_to_present"]["p50"] < 1000
    assert (tmp_path / "last.png").stat().st_size > 1000
    for key in (
        "seconds",
        "fps",
        "generator_fps",
        "late_frames",
        "repeated_frames",
        "device",
        "backend",
        "model",
        "dropped",
    ):
        assert key in report


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("role", ["generator", "signals"])
def test_a_child_that_stops_is_replaced_and_the_picture_goes_on(role: str, how: int, tmp_path: Path) -> None:
    with Live(SHOWS / "plain", tmp_path) as live:
        live.playing()
        live.osc.send_message("/direction/hue", 2.0)
        live.wait(lambda: live.health()["processes"]["signals"]["silent_s"] < 1)
        time.sleep(0.3)
        victim = live.child(role)
        assert victim is not None
        beat = live.health()["tempo"]["beat"]
        victim.send_signal(how)
        live.wait(lambda: (child := live.child(role)) is not None and child.pid != victim.pid)
        before = live.drawn()
        live.wait(lambda: live.drawn() > before + 10)
        for _ in range(20):  # until a new signals process listens
            live.osc.send_message("/direction/twist", 1.0)
            time.sleep(0.1)
        live.wait(lambda: live.health()["tempo"]["beat"] > beat)  # the beat goes on, it does not begin again
        report = live.finish()
    assert report["restarts"] == {role: 1}
    assert report["black_frames"] == 0
    assert report["controls"]["/direction/hue"] == 2.0  # what a hand had set is still set
    assert report["controls"]["/direction/twist"] == 1.0  # and hands are heard again


def test_a_stage_that_is_killed_leaves_no_children_behind(tmp_path: Path) -> None:
    with Live(SHOWS / "plain", tmp_path) as live:
        live.playing()
        children = [live.child(role) for role in ("generator", "signals", "console")]
        live.process.kill()
        live.process.wait()
        end_s = time.perf_counter() + 10
        while time.perf_counter() < end_s and any(c is not None and c.is_running() for c in children):
            time.sleep(0.1)
        assert not any(c is not None and c.is_running() for c in children)


def test_a_saved_show_is_swapped_in_and_a_broken_one_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(SHOWS / "plain", folder)
    text = (folder / "show.toml").read_text("utf-8")
    with Live(folder, tmp_path) as live:
        live.playing()
        live.osc.send_message("/direction/hue", 1.25)
        time.sleep(0.3)
        (folder / "show.toml").write_text(text.replace("[[effect]]", "[[effct]]"), "utf-8")
        live.wait(lambda: 'unknown key "effct"' in live.said())
        (folder / "show.toml").write_text(text + '\n[[route]]\nfrom = "/osc/more"\nto = "/latent/more"\n', "utf-8")
        live.wait(lambda: "was saved: playing it" in live.said())
        live.wait(lambda: live.health()["generation"] >= 2)
        time.sleep(0.5)
        live.osc.send_message("/more", 1)
        time.sleep(0.5)
        report = live.finish()
    assert report["events"]["/latent/more"] == 1
    assert report["controls"]["/direction/hue"] == 1.25
    assert report["black_frames"] == 0 and not report["restarts"]


def test_another_show_with_another_model_takes_over_without_black(tmp_path: Path) -> None:
    with Live(SHOWS / "plain", tmp_path) as live:
        live.playing()
        first = live.child("generator")
        live.osc.send_message("/show/next", 1)
        live.wait(
            lambda: (child := live.child("generator")) is not None and first is not None and child.pid != first.pid
        )
        live.wait(lambda: live.health()["generator"].get("model") == "silk:2")
        before = live.drawn()
        live.wait(lambda: live.drawn() > before + 10)
        report = live.finish()
    assert report["show"] == "other" and report["model"] == "silk:2"
    assert report["black_frames"] == 0 and not report["restarts"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[route]]\nfrom = "/tempo/beat"\nto = "/direction/nonsense"\n', 'no control "/direction/nonsense"'),
        ("[generator]\nsize = [4096, 32]\n", "the new generator failed"),  # silk refuses so long a picture
    ],
)
def test_a_next_show_that_cannot_be_played_leaves_this_one_playing(text: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(SHOWS / "plain", tmp_path / "plain")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "show.toml").write_text(text, "utf-8")
    with Live(tmp_path / "plain", tmp_path) as live:
        live.playing()
        live.osc.send_message("/show/next", 1)
        live.wait(lambda: said in live.said())
        time.sleep(0.5)
        before = live.drawn()
        live.osc.send_message("/direction/hue", 1.75)
        live.wait(lambda: live.drawn() > before + 10)
        report = live.finish()
    assert report["show"] == "plain" and report["black_frames"] == 0 and not report["restarts"]
    assert report["controls"]["/direction/hue"] == 1.75


def test_a_script_plays_fails_and_hangs_without_hurting_the_show(tmp_path: Path) -> None:
    with Live(SHOWS / "scripted", tmp_path) as live:
        live.playing()
        live.wait(lambda: "script.py:13: ValueError: on purpose; raises stops" in live.said())
        assert live.child("script") is not None
        live.osc.send_message("/hang", 1)
        live.wait(lambda: "hangs did not come back; it is left out" in live.said())
        live.wait(lambda: live.child("script") is not None)
        time.sleep(1.5)
        report = live.finish()
    assert report["restarts"] == {"script": 1} and report["black_frames"] == 0
    assert report["controls"]["/direction/bloom"] in (1.0, -1.0)


def test_blackout_is_no_black_frame_and_comes_back(tmp_path: Path) -> None:
    with Live(SHOWS / "plain", tmp_path) as live:
        live.playing()
        live.osc.send_message("/output/blackout", 1)
        time.sleep(0.5)
        live.osc.send_message("/output/blackout", 0)
        time.sleep(0.5)
        report = live.finish()
    assert report["black_frames"] == 0 and report["controls"]["/output/blackout"] == 0.0


def test_a_recorded_take_renders_to_the_same_frames_twice(tmp_path: Path) -> None:
    take = tmp_path / "tonight.take"
    with Live(SHOWS / "plain", tmp_path, "--record", str(take)) as live:
        live.playing()
        live.osc.send_message("/poke", 1)
        live.osc.send_message("/direction/light", 0.5)
        time.sleep(1.0)
        live.finish()
    header = json.loads(take.read_text("utf-8").splitlines()[0])
    assert header["latenz"] == "take" and header["seed"] == 5
    outs = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for out in outs:
        command = [
            sys.executable,
            "-m",
            "engine",
            "render",
            str(SHOWS / "plain"),
            "--take",
            str(take),
            "--seconds",
            "1",
        ]
        subprocess.run([*command, "--fps", "10", "-o", str(out)], cwd=ROOT, check=True)
    assert outs[0].read_bytes() == outs[1].read_bytes()

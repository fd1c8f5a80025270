"""Shipped shows played by real parts: a sound server, a JACK server, Pure Data, liblo, files, a market's history."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.paths import cache_dir, data_dir
from engine.preset import Options
from engine.studio.render import Render, render
from scripts.tune import RATE_HZ, tune
from tests.conftest import missing
from tests.real_audio import SoundServer
from tests.real_audio import sound_server as sound_server
from tests.real_jack import Jack, jack_server
from tests.shows.live import ROOT, SHOWS, Live

pytestmark = pytest.mark.real
Program = Callable[[str], str]
SMALL = ("--size", "160x120")
CACHE = {"LATENZ_CACHE": str(cache_dir())}  # a private HOME must not mean compiling the generator again


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drums, bass and a pad at 120 bpm."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, tune(24.0), RATE_HZ)
    return path


def on_the_beat(live: Live) -> bool:
    tempo = live.health()["tempo"]
    return tempo["source"] == "tracker" and abs(tempo["bpm"] - 120.0) < 3.0


def assert_heard(report: dict[str, Any]) -> None:
    """What a show that hears the song has to say of it."""
    assert report["sources"]["audio"]["state"] == "OK", report["sources"]
    assert report["signals"]["/audio/bpm"]["last"] == pytest.approx(120.0, abs=3.0)
    assert report["events"]["/audio/onset"] > 3 and report["events"]["/latent/fine/more"] > 3
    assert report["signals"]["/audio/low"]["max"] > 1.2, "the kick stands out"
    assert report["controls"]["/accent/light"] >= 0.0
    assert report["black_frames"] == 0 and not report["restarts"]


def test_a_sound_card_plays_pulse(sound_server: SoundServer, song: Path, tmp_path: Path) -> None:
    with Live(data_dir("presets") / "pulse", tmp_path, "--audio", "pulse", *SMALL, env=CACHE) as live:
        live.playing()
        live.wait(lambda: live.health()["sources"]["audio"]["state"] == "OK")
        sound_server.play(song)
        live.wait(lambda: on_the_beat(live))
        live.wait(lambda: live.health()["latency_ms"]["audio_to_present"]["n"] > 100)
        report = live.finish()
    assert_heard(report)
    latency = report["latency_ms"]["audio_to_present"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] < 2000


def test_a_sound_card_that_leaves_and_returns_is_heard_again(
    sound_server: SoundServer, song: Path, tmp_path: Path
) -> None:
    with Live(data_dir("presets") / "first_light", tmp_path, "--audio", "pulse", *SMALL, env=CACHE) as live:
        live.playing()
        live.wait(lambda: live.health()["sources"]["audio"]["state"] == "OK")
        sound_server.kill()
        live.wait(lambda: live.health()["sources"]["audio"]["state"] != "OK")
        before = live.drawn()
        live.wait(lambda: live.drawn() > before + 10)
        sound_server.start()
        live.wait(lambda: live.health()["sources"]["audio"]["state"] == "OK")
        report = live.finish()
    assert report["black_frames"] == 0 and not report["restarts"]


def test_a_sound_file_plays_pulse(song: Path, tmp_path: Path) -> None:
    with Live(data_dir("presets") / "pulse", tmp_path, "--audio", str(song), *SMALL) as live:
        live.playing()
        live.wait(lambda: on_the_beat(live))
        report = live.finish()
    assert_heard(report)


def test_a_sound_file_is_heard_and_muxed_by_a_render(song: Path, tmp_path: Path) -> None:
    import av

    out = tmp_path / "song.mp4"
    report = render(Render("pulse", out, 6.0, Options(size=(96, 64), fps=12, audio=str(song))))
    assert report["events"]["/audio/onset"] > 8 and report["black_frames"] == 0
    assert report["signals"]["/audio/bpm"]["last"] == pytest.approx(120.0, abs=3.0)
    with av.open(str(out)) as file:
        assert file.streams.video[0].frames == 72
        samples = np.concatenate([frame.to_ndarray() for frame in file.decode(file.streams.audio[0])], 1)
    assert np.abs(samples).max() > 0.3


@pytest.fixture
def jack(program: Program) -> Iterator[Jack]:
    if find_spec("rtmidi") is None:
        missing("python-rtmidi is not installed")
    if not sys.platform.startswith("linux"):
        missing("the JACK server of the tests needs Linux")
    with jack_server(program) as server:
        yield server


def test_a_keyboard_plays_hands_on(jack: Jack, tmp_path: Path) -> None:
    jack.run("jack_midiseq", "Seq", "24000", "0", "60", "8000", "12000", "63", "8000")  # four notes a second
    with Live(data_dir("presets") / "hands_on", tmp_path, *SMALL) as live:
        live.playing()
        live.wait(lambda: live.health()["sources"]["midi"]["state"] == "OK")
        live.wait(lambda: live.health()["latency_ms"]["midi_to_present"]["n"] >= 8)
        report = live.finish()
    assert report["events"]["/latent/more"] >= 4
    assert report["signals"]["/midi/seq_out/1/note/60"]["count"] >= 2
    assert report["latency_ms"]["midi_to_present"]["n"] >= 8
    assert 0 < report["latency_ms"]["midi_to_present"]["p50"] < 1000
    assert report["black_frames"] == 0 and not report["restarts"]


def test_liblo_and_pure_data_play_a_show(program: Program, tmp_path: Path) -> None:
    oscsend, pd = program("oscsend"), program("pd")
    with Live(SHOWS / "plain", tmp_path) as live:
        live.playing()
        where = ("127.0.0.1", str(live.osc_port))
        subprocess.run([oscsend, *where, "/direction/hue", "f", "1.5"], check=True)
        subprocess.run([oscsend, *where, "/poke", "i", "1"], check=True)
        patch = ROOT / "tests" / "data" / "osc" / "send.pd"
        flags = ("-nogui", "-noaudio", "-nomidi", "-path", "/usr/lib/pd/extra/osc", "-lib", "osc")
        command = [pd, *flags, "-open", str(patch), "-send", f"port {live.osc_port}"]
        playing = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            live.wait(lambda: live.health()["latency_ms"]["osc_to_present"]["n"] >= 20)
        finally:
            playing.kill()
            playing.wait()
        report = live.finish()
    assert report["controls"]["/direction/hue"] == 1.5 and report["controls"]["/direction/bloom"] == 0.75
    assert report["events"]["/latent/next"] == 1
    assert report["signals"]["/osc/pd/fader"]["last"] == 0.25
    assert report["dropped"]["osc_malformed"] == 0


def test_prices_play_mosaic(tmp_path: Path) -> None:
    """Two moments of the same history: where the price is high within its window there are more stripes."""
    out = tmp_path / "mosaic.npy"
    rows = []
    for seconds in (2.0, 24.0):
        report = render(Render("mosaic", out, seconds, Options(size=(48, 32), fps=5)))
        stripes = [v for a, v in report["controls"].items() if a.endswith("/direction/stripes")]
        assert stripes
        rows.append((report["signals"]["/market/wti/rank"], stripes))
    (early, before), (late, after) = rows
    assert late["count"] > early["count"] and 0.0 <= late["min"] <= late["max"] <= 1.0
    assert before != after
    assert all(-2.0 <= stripe <= 2.5 for stripe in (*before, *after))


def test_a_performance_is_recorded_from_a_real_sender_and_told_of(program: Program, tmp_path: Path) -> None:
    take = tmp_path / "tonight.take"
    with Live(SHOWS / "plain", tmp_path, "--record", str(take)) as live:
        live.playing()
        for n in range(10):
            subprocess.run(
                [program("oscsend"), "127.0.0.1", str(live.osc_port), "/direction/hue", "f", str(n / 10)], check=True
            )
            time.sleep(0.02)
        live.finish()
    told = subprocess.run(
        [sys.executable, "-m", "engine", "inspect", str(take), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    data = json.loads(told.stdout)
    assert data["kind"] == "take" and data["header"]["show"] == "plain" and not data["cut"]
    writes = [json.loads(line) for line in take.read_text("utf-8").splitlines() if '"w"' in line]
    assert [write["w"] for write in writes] == pytest.approx([n / 10 for n in range(10)])
    assert all(write["who"].startswith("osc:127.0.0.1:") for write in writes)


def test_a_disk_that_leaves_ends_the_recording_and_not_the_show(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    with Live(SHOWS / "plain", tmp_path, "--record", str(stick / "x.take")) as live:
        live.playing()
        shutil.rmtree(stick)
        victim = live.child("signals")
        assert victim is not None
        victim.kill()
        live.wait(lambda: (child := live.child("signals")) is not None and child.pid != victim.pid)
        live.wait(lambda: live.health()["ok"])
        for _ in range(20):  # until the new process listens
            live.osc.send_message("/direction/twist", 1.0)
            time.sleep(0.1)
        live.wait(lambda: "x.take.part: cannot be written" in live.said())
        report = live.finish()
        assert "Traceback" not in live.said()
    assert report["restarts"] == {"signals": 1} and report["black_frames"] == 0
    assert report["controls"]["/direction/twist"] == 1.0


def test_every_shipped_show_plays(tmp_path: Path) -> None:
    """Each for a moment, one after the other in one run, without black and without a restart."""
    shows = tmp_path / "shows"
    shutil.copytree(data_dir("presets"), shows)
    names = (
        "pulse",
        "garden",
        "mosaic",
        "hands_on",
        "score",
        "compass",
        "vocabulary",
        "demonstrate",
        "meditation",
        "first_light",
    )
    with Live(shows / "first_light", tmp_path, "--size", "96x64") as live:
        live.playing()
        for number, name in enumerate(names, 1):
            live.osc.send_message("/show/next", 1)
            live.wait(lambda name=name: f"playing {name}" in live.said())  # type: ignore[misc]
            live.wait(lambda number=number: live.health()["generation"] == number + 1)  # type: ignore[misc]
            live.wait(lambda name=name: ("script" in live.health()["processes"]) == (name == "score"))  # type: ignore[misc]
            live.wait(lambda: live.health()["ok"])  # the script's process of the show before is not missed
            before = live.drawn()
            live.wait(lambda before=before: live.drawn() > before + 5)  # type: ignore[misc]
        pid = str(live.process.pid)
        for session in (p.parent for p in Path("/dev/shm").glob("latenz-*/pid") if p.read_text() == pid):
            live.wait(lambda: len(list(session.glob("frames-*"))) == 1)  # noqa: B023  (pictures of former shows are gone)
        report = live.finish()
    assert report["show"] == "first_light" and report["black_frames"] == 0 and not report["restarts"]

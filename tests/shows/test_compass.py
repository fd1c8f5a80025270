"""Sorting while a show plays, with the tulip itself: stepped, and in processes of its own."""

import signal
from pathlib import Path

import numpy as np
import pytest

from engine.generator.catalog import model_directions
from engine.latent.places import Places
from engine.preset import load_show
from engine.show.stepped import Stepped
from engine.stage.offscreen import Offscreen
from tests.shows.live import Live

BLOOM = model_directions("tulip")["bloom"].vector
SHOW = """
[generator]
model = "tulip"
size = [48, 48]
seed = 3

[stage]
size = [48, 48]
fps = 8

[motion]
frequency_hz = 9.0
damping = 1.0

[[compass]]
name = "mood"

[[route]]
from = "/key/e"
to = "/compass/mood/more"

[[route]]
from = "/key/d"
to = "/compass/mood/less"
"""


def written(folder: Path) -> Path:
    path = folder / "show.toml"
    path.write_text(SHOW, "utf-8")
    return path


@pytest.mark.real
def test_keys_pressed_for_open_flowers_make_a_fader_that_opens_them(tmp_path: Path) -> None:
    show = load_show(written(tmp_path))
    with Offscreen(*show.size) as stage:
        stepped = Stepped(show, stage)
        try:
            motion = stepped.picture.motion
            for seed in range(12):
                stepped.desk.hand("/latent/seed", float(seed), 0.0, "test")
                list(stepped.frames(4))
                z = motion.state()["position"][0].mean(0)
                stepped.desk.bus.post("/key/e" if z @ BLOOM > 0 else "/key/d", 1.0, stepped.clock.now_s())
                list(stepped.frames(1))
            list(stepped.frames(8))
            way = next(array for key, array in motion.state().items() if key.endswith(".way"))[0]
        finally:
            stepped.close()
    assert np.linalg.norm(way) == pytest.approx(1.0, abs=1e-3)
    moved = {d.name: float(way @ d.vector) for d in model_directions("tulip")}
    assert moved["bloom"] > 0.4 and moved["bloom"] == max(moved.values(), key=abs), moved


@pytest.mark.real
def test_what_was_sorted_survives_a_killed_generator_and_can_be_kept(tmp_path: Path) -> None:
    written(tmp_path).write_text(SHOW.replace("tulip", "silk"), "utf-8")  # it starts sooner
    kept = tmp_path / "mood.compass.safetensors"
    with Live(tmp_path, tmp_path) as live:
        live.playing()
        for i, verb in enumerate(("more", "less", "more")):
            live.osc.send_message("/latent/seed", i)
            drawn = live.drawn()
            live.wait(lambda drawn=drawn: live.drawn() > drawn + 8)
            live.osc.send_message(f"/compass/mood/{verb}", 1)
            live.wait(lambda drawn=drawn: live.drawn() > drawn + 10)
        victim = live.child("generator")
        assert victim is not None
        victim.send_signal(signal.SIGKILL)
        live.wait(lambda: (child := live.child("generator")) is not None and child.pid != victim.pid)
        before = live.drawn()
        live.wait(lambda: live.drawn() > before + 5)
        live.osc.send_message("/compass/mood/keep", 1)
        live.wait(kept.is_file)
        drawn = live.drawn()
        live.wait(lambda: live.drawn() > drawn + 12)  # a second of it: the notes are written
        report = live.finish()
        assert f"mood: kept 3 examples in {kept}" in live.said()
    assert report["restarts"] == {"generator": 1}
    assert report["generator"]["compass"]["mood"] == "2 more, 1 less: moves nothing until there are 2 of each"
    assert Places.load(kept).names == ("more-1", "more-2", "less-1")

"""A model is replaced while a show plays: warmed beside the old one, faded in, and what is broken changes nothing."""

import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.stage.outputs.picture import read_text
from tests.engine.generator.golden import GOLDEN, golden
from tests.shows.live import SHOWS, Live

pytestmark = pytest.mark.real

SHOW = """title = "Models"
next = ["models"]

[generator]
model = "{model}"
seed = 5
{more}
[sources.midi]
enabled = false

[stage]
size = [96, 96]
fps = 30

[[route]]
from = "/osc/psi"
to = "/generator/psi"
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A cache in which nothing has been converted."""
    return {"LATENZ_CACHE": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a show in which nothing moves, with a model, beside copies of golden files."""
    golden("sg2_64_uncond.pkl")
    folder = tmp_path / "models"
    folder.mkdir()

    def run(model: str, more: str = "") -> Path:
        if (GOLDEN / model).is_file():
            shutil.copy(GOLDEN / model, folder / model)
        (folder / "show.toml").write_text(SHOW.format(model=model, more=more), "utf-8")
        return folder

    return run


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def shot(live: Live, folder: Path) -> np.ndarray:
    """The picture that is shown just now, by its own screenshot."""
    known = set(folder.glob("latenz-*.png"))
    live.osc.send_message("/show/screenshot", 1)
    live.wait(lambda: set(folder.glob("latenz-*.png")) - known)
    return pixels((set(folder.glob("latenz-*.png")) - known).pop())


def draws(live: Live, count: int = 10) -> None:
    """Wait for so many more pictures."""
    before = live.drawn()
    live.wait(lambda: live.drawn() >= before + count)


def hears(live: Live, line: str) -> bool:
    return line in live.said()


def plays(live: Live, model: str) -> None:
    live.wait(lambda: live.health()["generator"].get("model") == model and live.health()["generation"] >= 2)


def test_a_saved_show_fades_to_a_foreign_model_while_the_old_one_plays(
    tmp_path: Path, env: dict[str, str], write: Callable[..., Path]
) -> None:
    folder = write("sg2_64_uncond.pkl")
    with Live(folder, tmp_path, "--snapshot", str(tmp_path / "last.png"), env=env, cwd=tmp_path) as live:
        live.playing()
        live.wait(lambda: live.health()["generator"]["model"] == "sg2_64_uncond")
        old = live.child("generator")
        before = shot(live, tmp_path)
        write("sg2_32_sg3repo_modern.pkl", "crossfade_s = 8.0")
        live.wait(lambda: "converting sg2_32_sg3repo_modern.pkl" in live.said())
        live.wait(lambda: "models was saved: playing it" in live.said())
        between = [shot(live, tmp_path) for _ in range(3)]
        plays(live, "sg2_32_sg3repo_modern")
        new = live.child("generator")
        assert old is not None and new is not None and new.pid != old.pid
        live.wait(lambda: not old.is_running())
        time.sleep(8.0)  # until the fade is over
        report = live.finish()
    after = pixels(tmp_path / "last.png")
    assert np.abs(after - before).mean() > 20
    for frame in between:
        assert (frame >= np.minimum(before, after) - 2).all() and (frame <= np.maximum(before, after) + 2).all()
    away = [float(np.abs(frame - before).mean()) for frame in (before, *between, after)]
    assert away == sorted(away) and away[-2] < 0.9 * away[-1], "it goes from the one to the other, and in time"
    assert report["model"] == "sg2_32_sg3repo_modern" and report["generator_size"] == [32, 32]
    assert report["black_frames"] == 0 and not report["restarts"]
    assert report["backend"] and report["generator"], "what draws and what was measured is in the report"
    assert read_text(tmp_path / "last.png")["latenz.model"] == "sg2_32_sg3repo_modern"
    assert "Traceback" not in live.said()


def test_what_is_broken_leaves_the_old_model_playing_and_is_said_once(
    tmp_path: Path, env: dict[str, str], write: Callable[..., Path]
) -> None:
    folder = write("sg2_64_uncond.pkl")
    shutil.copy(golden("hostile/01_os_system.pkl"), folder / "hostile.pkl")
    (folder / "noise.safetensors").write_bytes(np.random.RandomState(0).bytes(4096))
    broken = {
        ("gone.pkl", ""): "gone.pkl: no such model file",
        ("hostile.pkl", ""): "hostile.pkl: refused",
        ("noise.safetensors", ""): "noise.safetensors: ",
        ("sg2_64_uncond.pkl", 'backend = "graph"'): "no backend 'graph' on cpu",  # its generator ends while it warms
    }
    with Live(folder, tmp_path, env=env) as live:
        live.playing()
        old = live.child("generator")
        for (model, more), why in broken.items():
            write(model, more)
            live.wait(partial(hears, live, why))
            draws(live)
        live.osc.send_message("/psi", 0.5)  # routes go on: the show that plays is the old one
        draws(live, 20)
        same = live.child("generator")
        assert old is not None and same is not None and old.pid == same.pid
        report = live.finish()
    assert report["model"] == "sg2_64_uncond" and report["controls"]["/generator/psi"] == 0.5
    assert report["black_frames"] == 0 and not report["restarts"]
    assert [live.said().count(why) for why in broken.values()] == [1] * len(broken), live.said()
    assert "Traceback" not in live.said()


@pytest.mark.parametrize("model", ["sg3r_64_xform.pkl", "biggan_deep_32"])
def test_any_checkpoint_plays_in_a_show_for_another_model(model: str, tmp_path: Path, env: dict[str, str]) -> None:
    last = tmp_path / "last.png"
    with Live(SHOWS / "plain", tmp_path, "--model", str(golden(model)), "--snapshot", str(last), env=env) as live:
        live.playing()
        report = live.finish()
    assert report["black_frames"] == 0 and not report["restarts"]
    assert live.said().count("set aside") == 1 and "Traceback" not in live.said()
    assert read_text(last)["latenz.latent"]

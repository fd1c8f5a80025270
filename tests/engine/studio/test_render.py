"""Laws of rendering: the number of frames, the report, and that nothing live comes in."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, ShaderError, ShowError
from engine.preset import Options
from engine.show.session import STAGES
from engine.studio.render import Render, render
from tests.shows.live import ROOT, SHOWS

PLAIN = str(SHOWS / "plain")
TAKE = ROOT / "tests" / "data" / "takes" / "plain.take"
SIZE = (64, 48)


def frames(tmp_path: Path, seconds: float, fps: float, **options: object) -> np.ndarray:
    out = tmp_path / "x.npy"
    render(Render(PLAIN, out, seconds, Options(size=SIZE, fps=fps, **options)))  # type: ignore[arg-type]
    return np.load(out)


@pytest.mark.parametrize(("seconds", "fps", "count"), [(0.5, 30, 15), (1.0, 29.97, 30), (0.01, 30, 1), (0.5, 240, 120)])
def test_a_render_has_as_many_frames_as_its_time_holds(seconds: float, fps: float, count: int, tmp_path: Path) -> None:
    assert frames(tmp_path, seconds, fps).shape == (count, 48, 64, 3)


def test_a_seed_on_the_command_line_wins(tmp_path: Path) -> None:
    own, same, other = (frames(tmp_path, 0.1, 20, seed=seed) for seed in (None, 5, 6))
    assert np.array_equal(own, same) and not np.array_equal(own, other)


def test_the_report_is_that_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    told: list[tuple[int, int]] = []
    options = Options(size=SIZE, fps=20)
    render(Render(PLAIN, tmp_path / "x.npy", 0.5, options, TAKE, path), lambda done, of: told.append((done, of)))
    report = json.loads(path.read_text("utf-8"))
    for key in (
        "seconds", "frames", "fps", "generator_fps", "late_frames", "repeated_frames", "black_frames", "device",
        "backend", "model", "size", "frame_ms", "stages_ms", "latency_ms", "signals", "controls", "events",
        "restarts", "dropped",
    ):  # fmt: skip
        assert key in report
    assert report["frames"] == 10 and report["seconds"] == 0.5 and report["fps"] == 20
    assert set(report["stages_ms"]) == set(STAGES) and set(report["frame_ms"]) >= {"p50", "p95", "p99", "max"}
    assert report["stages_ms"]["generator"]["p50"] > 0
    assert report["device"] == "cpu" and "1 thread" in report["backend"]
    assert told == [(n, 10) for n in range(1, 11)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.json", "x.npy"]


def test_a_take_plays_in_place_of_the_show_s_own_sources(tmp_path: Path) -> None:
    report = render(Render(PLAIN, tmp_path / "x.npy", 3.5, Options(size=SIZE, fps=10), TAKE))
    assert set(report["sources"]) == {"take"}
    assert report["events"]["/latent/next"] == 2 and report["controls"]["/direction/twist"] == 1.5
    without = render(Render(PLAIN, tmp_path / "x.npy", 0.2, Options(size=SIZE, fps=10)))
    assert "osc" not in without["sources"], "a render hears nobody"


def test_a_script_plays_in_a_render_and_its_error_stops_that_loop_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SHOWS / "scripted", tmp_path / "scripted")
    text = (tmp_path / "scripted" / "script.py").read_text()
    (tmp_path / "scripted" / "script.py").write_text(text.partition('@on("/osc/hang")')[0])
    report = render(Render(str(tmp_path / "scripted"), tmp_path / "x.npy", 1.0, Options(size=SIZE, fps=10)))
    assert report["controls"]["/direction/hue"] > 0.5
    assert "ValueError: on purpose" in capsys.readouterr().err


def test_a_broken_effect_ends_a_render_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(SHOWS / "plain", folder)
    text = (folder / "show.toml").read_text()
    (folder / "show.toml").write_text(text.replace("feedback.fs", "broken.fs"))
    (folder / "broken.fs").write_text('/*{"INPUTS": []}*/\nvoid main() { oh }\n')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((ShaderError, ShowError), match=r"broken.fs:2"):
        render(Render(str(folder), tmp_path / "x.mp4", 0.2, Options(size=SIZE)))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_time_that_cannot_be_is_refused(seconds: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give more than 0 and at most a day"):
        render(Render(PLAIN, tmp_path / "x.npy", seconds))

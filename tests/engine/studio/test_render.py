"""Laws of rendering: the number of frames, the report, and that nothing live comes in."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, ShaderError, ShowError
from engine.preset import Options, Show, find_show, load_show
from engine.show.session import STAGES
from engine.studio.render import Render, as_recorded, render
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


def scripted(folder: Path, script: str) -> str:
    """A show that plays this script."""
    shutil.copytree(SHOWS / "scripted", folder / "scripted")
    (folder / "scripted" / "script.py").write_text("from engine.script import *\n" + script)
    return str(folder / "scripted")


def recorded(path: Path, header: dict[str, object], *lines: dict[str, object]) -> Path:
    rows = ({"latenz": "take", "version": 1, **header}, *lines)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


ADDS = """
@every(seconds=0.1)
def hue():
    control("/direction/hue", 1.0)
"""


def test_the_script_of_a_recorded_show_does_not_play_a_second_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show = scripted(tmp_path, ADDS)
    line = {"t": 0.1, "a": "/direction/hue", "w": 0.25, "who": "script:hue"}
    hues = {}
    for name, header in {"performance": {"show": "scripted"}, "song": {}, "elsewhere": {"show": "plain"}}.items():
        take = recorded(tmp_path / f"{name}.take", header, line)
        report = render(Render(show, tmp_path / "x.npy", 0.6, Options(size=SIZE, fps=10), take))
        hues[name] = report["controls"]["/direction/hue"], capsys.readouterr().err.strip()
    assert hues == {
        "performance": (
            0.25,
            f"latenz: {tmp_path / 'performance.take'} holds what script.py did; the script itself does not run",
        ),
        "song": (1.0, ""),
        "elsewhere": (
            1.0,
            f"latenz: {tmp_path / 'elsewhere.take'} was recorded with another show (plain); "
            "the seed, model and script are scripted's",
        ),
    }


def test_a_take_brings_its_seed_and_model_and_the_command_line_wins(
    tmp_path: Path,
) -> None:
    own = load_show(find_show(PLAIN), Options())
    take = recorded(tmp_path / "x.take", {"show": "plain", "seed": 6, "models": {"silk:3": own.info.hash}})

    def show(**options: object) -> Show:
        return as_recorded(load_show(find_show(PLAIN), Options(**options)), take)  # type: ignore[arg-type]

    assert (show().seed, show().model) == (6, "silk:3")
    assert (show(seed=0).seed, show(seed=0).model) == (0, "silk:3")
    assert (show(model="silk").seed, show(model="silk").model) == (6, "silk")
    recorded(take, {"show": "plain"})
    assert (show().seed, show().model) == (own.seed, own.model), "a header may say less"
    assert show(fps=12.0, size=SIZE).fps == 12 and show(size=SIZE).size == SIZE
    out = [tmp_path / "a.npy", tmp_path / "b.npy"]
    recorded(take, {"show": "plain", "seed": 6})
    render(Render(PLAIN, out[0], 0.1, Options(size=SIZE, fps=20), take))
    render(Render(PLAIN, out[1], 0.1, Options(size=SIZE, fps=20, seed=6), recorded(tmp_path / "bare.take", {})))
    assert np.array_equal(*map(np.load, out))


def test_a_take_of_another_version_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show = load_show(find_show(PLAIN), Options())
    header = {"show": "plain", "show_hash": show.hash, "models": {"silk": show.info.hash}}
    for changed, said in (
        ({}, ""),
        ({"show": "renamed"}, ""),
        ({"show_hash": "0"}, "was recorded with another version of this show\n"),
        ({"models": {"silk": "0"}}, "was recorded with another version of the model silk\n"),
    ):
        as_recorded(show, recorded(tmp_path / "x.take", header | changed))
        assert capsys.readouterr().err == (f"latenz: {tmp_path / 'x.take'} {said}" if said else "")


@pytest.mark.parametrize(
    "header",
    [
        {"seed": "5"}, {"seed": True}, {"seed": -1}, {"seed": 2**32}, {"seed": 1.5}, {"models": "silk"},
        {"models": {"no_such_model": "0"}},
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_is_refused(header: dict[str, object], tmp_path: Path) -> None:
    take = recorded(tmp_path / "x.take", {"show": "plain", **header})
    with pytest.raises(
        InputError, match=r"x.take:1: seed|x.take:1: models|no_such_model(.|\n)*recorded so in .*x.take"
    ):
        render(Render(PLAIN, tmp_path / "x.npy", 0.1, Options(size=SIZE), take))
    assert not (tmp_path / "x.npy").exists()


def test_a_handler_hears_the_controls_events_and_the_signals(tmp_path: Path) -> None:
    show = scripted(
        tmp_path,
        """
@every(seconds=10)
def begin(): fire("/latent/next", 0.5)
@on("/latent/next")
def next_one(value): control("/direction/hue", value)
@on("/tempo/tick")
def tick(): control("/direction/bloom", 0.75)
""",
    )
    report = render(Render(show, tmp_path / "x.npy", 0.6, Options(size=SIZE, fps=10)))
    assert report["events"]["/latent/next"] == 1
    assert report["controls"]["/direction/hue"] == 0.5 and report["controls"]["/direction/bloom"] == 0.75


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("while True:\n    pass\n", "scripted/script.py: it did not come back; it is left out"),
        ("import sys\nsys.exit(0)\n", "scripted/script.py:3: SystemExit: 0; the script does not run"),
        (
            "import sys\n@every(seconds=1)\ndef leaves():\n    sys.exit(0)\n",
            "scripted/script.py:5: SystemExit: 0; leaves stops",
        ),
    ],
)
def test_a_script_that_hangs_or_leaves_costs_the_render_nothing_else(
    script: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = render(Render(scripted(tmp_path, script), tmp_path / "x.npy", 0.3, Options(size=SIZE, fps=10)))
    assert report["frames"] == 3 and (tmp_path / "x.npy").is_file()
    assert capsys.readouterr().err.count(said) == 1


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

"""Laws of the shows that come with latenz: each loads, draws, moves and can be reached from each; no two look alike."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.preset import Options, Show, check_routes, find_show, load_show
from engine.show.desk import Desk
from engine.show.session import STEP_S
from engine.studio.render import Render, render
from tests.shows.live import ROOT

SHOWS = tuple(sorted(path.parent.name for path in (ROOT / "presets").glob("*/show.toml")))
SIZE = (96, 64)
RATE_HZ = 48_000


def shown(name: str, **options: object) -> Show:
    return load_show(find_show(name), Options(size=SIZE, **options))  # type: ignore[arg-type]


def frames(name: str, folder: Path, seconds: float = 0.5, fps: int = 6) -> NDArray[np.uint8]:
    out = folder / f"{name}.npy"
    report = render(Render(name, out, seconds, Options(size=SIZE, fps=fps)))
    assert report["black_frames"] == 0
    found: NDArray[np.uint8] = np.load(out)
    return found


@pytest.mark.parametrize("name", SHOWS)
def test_every_show_holds_and_says_what_it_is(name: str) -> None:
    show = shown(name)
    check_routes(show)
    assert show.table.title and len(show.table.about) > 20 and not show.told


@pytest.mark.parametrize("name", SHOWS)
def test_every_show_is_reached_from_every_other(name: str) -> None:
    assert set(shown(name).table.next) == set(SHOWS)


@pytest.mark.parametrize("name", SHOWS)
def test_every_show_is_named_in_the_documents(name: str) -> None:
    assert f"docs/shows.md#{name})" in (ROOT / "README.md").read_text("utf-8")
    assert f"\n## {name}\n" in (ROOT / "docs" / "shows.md").read_text("utf-8")


def test_no_two_shows_look_alike(tmp_path: Path) -> None:
    """By their colours: how much of a picture lies in each of 4 x 4 x 4 boxes of RGB."""
    colours = {}
    for name in SHOWS:
        last = frames(name, tmp_path)[-1]
        assert last.std() > 8, f"{name} is flat"
        boxes = (last // 64).reshape(-1, 3) @ np.array([16, 4, 1])
        colours[name] = np.bincount(boxes, minlength=64) / len(boxes)
    for a in SHOWS:
        for b in SHOWS:
            if a < b:
                common = float(np.minimum(colours[a], colours[b]).sum())
                assert common < 0.85, f"{a} and {b} share {common:.0%} of their colours"


def garden(audio: Path | None, seconds: float) -> dict[str, NDArray[np.float64]]:
    """What the garden's controls do over time, step by step."""
    show = shown("garden", audio=None if audio is None else str(audio))
    desk = Desk(show, live=False)
    desk.open(0.0)
    rows = [desk.step(i * STEP_S, STEP_S).values.copy() for i in range(round(seconds / STEP_S))]
    desk.close()
    values = np.array(rows)
    return {control.address: values[:, i] for i, control in enumerate(show.layout.levels)}


@pytest.fixture(scope="module")
def beats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A low drum twice a second over a quiet hum."""
    t = np.arange(6 * RATE_HZ) / RATE_HZ
    drum = 0.8 * np.sin(2 * np.pi * 55 * t) * np.exp(-18 * (t % 0.5))
    path = tmp_path_factory.mktemp("garden") / "drum.wav"
    soundfile.write(path, (drum + 0.01 * np.sin(2 * np.pi * 900 * t)).astype(np.float32), RATE_HZ)
    return path


def test_the_garden_lives_without_sound() -> None:
    calm = garden(None, 8.0)
    for address in (
        "/voice/1/direction/bloom",
        "/voice/2/direction/bloom",
        "/voice/1/direction/sway",
        "/direction/light",
    ):
        assert np.ptp(calm[address]) > 0.1, address
        assert np.abs(calm[address]).max() <= 2.5, address


def test_in_the_garden_onsets_are_gusts_and_bass_opens(beats: Path) -> None:
    calm, played = garden(None, 6.0), garden(beats, 6.0)
    gusts = played["/voice/1/direction/sway"] - calm["/voice/1/direction/sway"]
    assert np.abs(gusts).max() > 0.8
    opened = played["/voice/1/direction/bloom"] - calm["/voice/1/direction/bloom"]
    assert opened.max() > 0.3 and opened.min() > -0.2


def test_a_gust_reaches_the_second_flower_later(beats: Path) -> None:
    calm, played = garden(None, 6.0), garden(beats, 6.0)
    first, second = (played[a] - calm[a] for a in ("/voice/1/direction/sway", "/voice/2/direction/sway"))
    late = [float(np.dot(first[: len(first) - n], second[n:])) for n in range(0, 200, 5)]
    assert 5 * STEP_S * int(np.argmax(late)) == pytest.approx(0.14, abs=0.02)

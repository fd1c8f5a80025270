"""A show in a real window: a hand on the keyboard, an eye on the screen."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.stage.outputs.picture import read_latent, read_text
from tests.real_display import display as display
from tests.shows.live import SHOWS, Live

pytestmark = pytest.mark.real
Program = Callable[[str], str]
SIZE = (320, 240)


class Room:
    """The display that a show plays on."""

    def __init__(self, live: Live, find: Program, folder: Path) -> None:
        self.live, self._folder = live, folder
        self._xdotool, self._import = find("xdotool"), find("import")

    def window(self) -> str:
        found = self._do("search", "--onlyvisible", "--class", "latenz")
        return found.split()[-1] if found else ""

    def geometry(self) -> tuple[int, ...]:
        """left, top, width, height of the window."""
        rows = dict(r.split("=") for r in self._do("getwindowgeometry", "--shell", self.window()).splitlines())
        return tuple(int(rows[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def title(self) -> str:
        return self._do("getwindowname", self.window()).strip()

    def press(self, *keys: str) -> None:
        self._do("windowfocus", "--sync", self.window())
        self._do("key", *keys)

    def screen(self) -> NDArray[np.int_]:
        """What a camera in front of the screen would see."""
        path = self._folder / "root.png"
        subprocess.run([self._import, "-silent", "-window", "root", str(path)], check=True, timeout=60)
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB")).astype(int)

    def picture(self) -> NDArray[np.int_]:
        """What is on the screen where the window is."""
        left, top, width, height = self.geometry()
        return self.screen()[top : top + height, left : left + width]

    def _do(self, *arguments: str) -> str:
        return subprocess.run([self._xdotool, *arguments], capture_output=True, text=True, timeout=30).stdout


@pytest.fixture
def room(display: str, program: Program, tmp_path: Path) -> Iterator[Room]:
    """The plain show in a window of 320 x 240, playing, in a folder of its own."""
    folder = tmp_path / "desk"
    folder.mkdir()
    size = f"{SIZE[0]}x{SIZE[1]}"
    with Live(SHOWS / "plain", tmp_path, "--size", size, headless=False, env={"DISPLAY": display}, cwd=folder) as live:
        made = Room(live, program, tmp_path)
        live.playing()
        live.wait(lambda: made.window() and made.geometry()[2:] == SIZE)
        live.wait(lambda: made.picture().mean() > 5.0)
        yield made


def test_the_keys_play_the_show_and_escape_ends_it(room: Room, tmp_path: Path) -> None:
    live = room.live
    assert room.title() == "latenz - Plain"

    room.press("b")
    live.wait(lambda: not room.picture().any(), 5.0)
    room.press("b")
    live.wait(lambda: room.picture().mean() > 5.0, 5.0)

    room.press("z")
    live.wait(lambda: np.array_equal(room.picture(), room.picture()), 10.0)
    frozen = room.picture()
    time.sleep(0.5)
    assert np.array_equal(room.picture(), frozen)

    room.press("s")
    desk = tmp_path / "desk"
    live.wait(lambda: list(desk.glob("latenz-plain-*.png")), 10.0)
    live.wait(lambda: "kept latenz-plain-" in live.said(), 10.0)
    kept = next(desk.glob("latenz-plain-*.png"))
    with Image.open(kept) as image:
        assert np.abs(np.asarray(image.convert("RGB")) - frozen).max() <= 1, "drawn anew, it may round the other way"
    notes = read_text(kept)
    assert notes["latenz.show"] == "plain" and notes["latenz.seed"] == "5" and notes["latenz.model"] == "silk"
    assert read_latent(notes["latenz.latent"]).shape == (1, 3, 128)
    assert [path.name for path in desk.iterdir()] == [kept.name]

    room.press("h")
    live.wait(lambda: np.abs(room.picture() - frozen).mean() > 5.0, 10.0)
    room.press("h")
    room.press("z")
    live.wait(lambda: not np.array_equal(room.picture(), frozen), 10.0)

    room.press("space")
    time.sleep(0.5)
    room.press("Escape")
    assert live.process.wait(30) == 0, live.said()
    report = live.finish()
    assert report["events"]["/latent/next"] == 1 and report["events"]["/key/space"] == 2
    assert report["events"]["/show/screenshot"] == 1
    assert report["controls"]["/output/blackout"] == report["controls"]["/output/freeze"] == 0.0
    assert report["black_frames"] == 0 and not report["restarts"]
    assert report["frames"] > 30 and report["size"] == list(SIZE)


def test_f_fills_the_screen_and_n_plays_the_next_show(room: Room) -> None:
    live = room.live
    room.press("f")
    live.wait(lambda: room.geometry() == (0, 0, 800, 600), 10.0)
    live.wait(lambda: (np.array([part.mean() for part in np.array_split(room.screen(), 4)]) > 2.0).all(), 10.0)
    room.press("n")
    live.wait(lambda: "playing other" in live.said(), 10.0)
    live.wait(lambda: live.health()["generator"].get("model") == "silk:2")
    assert room.title() == "latenz - Other"
    assert room.screen().mean() > 5.0
    room.press("Escape")
    live.wait(lambda: room.geometry()[2:] == SIZE, 10.0)
    assert live.process.poll() is None, "the first Escape leaves fullscreen only"
    room.press("Escape")
    assert live.process.wait(30) == 0, live.said()
    report = live.finish()
    assert report["show"] == "other" and report["black_frames"] == 0 and not report["restarts"]

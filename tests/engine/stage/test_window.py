"""The window on a real X server: pixels on the root window, keys from xdotool, fullscreen, resizing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.controls import Layout
from engine.errors import InputError
from engine.stage.effects import EffectSpec, output_controls
from engine.stage.monitors import monitors
from engine.stage.window import Window
from engine.stage.windows import Windows
from tests.engine.stage.scene import FRAME_S, controls, flat, scene
from tests.real_display import display as display

pytestmark = pytest.mark.real
Program = Callable[[str], str]
LAYOUT = Layout(output_controls())


@pytest.fixture(scope="module")
def window(display: str) -> Iterator[Window]:
    """One window for all tests of this module."""
    with Window(320, 240, "a test") as made:
        made.set_effects([], LAYOUT)
        yield made


def show(window: Window, image: NDArray[np.uint8] | None = None, **levels: float) -> None:
    for n in range(2):
        window.present(image, controls(LAYOUT, **levels), n * FRAME_S, FRAME_S)
        window.keys()


def screenshot(program: Program, folder: Path) -> NDArray[np.int_]:
    path = folder / "root.png"
    subprocess.run([program("import"), "-window", "root", str(path)], check=True, timeout=60)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def press(window: Window, program: Program, *keys: str) -> list[tuple[str, int]]:
    """Press keys as a hand would; what the stage says of them."""
    xdotool = program("xdotool")
    found = subprocess.run([xdotool, "search", "--class", "latenz"], capture_output=True, text=True, timeout=30)
    subprocess.run([xdotool, "windowfocus", "--sync", found.stdout.split()[-1]], timeout=30)
    subprocess.run([xdotool, "key", *keys], check=True, timeout=30)
    seen: list[tuple[str, int]] = []
    until_s = time.perf_counter() + 10.0
    while len(seen) < 2 * len(keys) and time.perf_counter() < until_s:
        seen += [(key.address, key.value) for key in window.keys()]
    return seen


def wait_for_size(window: Window, size: tuple[int, int]) -> None:
    until_s = time.perf_counter() + 10.0
    while window.size != size and time.perf_counter() < until_s:
        window.keys()
    assert window.size == size


def test_the_picture_is_on_the_screen_pixel_for_pixel(window: Window, program: Program, tmp_path: Path) -> None:
    picture = scene(320, 240)
    show(window, picture)
    assert np.array_equal(window.grab(), picture[0, :, :, :3])
    screen = screenshot(program, tmp_path)
    left, top = window._note_place()[:2]
    assert np.array_equal(screen[top : top + 240, left : left + 320], picture[0, :, :, :3])


def test_a_monitor_without_a_rate_is_tolerated(window: Window) -> None:
    assert window.refresh_hz == 0.0
    assert [m.index for m in monitors()] == [0]
    started_s = time.perf_counter()
    show(window, scene())
    assert time.perf_counter() - started_s < 10.0


def test_keys_are_signals_with_their_time(window: Window, program: Program) -> None:
    before_s = time.perf_counter()
    seen = press(window, program, "b", "space", "1")
    assert seen == [(f"/key/{name}", value) for name in ("b", "space", "1") for value in (1, 0)]
    press_again = press(window, program, "z")
    assert press_again[0] == ("/key/z", 1) and time.perf_counter() > before_s


def test_f_fills_the_screen_and_escape_leaves_it_without_quitting(
    window: Window, program: Program, tmp_path: Path
) -> None:
    show(window, flat((10, 200, 90)))
    press(window, program, "f")
    wait_for_size(window, (800, 600))
    show(window)
    middle = screenshot(program, tmp_path)
    assert (middle[:, 100:700] == (10, 200, 90)).all()
    assert not middle[:, :100].any() and not middle[:, 700:].any(), "contained, with borders"
    press(window, program, "Escape")
    wait_for_size(window, (320, 240))
    assert not window.closed


def test_the_window_can_be_resized(window: Window, program: Program) -> None:
    window.set_size(400, 300)
    wait_for_size(window, (400, 300))
    show(window, scene(400, 300))
    assert np.array_equal(window.grab(), scene(400, 300)[0, :, :, :3])
    window.set_size(320, 240)
    wait_for_size(window, (320, 240))


def test_help_and_status_are_seen_but_not_in_a_screenshot(window: Window, program: Program, tmp_path: Path) -> None:
    show(window, flat((200, 40, 40), 320, 240))
    plain = screenshot(program, tmp_path)
    press(window, program, "h")
    show(window)
    assert np.abs(screenshot(program, tmp_path) - plain).mean() > 1.0
    assert (window.grab() == (200, 40, 40)).all()
    press(window, program, "F1")
    window.set_status("presets/mine/show.toml:3: something is wrong and it takes a rather long line to say so")
    show(window)
    assert np.abs(screenshot(program, tmp_path) - plain)[120:].mean() > 0.1
    window.set_status("")
    show(window)
    assert np.array_equal(screenshot(program, tmp_path), plain)


def test_on_the_wall_nothing_is_written_over_the_picture(window: Window, program: Program, tmp_path: Path) -> None:
    window.toggle_fullscreen()
    wait_for_size(window, (800, 600))
    window.set_status("something is wrong")
    show(window, flat((90, 90, 90), 800, 600))
    assert (screenshot(program, tmp_path) == 90).all()
    window.set_status("")
    window.toggle_fullscreen()
    wait_for_size(window, (320, 240))


def test_a_broken_effect_is_told_in_the_window(window: Window, program: Program, tmp_path: Path) -> None:
    broken = tmp_path / "broken.fs"
    broken.write_text("/*{}*/\nvoid main() { oh }\n")
    show(window, flat((90, 90, 90), 320, 240))
    plain = screenshot(program, tmp_path)
    assert window.set_effects([EffectSpec("broken.fs", broken)], LAYOUT)[0].startswith(f"{broken}:2:")
    show(window)
    assert not np.array_equal(screenshot(program, tmp_path), plain)
    assert window.set_effects([], LAYOUT) == []


def test_a_rebuilt_window_shows_the_last_picture(window: Window) -> None:
    show(window, scene(320, 240))
    window.rebuild()
    show(window)
    assert np.array_equal(window.grab(), scene(320, 240)[0, :, :, :3])


def test_a_monitor_that_is_not_there_is_refused_with_those_that_are(window: Window) -> None:
    with pytest.raises(InputError, match=r"no monitor 8; there are 1 \("):
        window.set_monitor(7)


def test_voices_have_windows_of_their_own(display: str) -> None:
    with Windows(2, 64, 64) as pair:
        pair.set_effects([], LAYOUT)
        picture = np.concatenate([flat((200, 0, 0), 64, 64), flat((0, 0, 200), 64, 64)])
        pair.present(picture, controls(LAYOUT), 0.0, FRAME_S)
        shown = pair.grab()
        assert (shown[:, :64] == (200, 0, 0)).all() and (shown[:, 64:] == (0, 0, 200)).all()
        assert pair.keys() == [] and not pair.closed
        assert pair.mean_level() > 10.0


def test_escape_in_a_window_ends_the_show(display: str, program: Program) -> None:
    with Window(64, 64) as short:
        short.set_effects([], LAYOUT)
        show(short, scene())
        assert press(short, program, "Escape")[0] == ("/key/escape", 1)
        assert short.closed


def test_without_a_display_the_error_says_what_to_do() -> None:
    code = "from engine.stage.window import Window\ntry:\n    Window()\nexcept OSError as e:\n    print(e)"
    bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    told = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, timeout=60)
    assert "--headless" in told.stdout

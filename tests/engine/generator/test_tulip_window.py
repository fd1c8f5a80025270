"""A square tulip on canvases that are not: the flower is never stretched, and its ground goes on."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.generator.spec import Canvas
from engine.generator.tulip import window as module
from engine.generator.tulip.finisher import TulipFinisher
from engine.generator.tulip.maps import GROUND, MAPS
from engine.generator.tulip.spec import TulipSpec
from engine.generator.tulip.synthesis import Placed
from engine.generator.tulip.window import FADE, REACH, SIDES, Surround, Window

POINTS = 16
CANVASES = [Canvas(64, 36), Canvas(36, 64), Canvas(33, 32), Canvas(300, 20), Canvas(7, 90), Canvas(64, 36, "crop")]


def maps(seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randn(MAPS, POINTS, POINTS).astype(np.float32)


def sampled(canvas: Canvas, own: np.ndarray) -> np.ndarray:
    """By numpy: the longer maps, bilinear at each pixel's place."""
    window = Window.of(canvas)
    rows, columns = window.rows(canvas.height, POINTS), window.columns(canvas.width, POINTS)
    longer = Surround(rows, columns)(own)
    (y, down), (x, across) = rows.taps(), columns.taps()
    found = longer[:, y] * (1 - down[:, None]) + longer[:, y + 1] * down[:, None]
    return found[:, :, x] * (1 - across) + found[:, :, x + 1] * across


@pytest.mark.parametrize("canvas", [*CANVASES, Canvas(40, 40)])
def test_torch_and_numpy_place_maps_alike(canvas: Canvas) -> None:
    own = maps()
    placed = Placed(canvas, POINTS)(torch.from_numpy(own)[None])[0].numpy()
    np.testing.assert_allclose(placed, sampled(canvas, own), atol=2e-5)


@pytest.mark.parametrize("canvas", [canvas for canvas in CANVASES if canvas.fit == "resize"])
def test_within_its_window_the_flower_is_the_square_one(canvas: Canvas) -> None:
    own, window = maps(), Window.of(canvas)
    square = sampled(Canvas(window.side, window.side), own)
    inside = sampled(canvas, own)[:, window.top : window.top + window.side, window.left : window.left + window.side]
    middle = slice(1 + window.side // POINTS, -1 - window.side // POINTS)  # at its rim, what lies around it begins
    np.testing.assert_allclose(inside[:, middle, middle], square[:, middle, middle], atol=1e-5)


@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from(["resize", "tile", "crop"]))
def test_the_window_is_square_and_whole_or_covers(width: int, height: int, fit: str) -> None:
    window = Window.of(Canvas(width, height, fit))  # type: ignore[arg-type]
    if fit == "crop":
        assert window.left <= 0 and window.top <= 0 and window.side == max(width, height)
    else:
        assert window.left >= 0 and window.top + window.side == height and window.side == min(width, height)
    for axis in (window.columns(width, POINTS), window.rows(height, POINTS)):
        below, share = axis.taps()
        assert (np.diff(axis.place) >= 0).all()
        assert below.min() >= 0 and below.max() + 1 < len(axis.held) and 0 <= share.min() and share.max() <= 1


def test_around_the_window_the_ground_wins_ever_more_and_is_folded_not_held() -> None:
    canvas, own = Canvas(96, 32), maps()
    found = sampled(canvas, own)
    gained = found[0] - sampled(canvas, np.concatenate([own[:1] * 0, own[1:]]))[0]
    still = sampled(canvas, own * 0)[0]  # the fade alone
    assert still[:, 40:56].max() == 0.0 and (np.diff(still[0, :33]) <= 0).all()
    assert still[0, 0] == pytest.approx(FADE, rel=0.1)  # a whole side away
    assert gained.shape == still.shape
    beside = found[GROUND:, :, :32]
    assert np.abs(np.diff(beside[:, :, 16:], axis=2)).mean() > 0.05  # no streaks near the flower
    assert np.abs(np.diff(found[1:GROUND, :, :30], axis=2)).max() < 1e-5


def test_ground_from_behind_the_flower_never_shows() -> None:
    """What lies deeper than REACH from the edge was never taught."""
    own = maps()
    deep = int(np.ceil(REACH * POINTS)) + 1
    hidden = own.copy()
    hidden[GROUND:, deep:-deep, deep:-deep] = 1e6
    assert np.abs(sampled(Canvas(200, 20), hidden)[GROUND:, :, :80]).max() < 100
    assert np.abs(sampled(Canvas(20, 200), hidden)[GROUND:, :150]).max() < 100


@pytest.mark.parametrize("size", [(1920, 32), (16384, 16), (32, 1920)])
def test_a_thin_canvas_draws_with_maps_that_stay_small(size: tuple[int, int]) -> None:
    canvas, spec = Canvas(*size), TulipSpec(512, 160, 19, (160, 160), (8, 8, 8, 8, 8), 8, 8)
    window, points = Window.of(canvas), spec.maps_side
    rows, columns = window.rows(canvas.height, points), window.columns(canvas.width, points)
    assert len(rows.held) * len(columns.held) <= (2 * SIDES + 1) * points**2
    maps_and_palette = np.random.RandomState(0).randn(MAPS + 1, points, points).astype(np.float32)
    out = np.zeros((canvas.height, canvas.width, 4), np.uint8)
    TulipFinisher(spec, canvas, 1).draw(maps_and_palette, {"sharp": np.array(1, np.float32)}, out)
    assert (out[..., 3] == 255).all() and out[..., :3].std() > 1


def test_further_out_than_some_sides_nothing_would_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> np.ndarray:
        """What each map shares in a pixel, and the ground's colours."""
        found = sampled(Canvas(32 * 20, 32), maps())
        return np.concatenate([torch.softmax(torch.from_numpy(found[:11]), 0).numpy(), found[GROUND:]])

    capped = shown()
    monkeypatch.setattr(module, "SIDES", 1000)
    np.testing.assert_allclose(capped, shown(), atol=1e-4)


@pytest.mark.parametrize("canvas", [Canvas(1920, 1080), Canvas(1080, 1920), Canvas(3840, 1080), Canvas(512, 512)])
def test_ordinary_sizes_are_not_cut(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> None:
    window = Window.of(canvas)
    axes = [window.rows(canvas.height, 64), window.columns(canvas.width, 64)]
    monkeypatch.setattr(module, "SIDES", 1000)
    for axis, free in zip(axes, (window.rows(canvas.height, 64), window.columns(canvas.width, 64)), strict=True):
        assert np.array_equal(axis.place, free.place) and np.array_equal(axis.fade, free.fade)


def test_maps_become_longer_in_memory_that_is_already_there() -> None:
    window, own = Window.of(Canvas(300, 20)), maps()
    surround = Surround(window.rows(20, POINTS), window.columns(300, POINTS))
    size = surround(own).nbytes
    tracemalloc.start()
    surround(own)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size / 20

"""The compiled head draws what the head in torch draws: any size, any window, any dress."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.generator.spec import Canvas
from engine.generator.tulip.dress import DRESSES, GARDEN, Dress
from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import LAYERS, U
from engine.generator.tulip.synthesis import Placed
from engine.generator.tulip.tiles import MOST, Tiles
from engine.generator.tulip.window import Surround, Window
from engine.paths import use_numba_cache
from tests.engine.generator.tulip_maps import maps, palette

use_numba_cache()
from engine.generator.tulip import light  # noqa: E402
from engine.generator.tulip.painter import Painter  # noqa: E402
from tests.engine.generator.small_models import one_thread  # noqa: E402

__all__ = ["one_thread"]

Array = NDArray[np.float32]
POINTS = 16
LEVEL = 1 / 255
CANVASES = [
    Canvas(64, 64),
    Canvas(16, 16),
    Canvas(9, 9),
    Canvas(75, 75),
    Canvas(200, 200),
    Canvas(96, 54),
    Canvas(31, 70),
]
CANVASES += [Canvas(64, 36, "crop"), Canvas(1, 1), Canvas(300, 20)]


def compiled(
    canvas: Canvas, own: Array, colours: Array, sharp: float, dress: Dress = GARDEN, threads: int = 1
) -> Array:
    """(3, height, width) in 0..1."""
    out = np.full((3, canvas.height, canvas.width), np.nan, np.float32)
    tool, longer = tools(canvas, own, dress, threads)
    tool.image(longer, colours, sharp, out)
    return (out + 1) / 2


def bytes_of(canvas: Canvas, own: Array, colours: Array, sharp: float = 1.0, threads: int = 1) -> NDArray[np.uint8]:
    out = np.full((canvas.height, canvas.width, 4), 77, np.uint8)
    tool, longer = tools(canvas, own, GARDEN, threads)
    tool.draw(longer, colours, sharp, out)
    return out


def tools(canvas: Canvas, own: Array, dress: Dress, threads: int) -> tuple[Painter, Array]:
    points, window = own.shape[1], Window.of(canvas)
    rows, columns = window.rows(canvas.height, points), window.columns(canvas.width, points)
    shape = (len(rows.held), len(columns.held))
    return Painter(rows.taps(), columns.taps(), shape, threads, dress), Surround(rows, columns)(own)


def true(canvas: Canvas, own: Array, colours: Array, sharp: float, dress: Dress = GARDEN) -> Array:
    placed = Placed(canvas, own.shape[1])(torch.from_numpy(own)[None])
    head = Head(canvas.height, canvas.width, dress)
    return head(placed, torch.from_numpy(colours)[None], torch.tensor(sharp))[0].numpy()


def apart(got: Array, wanted: Array, canvas: Canvas, own: Array, sharp: float) -> float:
    """The largest difference, but for pixels where two petals are second alike: either may be drawn there."""
    assert np.isfinite(got).all() and got.min() >= 0 and got.max() <= 1
    placed = Placed(canvas, own.shape[1])(torch.from_numpy(own)[None])[0, 1:7] * sharp
    ranked = placed.sort(0, descending=True).values.numpy()
    tie = ranked[1] - ranked[2] < 1e-3
    return float((np.abs(got - wanted).max(0) * ~tie).max())


@pytest.mark.parametrize("sharp", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("canvas", CANVASES, ids=lambda c: f"{c.width}x{c.height} {c.fit}")
def test_a_picture_is_the_heads(canvas: Canvas, sharp: float) -> None:
    for seed in (0, 1):
        own, colours = maps(seed, POINTS, POINTS), palette(seed)
        got, wanted = compiled(canvas, own, colours, sharp), true(canvas, own, colours, sharp)
        assert apart(got, wanted, canvas, own, sharp) <= LEVEL


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_a_dressed_picture_is_the_heads(dress: Dress) -> None:
    canvas, own, colours = Canvas(80, 45), maps(3), palette(3)
    got, wanted = compiled(canvas, own, colours, 1.0, dress), true(canvas, own, colours, 1.0, dress)
    assert apart(got, wanted, canvas, own, 1.0) <= LEVEL


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(1, 90), st.integers(1, 90), st.sampled_from(["resize", "crop"]), st.integers(0, 10**6),
    st.floats(0.25, 3.0), st.sampled_from([8, 16, 32]), st.sampled_from([0.5, 6.0, 40.0]),
)  # fmt: skip
def test_any_picture_is_the_heads(
    width: int, height: int, fit: str, seed: int, sharp: float, points: int, contrast: float
) -> None:
    canvas = Canvas(width, height, fit)  # type: ignore[arg-type]
    own, colours = maps(seed, points, points, contrast), palette(seed)
    got, wanted = compiled(canvas, own, colours, sharp), true(canvas, own, colours, sharp)
    assert apart(got, wanted, canvas, own, sharp) <= LEVEL


@pytest.mark.parametrize("seed", [5, 6])
def test_true_maps_become_the_renderers_picture(seed: int) -> None:
    from engine.studio.tulip.truth import truth

    own = truth(factors_of(np.random.RandomState(seed).randn(1, 19))[0], 64)
    picture = compiled(Canvas(64, 64), own.maps, own.palette, 1.0).transpose(1, 2, 0)
    psnr_db = -10 * np.log10(np.square(picture.astype(np.float64) - own.picture).mean())
    assert psnr_db >= 80


@pytest.mark.parametrize("logit", [1e4, 1e30])
def test_certain_layers_and_huge_logits_give_numbers(logit: float) -> None:
    own, canvas = maps(4), Canvas(64, 64)
    own[: len(LAYERS)] = -logit
    layer = np.random.RandomState(0).randint(0, len(LAYERS), own.shape[1:])
    np.put_along_axis(own[: len(LAYERS)], layer[None], np.float32(logit), 0)
    picture = compiled(canvas, own, palette(0), 3.0)
    assert np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1
    if logit < 1e5:
        assert apart(picture, true(canvas, own, palette(0), 3.0), canvas, own, 3.0) <= LEVEL


@pytest.mark.parametrize("scale", [-2.0, 3.0])
def test_palettes_out_of_range_give_what_the_head_gives(scale: float) -> None:
    canvas, own, colours = Canvas(48, 48), maps(8), palette(8) * np.float32(scale)
    got, wanted = compiled(canvas, own, colours, 1.0), true(canvas, own, colours, 1.0)
    assert apart(got, wanted, canvas, own, 1.0) <= LEVEL


def test_maps_out_of_range_give_a_picture() -> None:
    own = maps(2)
    own[U:] *= 50
    assert np.isfinite(compiled(Canvas(40, 30), own, palette(1), 1.0)).all()


def test_bytes_are_the_picture_dithered_and_opaque() -> None:
    for canvas in CANVASES:
        own, colours = maps(6), palette(6)
        out, picture = bytes_of(canvas, own, colours), compiled(canvas, own, colours, 1.0)
        assert (out[..., 3] == 255).all()
        levels = out[..., :3].transpose(2, 0, 1) - 255 * picture
        assert levels.min() > -1.001 and levels.max() <= 0.001 + 1
        assert np.abs(out[..., :3].transpose(2, 0, 1).astype(int) - np.floor(255 * picture + 0.5)).max() <= 1


def test_a_dark_ground_has_no_bands() -> None:
    """Between two levels the dither's mean goes on."""
    own = maps(0)
    own[0] = 1e4
    own[-3:] = np.linspace(0.010, 0.014, POINTS, dtype=np.float32)
    canvas = Canvas(256, 256)
    out = bytes_of(canvas, own, palette(0))[..., 0].astype(float)
    wanted = compiled(canvas, own, palette(0), 1.0)[0] * 255
    blocks = [array.reshape(16, 16, 16, 16).mean((1, 3)) for array in (out, wanted)]
    assert np.abs(blocks[0] - blocks[1] + 0).max() < 0.15


def test_threads_and_memory_layout_change_nothing() -> None:
    canvas, own, colours = Canvas(120, 68), maps(1), palette(1)
    one = bytes_of(canvas, own, colours)
    assert np.array_equal(bytes_of(canvas, own, colours, threads=2), one)
    tool, longer = tools(canvas, own, GARDEN, 2)
    pixels = np.ascontiguousarray(longer.transpose(1, 2, 0)).transpose(2, 0, 1)
    out = np.zeros_like(one)
    tool.draw(pixels, colours, 1.0, out)
    assert np.array_equal(out, one)


@given(st.integers(1, 400), st.integers(1, 60), st.sampled_from([8, 16, 64]))
@settings(max_examples=40, deadline=None)
def test_tiles_cover_each_pixel_once(width: int, height: int, points: int) -> None:
    window = Window.of(Canvas(width, height))
    tiles = Tiles.of(window.rows(height, points).taps(), window.columns(width, points).taps(), 0.28)
    seen = np.zeros((height, width), int)
    for _, top, bottom in tiles.rows:
        for _, left, right in tiles.columns:
            assert (bottom - top) * (right - left) <= MOST
            seen[top:bottom, left:right] += 1
    assert (seen == 1).all() and len(tiles.across) == len(tiles.noise) and len(tiles.across) % 16 == 0


def test_approximations_are_as_near_as_they_say() -> None:
    x = np.linspace(-20, 20, 4001, dtype=np.float32)
    power = np.array([light.power2(value) for value in x])
    assert np.abs(power / np.exp2(x.astype(np.float64)) - 1).max() < 1e-6
    y = np.geomspace(1e-6, 4, 4001).astype(np.float32)
    assert np.abs(np.array([light.log2(value) for value in y]) - np.log2(y.astype(np.float64))).max() < 2.2e-4

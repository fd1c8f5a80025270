"""The measures know what they are asked to know: each on pictures whose answer is plain."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from engine.generator.tulip.maps import LAYERS, LEAF, STEM
from engine.studio.tulip import metrics
from engine.studio.tulip.data import latents
from engine.studio.tulip.painters import Renderer, Scene

LINES = arrays(np.float64, 7, elements=st.integers(-50, 50).map(float))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Renderer(2).scene(latents(5, 4), 128)


def noisy(pictures: Tensor, size: float) -> Tensor:
    return pictures + size * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))


def test_a_picture_is_without_noise_beside_itself(scene: Scene) -> None:
    assert torch.isinf(metrics.psnr_db(scene.pictures, scene.pictures)).all()


@pytest.mark.parametrize("size", [0.1, 0.01])
def test_psnr_is_that_of_the_noise_that_was_added(scene: Scene, size: float) -> None:
    found = metrics.psnr_db(noisy(scene.pictures, size), scene.pictures)
    assert torch.allclose(found, torch.full((4,), -20 * math.log10(size)), atol=0.2)


def test_psnr_inside_a_mask_sees_nothing_outside(scene: Scene) -> None:
    petals = metrics.petals(scene.layers)
    spoilt = torch.where(petals > 0, scene.pictures + 0.1, torch.zeros(()))
    assert torch.allclose(metrics.psnr_db(spoilt, scene.pictures, petals), torch.full((4,), 20.0), atol=1e-3)
    assert torch.isnan(metrics.psnr_db(spoilt, scene.pictures, torch.zeros_like(petals))).all()


def test_blur_takes_edges_away_and_noise_adds_some(scene: Scene) -> None:
    same, *softer = (
        metrics.edge_ratio(
            metrics.blurred(scene.pictures, sigma) if sigma else scene.pictures, scene.pictures, scene.layers
        )
        for sigma in (0.0, 1.0, 2.0)
    )
    assert torch.allclose(same, torch.ones(4))
    assert (softer[0] < 0.95).all() and (softer[1] < softer[0]).all()
    assert (metrics.edge_ratio(noisy(scene.pictures, 0.05), scene.pictures, scene.layers) > 1.1).all()


def test_edges_far_from_the_petals_do_not_count(scene: Scene) -> None:
    changed = scene.pictures.clone()
    changed[:, :, :6] = torch.rand(4, 3, 6, 128)
    assert not metrics.petals(scene.layers)[:, :, :10].any()
    assert torch.equal(metrics.edge_ratio(changed, scene.pictures, scene.layers), torch.ones(4))


def test_a_gaussian_blur_keeps_what_is_even_and_spreads_a_point() -> None:
    assert torch.allclose(metrics.blurred(torch.full((1, 2, 16, 16), 0.3), 2.0), torch.full((1, 2, 16, 16), 0.3))
    point = torch.zeros(1, 1, 33, 33)
    point[0, 0, 16, 16] = 1.0
    spread = metrics.blurred(point, 2.0)
    at = torch.arange(33.0) - 16
    assert spread.sum() == pytest.approx(1.0, abs=1e-5)
    assert float((spread.sum((0, 1, 2)) * at**2).sum()) == pytest.approx(4.0, rel=0.03)


def striped(period_px: float, height: float) -> Tensor:
    wave = 0.5 + height * torch.sin(2 * math.pi * torch.arange(128.0) / period_px)
    return wave.expand(1, 3, 128, 128).contiguous()


def test_the_band_holds_stripes_and_neither_shades_nor_grain() -> None:
    petal = torch.ones(1, 128, 128, dtype=torch.int64)
    inside = metrics.inside(petal)
    stripes, shade, grain = (
        float(metrics.contrast(metrics.stripe_band(striped(period, 0.3)), inside)) for period in (12, 128, 2.2)
    )
    assert stripes > 0.6 * 0.3 / math.sqrt(2)
    assert shade < 0.2 * stripes and grain < 0.2 * stripes
    assert float(metrics.contrast(metrics.stripe_band(striped(12, 0.15)), inside)) == pytest.approx(
        stripes / 2, rel=1e-3
    )


def test_inside_is_nowhere_near_a_seam_nor_off_the_petals() -> None:
    layers = torch.full((1, 16, 24), STEM)
    layers[..., :8], layers[..., 8:16] = 1, 2
    inside = metrics.inside(layers)[0, 0]
    assert inside[8].tolist() == [1.0] * 6 + [0.0] * 4 + [1.0] * 4 + [0.0] * 10


def test_correlation_is_one_with_itself_minus_one_with_its_negative_and_zero_with_nothing() -> None:
    band = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(2, 1, 8, 8)
    assert torch.allclose(metrics.correlation(band, 3 * band, mask), torch.ones(2))
    assert torch.allclose(metrics.correlation(band, -band, mask), -torch.ones(2))
    assert torch.equal(metrics.correlation(band, torch.zeros_like(band), mask), torch.zeros(2))


def test_masks_that_overlap_by_half_share_a_third() -> None:
    found, layers = torch.zeros(1, 4, 8, dtype=torch.int64), torch.zeros(1, 4, 8, dtype=torch.int64)
    found[..., :4], layers[..., 2:6] = LEAF, LEAF
    result = metrics.iou(found, layers)
    assert result["leaf"] == pytest.approx(1 / 3)
    assert math.isnan(result["stem"]) and set(result) == set(LAYERS)
    assert metrics.iou(layers, layers)["leaf"] == 1.0


def test_frames_find_themselves_in_any_order() -> None:
    frames = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    order = torch.tensor([3, 0, 4, 1, 2])
    assert metrics.nearest(frames[order] + 0.01, frames).equal(order)


def test_a_frame_between_two_is_between_them_along_the_line() -> None:
    line = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(metrics.along(line, line), torch.arange(4.0).double(), atol=1e-5)
    assert torch.allclose(metrics.along(line + 0.2, line), torch.arange(4.0).double(), atol=1e-5)
    ends = torch.stack([line[0], 0.75 * line[1] + 0.25 * line[2], line[2], line[3]])
    moved = torch.cat([ends, 2 * line.mean(0, keepdim=True) - ends.mean(0, keepdim=True)])  # of the same mean
    assert float(metrics.along(moved, line)[1]) == pytest.approx(1.25, abs=0.1)
    still = line[:1].expand(4, -1, -1, -1)
    assert torch.isfinite(metrics.along(line, still)).all()


@given(LINES, LINES)
def test_rank_correlation_is_even_bounded_and_blind_to_rising_curves(a: np.ndarray, b: np.ndarray) -> None:
    rho = float(metrics.spearman(a, b))
    assert -1 - 1e-9 <= rho <= 1 + 1e-9
    assert rho == pytest.approx(float(metrics.spearman(b, a)))
    assert rho == pytest.approx(float(metrics.spearman(np.exp(a / 10), 2 * b + 1)))


def test_rank_correlation_of_known_orders() -> None:
    line = np.arange(9.0)
    rows = np.stack([line, -line, np.zeros(9), line[[1, 0, 2, 3, 4, 5, 6, 7, 8]]])
    assert metrics.spearman(rows, line) == pytest.approx([1.0, -1.0, 0.0, 1 - 6 * 2 / (9 * 80)])
    assert metrics.spearman(np.array([1.0, 2, 2, 3]), np.arange(4.0)) == pytest.approx(0.9486833)  # scipy's spearmanr


def test_what_is_read_perfectly_is_one_and_the_mean_is_zero() -> None:
    true = np.random.RandomState(0).randn(50, 3)
    assert metrics.r2(true, true).tolist() == [1.0] * 3
    assert metrics.r2(np.broadcast_to(true.mean(0), true.shape), true) == pytest.approx([0.0] * 3, abs=1e-12)


def test_an_even_flow_is_at_rest_and_one_pop_is_seen() -> None:
    assert metrics.unrest(np.full(100, 0.2)) == 1.0
    assert metrics.unrest(np.array([0.1] * 99 + [5.0] * 2)) > 3
    assert metrics.unrest(np.array([0.1] * 999 + [5.0]), 1.0) == pytest.approx(50.0)

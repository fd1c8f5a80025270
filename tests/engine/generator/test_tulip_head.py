"""Laws of the head in torch: what it makes of maps, in any dress."""

import numpy as np
import pytest
import torch

from engine.generator.tulip.dress import DRESSES, GARDEN
from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import FIXED, GROUND, LAYERS, LIGHT, MAPS, STEM
from engine.paths import use_numba_cache
from tests.engine.generator.small_models import one_thread
from tests.engine.generator.tulip_maps import maps, palette

__all__ = ["one_thread"]

use_numba_cache()


def drawn(head: Head, own: np.ndarray, colours: np.ndarray, sharp: float = 1.0) -> torch.Tensor:
    return head(torch.from_numpy(own)[None], torch.from_numpy(colours)[None], torch.tensor(sharp))[0]


@pytest.mark.parametrize("seed", [3, 4])
def test_true_maps_become_the_renderers_picture(seed: int) -> None:
    from engine.studio.tulip.truth import truth

    true = truth(factors_of(np.random.RandomState(seed).randn(1, 19))[0], 64)
    picture = drawn(Head(64, 64), true.maps, true.palette).permute(1, 2, 0).numpy()
    psnr_db = -10 * np.log10(np.square(picture.astype(np.float64) - true.picture).mean())
    assert psnr_db >= 100


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
@pytest.mark.parametrize("sharp", [0.25, 1.0, 3.0])
def test_a_picture_lies_in_0_to_1_whatever_the_maps(dress: object, sharp: float) -> None:
    head = Head(16, 16, dress)  # type: ignore[arg-type]
    for contrast in (0.0, 6.0, 1e4):
        for scale in (1.0, -3.0, 10.0):
            picture = drawn(head, maps(1, contrast=contrast) * np.float32(scale), palette(2) * np.float32(scale), sharp)
            assert torch.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1


def test_a_layer_that_is_certain_has_its_own_colour() -> None:
    own = np.zeros((MAPS, 4, 4), np.float32)
    own[STEM], own[LIGHT + STEM - 1] = 1e4, 0.5
    head = Head(4, 4)
    linear = head.linear(torch.from_numpy(own)[None], torch.from_numpy(palette(0))[None], 1.0)[0]
    np.testing.assert_allclose(linear[:, 1, 1], 0.5 * FIXED[0], atol=1e-6)


def test_a_petal_that_is_third_does_not_show() -> None:
    own = maps(5)
    own[: len(LAYERS)] = 0
    own[1], own[2], own[3] = 30, 29, 10
    other = own.copy()
    other[LIGHT + 2] = 77
    head, colours = Head(16, 16), palette(1)
    assert torch.equal(drawn(head, own, colours), drawn(head, other, colours))


def test_the_garden_changes_nothing() -> None:
    """A dress that multiplies by one, and adds nothing, by the longer way."""
    head, longer = Head(24, 40), Head(24, 40)
    longer.dressed = True
    own, colours = maps(7, 24, 40), palette(7)
    assert not head.dressed and Head(24, 40, GARDEN).vignette.equal(head.vignette)
    torch.testing.assert_close(drawn(longer, own, colours), drawn(head, own, colours), atol=1e-6, rtol=0)


def test_the_ground_of_a_dress_is_a_linear_look_of_the_gardens() -> None:
    own = maps(9)
    own[0] = 1e4
    for dress in DRESSES:
        linear = Head(16, 16, dress).linear(torch.from_numpy(own)[None], torch.from_numpy(palette(0))[None], 1.0)[0]
        wanted = np.einsum("ck,khw->chw", np.array(dress.ground), own[GROUND:])
        wanted += np.array(dress.ground_base)[:, None, None]
        np.testing.assert_allclose(linear, wanted, atol=1e-5)

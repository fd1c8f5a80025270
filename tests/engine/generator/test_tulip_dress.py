"""Dresses: plain numbers that make different looks of the same maps."""

import numpy as np
import pytest
import torch

from engine.generator.tulip.dress import DRESSES, GARDEN, Dress, darkened
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import FIXED, VIGNETTE, vignette
from tests.engine.generator.tulip_maps import maps, palette

SHAPES = {"fixed": (4, 3), "petal": (3, 3), "tips": (3, 3), "ground": (3, 3), "ground_base": (3,), "light": (2,)}


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_a_dress_is_plain_arrays(dress: Dress) -> None:
    arrays = dress.arrays
    assert {name: array.shape for name, array in arrays.items()} == {**SHAPES, "gloss": (3,)}
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values())
    assert 0 <= dress.vignette < 1 and dress.about


def test_dresses_have_names_of_their_own_and_the_garden_is_first() -> None:
    assert [dress.name for dress in DRESSES] == ["garden", "night", "herbarium", "still_life"]
    assert DRESSES[0] is GARDEN
    assert np.array_equal(GARDEN.arrays["fixed"], FIXED) and np.array_equal(GARDEN.arrays["petal"], np.eye(3))


def test_no_dress_makes_a_colour_negative() -> None:
    corners = np.indices((2, 2, 2)).reshape(3, -1)
    for dress in DRESSES:
        arrays = dress.arrays
        assert (arrays["petal"] @ corners >= 0).all() and (arrays["tips"] >= 0).all() and (arrays["fixed"] >= 0).all()
        assert (arrays["ground"] @ corners + arrays["ground_base"][:, None] >= 0).all()


def test_dresses_do_not_look_alike() -> None:
    own, colours = torch.from_numpy(maps(2))[None], torch.from_numpy(palette(3))[None]
    pictures = [Head(16, 16, dress)(own, colours, torch.tensor(1.0)) for dress in DRESSES]
    for i, picture in enumerate(pictures):
        assert all((picture - other).abs().mean() > 0.04 for other in pictures[:i])


def test_the_corners_are_as_dark_as_the_dress_says() -> None:
    assert np.array_equal(darkened(40, 30, VIGNETTE), vignette(40, 30))
    assert np.array_equal(darkened(8, 8, 0.0), np.ones((8, 8), np.float32))
    assert abs(float(darkened(4000, 4000, 0.5)[0, 0]) - 0.5) < 1e-3

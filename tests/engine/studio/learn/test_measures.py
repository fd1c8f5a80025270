"""Measures: laws of what each number says of a picture."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.studio.learn.foreground import foreground, oklab
from engine.studio.learn.measures import BINS, MEASURES

SEEDS = st.integers(0, 2**31 - 1)
SIZES = st.tuples(st.integers(4, 24), st.integers(4, 24))


def noise(seed: int, size: tuple[int, int] = (16, 16), count: int = 1) -> Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(seed))


def flat(r: float, g: float, b: float, size: int = 16) -> Tensor:
    return torch.tensor([r, g, b], dtype=torch.float32)[None, :, None, None].expand(1, 3, size, size).contiguous()


def disc(x: float, y: float, radius: float, side: int = 96) -> Tensor:
    """A yellow disc on blue; place and radius in half pictures."""
    at = (torch.arange(side) + 0.5) / (side / 2) - 1
    inside = (at[None, :] - x) ** 2 + (at[:, None] - y) ** 2 < radius**2
    return torch.where(inside, flat(0.9, 0.8, 0.1, side), flat(0.1, 0.15, 0.4, side))


def of(name: str, pictures: Tensor) -> float:
    return float(MEASURES[name].of(pictures)[0].detach())


@settings(max_examples=20)
@given(SEEDS, st.floats(0.01, 0.3))
def test_a_brighter_picture_is_brighter(seed: int, more: float) -> None:
    picture = noise(seed) * 0.6
    assert of("brightness", picture + more) - of("brightness", picture) == pytest.approx(more, abs=1e-5)


def test_brightness_is_of_white() -> None:
    assert of("brightness", flat(1, 1, 1)) == pytest.approx(1.0)
    assert of("brightness", flat(0, 0, 0)) == 0.0
    assert of("brightness", flat(0, 1, 0)) > of("brightness", flat(1, 0, 0)) > of("brightness", flat(0, 0, 1))


@settings(max_examples=20)
@given(SEEDS, st.floats(0.1, 0.9))
def test_contrast_shrinks_with_the_distances_from_the_mean(seed: int, share: float) -> None:
    picture = noise(seed)
    mean = picture.mean((2, 3), keepdim=True)
    less = of("contrast", mean + share * (picture - mean))
    assert less == pytest.approx(share * of("contrast", picture), rel=1e-2)


def test_half_black_half_white_has_the_highest_contrast() -> None:
    picture = flat(0, 0, 0)
    picture[..., 8:] = 1.0
    assert of("contrast", picture) == pytest.approx(0.5, abs=1e-3)


@settings(max_examples=20)
@given(SEEDS)
def test_grey_pictures_have_no_colour(seed: int) -> None:
    grey = noise(seed)[:, :1].expand(-1, 3, -1, -1)
    for name in ("colourfulness", "redness", "saturation"):
        assert of(name, grey) == pytest.approx(0.0, abs=0.05), name


def test_colourfulness_is_that_of_the_paper_on_two_halves() -> None:
    """R - G is 1 and 0, (R + G) / 2 - B is 0.5 and -1: sigma = |(0.5, 0.75)|, mu = |(0.5, -0.25)|."""
    picture = flat(1, 0, 0)
    picture[..., 8:] = flat(0, 0, 1)[..., 8:]
    wanted = 255 * ((0.5**2 + 0.75**2) ** 0.5 + 0.3 * (0.5**2 + 0.25**2) ** 0.5)
    assert of("colourfulness", picture) == pytest.approx(wanted, rel=1e-3)


def test_red_is_redder_than_anything() -> None:
    assert of("redness", flat(1, 0, 0)) == pytest.approx(1.0)
    assert of("redness", flat(0, 1, 1)) == pytest.approx(-1.0)


@settings(max_examples=20)
@given(SEEDS, st.floats(0.2, 1.0))
def test_a_dimmer_light_leaves_saturation_hue_of_one_colour_and_symmetry(seed: int, dim: float) -> None:
    picture = noise(seed)
    assert of("saturation", dim * picture) == pytest.approx(of("saturation", picture), abs=1e-4)
    assert of("symmetry", dim * picture) == pytest.approx(of("symmetry", picture), abs=1e-3)


@pytest.mark.parametrize(
    ("colour", "degrees"), [((1, 0, 0), 29), ((1, 1, 0), 110), ((0, 1, 0), 142), ((0, 0, 1), -96), ((1, 0, 1), -32)]
)
def test_hue_is_that_of_oklab(colour: tuple[float, float, float], degrees: float) -> None:
    assert of("hue", flat(*colour)) == pytest.approx(degrees, abs=0.7)
    assert MEASURES["hue"].turn == 360.0


def test_oklab_of_white_is_one_and_of_greys_has_no_hue() -> None:
    grey = oklab(flat(0.4, 0.4, 0.4))
    torch.testing.assert_close(oklab(flat(1, 1, 1))[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]), rtol=0, atol=1e-3)
    assert float(grey[:, 1:].abs().max()) < 1e-3


def test_a_stripe_more_is_two_edges_more() -> None:
    one, two = flat(0, 0, 0, 32), flat(0, 0, 0, 32)
    one[..., 4:8] = 1.0
    two[..., 4:8] = two[..., 16:20] = 1.0
    assert of("edge_density", two) == pytest.approx(2 * of("edge_density", one), rel=1e-4)
    assert of("edge_density", flat(0.3, 0.3, 0.3)) == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=20)
@given(SEEDS)
def test_a_blurred_picture_is_less_sharp_and_has_fewer_edges(seed: int) -> None:
    picture = noise(seed, (24, 24))
    blurred = torch.nn.functional.avg_pool2d(picture, 3, 1, 1, count_include_pad=False)
    assert of("sharpness", blurred) < of("sharpness", picture)
    assert of("edge_density", blurred) < of("edge_density", picture)


def test_all_tones_alike_have_the_highest_entropy() -> None:
    tones = (torch.arange(BINS) / (BINS - 1)).repeat(1, 3, 8, 1)
    assert of("entropy", tones) == pytest.approx(5.0, abs=1e-3)
    assert of("entropy", flat(0, 0, 0)) == pytest.approx(0.0, abs=1e-5)
    assert of("entropy", flat(0.5, 0.5, 0.5)) <= 1.0 + 1e-5


@settings(max_examples=20)
@given(SEEDS)
def test_where_pixels_lie_does_not_change_what_counts_tones_and_colours(seed: int) -> None:
    picture = noise(seed)
    mixed = picture.flatten(2)[..., torch.randperm(256, generator=torch.Generator().manual_seed(seed))].view_as(picture)
    for name in ("brightness", "contrast", "colourfulness", "redness", "saturation", "hue", "entropy"):
        assert of(name, mixed) == pytest.approx(of(name, picture), rel=1e-3, abs=1e-3), name


@settings(max_examples=20)
@given(SEEDS)
def test_a_picture_laid_on_its_mirror_image_is_symmetric(seed: int) -> None:
    picture = noise(seed)
    assert of("symmetry", (picture + picture.flip(3)) / 2) == pytest.approx(1.0, abs=1e-4)
    assert of("symmetry", picture) < 0.9
    assert of("symmetry", picture.flip(3)) == pytest.approx(of("symmetry", picture), abs=1e-5)


def test_a_ramp_is_as_asymmetric_as_can_be() -> None:
    assert of("symmetry", torch.linspace(0, 1, 16).repeat(1, 3, 16, 1)) == pytest.approx(-1.0, abs=1e-4)


@pytest.mark.parametrize(("x", "y", "radius"), [(0, 0, 0.5), (0.3, -0.2, 0.4), (-0.4, 0.35, 0.3), (0, 0.4, 0.25)])
def test_a_known_disc_has_its_size_and_its_place(x: float, y: float, radius: float) -> None:
    picture = disc(x, y, radius)
    assert of("object_size", picture) == pytest.approx(torch.pi * radius**2 / 4, abs=0.01)
    assert of("shift_x", picture) == pytest.approx(x, abs=0.02)
    assert of("shift_y", picture) == pytest.approx(y, abs=0.02)
    assert of("centredness", picture) == pytest.approx(1 - ((x * x + y * y) / 2) ** 0.5, abs=0.02)


def test_a_disc_that_leaves_by_one_edge_still_stands_in_front() -> None:
    assert of("object_size", disc(0, 0.8, 0.5)) > 0.8 * torch.pi * 0.25 / 4 * 0.75


def test_a_picture_of_one_colour_holds_no_object() -> None:
    assert of("object_size", flat(0.4, 0.1, 0.7)) < 0.01
    assert of("shift_x", flat(0.4, 0.1, 0.7)) == pytest.approx(0.0, abs=1e-4)


@settings(max_examples=20)
@given(SEEDS)
def test_the_foreground_is_a_share_of_each_pixel(seed: int) -> None:
    mask = foreground(noise(seed, (12, 17), 2))
    assert mask.shape == (2, 12, 17)
    assert 0.0 <= float(mask.min()) <= float(mask.max()) <= 1.0


@settings(max_examples=15)
@given(SEEDS, SIZES)
def test_gradients_are_finite_and_pictures_are_left_as_they_are(seed: int, size: tuple[int, int]) -> None:
    wild = 3 * noise(seed, size) - 1
    pictures = torch.cat([wild, wild[:, :1].expand(-1, 3, -1, -1), *(torch.full_like(wild, x) for x in (0, 0.5, 1))])
    before = pictures.clone()
    for name, measure in MEASURES.items():
        asked = pictures.clone().requires_grad_()
        found = measure.of(asked)
        (slope,) = torch.autograd.grad(found.sum(), asked)
        assert found.shape == (5,), name
        assert bool(found.isfinite().all() and slope.isfinite().all()), name
    torch.testing.assert_close(pictures, before, rtol=0, atol=0)


@settings(max_examples=10)
@given(SEEDS)
def test_a_picture_does_not_see_its_neighbours(seed: int) -> None:
    pictures = noise(seed, (12, 12), 3)
    for name, measure in MEASURES.items():
        alone = torch.cat([measure.of(pictures[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(measure.of(pictures), alone, rtol=1e-4, atol=1e-3, msg=name)


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"hue"}))
def test_more_of_it_lies_up_its_gradient(name: str) -> None:
    picture = (0.2 + 0.6 * disc(0.2, 0.1, 0.5, 24) + 0.1 * noise(1, (24, 24))).requires_grad_()
    before = MEASURES[name].of(picture)
    (slope,) = torch.autograd.grad(before.sum(), picture)
    after = MEASURES[name].of(picture + 1e-3 * slope / slope.norm())
    assert float((after - before).detach()) == pytest.approx(1e-3 * float(slope.norm()), rel=0.15, abs=1e-5)

"""Edits of pictures: what they do, what they leave alone, what they know nothing of."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.errors import InputError
from engine.studio.learn.edits import EDITS, Edit, edit_of, luma
from engine.studio.learn.measures import MEASURES
from engine.studio.learn.user_edits import edits_of, user_edit

ALL = list(EDITS.values())
PLACED = ("zoom", "shift_x", "shift_y", "rotate", "shear")
COLOURED = ("brightness", "contrast", "red", "green", "blue", "saturation", "hue")


def smooth(n: int = 2, side: int = 48, seed: int = 0) -> Tensor:
    """Soft pictures in 0.3..0.7, so that nothing is cut off and little is lost between pixels."""
    small = torch.from_numpy(np.random.RandomState(seed).rand(n, 3, 5, 5).astype(np.float32))
    large = torch.nn.functional.interpolate(small, side, mode="bicubic", align_corners=True).clamp(0, 1)
    return 0.3 + 0.4 * large


def alphas(value: float, n: int = 2) -> Tensor:
    return torch.full((n,), value)


@pytest.mark.parametrize("edit", ALL, ids=lambda e: e.name)
def test_an_alpha_of_0_changes_nothing_and_masks_nothing(edit: Edit) -> None:
    pictures = smooth()
    edited, mask = edit.apply(pictures, alphas(0.0))
    assert torch.allclose(edited, pictures, atol=2e-5)
    assert mask.shape == (2, 1, 48, 48) and bool((mask == 1).all())


@pytest.mark.parametrize("name", ["zoom", "shift_x", "shift_y", "rotate"])
def test_what_is_moved_there_and_back_is_where_it_was(name: str) -> None:
    edit, pictures = EDITS[name], smooth()
    there, seen = edit.apply(pictures, alphas(edit.range[1] / 2))
    back, again = edit.apply(there, alphas(-edit.range[1] / 2))
    known = (again * edit.apply(seen, alphas(-edit.range[1] / 2))[0] > 0.999).expand_as(back)
    assert known.float().mean() > 0.5
    assert (back - pictures)[known].abs().max() < 0.02


@given(value=st.floats(-0.2, 0.2))
@settings(max_examples=15)
@pytest.mark.parametrize("name", ["brightness", "red", "green", "blue", "saturation", "contrast", "hue"])
def test_a_colour_changed_there_and_back_is_what_it_was(name: str, value: float) -> None:
    edit, pictures = EDITS[name], smooth()
    alpha = alphas(value * edit.range[1])
    back, _ = edit.apply(edit.apply(pictures, alpha)[0], -alpha)
    assert torch.allclose(back, pictures, atol=1e-3)


def test_shifts_move_whole_pixels_exactly_and_mask_what_was_outside() -> None:
    pictures = torch.rand(2, 3, 16, 32)
    edited, mask = EDITS["shift_x"].apply(pictures, torch.tensor([4 / 32, -4 / 32]))
    assert torch.allclose(edited[0, :, :, 4:], pictures[0, :, :, :-4], atol=1e-5)
    assert torch.allclose(edited[1, :, :, :-4], pictures[1, :, :, 4:], atol=1e-5)
    assert bool((mask[0, 0, :, :4] == 0).all() and (mask[0, 0, :, 4:] == 1).all())
    assert bool((mask[1, 0, :, -4:] == 0).all() and (mask[1, 0, :, :-4] == 1).all())
    edited, mask = EDITS["shift_y"].apply(pictures, torch.tensor([0.25, 0.25]))
    assert torch.allclose(edited[:, :, 4:], pictures[:, :, :-4], atol=1e-5)
    assert bool((mask[:, 0, :4] == 0).all() and (mask[:, 0, 4:] == 1).all())


def test_a_zoom_of_one_octave_shows_the_middle_half_twice_as_large() -> None:
    pictures = smooth(side=32)
    nearer, mask = EDITS["zoom"].apply(pictures, alphas(1.0))
    assert bool((mask == 1).all())
    halved = torch.nn.functional.avg_pool2d(nearer, 2)
    assert torch.allclose(halved, pictures[:, :, 8:24, 8:24], atol=0.02)
    _, mask = EDITS["zoom"].apply(pictures, alphas(-1.0))
    assert 0.2 < float(mask.mean()) < 0.26


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    pictures = torch.rand(1, 3, 24, 24)
    turned, mask = EDITS["rotate"].apply(pictures, torch.tensor([90.0]))
    assert torch.allclose(turned, torch.rot90(pictures, -1, (2, 3)), atol=1e-4)  # clockwise
    assert bool((mask == 1).all())


def test_a_shear_keeps_the_middle_line_and_mirrors_with_its_sign() -> None:
    pictures = smooth(side=33)
    turned, _ = EDITS["shear"].apply(pictures, alphas(20.0))
    assert torch.allclose(turned[..., 16], pictures[..., 16], atol=1e-4)
    other, _ = EDITS["shear"].apply(pictures.flip(3), alphas(-20.0))
    assert torch.allclose(other.flip(3), turned, atol=1e-4)


def test_hue_keeps_luma_and_turns_red_towards_yellow() -> None:
    pictures = smooth()
    turned, _ = EDITS["hue"].apply(pictures, alphas(25.0))
    assert torch.allclose(luma(turned), luma(pictures), atol=1e-5)
    red = torch.tensor([0.6, 0.3, 0.3])[None, :, None, None].expand(1, 3, 8, 8)
    warmer, _ = EDITS["hue"].apply(red, torch.tensor([30.0]))
    assert float(warmer[0, 1, 0, 0] - warmer[0, 2, 0, 0]) > 0.1


def test_saturation_and_contrast_keep_what_they_turn_about() -> None:
    pictures = smooth()
    deeper, _ = EDITS["saturation"].apply(pictures, alphas(0.5))
    assert torch.allclose(luma(deeper), luma(pictures), atol=1e-5)
    harder, _ = EDITS["contrast"].apply(pictures, alphas(0.3))
    assert torch.allclose(luma(harder).mean((2, 3)), luma(pictures).mean((2, 3)), atol=1e-4)


def test_a_blur_keeps_the_mean_of_what_is_far_from_the_edge_and_softens() -> None:
    pictures = torch.zeros(1, 3, 64, 64)
    pictures[..., 32, 32] = 1.0
    soft, _ = EDITS["blur"].apply(pictures, torch.tensor([3.0]))
    assert float(soft.sum()) == pytest.approx(3.0, abs=1e-3)
    assert float(soft.max()) < 0.1


@pytest.mark.parametrize("edit", [e for e in ALL if e.measure], ids=lambda e: e.name)
def test_the_measure_of_an_edit_rises_with_it(edit: Edit) -> None:
    at = torch.linspace(-1, 1, 64)
    patch = torch.exp(-(at[None, :].square() + at[:, None].square()) / 0.1)
    pictures = 0.06 + patch * torch.tensor([0.6, 0.25, 0.3])[None, :, None, None]
    values = [float(MEASURES[edit.measure].of(edit.apply(pictures, torch.tensor([a]))[0])) for a in edit.range]
    assert values[1] > values[0]


@pytest.mark.parametrize("edit", ALL, ids=lambda e: e.name)
def test_each_picture_has_its_own_alpha(edit: Edit) -> None:
    pictures = smooth()
    high = edit.range[1]
    both, masks = edit.apply(pictures, torch.tensor([0.0, high]))
    assert torch.allclose(both[0], pictures[0], atol=2e-5)
    alone, mask = edit.apply(pictures[1:], torch.tensor([high]))
    assert torch.allclose(both[1:], alone, atol=1e-5) and torch.equal(masks[1:], mask)


def test_an_edit_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(InputError, match='did you mean "brightness"'):
        edit_of("brightnes")
    with pytest.raises(InputError, match="there are: zoom"):
        edit_of("xyzzy")


def test_an_edit_of_ones_own_takes_one_array_or_many_tensors(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\n"
        "def redder(picture, alpha):\n    picture[..., 0] += 0.2 * alpha\n    return picture\n"
        "def bluer(pictures: torch.Tensor, alpha):\n"
        "    mask = torch.zeros_like(pictures[:, :1])\n    mask[..., 4:] = 1\n"
        "    return pictures + 0.1 * alpha[:, None, None, None], mask\n"
    )
    pictures = smooth()
    edited, mask = user_edit(f"{file}:redder").apply(pictures, torch.tensor([0.0, 1.0]))
    assert torch.allclose(edited[0], pictures[0]) and bool((mask == 1).all())
    assert torch.allclose(edited[1, 0], pictures[1, 0] + 0.2, atol=1e-6)
    edited, mask = user_edit(f"{file}:bluer").apply(pictures, torch.tensor([1.0, 1.0]))
    assert torch.allclose(edited, pictures + 0.1, atol=1e-6) and float(mask.mean()) == pytest.approx(44 / 48)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return picture[:2]", "it gave a ndarray of"),
        ("return None", "it gave a NoneType"),
        ("return picture * float('nan')", "not finite"),
        ("raise KeyError('oh')", "KeyError"),
    ],
)
def test_an_edit_of_ones_own_that_goes_wrong_is_named(body: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(f"def edit(picture, alpha):\n    {body}\n")
    with pytest.raises(InputError, match=said) as error:
        user_edit(f"{file}:edit").apply(smooth(), alphas(0.5))
    assert "wrong.py:edit" in str(error.value)


def test_an_edit_of_ones_own_that_changes_what_nothing_is_asked_of_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("def negative(picture, alpha):\n    return 1 - picture\n")
    with pytest.raises(InputError, match="at an alpha of 0 it changes the picture by 1.00; give that back as it is"):
        user_edit(f"{file}:negative")


def test_a_range_is_given_in_the_edits_unit_and_holds_0() -> None:
    assert edits_of(["zoom"], (-0.1, 0.4))[0].range == (-0.1, 0.4)
    with pytest.raises(InputError, match="lower end up to 0"):
        edits_of(["zoom"], (0.1, 0.4))
    with pytest.raises(InputError, match="goes one way"):
        edits_of(["blur"], (-1.0, 1.0))

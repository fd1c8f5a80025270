"""Laws of contact sheets: sorted, and each place is the one that its seed is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InputError
from engine.studio.learn.sheet import Sorted, drawn, placed, sheet
from engine.studio.learn.subject import Subject
from engine.studio.still import Still, still


def test_a_sheet_is_sorted_and_its_seeds_are_those_of_stills(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    found = sheet("tulip", out, "redness", count=6, pool=12, seed=40, side=64, threads=1)
    assert (np.diff(found.scores) >= 0).all() and len(set(found.seeds.tolist())) == 6
    assert all(40 <= seed < 52 for seed in found.seeds.tolist())
    with Image.open(out) as image:
        assert image.width > 64 * 3 and image.height > 64 * 2
    still(Still("tulip", tmp_path / "one.png", seed=int(found.seeds[-1]), size=(64, 64)))
    with Image.open(tmp_path / "one.png") as image:
        apart = np.abs(np.asarray(image.convert("RGB")).astype(int) - found.pictures[-1])
    assert apart.mean() < 2.0, "the same place, but for rounding"


def test_of_a_pool_both_ends_are_shown() -> None:
    subject = Subject("tulip", 32, 1)
    whole = placed(subject, 7, 3)
    assert torch.equal(whole.z[2], torch.from_numpy(np.random.RandomState(9).randn(512).astype(np.float32)))


@pytest.mark.parametrize("count", [2, 3, 7, 64])
@pytest.mark.parametrize("shape", [(8, 8), (16, 8), (64, 96)])
def test_any_number_of_pictures_of_any_shape_fits(count: int, shape: tuple[int, int]) -> None:
    found = Sorted(np.arange(count), np.linspace(-1, 1, count), np.zeros((count, *shape, 3), np.uint8))
    image = drawn(found, "redness", "toy", count)
    assert image.width < 20_000 and image.height < 20_000


@pytest.mark.parametrize(
    ("out", "by", "more", "said"),
    [
        ("a.jpg", "redness", {}, "is a .png"),
        ("a.png", "rednes", {}, "redness"),
        ("gone/a.png", "redness", {}, "no folder"),
        ("a.png", "redness", {"count": 8, "pool": 4}, "as many as are shown"),
        ("a.png", "redness", {"seed": 2**32 - 1}, "give a lower one"),
        ("a.png", "redness", {"class_": 3}, "no classes"),
    ],
)
def test_what_cannot_be_is_said(out: str, by: str, more: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        sheet("tulip", tmp_path / out, by, **more)
    assert not list(tmp_path.iterdir())

"""Laws of contact sheets: sorted, and each place is the one that its seed is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InputError
from engine.studio.learn.assessors import Input
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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_networks_file_sorts_by_the_output_that_is_asked_for(tmp_path: Path) -> None:
    class Means(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.mean((2, 3))

    file, out = tmp_path / "means.pt", tmp_path / "sheet.png"
    torch.jit.trace(Means(), torch.rand(1, 3, 16, 16)).save(str(file))
    sizes = {"count": 4, "side": 32, "threads": 1}
    with pytest.raises(InputError, match="--assessor-output K takes one of several"):
        sheet("tulip", out, str(file), **sizes)
    found = sheet("tulip", out, str(file), given=Input(16, "0..255", 0), **sizes)
    red = found.pictures[..., 0].mean((1, 2), dtype=np.float64)
    assert np.abs(found.scores - red).max() < 1.0


def test_of_a_pool_both_ends_are_shown() -> None:
    subject = Subject("tulip", 32, 1)
    whole = placed(subject, 7, 3)
    assert torch.equal(whole.z[2], torch.from_numpy(np.random.RandomState(9).randn(512).astype(np.float32)))


def test_the_heading_of_a_few_small_pictures_is_whole() -> None:
    found = Sorted(np.arange(2), np.linspace(-1, 1, 2), np.zeros((2, 48, 48, 3), np.uint8))
    margin = np.asarray(drawn(found, "colourfulness", "a model of some length", 2000))[:, -24:]
    assert (margin == margin[0, 0]).all()


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

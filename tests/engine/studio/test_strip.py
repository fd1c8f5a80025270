"""The strip picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.studio import strip


def test_a_column_is_a_frame_and_a_row_a_component(tmp_path: Path) -> None:
    film = np.zeros((4, 3))
    film[2, 1] = 1.0
    film[0, 0] = -1.0
    strip.strip(film, tmp_path / "s.png", 30, 40)
    with Image.open(tmp_path / "s.png") as image:
        picture = np.array(image.convert("RGB")).astype(int)
    assert picture.shape == (30, 40, 3)
    red, blue, paper = picture[15, 25], picture[5, 5], picture[25, 35]
    assert red[0] > red[2] + 60 and blue[2] > blue[0] + 60
    assert paper.min() > 235


def test_long_and_wide_trajectories_fit_the_picture(tmp_path: Path) -> None:
    film = np.random.default_rng(0).standard_normal((5000, 6, 200))
    assert strip.strip_image(film, 300, 700).size == (700, 300)


def test_a_trajectory_of_zeros_is_paper() -> None:
    assert np.array(strip.strip_image(np.zeros((5, 5))).convert("RGB")).min() > 235


@pytest.mark.parametrize("bad", [np.zeros(5), np.zeros((0, 4)), np.full((2, 2), np.nan)])
def test_what_is_no_trajectory_is_refused(bad: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        strip.strip(bad, tmp_path / "s.png")
    assert not list(tmp_path.iterdir())


def test_the_comparison_shows_that_only_slerp_has_kinks(tmp_path: Path) -> None:
    strip.compare(tmp_path / "c.png", dims=64, legs=3, fps=60)
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 900
    places = [strip.sphere.normalise(strip.seed_z(seed, 64)) for seed in range(4)]
    slerp, spring = strip.by_slerp(places, 1.6, 60), strip.by_spring(places, 1.6, 60, 0.6, 0.7)
    assert np.ptp(strip.speed_deg(slerp, 60)[:90]) < 1e-6
    assert strip.turn_deg(slerp, 60).max() > 3 * strip.turn_deg(spring, 60).max()

"""Strips show every direction at every amount, within the size of a page."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.generator.catalog import model_directions
from engine.latent.directions import Direction
from engine.studio.learn.strips import MARK, MOST_BYTES, PAPER, Block, block, enlarged, save, save_strips, sheet, told
from engine.studio.learn.subject import Subject


@pytest.fixture(scope="module")
def tulip() -> Subject:
    return Subject("tulip", side=32, threads=1)


def test_a_block_has_a_row_for_each_place_and_a_column_for_each_amount(tulip: Subject) -> None:
    hue, sample = model_directions("tulip")["hue"], tulip.sample(2, 0)
    found = block(tulip, hue, sample, (-1, 0, 1), 32)
    assert found.pictures.shape == (2, 3, 32, 32, 3) and found.name == "hue"
    own = tulip.pictures(tulip.w(sample), 32).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(found.pictures[:, 1] - own).max() <= 0.51
    assert not np.array_equal(found.pictures[:, 0], found.pictures[:, 2])


def test_a_file_of_many_directions_is_a_png_within_the_size_of_a_page(tulip: Subject, tmp_path: Path) -> None:
    path = tmp_path / "strips.png"
    save_strips(path, tulip, list(model_directions("tulip"))[:7], tulip.sample(1, 0), (-2, 0, 2), side=40)
    with Image.open(path) as image:
        assert image.format == "PNG" and image.width > image.height / 2
    assert path.stat().st_size <= MOST_BYTES and list(tmp_path.iterdir()) == [path]


def test_noise_is_saved_with_fewer_colours(tmp_path: Path) -> None:
    noise = np.random.RandomState(0).randint(0, 255, (1000, 1000, 3)).astype(np.uint8)
    save(tmp_path / "noise.png", Image.fromarray(noise))
    assert (tmp_path / "noise.png").stat().st_size <= MOST_BYTES


def test_the_safe_range_is_marked_and_only_where_there_is_one() -> None:
    pictures = np.zeros((1, 5, 20, 20, 3), np.uint8)
    amounts = (-2.0, -1.0, 0.0, 1.0, 2.0)
    marked = np.asarray(sheet([Block("a", "", pictures, (-1.0, 2.0))], amounts))
    plain = np.asarray(sheet([Block("a", "", pictures)], amounts))
    columns = np.flatnonzero((marked == MARK).all(2).any(0))
    assert len(columns) and 60 < columns[-1] - columns[0] < 75  # three of four steps of 23 pixels
    assert not (plain == MARK).all(2).any()


def test_no_directions_are_an_empty_page() -> None:
    assert np.asarray(sheet([], (0.0,)))[0, 0].tolist() == list(PAPER)


def test_small_pictures_are_shown_larger_and_long_names_cut() -> None:
    assert enlarged(np.zeros((2, 3, 32, 48, 3), np.uint8), 96).shape == (2, 3, 96, 144, 3)
    assert enlarged(np.zeros((2, 3, 32, 48, 3), np.uint8), 40).shape == (2, 3, 32, 48, 3)
    narrow = Block("a" * 200, "b" * 200, np.zeros((1, 1, 8, 8, 3), np.uint8))
    assert sheet([narrow], (0.0,)).size == sheet([Block("a", "b", narrow.pictures)], (0.0,)).size


def test_what_is_told_of_a_direction_is_short() -> None:
    direction = Direction("a", np.ones(4), "w", 1.2345, (0, 1, 4), method="sefa")
    assert told(direction) == "sefa\nsigma 1.23 in w\nlayers 0-1, 4"

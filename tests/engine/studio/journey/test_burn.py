"""Laws of burnt-in numbers: what is written is read, after scaling and H.264 too, and nothing else is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from engine.stage.outputs.video import Coder
from engine.studio.journey.burn import NUMBER_BITS, burn, cells, legible, read_bars

Frame = NDArray[np.uint8]


def noise(width: int, height: int, seed: int = 0) -> Frame:
    """Soft spots, as pictures have."""
    spots = np.random.RandomState(seed).randint(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.array(Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC))


@given(st.integers(0, 2**NUMBER_BITS - 1))
def test_bars_are_read_as_they_were_written(number: int) -> None:
    assert read_bars(burn(noise(64, 64), number, "way", "bars")) == number


@given(st.integers(0, 10**6), st.integers(48, 700), st.integers(60, 500))
def test_bars_survive_scaling_to_any_size(number: int, width: int, height: int) -> None:
    picture = burn(noise(256, 256, number % 7), number, "way", "bars")
    assert read_bars(np.asarray(Image.fromarray(picture).resize((width, height)))) == number


@given(st.integers(0, 2**NUMBER_BITS - 1), st.integers(0, NUMBER_BITS + 4))
def test_a_strip_with_one_wrong_cell_is_not_read(number: int, at: int) -> None:
    picture = burn(np.zeros((64, 64, 3), np.uint8), number, "", "bars")
    row, column = divmod(at, 14)
    cell = picture[round(row * 3.2) : round((row + 1) * 3.2), (column + 2) * 4 : (column + 3) * 4]
    cell[:] = 255 - cell
    assert read_bars(picture) is None


@given(st.integers(0, 1000))
def test_a_picture_without_bars_has_no_number(seed: int) -> None:
    assert read_bars(noise(96, 96, seed)) is None
    assert read_bars(np.full((96, 96, 3), seed % 256, np.uint8)) is None


def test_a_picture_too_small_for_bars_has_none() -> None:
    assert read_bars(np.zeros((20, 20, 3), np.uint8)) is None


@pytest.mark.parametrize("size", [(64, 64), (256, 256), (320, 180)])
def test_bars_survive_a_video_and_another_size(size: tuple[int, int], tmp_path: Path) -> None:
    numbers = [0, 1, 77, 4095, 123_456, 2**NUMBER_BITS - 1]
    with av.open(str(tmp_path / "a.mp4"), "w") as file:
        coder = Coder(file, size, Fraction(25), True)
        for number in numbers:
            coder.write(burn(noise(*size, number % 5), number, "way", "bars"))
        coder.finish()
    with av.open(str(tmp_path / "a.mp4")) as file:
        for number, frame in zip(numbers, file.decode(video=0), strict=True):
            assert read_bars(frame.to_ndarray(format="rgb24")) == number
            assert read_bars(frame.reformat(720, 576, format="rgb24").to_ndarray()) == number


def test_a_label_takes_a_corner_and_leaves_the_rest() -> None:
    plain = noise(256, 256)
    labelled = burn(plain.copy(), 123, "way", "label")
    changed = (labelled != plain).any(2)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert rows.min() > 230 and columns.max() < 100
    assert labelled[rows.min() :, : columns.max()].max() == 255  # white on darkened ground


def test_labels_of_other_numbers_and_names_differ() -> None:
    seen = {
        burn(np.zeros((128, 128, 3), np.uint8), n, name, "label").tobytes() for n in (1, 2, 10) for name in ("a", "b")
    }
    assert len(seen) == 6


@given(st.text(max_size=200), st.integers(16, 80), st.integers(16, 80))
def test_any_name_fits_into_any_picture(name: str, width: int, height: int) -> None:
    picture = burn(np.zeros((height, width, 3), np.uint8), 7, name.replace("\n", " ").replace("\r", " "), "label")
    assert picture.shape == (height, width, 3)


def test_none_changes_nothing() -> None:
    plain = noise(64, 64)
    assert (burn(plain.copy(), 5, "way", "none") == plain).all()


def test_numbers_beyond_the_strip_are_refused() -> None:
    with pytest.raises(InputError, match="count to 8388607"):
        cells(2**NUMBER_BITS)


@pytest.mark.parametrize(
    ("name", "shown"), [("cöld é", "cold e"), ("ﬁlm №1", "film No1"), ("花 tulip", "? tulip"), ("a.b_c-1", "a.b_c-1")]
)
def test_names_are_written_in_letters_that_the_font_has(name: str, shown: str) -> None:
    assert legible(name) == shown
    here, there = (burn(np.full((64, 400, 3), 90, np.uint8), 7, text, "label") for text in (name, shown))
    assert np.array_equal(here, there)

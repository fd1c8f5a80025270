"""Numbers burnt into pictures: a label for people, and a strip of cells for programs, which survives an edit.

The strip is after the vertical interval timecode (SMPTE ST 12-1): bits beside each other as black and white, with bits
that are always the same to find them by, and a check. It takes two rows of sixteen cells over the picture's whole
width:

    1 0  n22 ... n9
    0 1  n8 ... n0  c4 ... c0

n is the frame's number, c the remainder of n x^5 by x^5 + x^2 + 1.
"""

import unicodedata
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import InputError

Picture = NDArray[np.uint8]
Burn = Literal["none", "label", "bars"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

BURNS: tuple[Burn, ...] = ("none", "label", "bars")
COLUMNS, ROW = 16, 20  # cells in a row; a row's height is the picture's over this
NUMBER_BITS, CHECK_BITS, CHECK = 23, 5, 0b100101
SYNC = ((1, 0), (0, 1))
CONTRAST = 60.0  # between white and black, least
DIGITS = 6
SMALLEST_PX = 9  # of letters
MARGIN_PX, DARKER = 2, 0.35


def burn(picture: Picture, number: int, source: str, how: Burn) -> Picture:
    """Write the number, and the name of where it is from, into a picture (height, width, 3); the same array.

    InputError for a number that the strip has no bits for.
    """
    burner(picture.shape[1], picture.shape[0], source, how)(picture, number)
    return picture


@lru_cache(64)
def burner(width: int, height: int, source: str, how: Burn) -> "Burner":
    """The burner of a size and a name; names are drawn once."""
    return Burner(width, height, source, how)


class Burner:
    """Writes numbers into pictures of one size."""

    def __init__(self, width: int, height: int, source: str, how: Burn) -> None:
        self._how = how
        self._cells = [np.linspace(0, n, k + 1).round().astype(int) for n, k in ((width, COLUMNS), (height, ROW))]
        font = font_of(height)
        wide = max(round(font.getlength(c)) for c in "0123456789")
        self._digits = [cover(c, font, wide) for c in "0123456789"]
        room = max(0, width - 2 * MARGIN_PX - (DIGITS + 1) * wide)
        source = legible(source)
        self._name = cover(source, font, min(room, round(font.getlength(source)) + wide), wide // 2)

    def __call__(self, picture: Picture, number: int) -> None:
        """Into the picture itself."""
        if self._how == "none":
            return
        label = np.concatenate([*(self._digits[int(c)] for c in f"{number:0{DIGITS}d}"), self._name], 1)
        write(picture, label, MARGIN_PX, max(0, len(picture) - len(label) - MARGIN_PX))
        if self._how == "bars":
            xs, ys = self._cells
            for row, bits in enumerate(cells(number)):
                picture[ys[row] : ys[row + 1]] = np.repeat(np.array(bits, np.uint8) * 255, np.diff(xs))[:, None]


def cells(number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The strip of a number. InputError for one of more than 23 bits."""
    if not 0 <= number < 1 << NUMBER_BITS:
        raise InputError(f"frame {number} has no bars; they count to {(1 << NUMBER_BITS) - 1}")
    word = number << CHECK_BITS | _check(number)
    bits = [word >> i & 1 for i in range(NUMBER_BITS + CHECK_BITS - 1, -1, -1)]
    half = COLUMNS - 2
    return (*SYNC[0], *bits[:half]), (*SYNC[1], *bits[half:])


def read_bars(picture: Picture) -> int | None:
    """The number in the strip of a picture (height, width, 3) that fills it, of any size; None where none is."""
    height, width = picture.shape[:2]
    if width < 2 * COLUMNS or height < 2 * ROW:
        return None
    levels = np.array([[_level(picture, x, y, width, height) for x in range(COLUMNS)] for y in range(2)])
    ones, zeros = levels[[0, 1], [0, 1]], levels[[0, 1], [1, 0]]
    white, black = float(ones.mean()), float(zeros.mean())
    if min(ones) - max(zeros) < CONTRAST:
        return None
    if (np.minimum(abs(levels - white), abs(levels - black)) > 0.3 * (white - black)).any():
        return None
    bits = (levels > (white + black) / 2).astype(int)[:, 2:].ravel()
    word = int("".join(map(str, bits)), 2)
    number = word >> CHECK_BITS
    return number if word & (1 << CHECK_BITS) - 1 == _check(number) else None


def _level(picture: Picture, x: int, y: int, width: int, height: int) -> float:
    """The mean of the middle of a cell."""
    left, right = (x + 0.3) * width / COLUMNS, (x + 0.7) * width / COLUMNS
    top, bottom = (y + 0.3) * height / ROW, (y + 0.7) * height / ROW
    rows = slice(int(top), max(int(top) + 1, round(bottom)))
    return float(picture[rows, int(left) : max(int(left) + 1, round(right))].mean())


def _check(number: int) -> int:
    rest = number << CHECK_BITS
    for i in range(NUMBER_BITS - 1, -1, -1):
        if rest >> i + CHECK_BITS & 1:
            rest ^= CHECK << i
    return rest


def font_of(height: int) -> Font:
    """Letters that are small and legible in a picture of this height."""
    return ImageFont.load_default(max(SMALLEST_PX, min(height // 20, 12 + height // 80)))


def legible(text: str) -> str:
    """A name in the letters that the font has, ASCII: without accents, ? for what is left."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.encode("ascii", "replace").decode()


def cover(text: str, font: Font, width: int, at: int = -1) -> NDArray[np.float32]:
    """How much of each pixel a text covers (height, width), 0..1; in the middle, or from `at` on."""
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (SMALLEST_PX, 2)
    image = Image.new("L", (max(1, width), ascent + descent))
    left = (width - font.getlength(text)) / 2 if at < 0 else at
    ImageDraw.Draw(image).text((left, 0), text, 255, font)
    return (np.asarray(image, np.float32) / 255.0)[:, :width]


def write(picture: Picture, text: NDArray[np.float32], left: int, top: int) -> None:
    """A text's cover into a picture, white on what is there made darker."""
    spot = picture[top : top + text.shape[0], left : left + text.shape[1]]
    part = text[: spot.shape[0], : spot.shape[1], None]
    spot[:] = (spot * (DARKER * (1.0 - part)) + 255.0 * part + 0.5).astype(np.uint8)

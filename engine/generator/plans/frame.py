"""A picture of floats becomes bytes in one pass: planes or pixels in, RGBA out.

Call `engine.paths.use_numba_cache` before importing this module.
"""

import numpy as np
from numba import float32, njit
from numpy.typing import NDArray

F = float32
OPAQUE = np.uint32(0xFF000000)


def to_rgba(picture: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """picture (3, height, width), about -1..1 -> out (height, width, 4): RGBA, alpha 255.

    trunc(clamp(127.5 x + 128, 0, 255)), what is no number 0. The picture's memory may lie in planes or in pixels
    (channels last); each is read once, in its own order. One thread: memory is the limit.
    """
    if not out.flags.c_contiguous:
        raise ValueError("the picture must be written into memory without gaps")
    words = out.reshape(-1).view(np.uint32)
    pixels = picture.transpose(1, 2, 0)
    if pixels.flags.c_contiguous:
        _from_pixels(pixels.reshape(-1), words)
    else:
        _from_planes(np.ascontiguousarray(picture).reshape(3, -1), words)


@njit(inline="always")
def _byte(x):  # type: ignore[no-untyped-def]
    """The reference's rounding. Neither fused nor reordered: the last bit is part of the convention."""
    x = x * F(127.5) + F(128)
    x = x if x > F(0) else F(0)  # also where x is no number
    return np.uint32(np.int32(x if x < F(255) else F(255)))


@njit(cache=True, nogil=True)
def _from_planes(planes, words):  # type: ignore[no-untyped-def]
    red, green, blue = planes[0], planes[1], planes[2]
    for i in range(words.shape[0]):
        words[i] = _byte(red[i]) | _byte(green[i]) << np.uint32(8) | _byte(blue[i]) << np.uint32(16) | OPAQUE


@njit(cache=True, nogil=True)
def _from_pixels(flat, words):  # type: ignore[no-untyped-def]
    for i in range(words.shape[0]):
        red, green, blue = _byte(flat[3 * i]), _byte(flat[3 * i + 1]), _byte(flat[3 * i + 2])
        words[i] = red | green << np.uint32(8) | blue << np.uint32(16) | OPAQUE

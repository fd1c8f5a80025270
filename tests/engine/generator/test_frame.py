"""Laws of bytes from floats: the reference's rounding, whatever the memory's order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.paths import use_numba_cache

use_numba_cache()

from engine.generator.plans.frame import to_rgba  # noqa: E402


def bytes_of(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    out = np.full((*picture.shape[1:], 4), 7, np.uint8)
    to_rgba(picture, out)
    return out


def pixels_last(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same picture with its memory in pixels."""
    return np.ascontiguousarray(picture.transpose(1, 2, 0)).transpose(2, 0, 1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 33), st.integers(1, 33))
def test_bytes_are_the_references_in_planes_and_in_pixels(seed: int, height: int, width: int) -> None:
    picture = 1.5 * np.random.RandomState(seed).randn(3, height, width).astype(np.float32)
    true = np.clip(picture * np.float32(127.5) + np.float32(128), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    for laid in (picture, pixels_last(picture), picture[:, ::-1][:, ::-1]):
        got = bytes_of(laid)
        assert np.array_equal(got[..., :3], true)
        assert (got[..., 3] == 255).all()


@pytest.mark.parametrize(
    ("value", "byte"),
    [(-1.0, 0), (1.0, 255), (0.0, 128), (-1e30, 0), (1e30, 255), (np.inf, 255), (-np.inf, 0), (np.nan, 0)],
)
def test_whatever_a_network_gives_is_a_byte(value: float, byte: int) -> None:
    picture = np.full((3, 5, 9), value, np.float32)
    for laid in (picture, pixels_last(picture)):
        assert (bytes_of(laid)[..., :3] == byte).all()


def test_every_edge_between_two_levels_is_on_the_references_side() -> None:
    edges = ((np.arange(256, dtype=np.float32) - np.float32(128)) / np.float32(127.5)).astype(np.float32)
    near = np.stack([np.nextafter(edges, np.float32(-9)), edges, np.nextafter(edges, np.float32(9))])
    picture = np.broadcast_to(near[:, None], (3, 2, 256)).copy()
    true = np.clip(picture * np.float32(127.5) + np.float32(128), 0, 255).astype(np.uint8)
    assert np.array_equal(bytes_of(picture)[..., :3], true.transpose(1, 2, 0))


def test_memory_with_gaps_is_refused_instead_of_lost() -> None:
    with pytest.raises(ValueError, match="without gaps"):
        to_rgba(np.zeros((3, 4, 4), np.float32), np.zeros((4, 8, 4), np.uint8)[:, ::2])

"""What the eye sees of a change, on frames and on tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.latent.perceived import Eye, grid_of
from engine.studio.learn import perceived

SIZES = [(64, 64), (63, 90), (1, 1), (3, 2), (128, 72), (512, 512), (360, 640), (1080, 1920), (129, 130)]


def frames(height: int, width: int, count: int = 2, seed: int = 0) -> np.ndarray:
    drawn = np.random.RandomState(seed).randint(0, 256, (count, height, width, 4)).astype(np.uint8)
    drawn[..., 3] = 255
    return drawn


def in_torch(drawn: np.ndarray) -> np.ndarray:
    pictures = torch.from_numpy(drawn[..., :3].astype(np.float32) / 255).permute(0, 3, 1, 2)
    return perceived.changes(pictures).numpy()


@pytest.mark.parametrize("size", SIZES)
def test_frames_and_tensors_are_seen_alike(size: tuple[int, int]) -> None:
    drawn = frames(*size)
    eye = Eye(*size)
    assert eye.look(drawn[0]) is None
    found = eye.look(drawn[1])
    assert found == pytest.approx(in_torch(drawn)[0], rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 9))
def test_all_sizes_are_seen_alike(height: int, width: int, seed: int) -> None:
    drawn = frames(height, width, seed=seed)
    eye = Eye(height, width)
    eye.look(drawn[0])
    assert eye.look(drawn[1]) == pytest.approx(in_torch(drawn)[0], rel=1e-3, abs=1e-6)


def test_the_same_picture_is_no_change_and_black_to_white_is_all() -> None:
    eye = Eye(100, 100)
    black, white = np.zeros((100, 100, 4), np.uint8), np.full((100, 100, 4), 255, np.uint8)
    assert [eye.look(black), eye.look(black), eye.look(white), eye.look(black)] == [None, 0.0, 1.0, 1.0]


def test_alpha_is_not_seen() -> None:
    drawn = frames(64, 64)
    eye = Eye(64, 64)
    eye.look(drawn[0])
    drawn[0, ..., 3] = 7
    assert eye.look(drawn[0]) == 0.0


def test_after_forgetting_the_next_frame_is_the_first() -> None:
    eye = Eye(64, 64)
    drawn = frames(64, 64)
    eye.look(drawn[0])
    eye.forget()
    assert eye.look(drawn[1]) is None


def test_part_of_a_ring_of_frames_is_looked_at_where_it_lies() -> None:
    ring = frames(64, 64, 6).reshape(2, 3, 64, 64, 4)
    eye = Eye(64, 64)
    eye.look(ring[0, 1])
    assert eye.look(ring[1, 1]) == pytest.approx(in_torch(ring[:, 1])[0], rel=1e-4)


def test_a_thing_that_moves_further_is_more_of_a_change() -> None:
    def moved(by: int) -> float:
        drawn = np.zeros((2, 64, 64, 4), np.uint8)
        drawn[0, 20:40, 8:12] = 255
        drawn[1, 20:40, 8 + by : 12 + by] = 255
        eye = Eye(64, 64)
        eye.look(drawn[0])
        return eye.look(drawn[1]) or 0.0

    assert moved(1) < moved(2) < moved(4)


def test_cells_are_square_and_about_64() -> None:
    for size in SIZES + [(2160, 3840), (700, 700)]:
        step, cell, rows, columns = grid_of(*size)
        assert 1 <= rows * cell * step <= size[0] + step and 1 <= columns * cell * step <= size[1] + step
        assert 64 <= min(rows, columns) <= 128 or min(size) < 64


def test_the_distance_has_a_gradient() -> None:
    a = torch.rand(2, 3, 32, 32, requires_grad=True)
    perceived.distance(perceived.seen(a), perceived.seen(torch.rand(2, 3, 32, 32))).sum().backward()
    assert a.grad is not None and bool(torch.isfinite(a.grad).all())

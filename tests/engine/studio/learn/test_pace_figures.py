"""What is measured of pace."""

import numpy as np
import pytest
import torch

from engine.studio.learn.figures import pace


def test_oklab_has_the_published_colours() -> None:
    """Ottosson 2020: white is (1, 0, 0); sRGB red, as CSS Color 4 has it, (0.62796, 0.22486, 0.12585)."""
    found = pace.oklab(torch.tensor([[255, 255, 255], [0, 0, 0], [255, 0, 0]], dtype=torch.uint8)).numpy()
    assert found == pytest.approx(np.array([[1, 0, 0], [0, 0, 0], [0.62796, 0.22486, 0.12585]]), abs=2e-4)


def test_a_walk_is_looked_at_frame_by_frame_and_is_the_same_each_time() -> None:
    (seen, lab), (again, _) = (pace.walked(3, 1.0, 0.4) for _ in range(2))
    assert len(seen) == len(lab) == 11 and (seen > 0).all() and np.array_equal(seen, again)

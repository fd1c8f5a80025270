"""What a device's shortcuts are judged by."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from engine.generator.plans.agreement import compare, levels_apart, rgba_of
from engine.generator.plans.device_frame import to_rgba
from engine.generator.plans.ladder import climb

PICTURE = np.random.RandomState(0).randn(2, 3, 5, 7).astype(np.float32)
FLOATS = st.floats(-1e6, 1e6, width=32)


def test_a_picture_agrees_with_itself() -> None:
    agreement = compare(PICTURE, PICTURE)
    assert agreement.same() and agreement.close(0.0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_none_is_no_agreement_at_any_limit(wrong: float) -> None:
    broken = PICTURE.copy()
    broken[1, 2, 3, 4] = wrong
    for agreement in (compare(broken, PICTURE), compare(PICTURE, broken), compare(broken, broken)):
        assert not agreement.same() and not agreement.close(1e30)
        assert "finite" in str(agreement)


def test_differences_are_measured_in_deviations_of_the_true_picture() -> None:
    agreement = compare(100 * PICTURE + 1.0, 100 * PICTURE)
    assert agreement.rms_sigma == pytest.approx(0.01 / PICTURE.std(), rel=1e-3)
    assert not agreement.same() and agreement.close(0.02) and not agreement.close(0.005)


def test_one_wrong_pixel_is_not_the_same_picture_though_the_mean_hides_it() -> None:
    broken = PICTURE.copy()
    broken[0, 0, 0, 0] += 0.01
    assert not compare(broken, PICTURE).same() and compare(broken, PICTURE).close(0.01)


def test_a_flat_picture_can_be_compared() -> None:
    flat = np.zeros((1, 3, 2, 2), np.float32)
    assert compare(flat, flat).same()
    assert not compare(flat + np.float32(0.1), flat).close(0.01)


@given(arrays(np.float32, (1, 3, 3, 2), elements=FLOATS))
def test_the_devices_bytes_are_the_processors(picture: np.ndarray) -> None:
    rgba = to_rgba(torch.from_numpy(picture)).numpy()
    assert rgba.shape == (1, 3, 2, 4) and rgba.dtype == np.uint8
    assert levels_apart(rgba, picture) <= 1  # a fused multiply-add rounds once where numpy rounds twice


def test_bytes_are_those_of_the_convention() -> None:
    row = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 0.99, 1.0, 3.0], np.float32)
    rgba = rgba_of(np.broadcast_to(row, (1, 3, 1, 8)))
    assert rgba[0, 0, :, 0].tolist() == [0, 0, 64, 128, 191, 254, 255, 255]
    assert (rgba[..., 3] == 255).all()


def test_bytes_of_another_picture_are_found() -> None:
    rgba = rgba_of(PICTURE)
    rgba[0, 0, 0, 3] = 0
    assert levels_apart(rgba, PICTURE) == 255


# The ladder


def drawing(*pictures: np.ndarray) -> Callable[[], Callable[[int], Tensor]]:
    return lambda: lambda slot: torch.from_numpy(pictures[slot])


def refusing(error: Exception) -> Callable[[], Callable[[int], Tensor]]:
    def make() -> Callable[[int], Tensor]:
        raise error

    return make


def test_the_first_way_that_agrees_is_taken_and_the_rest_not_tried() -> None:
    ways = [("compile", drawing(PICTURE, PICTURE)), ("graph", refusing(AssertionError("was tried")))]
    step = climb(ways, 2, PICTURE, None)
    assert step.way == "compile" and step.run is not None
    assert "against eager" in str(step.notes["compile"]) and set(step.notes) == {"compile"}


def test_a_way_is_left_when_one_of_its_slots_differs() -> None:
    step = climb([("graph", drawing(PICTURE, PICTURE + np.float32(0.01)))], 2, PICTURE, None)
    assert step.way == "eager" and step.run is None and "not used" in str(step.notes["graph"])


def test_half_precision_may_round_otherwise_but_not_overflow() -> None:
    near, broken = PICTURE + np.float32(0.005), PICTURE.copy()
    broken[0, 0, 0, 0] = np.inf
    assert climb([("graph", drawing(near))], 1, PICTURE, 0.015).way == "graph"
    assert climb([("graph", drawing(near))], 1, PICTURE, None).way == "eager"
    assert climb([("graph", drawing(broken))], 1, PICTURE, 0.015).way == "eager"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore"), "not permitted when"),
        (torch.OutOfMemoryError("CUDA out of memory."), "out of memory"),
        (ImportError("no triton"), "no triton"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_way_that_fails_is_told_and_the_next_is_tried(error: Exception, why: str) -> None:
    step = climb([("compile", refusing(error)), ("graph", drawing(PICTURE))], 1, PICTURE, None)
    assert step.way == "graph" and why in str(step.notes["compile"])
    assert "\n" not in str(step.notes["compile"])


def test_a_mistake_of_ours_is_not_swallowed() -> None:
    with pytest.raises(AttributeError):
        climb([("graph", refusing(AttributeError("typo")))], 1, PICTURE, None)

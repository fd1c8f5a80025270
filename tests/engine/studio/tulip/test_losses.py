"""What the network is taught: where it is looked at, and that only what is seen there counts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import GLOSS, GROUND, LAYERS, LIGHT, LOGITS, MAPS, PETALS, U, V
from engine.generator.tulip.trunk import double
from engine.studio.tulip.losses import Batch, Window, loss, map_loss, picture_loss
from engine.studio.tulip.reduce import GLOSS_SPAN, LIGHT_SPAN
from engine.studio.tulip.student import Student
from tests.engine.studio.tulip.small import CHANNELS, renderings

SIDE = 12


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


WINDOWS = st.one_of(
    st.builds(Window, st.integers(0, 1), st.integers(0, 1), st.just(2)),
    st.builds(lambda row, column: Window(2 * row, 2 * column, 1), *[st.integers(0, SIDE // 2)] * 2),
)


@given(WINDOWS)
def test_a_window_of_maps_is_the_doubled_maps_at_the_pixels_of_the_picture(window: Window) -> None:
    maps = drawn(1, 2, 3, SIDE, SIDE)
    doubled = window.of_picture(double(maps), SIDE)
    assert doubled.shape == maps.shape
    assert torch.allclose(window.of_maps(maps), doubled, atol=1e-5)


@given(st.integers(0, 2**31), st.sampled_from([4, 16, 64]))
def test_a_window_drawn_at_random_is_within_the_picture(seed: int, side: int) -> None:
    window = Window.draw(side, torch.Generator().manual_seed(seed))
    assert window == Window.draw(side, torch.Generator().manual_seed(seed))
    assert window.of_picture(torch.zeros(1, 2 * side, 2 * side), side).shape == (1, side, side)
    assert window.stride == 2 or (window.row % 2 == 0 and window.column % 2 == 0)


def test_close_ups_and_overviews_come_equally_often_and_everywhere() -> None:
    random = torch.Generator().manual_seed(0)
    windows = [Window.draw(64, random) for _ in range(2000)]
    close = [window for window in windows if window.stride == 1]
    assert 900 < len(close) < 1100
    assert min(w.row for w in close) == 0 and max(w.row for w in close) == 64
    assert {(w.row, w.column) for w in windows if w.stride == 2} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def coded(layer: int, u: int, v: int, light: int, gloss: int) -> torch.Tensor:
    """A target (1, 5, 4, 4) that is the same everywhere."""
    return torch.tensor([layer, u, v, light, gloss], dtype=torch.uint8).view(1, 5, 1, 1).expand(1, 5, 4, 4)


def right(target: torch.Tensor, sure: float = 30.0) -> torch.Tensor:
    """Maps that say exactly this, and noise wherever it does not matter."""
    layer, u, v, light, gloss = (int(x) for x in target[0, :, 0, 0])
    maps = drawn(2, 1, MAPS, 4, 4)
    maps[:, LOGITS:U] = 0
    maps[:, LOGITS + layer] = sure
    if layer:
        maps[:, LIGHT + layer - 1] = light / 255 * LIGHT_SPAN
    if 1 <= layer <= PETALS:
        maps[:, U + layer - 1], maps[:, V + layer - 1] = u / 255, v / 255 * 2 - 1
        maps[:, GLOSS] = gloss / 255 * GLOSS_SPAN
    return maps


@given(st.integers(0, len(LAYERS) - 1), *[st.integers(0, 255)] * 4)
def test_only_the_layer_that_is_seen_is_taught(layer: int, u: int, v: int, light: int, gloss: int) -> None:
    target = coded(layer, u, v, light, gloss)
    assert float(map_loss(right(target), target)) < 1e-5


@pytest.mark.parametrize(("channel", "weight"), [(U + 2, 1.0), (V + 2, 1.0), (LIGHT + 2, 0.6), (GLOSS, 0.6)])
def test_each_number_of_a_petal_is_taught_by_its_weight(channel: int, weight: float) -> None:
    target = coded(3, 100, 80, 60, 40)
    maps = right(target)
    maps[:, channel] += 0.25
    assert float(map_loss(maps, target)) == pytest.approx(0.25 * weight * 16 / 17, rel=1e-3)


def test_the_ground_is_taught_by_the_picture_alone() -> None:
    target = coded(0, 0, 0, 0, 0)
    maps = right(target).requires_grad_(True)
    map_loss(maps, target).backward()  # type: ignore[no-untyped-call]
    assert maps.grad is not None and not maps.grad[:, GROUND:].any() and not maps.grad[:, U:].any()


def test_a_picture_loses_nothing_against_itself_and_petals_weigh_three_times_as_much() -> None:
    picture = drawn(3, 1, 3, 4, 4)
    ground, petal, leaf = (torch.full((1, 4, 4), layer) for layer in (0, 2, 8))
    assert float(picture_loss(picture, picture, petal)) == 0
    missed = picture + 0.1
    assert float(picture_loss(missed, picture, ground)) == pytest.approx(0.2, rel=1e-4)
    assert float(picture_loss(missed, picture, petal)) == pytest.approx(0.6, rel=1e-4)
    assert float(picture_loss(missed, picture, leaf)) == pytest.approx(0.2, rel=1e-4)


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("window", [Window(1, 0, 2), Window(4, 8, 1)])
def test_the_whole_loss_teaches_every_weight_up_to_its_level(levels: int, window: Window) -> None:
    data, student = renderings(), Student(0, CHANNELS)
    pictures = torch.from_numpy(data.pictures[:2]).permute(0, 3, 1, 2).float() / 255
    maps = torch.from_numpy(data.maps[:2]).permute(0, 3, 1, 2).contiguous()
    batch = Batch(pictures, maps, torch.rand(2, 11, generator=torch.Generator().manual_seed(4)))
    value = loss(student.synthesis, Head(128, 128), student.w(torch.from_numpy(data.x[:2])), batch, levels, window)
    value.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(value)
    for name, parameter in student.named_parameters():
        finer = name.startswith("synthesis.b16") and levels == 2
        assert (parameter.grad is None) == finer, name
        assert finer or torch.isfinite(parameter.grad).all(), name  # type: ignore[arg-type]

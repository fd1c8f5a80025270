"""Laws of a change of generator: the output goes from one picture to the other, never through black."""

import numpy as np
import pytest

from engine.stage.offscreen import Offscreen
from tests.engine.stage.scene import FRAME_S, controls, flat, play, scene


@pytest.fixture(autouse=True)
def no_fade(stage: Offscreen) -> None:
    """Each test begins with a new context: nothing of an earlier fade is left."""
    stage.rebuild()


def shown(stage: Offscreen) -> np.ndarray:
    return stage.grab().astype(int)


def faded(stage: Offscreen, image: np.ndarray, lasts_s: float = 0.5, **levels: float) -> list[np.ndarray]:
    """What is shown from the first picture of the new generator until the fade is over."""
    layout = play(stage)
    stage.present(scene(), controls(layout, **levels), 0.0, FRAME_S)
    stage.crossfade(lasts_s)
    frames = []
    for n in range(1, round(lasts_s / FRAME_S) + 3):
        stage.present(image, controls(layout, **levels), n * FRAME_S, FRAME_S)
        frames.append(shown(stage))
    return frames


def test_every_frame_of_a_crossfade_lies_between_the_two_pictures(stage: Offscreen) -> None:
    old, new = scene()[0, :, :, :3].astype(int), scene(shift=2.0)[0, :, :, :3].astype(int)
    frames = faded(stage, scene(shift=2.0))
    for frame in frames:
        assert (frame >= np.minimum(old, new) - 1).all() and (frame <= np.maximum(old, new) + 1).all()
    away = [np.abs(frame - old).mean() for frame in frames]
    assert away == sorted(away), "it does not go back"
    assert max(np.diff([0.0, *away])) < 0.2 * away[-1], "it does not jump"
    assert np.array_equal(frames[-1], new)


@pytest.mark.parametrize("size", [(32, 64), (192, 20), (17, 31)])
def test_pictures_of_another_shape_fade_without_black(size: tuple[int, int], stage: Offscreen) -> None:
    frames = faded(stage, scene(*size, shift=2.0), output_fit=1.0)
    old, last = scene()[0, :, :, :3].astype(int), frames[-1]
    for frame in frames:
        assert (frame >= np.minimum(old, last) - 1).all() and (frame <= np.maximum(old, last) + 1).all()
        assert frame.mean() > 20
    assert np.abs(frames[0] - old).mean() < 3.0, "the former picture stays where it was"


def test_a_crossfade_of_no_seconds_cuts(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    stage.crossfade(0.0)
    stage.present(scene(shift=2.0), controls(layout), FRAME_S, FRAME_S)
    assert np.array_equal(shown(stage), scene(shift=2.0)[0, :, :, :3])


def test_the_fade_waits_for_the_first_picture_of_the_new_generator(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    stage.crossfade(0.2)
    for n in range(1, 10):
        stage.present(None, controls(layout), n * FRAME_S, FRAME_S)
        assert np.array_equal(shown(stage), scene()[0, :, :, :3])
    stage.present(scene(shift=2.0), controls(layout), 10 * FRAME_S, FRAME_S)
    moved = np.abs(shown(stage) - scene()[0, :, :, :3]).mean()
    assert 0 < moved < 0.3 * np.abs(scene(shift=2.0).astype(int) - scene()).mean()


def test_the_new_pictures_go_on_while_they_come_in(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(flat((200, 0, 0), 96, 64), controls(layout), 0.0, FRAME_S)
    stage.crossfade(1.0)
    greens = []
    for n in range(1, 11):
        stage.present(flat((0, 20 * n, 0), 96, 64), controls(layout), n * FRAME_S, FRAME_S)
        greens.append(shown(stage)[0, 0, 1])
    assert greens == sorted(greens) and greens[-1] > 20


def test_blackout_and_gain_are_at_once_also_in_a_fade(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(flat((100, 100, 100), 96, 64), controls(layout, output_blackout=1.0), 0.0, FRAME_S)
    stage.crossfade(1.0)
    image = flat((100, 100, 100), 96, 64)
    stage.present(image, controls(layout, output_blackout=1.0), FRAME_S, FRAME_S)
    assert not shown(stage).any()
    for gain, level in ((1.0, 100), (1.5, 150), (0.5, 50)):
        stage.present(image, controls(layout, output_gain=gain), FRAME_S, FRAME_S)
        assert np.abs(shown(stage) - level).max() <= 1
        assert stage.mean_level() == pytest.approx(level, abs=1)


def test_a_change_within_a_change_goes_on_from_what_is_shown(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(flat((200, 0, 0), 96, 64), controls(layout), 0.0, FRAME_S)
    before = shown(stage)
    for n in range(1, 40):
        if n % 10 == 1:
            stage.crossfade(0.6)
        colour = (0, 200, 0) if n <= 20 else (0, 0, 200)
        stage.present(flat(colour, 40, 64), controls(layout, output_fit=1.0), n * FRAME_S, FRAME_S)
        now = shown(stage)
        assert np.abs(now - before).max() < 30, f"frame {n} jumps"
        assert now.sum(axis=2).min() > 190, "no light is lost"
        before = now


def test_a_frozen_output_stays_frozen_over_a_change(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    stage.crossfade(0.2)
    for n in range(1, 10):
        stage.present(scene(shift=2.0), controls(layout, output_freeze=1.0), n * FRAME_S, FRAME_S)
        assert np.array_equal(shown(stage), scene()[0, :, :, :3])
    stage.present(None, controls(layout), 0.4, FRAME_S)
    assert np.abs(shown(stage) - scene()[0, :, :, :3]).mean() < 8


def test_there_is_nothing_to_fade_from_before_the_first_picture() -> None:
    with Offscreen(96, 64) as fresh:
        layout = play(fresh)
        fresh.crossfade(1.0)
        fresh.present(scene(), controls(layout), 0.0, FRAME_S)
        assert np.array_equal(shown(fresh), scene()[0, :, :, :3])

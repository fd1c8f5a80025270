"""Laws of what reaches the output: exact pixels, geometry, blackout and freeze."""

import numpy as np
import pytest

from engine.errors import DeviceError
from engine.stage.offscreen import Offscreen
from tests.engine.stage.scene import FRAME_S, controls, flat, play, scene


def rgb(image: np.ndarray) -> np.ndarray:
    return image[0, :, :, :3]


def test_a_picture_of_the_output_s_size_is_shown_pixel_for_pixel(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    assert np.array_equal(stage.grab(), rgb(scene()))


def test_contain_shows_all_with_black_borders(stage: Offscreen) -> None:
    layout = play(stage)
    stage.set_size(128, 32)
    stage.present(flat((200, 100, 50)), controls(layout), 0.0, FRAME_S)
    shown = stage.grab()
    assert np.array_equal(shown[:, 48:80], rgb(flat((200, 100, 50))))
    assert not shown[:, :48].any() and not shown[:, 80:].any()


def test_cover_fills_and_crops_the_middle(stage: Offscreen) -> None:
    layout = play(stage)
    stage.set_size(64, 32)
    picture = flat((0, 0, 0), 32, 32)
    picture[0, 8:24] = 255  # the middle half is what remains
    stage.present(picture, controls(layout, output_fit=1.0), 0.0, FRAME_S)
    assert stage.grab()[1:-1].min() == 255
    stage.present(picture, controls(layout, output_fit=0.0), 0.0, FRAME_S)
    assert not stage.grab()[0].any()


def test_sharp_enlarging_keeps_flat_colours_and_sharpens_edges(stage: Offscreen) -> None:
    layout = play(stage)
    stage.set_size(192, 128)
    stage.present(flat((90, 20, 240), 48, 32), controls(layout, output_sharp=1.0), 0.0, FRAME_S)
    assert np.abs(stage.grab().astype(int) - (90, 20, 240)).max() <= 1
    edge = flat((40, 40, 40), 48, 32)
    edge[0, :, 24:, :3] = 200
    stage.present(edge, controls(layout), 0.0, FRAME_S)
    soft = np.abs(np.diff(stage.grab()[64, :, 0].astype(int))).max()
    stage.present(edge, controls(layout, output_sharp=1.0), 0.0, FRAME_S)
    assert np.abs(np.diff(stage.grab()[64, :, 0].astype(int))).max() > soft


def test_blackout_and_back_take_one_frame_each(stage: Offscreen) -> None:
    layout = play(stage)
    for blackout, black in ((0.0, False), (1.0, True), (0.0, False)):
        stage.present(scene(), controls(layout, output_blackout=blackout), 0.0, FRAME_S)
        assert (not stage.grab().any()) == black
        assert (stage.mean_level() == 0.0) == black


def test_blackout_is_a_fader_too(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(flat((200, 100, 40), 96, 64), controls(layout, output_blackout=0.5), 0.0, FRAME_S)
    assert np.abs(stage.grab().astype(int) - (100, 50, 20)).max() <= 1


def test_freeze_holds_the_picture_and_lets_the_newest_through_afterwards(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    for n in range(3):
        stage.present(scene(shift=1.0 + n), controls(layout, output_freeze=1.0), 0.0, FRAME_S)
        assert np.array_equal(stage.grab(), rgb(scene()))
    stage.present(None, controls(layout), 0.0, FRAME_S)
    assert np.array_equal(stage.grab(), rgb(scene(shift=3.0)))


def test_a_frozen_picture_can_be_blacked_out(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    stage.present(None, controls(layout, output_freeze=1.0, output_blackout=1.0), 0.0, FRAME_S)
    assert not stage.grab().any()


def test_the_mean_level_is_the_picture_s(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(flat((60, 60, 60), 96, 64), controls(layout), 0.0, FRAME_S)
    assert stage.mean_level() == pytest.approx(60.0, abs=0.5)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    truth = (rgb(scene()).reshape(-1, 3).mean(axis=0) @ [0.2126, 0.7152, 0.0722]).item()
    assert stage.mean_level() == pytest.approx(truth, abs=3.0)


def test_voices_stand_side_by_side_or_join_as_light(stage: Offscreen) -> None:
    layout = play(stage)
    pair = np.concatenate([flat((200, 0, 0), 48, 64), flat((0, 100, 0), 48, 64)])
    stage.present(pair, controls(layout), 0.0, FRAME_S)
    shown = stage.grab()
    assert (shown[:, :48] == (200, 0, 0)).all() and (shown[:, 48:] == (0, 100, 0)).all()
    stage.set_size(48, 64)
    stage.present(pair, controls(layout, output_layout=1.0), 0.0, FRAME_S)
    assert np.abs(stage.grab().astype(int) - (200, 100, 0)).max() <= 1


def test_the_size_of_pictures_may_change_while_playing(stage: Offscreen) -> None:
    layout = play(stage)
    for width, height, voices in ((96, 64, 1), (31, 17, 1), (20, 40, 3), (96, 64, 1)):
        picture = np.concatenate([scene(width, height)] * voices)
        stage.present(picture, controls(layout), 0.0, FRAME_S)
        assert stage.mean_level() > 10.0
    assert np.array_equal(stage.grab(), rgb(scene()))


def test_what_is_no_picture_is_refused(stage: Offscreen) -> None:
    layout = play(stage)
    with pytest.raises(ValueError, match="expected \\(voices, height, width, 4\\) uint8"):
        stage.present(np.zeros((4, 4, 4), np.uint8), controls(layout), 0.0, FRAME_S)


def test_a_rebuilt_context_shows_the_last_picture_again(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    stage.rebuild()
    stage.present(None, controls(layout), 0.0, FRAME_S)
    assert np.array_equal(stage.grab(), rgb(scene()))


def test_before_the_first_picture_there_is_nothing() -> None:
    with Offscreen(16, 16) as fresh:
        layout = play(fresh)
        fresh.present(None, controls(layout), 0.0, FRAME_S)
        assert fresh.mean_level() == 0.0
        assert fresh.keys() == [] and fresh.refresh_hz == 0.0


def test_a_lost_context_is_made_anew_and_shows_the_last_picture(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    lost = stage._ctx
    lost.buffer(reserve=1 << 48)  # no driver has this: GL_OUT_OF_MEMORY, as when a context is lost
    stage.present(None, controls(layout), 0.0, FRAME_S)
    assert stage._ctx is not lost
    stage.present(None, controls(layout), 0.0, FRAME_S)
    assert np.array_equal(stage.grab(), rgb(scene()))


def test_a_driver_that_keeps_failing_ends_with_advice(stage: Offscreen) -> None:
    layout = play(stage)
    with pytest.raises(DeviceError, match="fails again and again"):
        for _ in range(10):
            stage._ctx.buffer(reserve=1 << 48)
            stage.present(scene(), controls(layout), 0.0, FRAME_S)

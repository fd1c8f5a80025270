"""Laws of the held picture: it never jumps, never goes black, and comes back softly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.stage.hold import Hold
from engine.stage.offscreen import Offscreen
from tests.engine.stage.scene import FRAME_S, controls, play, scene


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.05)), min_size=1, max_size=400))
def test_the_drift_grows_without_a_jump(frames: list[tuple[bool, float]]) -> None:
    hold, before = Hold(), 0.0
    for new, dt_s in frames:
        if new:
            hold.arrive(0.0)
            before = 0.0
        hold.step(dt_s)
        assert 0.0 <= hold.amount <= 1.0 and 0.0 <= hold.progress <= 1.0
        assert abs(hold.amount - before) < 0.02
        before = hold.amount


def test_a_picture_in_time_is_shown_at_once() -> None:
    hold = Hold()
    for _ in range(10):
        assert not hold.arrive(0.0)
        hold.step(FRAME_S)
    assert hold.progress == 1.0 and hold.amount == 0.0


def test_a_blend_is_over_when_the_next_picture_comes() -> None:
    hold = Hold()
    for _ in range(30):
        hold.arrive(1.0)
        for _ in range(4):
            hold.step(1.0 / 60.0)
    assert hold.progress > 0.95


def change(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_a_held_picture_drifts_gently_and_the_next_one_fades_in(stage: Offscreen) -> None:
    layout = play(stage)
    stage.present(scene(), controls(layout), 0.0, FRAME_S)
    first = before = stage.grab()
    for n in range(240):  # eight seconds without a generator
        stage.present(None, controls(layout), n * FRAME_S, FRAME_S)
        now = stage.grab()
        assert change(now, before) < 3.0, f"frame {n} jumps"
        assert stage.mean_level() > 20.0
        before = now
    assert change(before, first) > 4.0, "it does not drift"
    target = scene(shift=2.5)
    for n in range(12):
        stage.present(target if n < 6 else None, controls(layout), n * FRAME_S, FRAME_S)
        now = stage.grab()
        assert change(now, before) < 12.0, f"the return jumps at frame {n}"
        before = now
    assert change(now, target[0, :, :, :3]) < 1.0


def test_nothing_drifts_while_pictures_come_slowly(stage: Offscreen) -> None:
    layout = play(stage)
    for n in range(60):
        stage.present(scene() if n % 10 == 0 else None, controls(layout), n * FRAME_S, FRAME_S)
        assert np.array_equal(stage.grab(), scene()[0, :, :, :3])


def test_pictures_of_a_slow_generator_are_blended_when_asked(stage: Offscreen) -> None:
    layout = play(stage)
    steps = []
    for n in range(24):
        image = scene(shift=1.5 * (n // 4)) if n % 4 == 0 else None
        stage.present(image, controls(layout, output_blend=1.0), n * FRAME_S, FRAME_S)
        steps.append(stage.grab())
    moves = [change(a, b) for a, b in zip(steps[12:-1], steps[13:], strict=True)]
    assert min(moves) > 0.2 * max(moves), "it still goes in jumps"

"""Laws of the pacer, on a clock of its own: exact, and the same on every machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stage.pacer import Pacer


class Clock:
    """A clock that moves only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.sleeps = 0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.sleeps += 1
        self.now_s += seconds + 0.0001  # what an operating system oversleeps


def pacer(fps: float) -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(fps, clock, clock.sleep), clock


def test_frames_are_due_on_an_absolute_schedule() -> None:
    paced, clock = pacer(30.0)
    for n in range(1, 3001):
        clock.now_s += 0.011  # drawing
        assert paced.wait() == pytest.approx(100.0 + n / 30.0, abs=1e-9)
        assert clock.now_s - paced.due_s < 0.0005
        paced.presented(clock.now_s + 0.008)
    assert (paced.frames, paced.late, paced.skipped) == (3000, 0, 0)


def test_a_wait_is_slept_not_spun() -> None:
    paced, clock = pacer(10.0)
    for _ in range(10):
        paced.wait()
    assert clock.sleeps < 10 * 30


@given(st.lists(st.floats(0.0, 0.2), min_size=1, max_size=60))
def test_late_frames_shift_nothing_after_them(works: list[float]) -> None:
    paced, clock = pacer(60.0)
    for work_s in works:
        due_s = paced.wait()
        assert (due_s - 100.0) * 60.0 == pytest.approx(round((due_s - 100.0) * 60.0), abs=1e-6)
        assert due_s > clock.now_s - paced.period_s - 0.001
        clock.now_s += work_s
        assert paced.presented() == (clock.now_s > due_s + 0.5 * paced.period_s)
    assert paced.frames == len(works)
    assert paced.late >= sum(work_s > 0.6 * paced.period_s for work_s in works)


def test_a_stall_is_skipped_not_chased() -> None:
    paced, clock = pacer(50.0)
    paced.wait()
    clock.now_s += 1.0
    paced.wait()
    assert paced.skipped in (49, 50)
    before_s = clock.now_s
    paced.wait()
    assert clock.now_s - before_s > 0.01


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        pacer(fps)


def test_a_new_rate_begins_now() -> None:
    paced, clock = pacer(30.0)
    paced.wait()
    paced.set_fps(10.0)
    start_s = clock.now_s
    assert paced.wait() == pytest.approx(start_s + 0.1)


def test_it_keeps_time_with_the_real_clock() -> None:
    paced = Pacer(200.0)
    for _ in range(20):
        paced.wait()
        paced.presented()
    assert paced.frames == 20

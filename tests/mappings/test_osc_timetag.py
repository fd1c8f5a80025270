"""Time tags and the heap of what is still to come."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.osc.timetag import NTP_EPOCH_S, SCHEDULED, Schedule, WallClock, ahead_s, timetag

ROLL_OVER_S = 2**32 - NTP_EPOCH_S  # 7 February 2036, 06:28:16 UTC


def test_a_time_tag_counts_seconds_since_1900_and_their_fraction() -> None:
    assert timetag(0.5) == (NTP_EPOCH_S << 32) + (1 << 31)


@given(st.floats(1.5e9, 5e9), st.floats(-1e4, 1e4))
def test_ahead_is_the_difference_of_two_times(wall_s: float, wait_s: float) -> None:
    assert ahead_s(timetag(wall_s + wait_s), wall_s) == pytest.approx(wait_s, abs=2e-6)


def test_the_roll_over_of_2036_does_not_show() -> None:
    assert timetag(ROLL_OVER_S) == 0
    assert ahead_s(timetag(ROLL_OVER_S + 1), ROLL_OVER_S - 0.5) == 1.5


@given(st.lists(st.floats(0, 10), max_size=40), st.floats(0, 10))
def test_what_is_due_comes_out_in_order_and_the_rest_stays(times_s: list[float], now_s: float) -> None:
    schedule: Schedule[int] = Schedule()
    for number, due_s in enumerate(times_s):
        assert schedule.push(due_s, number)
    out = list(schedule.due(now_s))
    assert out == sorted((due_s, number) for number, due_s in enumerate(times_s) if due_s <= now_s)
    assert len(schedule) == len(times_s) - len(out)


def test_a_full_schedule_takes_no_more() -> None:
    schedule: Schedule[None] = Schedule()
    assert all(schedule.push(1.0, None) for _ in range(SCHEDULED))
    assert not schedule.push(0.5, None)
    assert len(schedule) == SCHEDULED


def test_the_wall_clock_is_measured_against_the_monotonic_one() -> None:
    clock = WallClock()
    clock.refresh(time.perf_counter() + 5)
    assert clock.offset_s == pytest.approx(time.time() - time.perf_counter(), abs=0.1)

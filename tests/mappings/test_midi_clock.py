"""MIDI clock becomes a steady tempo."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.midi.clock import LOCKED, TICKS_PER_BEAT, DelayLocked, Transport


def ticks(bpm: float, seconds: float, jitter_s: float = 0.0, seed: int = 0, start_s: float = 10.0) -> list[float]:
    """Times at which a clock's messages arrive, each up to `jitter_s` late, in order."""
    chance = random.Random(seed)
    period_s = 60.0 / (bpm * TICKS_PER_BEAT)
    late = [start_s + i * period_s + chance.uniform(0.0, jitter_s) for i in range(int(seconds / period_s))]
    return [max(late[: i + 1]) for i in range(len(late))]


@settings(max_examples=40)
@given(st.floats(60, 180), st.integers(0, 1000))
def test_a_clock_shaken_by_six_milliseconds_is_locked_within_four_seconds(bpm: float, seed: int) -> None:
    loop = DelayLocked()
    for time_s in ticks(bpm, 4.0, 0.006, seed):
        loop.tick(time_s)
    assert loop.locked
    assert loop.bpm == pytest.approx(bpm, rel=0.01)


def test_quantised_to_audio_periods_it_stays_within_a_quarter_bpm() -> None:
    loop = DelayLocked()
    block_s = 256 / 48000
    seen = []
    for i, time_s in enumerate(ticks(120.0, 12.0)):
        loop.tick((time_s // block_s + 1) * block_s)
        if i > 4 * 48:
            seen.append(loop.bpm)
    assert all(abs(bpm - 120.0) < 0.25 for bpm in seen)


def test_a_perfect_clock_is_followed_perfectly() -> None:
    loop = DelayLocked()
    times = ticks(128.0, 3.0)
    for time_s in times:
        loop.tick(time_s)
    assert loop.bpm == pytest.approx(128.0, abs=1e-9)
    assert loop.time_s == pytest.approx(times[-1], abs=1e-9)


@pytest.mark.parametrize(("before", "after"), [(120, 126), (120, 60), (90, 175)])
def test_a_change_of_tempo_is_followed_within_four_seconds(before: float, after: float) -> None:
    loop = DelayLocked()
    first = ticks(before, 6.0, 0.003)
    for time_s in (*first, *ticks(after, 4.0, 0.003, start_s=first[-1] + 60 / after / TICKS_PER_BEAT)):
        loop.tick(time_s)
    assert loop.bpm == pytest.approx(after, rel=0.015)


def test_one_late_tick_does_not_shove_the_beat() -> None:
    loop = DelayLocked()
    times = ticks(120.0, 6.0)
    times[200] += 0.3
    held_up = [max(times[: i + 1]) for i in range(len(times))]
    for i, time_s in enumerate(held_up):
        loop.tick(time_s)
        if i >= 200:
            assert abs(loop.time_s - ticks(120.0, 6.0)[i]) < 0.025
    assert loop.bpm == pytest.approx(120.0, rel=0.03)


def test_silence_starts_it_anew() -> None:
    loop = DelayLocked()
    for time_s in (*ticks(120.0, 3.0), *ticks(90.0, 2.0, start_s=60.0)):
        loop.tick(time_s)
    assert loop.bpm == pytest.approx(90.0, abs=1e-6)


@given(st.lists(st.floats(-1e6, 1e6), max_size=80))
def test_no_times_at_all_break_it(times: list[float]) -> None:
    loop = DelayLocked()
    for time_s in times:
        loop.tick(time_s)
        assert loop.bpm == 0.0 or 19.0 < loop.bpm < 401.0


def test_start_puts_the_first_tick_on_beat_zero() -> None:
    song = Transport()
    song.start()
    beats = []
    for time_s in ticks(120.0, 1.01):
        song.tick(time_s)
        beats.append(song.beats)
    assert beats[0] == 0.0 and beats[24] == 1.0 and beats[36] == 1.5
    assert song.confidence == 1.0


def test_song_position_and_continue_go_on_from_there() -> None:
    song = Transport()
    song.stop()
    song.locate(16)
    song.tick(0.0)
    assert not song.playing and song.beats == pytest.approx(4.0, abs=1 / 24)
    song.proceed()
    song.tick(0.02)
    assert song.playing and song.beats == 4.0


def test_a_clock_that_never_starts_gives_tempo_but_less_trust() -> None:
    song = Transport()
    for time_s in ticks(120.0, 1.0):
        song.tick(time_s)
    assert song.loop.ticks >= LOCKED and song.playing and song.confidence < 1.0

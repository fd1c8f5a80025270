"""The running beat: monotone, continuous, locked in the stated time, each beat once."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.tempo import SLEW, Tempo

STEP_S = 0.002


def run(bus: Bus, from_s: float, seconds: float, each=None) -> list[tuple[float, float]]:
    """Step a bus's tempo; returns (time, beat) after each step."""
    rows = []
    for i in range(round(seconds / STEP_S)):
        now_s = from_s + i * STEP_S
        if each is not None:
            each(now_s)
        bus.tempo.step(bus, now_s)
        rows.append((now_s, bus.tempo.beat))
    return rows


def phase_error(a: float, b: float) -> float:
    return abs((a - b + 0.5) % 1.0 - 0.5)


def test_the_free_clock_counts_exactly() -> None:
    bus = Bus()
    rows = run(bus, 0.0, 60.002)
    assert rows[-1][1] == pytest.approx(120.0, abs=1e-9)
    assert bus.tempo.source == "free"


def test_each_beat_ticks_once_and_each_bar_has_one_downbeat() -> None:
    bus = Bus()
    run(bus, 0.0, 20.3)
    events = bus.read().events
    ticks = [e.time_s for e in events if e.address == "/tempo/tick"]
    downbeats = [e.time_s for e in events if e.address == "/tempo/downbeat"]
    assert ticks == pytest.approx([0.5 * i for i in range(41)], abs=1e-9)
    assert downbeats == pytest.approx([2.0 * i for i in range(11)], abs=1e-9)


def test_crossed_is_true_in_just_the_step_that_passed_it() -> None:
    bus = Bus()
    seen = []
    for i in range(2001):
        bus.tempo.step(bus, i * STEP_S)
        if bus.tempo.crossed("beat"):
            seen.append((i, bus.tempo.crossed("bar")))
        else:
            assert not bus.tempo.crossed("bar")
    assert [bar for _, bar in seen] == [True, False, False, False, True, False, False, False, True]
    assert [i for i, _ in seen] == pytest.approx([250 * k for k in range(9)], abs=1)


@settings(max_examples=40)
@given(
    bpm=st.floats(40, 240),
    phase=st.floats(0, 1, exclude_max=True),
    source=st.sampled_from(["link", "midi", "tracker"]),
    scale=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_a_new_clock_is_reached_in_two_beats_and_a_half_second_without_a_jump(bpm, phase, source, scale) -> None:
    bus = Bus()
    tempo = bus.tempo
    tempo.scale = scale
    tempo.free_bpm(100.0)
    run(bus, 0.0, 0.5)

    def each(now_s: float) -> None:
        tempo.offer(source, bpm, (phase + now_s * bpm / 60.0) % 1.0, now_s)

    lock_s = 2 * 60.0 / (bpm * scale) + 0.5
    rows = run(bus, 0.5, lock_s + 1.0, each)
    fastest = bpm * scale / 60.0 * STEP_S * (1 + SLEW)
    for (_, a), (_, b) in zip(rows, rows[1:], strict=False):
        assert 0.0 < b - a <= fastest * 1.0001
    for now_s, beat in rows:
        if now_s > 0.5 + lock_s:
            theirs = phase + now_s * bpm / 60.0
            ours, clock = (beat, theirs * scale) if scale >= 1 else (beat / scale, theirs)
            assert phase_error(ours, clock) <= 0.01
    assert tempo.source == source
    assert tempo.bpm == pytest.approx(bpm * scale)


offers = st.tuples(
    st.sampled_from(["take", "link", "midi", "tracker"]),
    st.floats(allow_nan=True, allow_infinity=True) | st.floats(30, 300),
    st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
)


@given(st.lists(st.tuples(st.floats(0, 3), st.none() | offers | st.sampled_from(["tap", "half", "double", "nudge"]))))
def test_whatever_is_offered_the_beat_never_goes_back_and_ticks_once_per_beat(script) -> None:
    bus = Bus()
    tempo = bus.tempo
    now_s, last, ticks = 0.0, -1.0, 0
    for dt_s, what in script:
        now_s += dt_s
        if isinstance(what, tuple):
            source, bpm, phase, confidence, playing = what
            tempo.offer(source, bpm, phase, now_s, confidence, playing)
        elif what == "tap":
            tempo.tap(now_s)
        elif what == "nudge":
            tempo.nudge(0.3)
        elif what is not None:
            getattr(tempo, what)()
        tempo.step(bus, now_s)
        ticks += sum(e.address == "/tempo/tick" for e in bus.read().events)
        assert math.isfinite(tempo.beat) and tempo.beat >= last
        assert 0.0 <= tempo.beat_phase < 1.0 and 0.0 <= tempo.bar_phase < 1.0
        last = tempo.beat
    if script and last < 60:
        assert ticks == math.floor(tempo.beat) + 1


def test_the_best_fresh_clock_leads_and_the_last_tempo_stays() -> None:
    bus = Bus()
    tempo = bus.tempo
    tempo.step(bus, 0.0)
    tempo.offer("tracker", 90.0, 0.0, 0.0, confidence=0.4)
    tempo.step(bus, 0.002)
    assert tempo.source == "free"
    tempo.offer("tracker", 90.0, 0.0, 0.01, confidence=0.6)
    tempo.step(bus, 0.012)
    assert tempo.source == "tracker"
    tempo.offer("tracker", 90.0, 0.0, 0.02, confidence=0.35)
    tempo.step(bus, 0.022)
    assert tempo.source == "tracker"
    tempo.offer("midi", 125.0, 0.0, 0.03)
    tempo.step(bus, 0.032)
    assert tempo.source == "midi"
    tempo.offer("link", 130.0, 0.0, 0.04)
    tempo.step(bus, 0.042)
    assert tempo.source == "link"
    tempo.offer("link", 130.0, 0.0, 0.05, playing=False)
    tempo.step(bus, 0.052)
    assert tempo.source == "midi"
    tempo.step(bus, 9.0)
    assert (tempo.source, tempo.bpm) == ("free", 125.0)
    tempo.free_bpm(100.0)
    tempo.step(bus, 9.002)
    assert (tempo.source, tempo.bpm) == ("free", 100.0)


def test_taps_set_tempo_and_phase() -> None:
    bus = Bus()
    run(bus, 0.0, 1.0)
    for i in range(6):
        bus.tempo.tap(1.0 + i * 0.6 + (0.01 if i % 2 else -0.01))
    rows = run(bus, 4.0, 4.0)
    assert bus.tempo.source == "tap"
    assert bus.tempo.bpm == pytest.approx(100.0, abs=1.5)
    last_tap_s = 1.0 + 5 * 0.6 + 0.01
    for now_s, beat in rows[-200:]:
        assert phase_error(beat, (now_s - last_tap_s) * bus.tempo.bpm / 60.0) < 0.01


def test_one_tap_after_a_pause_moves_the_phase_and_keeps_the_tempo() -> None:
    bus = Bus()
    run(bus, 0.0, 1.2)
    bus.tempo.tap(1.2)
    rows = run(bus, 1.2, 4.0)
    assert bus.tempo.bpm == 120.0
    assert phase_error(rows[-1][1], (rows[-1][0] - 1.2) * 2.0) < 0.01
    downbeats = [e.time_s for e in bus.read().events if e.address == "/tempo/downbeat"]
    assert downbeats[-1] == pytest.approx(3.2, abs=0.01) or downbeats[-1] == pytest.approx(5.2, abs=0.01)


def test_a_nudge_moves_the_beat_against_its_clock_and_stays() -> None:
    bus = Bus()
    run(bus, 0.0, 1.0)
    bus.tempo.nudge(0.25)
    rows = run(bus, 1.0, 3.0)
    assert phase_error(rows[-1][1], rows[-1][0] * 2.0 + 0.25) < 1e-6


def test_a_clock_that_knows_its_bars_moves_the_downbeat() -> None:
    bus = Bus()
    run(bus, 0.0, 1.0)

    def each(now_s: float) -> None:
        beats = now_s * 2.0
        bus.tempo.offer("link", 120.0, beats % 1.0, now_s, bar_phase=((beats + 3) / 4) % 1.0)

    run(bus, 1.0, 6.0, each)
    downbeats = [e.time_s for e in bus.read().events if e.address == "/tempo/downbeat"]
    assert downbeats[-3:] == pytest.approx([2.5, 4.5, 6.5], abs=1e-6)


def test_a_take_is_joined_at_once() -> None:
    bus = Bus()
    run(bus, 0.0, 0.3)
    bus.tempo.offer("take", 90.0, 0.75, 0.3)
    bus.tempo.step(bus, 0.3)
    assert bus.tempo.beat_phase == pytest.approx(0.75, abs=0.01)


def test_half_time_and_nudges_do_not_count_twice_in_a_take() -> None:
    bus = Bus()
    bus.tempo.half()
    bus.tempo.nudge(0.4)

    def each(now_s: float) -> None:
        bus.tempo.offer("take", 90.0, now_s * 1.5 % 1.0, now_s, bar_phase=now_s * 1.5 / 4 % 1.0)

    rows = run(bus, 0.0, 3.0, each)
    assert bus.tempo.bpm == 90.0
    assert phase_error(rows[-1][1], rows[-1][0] * 1.5) < 1e-9


def test_a_long_sleep_makes_up_for_a_bounded_number_of_beats() -> None:
    bus = Bus()
    bus.tempo.step(bus, 0.0)
    bus.tempo.step(bus, 3600.0)
    assert sum(e.address == "/tempo/tick" for e in bus.read().events) == 1 + 64
    assert bus.tempo.beat == pytest.approx(7200.0)


def test_an_unknown_clock_is_an_error_that_names_the_clocks() -> None:
    with pytest.raises(ValueError, match='"linc"; there are: take, link'):
        Tempo().offer("linc", 120.0, 0.0, 0.0)


def test_levels_are_published_each_step() -> None:
    bus = Bus()
    run(bus, 0.0, 0.752)
    assert bus.value(bus.slot("/tempo/bpm")) == 120.0
    assert bus.value(bus.slot("/tempo/beat")) == pytest.approx(0.5)
    assert bus.value(bus.slot("/tempo/bar")) == pytest.approx(1.5 / 4)
    assert bus.value(bus.slot("/tempo/confidence")) == 0.0

"""Oscillators: in range, on time, the same for every step length and on every run."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.bus import Bus
from mappings.clock.noise import RandomWalk, SmoothNoise
from mappings.clock.oscillators import euclid
from mappings.sources import source_class
from mappings.sources.base import State
from mappings.sources.clock import Clock, ClockConfig


def opened(signals: dict, bus: Bus | None = None, at_s: float = 0.0) -> tuple[Clock, Bus]:
    bus = bus or Bus()
    clock = Clock("clock", ClockConfig.model_validate({"signals": signals}))
    bus.tempo.step(bus, at_s)
    clock.open(bus, at_s)
    return clock, bus


def value(clock: Clock, bus: Bus, name: str, now_s: float) -> float:
    bus.tempo.step(bus, now_s)
    clock.poll(bus, now_s)
    return bus.value(bus.slot(f"/clock/{name}"))


def test_the_table_of_sources_finds_the_clock() -> None:
    assert source_class("clock") is Clock
    assert Clock.steppable


@pytest.mark.parametrize(
    ("wave", "expected"),
    [
        ("sine", [0, 0.5, 1, 0.5, 0]),
        ("triangle", [0, 0.5, 1, 0.5, 0]),
        ("saw", [0, 0.25, 0.5, 0.75, 0]),
        ("square", [1, 1, 0, 0, 1]),
    ],
)
def test_waves_pass_their_quarter_points(wave, expected) -> None:
    clock, bus = opened({"x": {"wave": wave, "period_s": 8, "low": -1, "high": 3}}, at_s=100.0)
    got = [value(clock, bus, "x", 100.0 + 2.0 * i) for i in range(5)]
    assert got == pytest.approx([-1 + 4 * e for e in expected], abs=1e-9)
    assert clock.state is State.OK
    assert clock.addresses() == ("/clock/x",)


def test_a_period_in_beats_follows_the_tempo() -> None:
    clock, bus = opened({"x": {"wave": "saw", "period_beats": 4}})
    assert value(clock, bus, "x", 1.0) == pytest.approx(0.5)
    bus.tempo.free_bpm(60.0)
    assert value(clock, bus, "x", 2.0) == pytest.approx(0.75)


def test_duty_and_phase_move_the_square() -> None:
    clock, bus = opened({"x": {"wave": "square", "period_s": 10, "duty": 0.2, "phase": 0.5}})
    high = [i for i in range(10) if value(clock, bus, "x", i + 0.5) == 1.0]
    assert high == [5, 6]


WAVES = st.sampled_from(["sine", "triangle", "saw", "square", "noise", "walk"])


@given(WAVES, st.floats(0.01, 1e4), st.floats(-5, 5), st.lists(st.floats(0, 1e5), max_size=30))
def test_every_wave_stays_in_its_range_and_is_the_same_again(wave, period_s, phase, times) -> None:
    runs = []
    for _ in range(2):
        clock, bus = opened({"x": {"wave": wave, "period_s": period_s, "phase": phase, "low": -2, "high": 5}})
        runs.append([value(clock, bus, "x", t) for t in sorted(times)])
    assert runs[0] == runs[1]
    assert all(-2 - 1e-9 <= v <= 5 + 1e-9 for v in runs[0])


def test_a_random_walk_is_the_same_path_however_often_it_is_looked_at() -> None:
    fine, coarse = RandomWalk(3), RandomWalk(3)
    path = [fine.at(i * 0.002) for i in range(5001)]
    assert [coarse.at(i * 0.034) for i in range(290)] == pytest.approx(path[::17][:290], abs=1e-12)
    assert RandomWalk(4).at(1.0) != RandomWalk(3).at(1.0)


def test_a_random_walk_wanders_by_a_range_in_a_period_and_visits_everything_alike() -> None:
    walk = RandomWalk(1)
    values = [walk.at(i * 0.5) for i in range(20000)]
    thirds = [sum(low <= v < low + 1 / 3 for v in values) / len(values) for low in (0, 1 / 3, 2 / 3)]
    assert thirds == pytest.approx([1 / 3] * 3, abs=0.03)
    small = [abs(RandomWalk(s).at(0.04) - RandomWalk(s).at(0.0)) for s in range(2000)]
    rms = math.sqrt(sum(v * v for v in small) / len(small))
    assert rms == pytest.approx(math.sqrt(0.04), rel=0.15)


def test_a_random_walk_that_slept_for_a_year_is_back_at_once() -> None:
    walk = RandomWalk(1)
    assert 0.0 <= walk.at(3e7) <= 1.0


def test_noise_is_smooth_and_passes_its_seeded_values() -> None:
    noise = SmoothNoise(7)
    values = [noise.at(i / 1000) for i in range(20000)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 1.9 / 1000
    assert max(values) > 0.85 and min(values) < 0.15
    assert SmoothNoise(7, octaves=3).at(1.3) != noise.at(1.3)


def test_an_envelope_rises_holds_and_falls_when_its_event_comes() -> None:
    signal = {"wave": "envelope", "on": "/audio/onset", "attack_s": 1, "hold_s": 2, "release_s": 4}
    clock, bus = opened({"hit": signal})
    assert value(clock, bus, "hit", 0.5) == 0.0
    bus.post("/audio/onset", 0.3, 1.0)
    got = [value(clock, bus, "hit", t) for t in (1.0, 1.5, 2.0, 4.0, 8.0)]
    assert got == pytest.approx([0, 0.5, 1, 1, 0.01])
    bus.post("/audio/other", 1.0, 9.0)
    assert value(clock, bus, "hit", 9.0) < 0.01
    bus.post("/audio/onset", 1.0, 10.0)
    before = value(clock, bus, "hit", 10.0)
    assert before < 0.01
    assert value(clock, bus, "hit", 10.5) == pytest.approx(0.5, abs=0.01)


def test_an_envelope_hears_an_event_once_whoever_was_polled_first() -> None:
    signal = {"wave": "envelope", "on": "/x", "release_s": 1, "by_value": True}
    for post_first in (True, False):
        clock, bus = opened({"hit": signal})
        peaks = []
        for i in range(4):
            if post_first and i == 1:
                bus.post("/x", 0.5, 0.0)
            peaks.append(value(clock, bus, "hit", i * 1.0))
            if not post_first and i == 0:
                bus.post("/x", 0.5, 0.0)
            bus.read()
        assert peaks == pytest.approx([0, 0.5, 0.005, 0.00005])


def test_an_envelope_can_run_in_beats_and_on_ticks_of_a_rhythm() -> None:
    clock, bus = opened(
        {
            "four": {"wave": "euclid", "pulses": 1, "steps": 1, "period_beats": 1},
            "pump": {"wave": "envelope", "on": "/clock/four", "release_beats": 0.5},
        }
    )
    assert value(clock, bus, "pump", 0.0) == 1.0
    bus.read()
    assert value(clock, bus, "pump", 0.25) == pytest.approx(0.01)
    assert value(clock, bus, "pump", 0.5) == 1.0


def bits(text: str) -> tuple[bool, ...]:
    return tuple(c == "x" for c in text)


@pytest.mark.parametrize(
    ("pulses", "steps", "text"),
    [(3, 8, "x..x..x."), (4, 4, "xxxx"), (0, 4, "...."), (1, 4, "x..."), (2, 4, "x.x.")],
)
def test_euclid_makes_the_known_rhythms(pulses, steps, text) -> None:
    assert euclid(pulses, steps) == bits(text)


@given(st.integers(1, 64).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(-70, 70))))
def test_euclid_spreads_its_pulses_as_evenly_as_can_be(case) -> None:
    pulses, steps, rotate = case
    pattern = euclid(pulses, steps, rotate)
    assert sum(pattern) == pulses
    places = [i for i, on in enumerate(pattern) if on]
    gaps = {(b - a) % steps or steps for a, b in zip(places, [*places[1:], *places[:1]], strict=True)}
    assert len(gaps) <= 2 and (not gaps or max(gaps) - min(gaps) <= 1)
    assert pattern == tuple(euclid(pulses, steps)[(i + rotate) % steps] for i in range(steps))


@pytest.mark.parametrize("step_s", [0.002, 0.01, 0.37])
def test_euclid_posts_each_pulse_once_at_its_time(step_s) -> None:
    clock, bus = opened({"kick": {"wave": "euclid", "pulses": 3, "steps": 8, "period_s": 2}})
    times = []
    for i in range(round(8 / step_s)):
        bus.tempo.step(bus, i * step_s)
        clock.poll(bus, i * step_s)
        times += [e.time_s for e in bus.read().events if e.address == "/clock/kick"]
    expected = [2.0 * bar + t for bar in range(4) for t in (0, 0.75, 1.5)]
    assert times == pytest.approx([t for t in expected if t <= (round(8 / step_s) - 1) * step_s], abs=1e-9)


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ({"wave": "sine"}, "either period_s"),
        ({"wave": "sine", "period_s": 1, "period_beats": 1}, "either period_s"),
        ({"wave": "sine", "period_s": 0}, "greater than 0"),
        ({"wave": "sinus", "period_s": 1}, "'sine'"),
        ({"wave": "euclid", "pulses": 9, "steps": 8, "period_s": 1}, "9 pulses do not fit"),
        ({"wave": "envelope", "on": "/x", "attack_s": 1, "release_beats": 1}, "all in _s or all in _beats"),
        ({"wave": "sine", "period_s": 1, "colour": 2}, "Extra inputs"),
    ],
)
def test_a_wrong_signal_is_refused_with_what_is_allowed(signal, said) -> None:
    with pytest.raises(ValidationError, match=said):
        ClockConfig.model_validate({"signals": {"x": signal}})

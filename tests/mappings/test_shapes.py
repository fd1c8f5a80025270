"""What each shape does to a signal, and what the grammar refuses."""

import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings.errors import RouteError
from mappings.expr import BOUND
from mappings.shapes import KINDS, parse_shape
from tests.mappings.desk import shaped, shaper

UNIT = st.floats(0, 1)
SIGNAL = st.floats(-3, 3)


# --- without memory


@given(st.floats(-100, 100), st.floats(-50, 50), st.floats(0.1, 50))
def test_range_brings_its_two_ends_to_0_and_1(x: float, low: float, width: float) -> None:
    assert shaped(f"range {low} {low + width}", [low, low + width, x]) == pytest.approx(
        [0, 1, (x - low) / width], abs=1e-9
    )


def test_range_may_run_downwards() -> None:
    assert shaped("range 10 0", [10, 5, 0]) == pytest.approx([0, 0.5, 1])


@given(SIGNAL)
def test_clip_and_invert(x: float) -> None:
    assert shaped("clip", [x]) == [min(max(x, 0), 1)]
    assert shaped("clip -1 2", [x]) == [min(max(x, -1), 2)]
    assert shaped("invert", [x]) == pytest.approx([1 - x])


@given(UNIT)
def test_curves_are_their_formulas(x: float) -> None:
    assert shaped("curve pow 2.5", [x]) == pytest.approx([x**2.5])
    assert shaped("curve exp 3", [x]) == pytest.approx([math.expm1(3 * x) / math.expm1(3)])
    assert shaped("curve exp -3", [x]) == pytest.approx([math.expm1(-3 * x) / math.expm1(-3)])
    assert shaped("curve log 9", [x]) == pytest.approx([math.log1p(9 * x) / math.log1p(9)])


@given(st.sampled_from(["pow 0.01", "pow 100", "exp 50", "exp -50", "exp 0.01", "log 1e6", "log 0.01"]), SIGNAL, SIGNAL)
def test_curves_rise_from_0_to_1_and_never_leave_it(curve: str, a: float, b: float) -> None:
    low, high = shaped(f"curve {curve}", sorted((a, b)))
    assert 0 <= low <= high <= 1 + 1e-12
    assert shaped(f"curve {curve}", [-1, 0, 1, 2]) == pytest.approx([0, 0, 1, 1])


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=8, unique=True), st.data(), st.floats(-25, 25))
def test_a_table_is_straight_between_its_points_and_flat_beyond(xs: list[int], data: st.DataObject, x: float) -> None:
    xs = sorted(xs)
    ys = data.draw(st.lists(st.integers(-5, 5), min_size=len(xs), max_size=len(xs)))
    text = "curve table " + ", ".join(f"{a}:{b}" for a, b in zip(xs, ys, strict=True))
    assert shaped(text, [x]) == pytest.approx([np.interp(x, xs, ys)], abs=1e-9)


def test_quantise_takes_the_nearest_of_even_steps() -> None:
    assert shaped("quantise 5", [-1, 0.1, 0.13, 0.49, 0.9, 3]) == [0, 0, 0.25, 0.5, 1, 1]


def test_quantise_takes_the_nearest_value_of_a_scale() -> None:
    assert shaped("quantise 0 3 0.5", [-9, 0.2, 0.3, 1.74, 1.76, 9]) == [0, 0, 0.5, 0.5, 3, 3]


def test_expr_reads_its_own_value_and_other_signals() -> None:
    desk = shaper('expr "x * 2 + /s/y"')
    desk.level("/s/x", 3)
    assert desk.value() == 6
    desk.level("/s/y", 1)
    assert desk.value() == 7


# --- through time

EXACT = [
    "smooth 70ms", "smooth 2hz", "attack 20ms release 300ms", "release 100ms", "agc 200ms", "agc 50ms floor 0.5",
    "zscore 1000s", "accumulate", "accumulate clip", "smooth 1 beats",
]  # fmt: skip


@pytest.mark.parametrize("shape", EXACT)
@given(st.lists(st.tuples(SIGNAL, st.floats(0.001, 2)), min_size=1, max_size=8))
def test_two_half_steps_are_one_step(shape: str, held: list[tuple[float, float]]) -> None:
    whole, halves = shaper(shape), shaper(shape)
    for x, dt_s in held:
        whole.level("/s/x", x)
        halves.level("/s/x", x)
        once = whole.value(dt_s=dt_s)
        halves.step(dt_s / 2)
        twice = halves.value(dt_s=dt_s / 2)
        if shape == "accumulate":  # 0 and 1 are one place on the ring
            assert (once - twice + 0.5) % 1 == pytest.approx(0.5, abs=1e-9)
        else:
            assert twice == pytest.approx(once, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("text", "tau_s"), [("1s", 1), ("500 ms", 0.5), ("2 beats", 1), ("1 bar", 2)])
def test_smooth_comes_63_percent_of_the_way_in_its_time(text: str, tau_s: float) -> None:
    desk = shaper(f"smooth {text}")
    desk.level("/s/x", 0)
    desk.step()
    desk.level("/s/x", 1)
    assert desk.value(dt_s=tau_s) == pytest.approx(1 - math.exp(-1))


def test_smooth_in_hz_is_a_cutoff() -> None:
    assert shaped("smooth 0.5hz", [0, 1], dt_s=1 / math.pi)[1] == pytest.approx(1 - math.exp(-1))


def test_times_in_beats_follow_the_tempo() -> None:
    desk = shaper("smooth 1 beats")
    desk.level("/s/x", 0)
    desk.step()
    desk.bus.tempo.free_bpm(60)
    desk.step()
    desk.level("/s/x", 1)
    assert desk.value(dt_s=1.0) == pytest.approx(1 - math.exp(-1))


def test_memory_begins_at_the_first_value() -> None:
    assert shaped("smooth 10s", [5, 5]) == [5, 5]
    assert shaped("attack 10s release 10s", [5, 5]) == [5, 5]
    assert shaped("delay 1s", [5, 6]) == [5, 5]


def test_a_time_of_zero_passes_at_once() -> None:
    assert shaped("smooth 0s", [0, 5]) == [0, 5]
    assert shaped("delay 0s", [0, 5]) == [0, 5]


def test_attack_and_release_have_their_own_times() -> None:
    up = shaped("attack 100ms release 1s", [0, 1], dt_s=0.1)[1]
    down = shaped("attack 100ms release 1s", [1, 0], dt_s=0.1)[1]
    assert up == pytest.approx(1 - math.exp(-1)) and down == pytest.approx(math.exp(-0.1))


def one_euro(samples: list[tuple[float, float]], mincutoff: float, beta: float, gap_s: float = 1.0) -> list[float]:
    """Casiez et al. 2012, algorithm 1, sample by sample."""
    out: list[float] = []
    last_s, last_x, speed, y = samples[0][0], samples[0][1], 0.0, samples[0][1]
    for time_s, x in samples:
        te = time_s - last_s
        if te > gap_s:
            y, speed = x, 0.0
        elif te > 0:
            speed += ((x - last_x) / te - speed) / (1 + 1 / (2 * math.pi * 1.0 * te))
            y += (x - y) / (1 + 1 / (2 * math.pi * (mincutoff + beta * abs(speed)) * te))
        last_s, last_x = time_s, x
        out.append(y)
    return out


@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0, 100)), min_size=1, max_size=30),
    st.floats(0.1, 10), st.floats(0, 1),
)  # fmt: skip
@example([(1, 0.0), (5, 1.0), (700, 9.0), (5, 10.0)], 1.0, 0.1)
def test_one_euro_filters_messages_at_their_own_times(
    messages: list[tuple[int, float]], mincutoff: float, beta: float
) -> None:
    desk = shaper("range 0 10", f"one-euro mincutoff {mincutoff}hz beta {beta}")
    samples, out = [], []
    for steps, x in messages:
        desk.level("/s/x", x)
        samples.append((desk.now_s, x / 10))
        values = [desk.value() for _ in range(steps)]
        assert len(set(values)) == 1  # nothing new came
        out.append(values[0])
    assert out == pytest.approx(one_euro(samples, mincutoff, beta), rel=1e-6, abs=1e-9)


def test_one_euro_behind_a_filter_takes_every_step_as_a_sample() -> None:
    desk = shaper("smooth 0s", "one-euro 2hz")
    desk.level("/s/x", 0)
    desk.step()
    desk.level("/s/x", 1)
    values = [desk.value() for _ in range(200)]
    assert values == pytest.approx(one_euro([(0, 0), *((0.002 * k, 1) for k in range(1, 201))], 2.0, 0.0)[1:])


@given(st.lists(SIGNAL, min_size=1, max_size=30))
def test_agc_stays_within_one_and_reaches_it_at_a_peak(values: list[float]) -> None:
    out = shaped("agc 1s floor 1e-9", values)
    assert all(-1 <= y <= 1 for y in out)
    loudest = max(range(len(values)), key=lambda i: abs(values[i]))
    if abs(values[loudest]) > 1e-6:
        assert abs(out[loudest]) == pytest.approx(1)


def test_agc_halves_its_peak_in_a_half_life_and_leaves_silence_alone() -> None:
    assert shaped("agc 2s", [1, 0.25], dt_s=2)[1] == pytest.approx(0.5)
    assert shaped("agc 2s floor 0.5", [0.01])[0] == pytest.approx(0.02)


def test_zscore_counts_deviations_and_ends_at_eight() -> None:
    rng = np.random.default_rng(7)
    out = np.array(shaped("zscore 1000s", 5 + 3 * rng.standard_normal(4000)))
    assert abs(out[2000:].mean()) < 0.1 and out[2000:].std() == pytest.approx(1, abs=0.05)
    assert shaped("zscore 10s", [100.0] * 2000 + [200.0])[-1] == 8
    assert set(shaped("zscore 10ms", [1e5 / 3] * 500)) == {0.0}


def test_zscore_forgets_with_its_half_life() -> None:
    out = shaped("zscore 50ms", [0.0, 10.0] * 500 + [100.0, 110.0] * 1000)
    assert abs(np.mean(out[-200:])) < 0.1


@given(st.integers(0, 20), st.lists(SIGNAL, min_size=1, max_size=80))
def test_delay_gives_back_what_was(steps: int, values: list[float]) -> None:
    out = shaped(f"delay {steps * 2}ms", values)
    assert out == [values[max(i - steps, 0)] for i in range(len(values))]


def test_delay_knows_steps_of_any_length() -> None:
    desk = shaper("delay 1s")
    seen = []
    for k, dt_s in enumerate((0.4, 0.4, 0.4, 0.4, 3.0, 0.1)):
        desk.level("/s/x", k)
        seen.append(desk.value(dt_s=dt_s))
    assert seen == [0, 0, 0, 0, 3, 3]


def test_accumulate_goes_round_or_stops_at_its_ends() -> None:
    assert shaped("accumulate", [2.0] * 4, dt_s=0.2) == pytest.approx([0.4, 0.8, 0.2, 0.6])
    assert shaped("accumulate clip", [2.0, 2.0, 2.0, -1.0], dt_s=0.3) == pytest.approx([0.6, 1, 1, 0.7])


# --- gates, holds, triggers


@given(st.lists(st.floats(0, 1), max_size=60), UNIT, UNIT)
def test_a_gate_opens_at_one_level_and_closes_at_another(values: list[float], a: float, b: float) -> None:
    on, off = max(a, b), min(a, b)
    is_open, expected = False, []
    for x in values:
        is_open = x >= on or (is_open and x > off)
        expected.append(float(is_open))
    assert shaped(f"gate {on:.17g} {off:.17g}", values) == expected


def test_a_gate_with_one_number_opens_there_and_closes_below() -> None:
    assert shaped("gate 0.5", [0.4, 0.5, 0.6, 0.5, 0.49]) == [0, 1, 1, 1, 0]


def test_hold_keeps_each_value_for_its_time() -> None:
    assert shaped("hold 3s", [0, 1, 2, 3, 4, 5, 6], dt_s=1) == [0, 0, 0, 3, 3, 3, 6]


def test_hold_takes_a_change_at_once_after_quiet() -> None:
    assert shaped("hold 3s", [0, 0, 0, 0, 5, 6], dt_s=1) == [0, 0, 0, 0, 5, 5]


def test_hold_while_another_signal_is_up() -> None:
    desk = shaper("hold while /s/freeze")
    out = []
    for x, freeze in ((1, 0), (2, 0), (3, 1), (4, 1), (5, 0)):
        desk.level("/s/x", x)
        desk.level("/s/freeze", freeze)
        out.append(desk.value())
    assert out == [1, 2, 2, 2, 5]


def test_hold_until_an_event_takes_the_value_of_that_moment() -> None:
    desk = shaper("hold until /s/go")
    out = []
    for x in range(6):
        desk.level("/s/x", x)
        if x in (2, 3, 5):
            desk.event("/s/go")
        out.append(desk.value())
    assert out == [0, 0, 2, 3, 3, 5]


@pytest.mark.parametrize(("unit", "every_s"), [("beat", 0.5), ("bar", 2.0)])
def test_hold_until_the_beat_or_bar(unit: str, every_s: float) -> None:
    desk = shaper(f"hold until {unit}")
    desk.level("/s/x", 0)
    desk.step()
    changes = []
    last = 0.0
    for _ in range(2200):
        desk.level("/s/x", desk.now_s)
        now = desk.value()
        if now != last:
            changes.append(desk.now_s)
        last = now
    assert len(changes) == int(4.4 / every_s)
    assert np.diff(changes) == pytest.approx(every_s, abs=0.0021)


def test_an_envelope_rises_holds_and_falls() -> None:
    desk = shaper("envelope attack 10ms hold 20ms release 100ms")
    assert desk.value() == 0
    desk.event("/s/x")
    assert desk.value() == pytest.approx(0)
    assert desk.value(dt_s=0.005) == pytest.approx(0.5)
    assert desk.value(dt_s=0.005) == pytest.approx(1)
    assert desk.value(dt_s=0.02) == pytest.approx(1)
    assert desk.value(dt_s=0.1) == pytest.approx(math.exp(-1))
    assert desk.value(dt_s=1e4) == 0


def test_an_envelope_without_attack_is_up_in_the_same_step_at_the_events_value() -> None:
    desk = shaper("envelope release 100ms")
    desk.event("/s/x", 0.25)
    assert desk.value() == 0.25
    desk.event("/s/x", 127)
    assert desk.value() == 1


def test_an_envelope_fired_again_goes_on_from_where_it_is() -> None:
    desk = shaper("envelope attack 100ms release 100ms")
    desk.event("/s/x")
    desk.step()
    before = desk.value(dt_s=0.05)
    desk.event("/s/x")
    assert desk.value(dt_s=0.001) == pytest.approx(before + 0.01)
    assert desk.value(dt_s=0.1) == pytest.approx(1)


@given(st.lists(st.floats(0.001, 0.3), min_size=1, max_size=6))
def test_an_envelope_is_exact_for_any_step(steps_s: list[float]) -> None:
    whole, halves = (shaper("envelope attack 50ms hold 30ms release 100ms") for _ in range(2))
    for desk in (whole, halves):
        desk.event("/s/x")
        desk.step(0.1)
    for dt_s in steps_s:
        halves.step(dt_s / 2)
        assert halves.value(dt_s=dt_s / 2) == pytest.approx(whole.value(dt_s=dt_s), abs=1e-12)


def test_toggle_count_and_set_follow_events() -> None:
    toggle, count, last = shaper("toggle"), shaper("count 4"), shaper("set")
    seen = []
    for value in (0.5, 0.0, 2.0, 3.0, 4.0):
        for desk in (toggle, count, last):
            desk.event("/s/x", value)
        seen.append((toggle.value(), round(count.value() * 3), last.value()))
    assert seen == [(1, 1, 0.5), (1, 1, 0.5), (0, 2, 2), (1, 3, 3), (0, 0, 4)]


def test_a_gate_fires_a_trigger_each_time_it_opens() -> None:
    assert shaped(["gate 0.6 0.4", "toggle"], [0, 1, 0.5, 0.3, 0.7, 0, 1]) == [0, 1, 1, 1, 0, 0, 1]


def test_a_gate_that_is_open_when_the_show_begins_fires_nothing() -> None:
    desk = shaper("gate 0.6 0.4", "toggle")
    desk.level("/s/x", 1)
    assert desk.value() == 0


def test_a_signal_that_first_comes_open_fires() -> None:
    desk = shaper("gate 0.6 0.4", "toggle")
    desk.step()
    desk.level("/s/x", 1)
    assert desk.value() == 1


# --- the grammar

EXTREME = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([0.0, 1e-300, -1e299, 1e12]))
VALID = [
    "range 0 1e-9", "range -1e12 1e12", "clip -1e12 1e12", "curve pow 100", "curve exp 50", "curve log 1e6", "invert",
    "curve table -1e12:-1e12 -1e11:1e12 1e12:0", "smooth 0s", "smooth 86400s", "one-euro 1e4hz 1e6 1e4hz", "one-euro",
    "attack 0s release 1ms", "gate 1e12 -1e12", "agc 0s floor 1e-9", "zscore 0s", "zscore 1s", "quantise 1024",
    "quantise -1e12 1e12", "delay 10ms", "accumulate", "accumulate clip", "hold 0s", "hold 1s", "expr x*x*x",
    "expr 1/x", "toggle", "count 2", "set", "envelope 0s 0s 0s",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(VALID), max_size=5),
    st.lists(st.tuples(EXTREME, st.sampled_from([0.0, 1e-9, 0.002, 5.0, 1e4])), max_size=8),
)
def test_nothing_that_comes_in_makes_a_value_that_is_not_finite(
    shape: list[str], played: list[tuple[float, float]]
) -> None:
    try:
        desk = shaper(*shape)
    except RouteError:
        return
    for x, dt_s in played:
        desk.level("/s/x", x)
        desk.event("/s/x", x)
        assert abs(desk.value(dt_s=dt_s)) <= BOUND


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("smoth 2s", 'no shape "smoth"; did you mean "smooth"?'),
        ("", 'no shape ""; there are: range, clip'),
        ("smooth", "needs time in ms, s, hz, beats or bars"),
        ("smooth 2", 'time is "2" without a unit; allowed are ms, s, hz, beats or bars; for example "smooth 2s"'),
        ("smooth 2db", 'time is in "db"; allowed are ms, s, hz, beats or bars'),
        ("smooth 2 db", 'time is in "db"'),
        ("smooth fast", '"fast" is not a number in ms, s'),
        ("smooth -1s", "time is -1s; 0 to 86400 are allowed"),
        ("smooth 1e999s", "0 to 86400 are allowed"),
        ("smooth 1s 2s", '"2s" is one too many'),
        ("delay 2hz", 'time is in "hz"; allowed are ms, s, beats or bars'),
        ("delay 31s", "0 to 30 are allowed"),
        ("delay 31000ms", "0 to 30000 are allowed"),
        ("one-euro 2s", 'mincutoff is in "s"; allowed are hz'),
        ("one-euro beta 1hz", 'beta is a plain number, "1hz" has a unit'),
        ("attack 1s attack 2s", "attack is given twice"),
        ("range 1", "it needs high"),
        ("range 1 1", "its two ends are the same"),
        ("clip 1 0", "low end is above its high end"),
        ("gate", "it needs on"),
        ("gate 0.4 0.6", "must not be above"),
        ("curve sin 2", "it needs pow, exp, log or table"),
        ("curve pow 0", "0.01 to 100 are allowed"),
        ("curve exp 0.001", "straight line"),
        ("curve table 0:0", "points x:y"),
        ("curve table 0:0 0:1", "must go up in x"),
        ("curve table 0 0 1 1", "written x:y"),
        ("quantise 2.5", "a whole number from 2 to 1024"),
        ("quantise", "a number of steps, or a scale"),
        ("count 1", "2 to 1e+06 are allowed"),
        ("count 2.5", "whole steps"),
        ("accumulate bounce", '"bounce" is not wrap or clip'),
        ("hold while bar", '"bar" is not an address'),
        ("hold until dawn", '"dawn" is not an address, beat or bar'),
        ("toggle 3", '"3" is one too many; it takes nothing'),
        ("x" * 900, "a shape of 900 characters"),
    ],
)
def test_says_what_is_wrong_with_a_shape_and_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(RouteError) as caught:
        parse_shape(text)
    assert said in str(caught.value)


def test_every_shapes_example_parses_and_plays() -> None:
    for kind in KINDS.values():
        for text in re.split('" or "|", "', kind.example):
            assert math.isfinite(shaper(text).value())


def test_names_and_units_are_forgiving_about_spaces() -> None:
    assert parse_shape("  smooth   2   beats ") == parse_shape("smooth 2beats") == parse_shape("smooth 2 beat")
    assert parse_shape("attack release 1s attack 2ms") == parse_shape("attack 2ms 1s")
    assert parse_shape("release 1s") == parse_shape("attack 0ms release 1s")
    assert parse_shape("smooth 2S") == parse_shape("smooth 2s")


@given(st.text(max_size=80))
@example("hold \u2028 while")
def test_any_text_is_a_shape_or_an_error(text: str) -> None:
    try:
        parse_shape(text)
    except RouteError:
        return


@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(
        st.sampled_from(["1", "2s", "-3", "0:1", "1:2", "hz", "1e400", "release", "table", "pow", "while", "/a",
                         "until", "bar", "nan", "\u0663", "1_0", "hold", "on", "floor", "x", '"']), max_size=6,
    ).map(" ".join),
)  # fmt: skip
def test_any_words_behind_a_shapes_name_are_a_shape_or_an_error(name: str, rest: str) -> None:
    try:
        desk = shaper(f"{name} {rest}")
    except RouteError:
        return
    desk.level("/s/x", 0.5)
    assert math.isfinite(desk.value())

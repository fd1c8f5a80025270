"""Routes as a whole: names, mixing, hands, events, waiting; and that the plan is only a fast way to say the plain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import RouteError
from mappings.routes import Plan, Route
from mappings.routes.chain import KERNELS, schedule
from mappings.routes.hands import GLIDE_S
from mappings.shapes.kernel import Op
from tests.mappings.desk import STEP_S, Desk, Knob
from tests.mappings.reference import PlainRoutes

STRIPES = Knob("/direction/stripes", 0.0, -2.0, 2.0, "sigma")
PSI = Knob("/generator/psi", 0.7, 0.0, 1.0)
NEXT = Knob("/latent/next", kind="event")
MORE = Knob("/latent/more", kind="event")
KNOBS = (STRIPES, NEXT, PSI, MORE)


def desk(*routes: Route, known: list[str] | None = None) -> Desk:
    return Desk(routes, KNOBS, known)


def stripes(d: Desk, dt_s: float = STEP_S) -> float:
    return d.value("/direction/stripes", dt_s)


# --- levels


def test_values_stand_in_the_order_of_the_level_controls() -> None:
    d = desk()
    assert d.plan.addresses == ("/direction/stripes", "/generator/psi")
    assert d.step().values.tolist() == [0.0, 0.7]


def test_a_shaped_0_to_1_lands_in_the_routes_range_and_never_outside() -> None:
    d = desk(Route("/s/x", "/direction/stripes", range=(1.5, -1.0)))
    seen = []
    for x in (0, 1, 0.5, 7, -7):
        d.level("/s/x", x)
        seen.append(stripes(d))
    assert seen == pytest.approx([1.5, -1.0, 0.25, -1.0, 1.5])


def test_without_a_range_the_value_is_used_as_it_is_and_clamped_to_the_controls_ends() -> None:
    d = desk(Route("/s/x", "/direction/stripes"))
    seen = []
    for x in (0.5, -1.5, 3, -9):
        d.level("/s/x", x)
        seen.append(stripes(d))
    assert seen == [0.5, -1.5, 2, -2]


def test_routes_to_one_control_add_and_the_sum_is_clamped() -> None:
    d = desk(Route("/s/x", "/direction/stripes"), Route("/s/y", "/direction/stripes"))
    d.level("/s/x", 0.5)
    d.level("/s/y", 1)
    assert stripes(d) == 1.5
    d.level("/s/y", 9)
    assert stripes(d) == 2


def test_a_control_stays_at_its_base_until_a_signal_of_its_routes_comes() -> None:
    d = desk(Route("/s/x", "/generator/psi", range=(0.1, 0.2)))
    d.bus.slot("/s/x")  # the source is there, but nothing came
    assert d.value("/generator/psi") == 0.7
    assert not d.plan.trace()[0].awake
    d.level("/s/x", 0)
    assert d.value("/generator/psi") == pytest.approx(0.1)
    assert d.plan.trace()[0].awake


def test_a_pattern_is_the_largest_of_its_signals() -> None:
    d = desk(Route("/midi/*/1/cc/7", "/direction/stripes"))
    d.level("/midi/a/2/cc/7", 1.9)
    assert stripes(d) == 0
    d.level("/midi/a/1/cc/7", -1)
    assert stripes(d) == -1
    d.level("/midi/b/1/cc/7", 0.5)
    assert stripes(d) == 0.5
    d.level("/midi/a/1/cc/7", 1)
    assert stripes(d) == 1


def test_a_source_may_be_an_expression() -> None:
    d = desk(Route("/s/x * 2 + t", "/direction/stripes"), Route("sin(0) + 0.25", "/generator/psi"))
    assert d.step().values.tolist() == [0, 0.25]
    d.level("/s/x", 0.5)
    assert stripes(d) == pytest.approx(1 + STEP_S)


def test_an_undefined_expression_keeps_its_value_and_is_counted() -> None:
    d = desk(Route("1 / /s/x", "/direction/stripes"))
    d.level("/s/x", 2)
    assert stripes(d) == 0.5
    d.level("/s/x", 0)
    assert stripes(d) == 0.5
    assert d.bus.dropped["expr_undefined"] == 1


def test_a_control_may_follow_a_control_one_step_behind() -> None:
    d = desk(Route("/s/x", "/generator/psi"), Route("/generator/psi", "/direction/stripes"))
    d.level("/s/x", 0.25)
    d.step()
    assert stripes(d) == 0.25


@pytest.mark.parametrize("unit", ["beat", "bar"])
def test_a_level_that_waits_is_taken_at_the_beat_or_bar(unit: str) -> None:
    d = desk(Route("/s/x", "/direction/stripes", ("quantise 3",), range=(-2, 2), wait=unit))  # type: ignore[arg-type]
    d.level("/s/x", 0)
    d.step()
    d.run(0.1)
    d.level("/s/x", 1)
    for _ in range(1500):
        if stripes(d) > -2:
            break
        assert not d.bus.tempo.crossed(unit)  # type: ignore[arg-type]
    assert d.bus.tempo.crossed(unit)  # type: ignore[arg-type]
    assert stripes(d) == 2


# --- hands


def test_a_hand_sets_the_base_and_suspends_the_routes_until_release() -> None:
    d = desk(Route("/s/x", "/direction/stripes"))
    d.level("/s/x", 1)
    assert stripes(d) == 1
    d.write("/direction/stripes", -1)
    assert stripes(d) == -1
    assert d.plan.moved_by_hand.tolist() == [True, False]
    d.level("/s/x", 1.5)
    assert stripes(d) == -1
    assert d.plan.suspended.tolist() == [True, False] and not d.plan.moved_by_hand.any()
    assert d.plan.trace()[0].suspended
    d.write("/direction/stripes/release")
    d.run(GLIDE_S + 0.01)
    assert stripes(d) == 1.5
    assert not d.plan.suspended.any()


def test_release_goes_back_without_a_jump() -> None:
    d = desk(Route("/s/x", "/direction/stripes"))
    d.level("/s/x", 1)
    d.write("/direction/stripes", -1)
    seen = [stripes(d)]
    d.write("/direction/stripes/release")
    seen += [stripes(d) for _ in range(round(GLIDE_S / STEP_S) + 2)]
    assert seen[1] == -1 and seen[-1] == 1
    assert max(np.diff(seen)) < 2.01 * 2 * STEP_S / GLIDE_S


def test_a_hand_that_takes_hold_again_ends_the_glide() -> None:
    d = desk(Route("/s/x", "/direction/stripes"))
    d.level("/s/x", 1)
    d.write("/direction/stripes", -1)
    d.step()
    d.write("/direction/stripes/release")
    d.step()
    d.write("/direction/stripes", 0.5)
    assert [stripes(d) for _ in range(5)] == [0.5] * 5


def test_a_route_that_adds_goes_on_above_the_base_a_hand_sets() -> None:
    d = desk(Route("/s/x", "/generator/psi", mix="add"))
    assert d.value("/generator/psi") == 0.7
    d.level("/s/x", 0.2)
    assert d.value("/generator/psi") == pytest.approx(0.9)
    d.write("/generator/psi", 0.1)
    assert d.value("/generator/psi") == pytest.approx(0.3)


def test_a_release_without_routes_goes_back_to_the_default() -> None:
    d = desk()
    d.write("/generator/psi", 0.1)
    d.step()
    d.write("/generator/psi/release")
    d.run(GLIDE_S + 0.01)
    assert d.value("/generator/psi") == pytest.approx(0.7)


def test_writes_are_clamped_and_those_to_nothing_are_counted() -> None:
    d = desk()
    d.write("/generator/psi", 9)
    assert d.value("/generator/psi") == 1
    d.write("/generator/pis", 1)
    d.write("/generator/pis/release", 1)
    d.write("/release", 1)
    d.write("/latent/next/release", 1)
    d.step()
    assert d.bus.dropped["unknown_control"] == 3


def test_the_last_write_of_a_step_wins() -> None:
    d = desk(Route("/s/x", "/generator/psi"))
    d.level("/s/x", 0.5)
    d.write("/generator/psi/release")
    d.write("/generator/psi", 0.2)
    d.write("/generator/psi", 0.3)
    assert d.value("/generator/psi") == 0.3
    d.write("/generator/psi", 0.4)
    d.write("/generator/psi/release")
    d.run(GLIDE_S + 0.01)
    assert d.value("/generator/psi") == 0.5


def test_who_wins_can_be_carried_to_another_plan() -> None:
    routes = (Route("/s/x", "/direction/stripes"),)
    old, new = desk(*routes), desk(*routes)
    for d in (old, new):
        d.level("/s/x", 1)
    old.write("/direction/stripes", -1)
    old.step()
    new.plan.restore(old.plan.bases, old.plan.suspended)
    assert stripes(new) == -1
    new.plan.restore(np.array([np.nan, 99.0]), np.array([False, True]))
    assert new.step().values.tolist() == [1, 1]
    with pytest.raises(RouteError, match="3 bases to restore, but there are 2"):
        new.plan.restore(np.zeros(3), np.zeros(3, np.bool_))


# --- events


def test_an_event_reaches_its_control_once_with_its_value() -> None:
    d = desk(Route("/s/go", "/latent/next"))
    d.event("/s/go", 0.5)
    (event,) = d.step().events
    assert (event.address, event.value) == ("/latent/next", 0.5)
    d.run(0.01)
    assert d.fired == ["/latent/next"]


def test_an_event_reaches_all_its_controls_and_two_events_are_two() -> None:
    d = desk(Route("/s/go", "/latent/next"), Route("/s/go", "/latent/more"), Route("/s/*", "/latent/more"))
    d.event("/s/go")
    d.event("/s/go")
    d.step()
    assert d.fired == ["/latent/next", "/latent/more", "/latent/more"] * 2


def test_a_button_let_go_fires_nothing() -> None:
    d = desk(Route("/s/go", "/latent/next"))
    d.event("/s/go", 0.0)
    d.write("/latent/next", 0.0)
    d.step()
    assert d.fired == []


def test_a_hand_fires_an_event_control() -> None:
    d = desk()
    d.write("/latent/next", 1.0)
    d.write("/latent/next", 2.0)
    assert [event.value for event in d.step().events] == [1.0, 2.0]
    assert d.step().events == ()


def test_patterns_match_one_part_of_an_address() -> None:
    d = desk(Route("/midi/*/1/note/*", "/latent/next"))
    for address in ("/midi/a/1/note/36", "/midi/b/1/note/37", "/midi/a/2/note/36", "/midi/a/1/note/36/off", "/midi/a"):
        d.event(address)
    d.step()
    assert len(d.fired) == 2


def test_a_gated_level_fires_each_time_it_rises() -> None:
    d = desk(Route("/s/x", "/latent/next", ("gate 0.6 0.4",)))
    for x in (0, 0.7, 0.5, 0.7, 0.3, 0.9):
        d.level("/s/x", x)
        d.step()
    assert d.fired == ["/latent/next"] * 2


def test_a_level_open_at_the_start_does_not_fire_but_one_that_comes_open_does() -> None:
    gate = Route("/s/x", "/latent/next", ("gate 0.6 0.4",))
    d = desk(gate)
    d.level("/s/x", 1)
    d.run(0.01)
    assert d.fired == []
    d = desk(gate)
    d.run(0.01)
    d.level("/s/x", 1)
    d.run(0.01)
    assert d.fired == ["/latent/next"]


def test_a_gate_does_not_fire_before_its_signal_came() -> None:
    d = desk(Route("/s/x", "/latent/next", ("invert", "gate 0.6 0.4")))
    d.run(0.01)
    assert d.fired == []


@pytest.mark.parametrize("unit", ["beat", "bar"])
def test_events_that_wait_for_the_beat_or_bar_arrive_as_one_exactly_then(unit: str) -> None:
    d = desk(Route("/s/go", "/latent/next", wait=unit))  # type: ignore[arg-type]
    d.step()
    d.run(0.1)
    for value in (1.0, 2.0):
        d.event("/s/go", value)
    arrived = []
    for _ in range(2500):
        events = d.step().events
        if events:
            arrived.append((events, d.bus.tempo.crossed(unit), d.bus.tempo.beat))  # type: ignore[arg-type]
    ((events, crossed, beat),) = arrived
    assert crossed and len(events) == 1 and events[0].value == 2.0
    assert beat == pytest.approx(1 if unit == "beat" else 4, abs=0.01)


def test_an_event_in_the_step_of_the_beat_does_not_wait_for_another() -> None:
    d = desk(Route("/tempo/tick", "/latent/next", wait="beat"))
    d.run(1.9)
    assert len(d.fired) == 4


def test_a_level_control_follows_an_event_through_an_envelope() -> None:
    d = desk(Route("/s/go", "/direction/stripes", ("envelope release 100ms",), range=(-1, 1)))
    assert stripes(d) == -1
    d.event("/s/go")
    assert stripes(d) == 1


def test_set_stays_at_the_base_until_the_first_event() -> None:
    d = desk(Route("/s/go", "/generator/psi", ("set", "smooth 1s")))
    assert d.value("/generator/psi") == 0.7
    d.event("/s/go", 0.2)
    assert d.value("/generator/psi") == pytest.approx(0.2)


def test_a_control_that_fires_can_fire_another() -> None:
    d = desk(Route("/latent/next", "/latent/more"))
    d.write("/latent/next")
    d.run(0.01)
    assert d.fired == ["/latent/next", "/latent/more"]


def test_levels_and_events_of_one_address_do_not_disturb_each_other() -> None:
    d = desk(Route("/s/x", "/direction/stripes"), Route("/s/x", "/latent/next"))
    d.level("/s/x", 1.25)
    d.event("/s/x", 0.5)
    outcome = d.step()
    assert outcome.values[0] == 1.25 and len(outcome.events) == 1


# --- errors


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (Route("/s/x", "/direction/strypes", where="a/show.toml:21"),
         'a/show.toml:21: no control "/direction/strypes"; did you mean "/direction/stripes"?'),
        (Route("/s/x", "/zzz"), 'no control "/zzz"; there are: /direction/stripes, /latent/next'),
        (Route("/s/x", "/direction/stripes", ("smoth 2s",), where="a:2"), 'a:2: no shape "smoth"; did you mean "smoo'),
        (Route("/s/x + foo", "/direction/stripes", where="a:2"), 'a:2: expression, column 8: no function or value "fo'),
        (Route("x + 1", "/direction/stripes"), '"x" is the value of a route'),
        (Route("/s/x", "/direction/stripes", mix="mul"), 'mix = "mul"; "set" or "add"'),  # type: ignore[arg-type]
        (Route("/s/x", "/direction/stripes", wait="day"), 'wait = "day"; "beat" or "bar"'),  # type: ignore[arg-type]
        (Route("/s/x", "/direction/stripes", range=(0, float("nan"))), "range = [0, nan]; two numbers"),
        (Route("/s/x", "/direction/stripes", range=(1,)), "range = [1]; two numbers"),  # type: ignore[arg-type]
        (Route("/s/x", "/latent/next", range=(0, 1)), '"/latent/next" is an event: it has no range'),
        (Route("/s/x", "/latent/next", mix="add"), "is an event: it has no range and no mix"),
        (Route("/s/x", "/latent/next", ("smooth 1s",)), 'end the shapes with "gate 0.6 0.4"'),
        (Route("/s/x * 2", "/latent/next"), '"/s/x * 2" is a level and "/latent/next" an event; end the shapes with'),
        (Route("/generator/psi", "/latent/next"), '"/generator/psi" is a level and'),
        (Route("/s/x", "/direction/stripes", ("smooth 1s", "envelope")), '"envelope" is fired by an event or a gate'),
        (Route("/s/x * 2", "/direction/stripes", ("toggle",)), 'put "gate 0.6 0.4" before it'),
        (Route("/s/x", "/direction/stripes", ("gate 0.5", "set")), '"set" takes the value of an event'),
        (Route("/s/x", "/direction/stripes", ("invert",) * 17), "17 shapes; 16 are allowed"),
        (Route("", "/direction/stripes"), "the end where a number"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_route_and_how_to_mend_it(route: Route, said: str) -> None:
    with pytest.raises(RouteError) as caught:
        desk(route)
    assert said in str(caught.value)


KNOWN = ["/audio/low", "/audio/onset", "/osc/*", "/midi/nano/*", "/clock/lfo"]


@pytest.mark.parametrize(
    "source",
    ["/audio/low", "/osc/any/thing", "/midi/nano/1/cc/7", "/midi/*/1/note/*", "/audio/*", "/*/low", "/generator/psi",
     "/audio/low + /clock/lfo"],
)  # fmt: skip
def test_signals_that_a_source_can_bring_are_allowed(source: str) -> None:
    desk(Route(source, "/direction/stripes"), known=KNOWN)


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (Route("/audio/loww", "/direction/stripes", where="s:3"), 's:3: no signal "/audio/loww"; did you mean "/audio'),
        (Route("/midi/nan/1", "/direction/stripes"), 'no signal "/midi/nan/1"; did you mean "/midi/nano"?'),
        (Route("/audio/low + /clock/lfoo", "/direction/stripes"), 'no signal "/clock/lfoo"; did you mean "/clock/lfo"'),
        (Route("/audio/onse", "/latent/next"), 'no signal "/audio/onse"; did you mean "/audio/onset"'),
        (Route("/clock/*/x", "/latent/next"), 'no signal "/clock/*/x"'),
        (Route("/audio/low", "/direction/stripes", ("hold while /audio/loud",)), 'no signal "/audio/loud"'),
        (Route("/audio/low", "/direction/stripes", ("hold until /audio/onst",)), 'did you mean "/audio/onset"'),
        (Route("/audio/low", "/direction/stripes", ("expr x + /audio/lo",)), 'no signal "/audio/lo"; did you mean'),
    ],
)
def test_signals_that_no_source_can_bring_are_errors_with_the_nearest_name(route: Route, said: str) -> None:
    with pytest.raises(RouteError) as caught:
        desk(route, known=KNOWN)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("routes", "ring"),
    [
        ([Route("/generator/psi", "/generator/psi", where="s:9")], "s:9: a ring of controls: /generator/psi -> /gener"),
        (
            [
                Route("/generator/psi * 2", "/direction/stripes"),
                Route("/s/x", "/generator/psi", ("hold while /direction/stripes",)),
            ],
            "a ring of controls: /generator/psi -> /direction/stripes -> /generator/psi",
        ),
        (
            [Route("/latent/next", "/latent/more"), Route("/latent/more", "/latent/next", where="s:4")],
            "a ring of controls: /latent/next -> /latent/more -> /latent/next",
        ),
    ],
)
def test_controls_that_follow_each_other_in_a_ring_are_an_error(routes: list[Route], ring: str) -> None:
    with pytest.raises(RouteError) as caught:
        desk(*routes)
    assert ring in str(caught.value)


def test_a_diamond_of_controls_is_no_ring() -> None:
    knobs = [Knob(f"/k/{name}") for name in "abcd"]
    paths = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    d = Desk([Route(f"/k/{a}", f"/k/{b}") for a, b in paths], knobs)
    d.write("/k/a", 1.0)
    d.run(0.01)
    assert d.value("/k/d") == 2


# --- the plan as a whole

SHAPES = (
    "range -2 3", "clip 0 0.8", "invert", "curve pow 2", "curve exp 3", "curve log 5", "quantise 7", "smooth 30ms",
    "smooth 1s", "attack 10ms release 200ms", "agc 500ms", "gate 0.6123 0.4127", "accumulate",
)  # fmt: skip


def fifty(rng: np.random.Generator) -> list[Route]:
    """Fifty routes from a dozen signals to twenty controls."""
    ranges = (None, (0.0, 1.0), (2.0, -2.0))
    return [
        Route(
            f"/s/{rng.integers(12)}",
            f"/k/{rng.integers(20)}",
            tuple(str(text) for text in rng.choice(SHAPES, rng.integers(5))),
            ranges[rng.integers(3)],
            "add" if rng.random() < 0.3 else "set",
        )
        for _ in range(50)
    ]


@pytest.mark.parametrize("seed", range(25))
def test_fifty_routes_come_to_what_each_of_them_says_plainly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    routes = fifty(rng)
    knobs = [Knob(f"/k/{i}", default=i / 10, low=-3, high=3) for i in range(20)]
    d, plain = Desk(routes, knobs), PlainRoutes(routes, knobs)
    levels: dict[str, float] = {}
    for _ in range(60):
        for i in rng.integers(0, 12, 2):
            levels[f"/s/{i}"] = float(rng.normal(0.4, 0.8))
            d.level(f"/s/{i}", levels[f"/s/{i}"])
        if rng.random() < 0.1:
            k, value = f"/k/{rng.integers(0, 20)}", float(rng.normal())
            d.write(k, value)
            plain.write(k, value)
        dt_s = float(rng.choice([0.002, 0.016, 0.3]))
        np.testing.assert_allclose(d.step(dt_s).values, plain.step(levels, dt_s), rtol=0, atol=1e-9)


@given(st.lists(st.lists(st.sampled_from(["affine", "smooth", "pow", "gate"]), max_size=6), max_size=12))
def test_batches_keep_the_order_of_every_chain(chains: list[list[str]]) -> None:
    batches = schedule([[Op(kind) for kind in chain] for chain in chains])
    played: list[list[int]] = [[] for _ in chains]
    for kind, places in batches:
        assert len({i for i, _ in places}) == len(places)
        for i, k in places:
            assert chains[i][k] == kind
            played[i].append(k)
    assert played == [list(range(len(chain))) for chain in chains]


def test_routes_of_one_make_share_their_batches() -> None:
    routes = [Route(f"/s/{i}", "/k", ("range 0 2", "smooth 1s", "curve pow 2"), (0, 2)) for i in range(50)]
    kinds = [kind for kind, _ in schedule([[Op(k) for k in ("affine", "smooth", "affine", "pow", "affine")]] * 50)]
    assert kinds == ["affine", "smooth", "affine", "pow", "affine"]
    d = Desk(routes, [Knob("/k")])
    d.level("/s/3", 1)
    assert d.value("/k") == pytest.approx(0.5)


def test_every_kernel_is_reached_by_a_shape() -> None:
    reached = {"affine", "set", "toggle", "count 4", "envelope", "hold until /s/y", "hold until beat", "hold until bar",
               "hold while /s/y", "hold 1s", "gate 1", "accumulate wrap", "accumulate clip", "delay 1s", "zscore 1s",
               "agc 1s", "one-euro", "attack 1s", "smooth 1s", "expr x", "quantise 0 1", "quantise 3", "curve pow 2",
               "curve exp 2", "curve log 2", "curve table 0:0 1:1"}  # fmt: skip
    assert len(reached) == len(KERNELS)
    desk(*(Route("/s/x", "/direction/stripes", (text,)) for text in reached - {"affine"}))


def test_the_same_signals_make_the_same_values_bit_for_bit() -> None:
    def play() -> list[list[float]]:
        d = desk(
            Route("/s/x", "/direction/stripes", ("one-euro 1hz 0.1", "zscore 1s")),
            Route("noise(t * 3) + /s/x", "/generator/psi", ("smooth 1 beats", "delay 50ms")),
        )
        rng = np.random.default_rng(3)
        out = []
        for k in range(300):
            if k % 4 == 0:
                d.level("/s/x", float(rng.normal()))
            out.append(d.step().values.tolist())
        return out

    assert play() == play()


def test_a_step_of_no_time_and_a_step_of_hours_are_steps() -> None:
    d = desk(Route("/s/x", "/direction/stripes", ("zscore 1s", "one-euro", "agc 1s", "delay 1s", "smooth 1s")))
    d.level("/s/x", 1)
    for dt_s in (0.0, 0.0, 1e4, 0.002, 0.0):
        d.level("/s/x", d.now_s)
        assert abs(stripes(d, dt_s)) <= 2


def test_a_flood_of_new_addresses_changes_nothing() -> None:
    d = desk(Route("/s/x", "/direction/stripes"), Route("/flood/*/y", "/latent/next"))
    d.level("/s/x", 1)
    for k in range(6000):
        d.level(f"/flood/{k}", 1)
        d.event(f"/flood/{k}/z")
        if k % 500 == 0:
            assert stripes(d) == 1
    assert d.fired == []


def test_no_routes_and_no_controls_are_a_plan() -> None:
    d = Desk([], [])
    assert d.step().values.shape == (0,)
    assert isinstance(d.plan, Plan) and d.plan.trace() == ()


def test_trace_shows_each_route_as_it_stands() -> None:
    d = desk(Route("/s/x", "/direction/stripes", ("curve pow 2",), (0, 2)), Route("/s/go", "/latent/next"))
    d.level("/s/x", 0.5)
    d.step()
    first, second = d.plan.trace()
    assert (first.source, first.to, first.input, first.output) == ("/s/x", "/direction/stripes", 0.5, 0.5)
    assert second.to == "/latent/next" and not second.suspended

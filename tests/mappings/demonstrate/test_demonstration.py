"""Who wins where something was demonstrated, and what a press learns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.bus import Bus
from mappings.demonstrate import METHOD, ON, Demonstration, DemonstrationSpec, Poses
from mappings.demonstrate.regression import METHODS
from mappings.routes import Outcome, Plan, Route
from mappings.routes.hands import GLIDE_S
from tests.mappings.desk import STEP_S, Knob

BLOOM, HUE, FREE = "/direction/bloom", "/direction/hue", "/direction/free"
KNOBS = (
    Knob(BLOOM, 0.0, -2.0, 2.0),
    Knob(HUE, 0.5, -2.0, 2.0),
    Knob(FREE, 0.0, -2.0, 2.0),
    Knob(ON, 1.0, 0.0, 1.0),
    Knob(METHOD, 1.0, 0.0, 2.0),
)
EVERY = pytest.mark.parametrize("method", METHODS)


class Taught:
    """A plan with a demonstration on a bus, stepped by hand."""

    def __init__(
        self, *routes: Route, signals: tuple[str, ...] = ("/osc/x", "/osc/y"), smooth_s: float = 0.0,
        method: str = "kernel", poses: Poses | None = None,
    ) -> None:  # fmt: skip
        self.bus = Bus()
        self.now_s = 0.0
        knobs = [*KNOBS[:-1], Knob(METHOD, float(list(METHODS).index(method)), 0.0, 2.0)]
        spec = DemonstrationSpec(signals, (BLOOM, HUE), method, smooth_s)
        self.learned = Demonstration(spec, knobs, self.bus, poses)
        self.plan = Plan(routes, knobs, self.bus, taught=self.learned)

    def signals(self, **values: float) -> None:
        for name, value in values.items():
            self.bus.level(f"/osc/{name}", value, self.now_s)

    def hand(self, address: str, value: float = 1.0) -> None:
        self.bus.write(address, value, self.now_s, "test")

    def step(self) -> Outcome:
        self.now_s += STEP_S
        self.bus.tempo.step(self.bus, self.now_s)
        return self.plan.step(self.now_s, STEP_S)

    def rest(self, seconds: float = 0.3) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.step()

    def at(self, address: str) -> float:
        return float(self.step().values[self.plan.addresses.index(address)])

    def press(self) -> bool:
        return self.learned.press(self.bus.look(()), self.plan.standing(self.learned.rows))

    def teach(self, x: float, y: float, bloom: float, hue: float) -> None:
        """Hold a pose and a picture, press, let go."""
        self.signals(x=x, y=y)
        self.hand(BLOOM, bloom)
        self.hand(HUE, hue)
        self.step()
        assert self.press()
        self.plan.let_go(self.learned.rows)
        self.rest()


def two(**options: object) -> Taught:
    taught = Taught(**options)  # type: ignore[arg-type]
    taught.teach(0.0, 0.5, -1.0, 0.0)
    taught.teach(1.0, 0.5, 1.5, 1.0)
    return taught


@EVERY
def test_each_pose_brings_back_its_picture(method: str) -> None:
    taught = two(method=method)
    for x, bloom, hue in ((0.0, -1.0, 0.0), (1.0, 1.5, 1.0), (0.0, -1.0, 0.0)):
        taught.signals(x=x)
        taught.rest()
        assert taught.at(BLOOM) == pytest.approx(bloom, abs=0.02)
        assert taught.at(HUE) == pytest.approx(hue, abs=0.02)


@EVERY
def test_between_two_poses_the_controls_go_from_one_to_the_other(method: str) -> None:
    taught, seen = two(method=method), []
    for x in np.linspace(0, 1, 101):
        taught.signals(x=float(x))
        seen.append(taught.at(BLOOM))
    moves = np.diff(seen)
    assert (moves > -1e-9).all() and moves.max() < 0.1, "up all the way, and nowhere with a jump"
    assert seen[50] == pytest.approx(0.25, abs=0.05)


def test_nothing_was_demonstrated_nothing_changes() -> None:
    taught = Taught(Route("/osc/x", BLOOM))
    taught.signals(x=0.7)
    assert taught.at(BLOOM) == 0.7 and taught.at(HUE) == 0.5


def test_set_routes_of_demonstrated_controls_rest_and_others_do_not() -> None:
    taught = Taught(Route("/osc/x", BLOOM), Route("/osc/x", FREE))
    taught.teach(0.3, 0.3, 1.25, 1.0)
    assert taught.at(BLOOM) == pytest.approx(1.25) and taught.at(FREE) == pytest.approx(0.3)


def test_add_routes_lie_on_top_and_are_not_learned() -> None:
    taught = Taught(Route("/osc/shake", BLOOM, mix="add"))
    taught.signals(shake=0.25)
    taught.teach(0.0, 0.0, 1.0, 0.0)
    assert taught.learned.poses.y[0, 0] == 1.0
    assert taught.at(BLOOM) == pytest.approx(1.25)


def test_a_hand_wins_until_it_lets_go() -> None:
    taught = two()
    taught.hand(BLOOM, 0.125)
    for x in (0.0, 0.5, 1.0):
        taught.signals(x=x)
        assert taught.at(BLOOM) == 0.125
    assert taught.at(HUE) == pytest.approx(1.0, abs=0.02), "the others play on"
    taught.hand(BLOOM + "/release")
    way = [taught.at(BLOOM) for _ in range(round(GLIDE_S / STEP_S) + 3)]
    assert way[0] == pytest.approx(0.125, abs=0.05) and way[-1] == pytest.approx(1.5, abs=0.02)
    assert (np.diff(way) > -1e-9).all(), "glides there"


def test_while_hands_hold_a_press_learns_what_they_hold() -> None:
    taught = two()
    taught.signals(x=0.5)
    taught.hand(BLOOM, -2.0)
    taught.rest()
    hue = taught.at(HUE)
    assert taught.press()
    assert taught.learned.poses.y[-1] == pytest.approx([-2.0, hue])
    assert taught.at(BLOOM) == -2.0, "and the hand still holds"


def test_off_the_routes_play_and_on_it_plays_again_without_a_jump() -> None:
    taught = Taught(Route("/osc/x", BLOOM))
    taught.teach(0.5, 0.5, -1.5, 1.0)
    taught.hand(ON, 0.0)
    way = [taught.at(BLOOM) for _ in range(80)]
    taught.hand(ON, 1.0)
    way += [taught.at(BLOOM) for _ in range(80)]
    assert way[79] == pytest.approx(0.5) and way[-1] == pytest.approx(-1.5)
    assert np.abs(np.diff(way)).max() < 0.06


def test_a_press_learns_what_routes_play_while_it_is_off() -> None:
    taught = Taught(Route("/osc/x", BLOOM))
    taught.hand(ON, 0.0)
    taught.signals(x=0.75)
    taught.rest()
    assert taught.press() and taught.learned.poses.y[0].tolist() == [0.75, 0.5]


def test_undo_takes_back_presses_and_a_clear() -> None:
    taught = two()
    assert len(taught.learned.poses) == 2
    assert taught.learned.clear() and not taught.learned.poses.x.size and not taught.learned.clear()
    taught.rest()
    assert taught.at(BLOOM) == 0.0, "its base again"
    assert taught.learned.undo() and len(taught.learned.poses) == 2
    assert taught.learned.undo() and taught.learned.undo() and not taught.learned.undo()
    assert len(taught.learned.poses) == 0


def test_undo_after_a_restart_takes_the_newest_pose() -> None:
    again = Taught(poses=two().learned.poses)
    assert again.learned.undo() and again.learned.poses.y[:, 0].tolist() == [-1.0]


def test_after_a_restart_the_same_signals_give_the_same_bits() -> None:
    one = two()
    other = Taught(poses=one.learned.poses)
    for taught in (one, other):
        taught.signals(x=0.25, y=0.5)
        taught.rest()
    assert one.step().values.tobytes() == other.step().values.tobytes()


def test_a_press_before_any_signal_came_learns_nothing_and_is_counted() -> None:
    taught = Taught()
    taught.step()
    assert not taught.press() and taught.bus.dropped["demonstrate_nothing"] == 1


def test_events_never_enter() -> None:
    taught = two()
    taught.bus.post("/osc/x", 0.9, taught.now_s)
    before = taught.at(BLOOM)
    taught.bus.post("/osc/y", -5.0, taught.now_s)
    assert taught.at(BLOOM) == before


def test_numbers_that_are_not_finite_never_enter() -> None:
    taught = two()
    for value in (float("nan"), float("inf"), 1e300):
        taught.signals(x=value)
        assert np.isfinite(taught.step().values).all()
    assert taught.press() and np.isfinite(taught.learned.poses.x).all()


def test_a_signal_that_has_not_come_yet_says_nothing_until_it_does() -> None:
    taught = Taught(poses=two().learned.poses)
    assert taught.at(BLOOM) == pytest.approx(0.25), "the mean of both"
    taught.signals(x=1.0)
    taught.rest()
    assert taught.at(BLOOM) == pytest.approx(1.5, abs=0.02)


def test_a_pattern_means_every_signal_that_matches() -> None:
    taught = Taught(signals=("/osc/*",))
    taught.signals(z=0.0)
    taught.teach(0.0, 0.0, -1.0, 0.0)
    taught.signals(z=1.0)
    taught.teach(0.0, 0.0, 1.0, 0.0)
    assert sorted(taught.learned.poses.signals) == ["/osc/x", "/osc/y", "/osc/z"]
    assert taught.at(BLOOM) == pytest.approx(1.0, abs=0.02)


def test_a_flood_of_signals_is_counted_and_refused() -> None:
    taught = Taught(signals=("/osc/*",))
    for i in range(300):
        taught.signals(**{f"n{i}": 0.5})
    taught.step()
    assert taught.press() and len(taught.learned.poses.signals) == 256
    assert taught.bus.dropped["demonstrate_signals_full"] == 44


def test_a_control_that_a_pose_does_not_know_counts_as_at_rest() -> None:
    poses = Poses().added({"/osc/x": 0.0}, {BLOOM: 1.0}, {}).added({"/osc/x": 1.0}, {BLOOM: -1.0}, {})
    taught = Taught(poses=poses)
    taught.signals(x=0.0)
    assert taught.at(HUE) == 0.5


def test_what_was_taught_outside_a_controls_ends_is_clamped() -> None:
    taught = Taught(poses=Poses().added({"/osc/x": 0.0}, {BLOOM: 99.0, HUE: 0.0}, {}))
    taught.signals(x=0.0)
    assert taught.at(BLOOM) == 2.0


def test_smoothed_it_goes_63_percent_of_the_way_in_its_time() -> None:
    taught = two(smooth_s=0.5)
    taught.signals(x=0.0)
    taught.rest(5.0)
    begin = taught.at(BLOOM)
    taught.signals(x=1.0)
    taught.rest(0.5)
    assert (taught.at(BLOOM) - begin) / 2.5 == pytest.approx(1 - np.exp(-1.0), abs=0.02)


def test_the_method_is_a_control() -> None:
    taught = two()
    for number, name in enumerate(METHODS):
        taught.hand(METHOD, float(number))
        taught.rest()
        assert taught.learned.method == name


def test_an_error_is_told_from_four_poses_on() -> None:
    taught = two()
    assert taught.learned.error is None
    taught.teach(0.5, 0.5, 0.25, 0.5)
    taught.teach(0.25, 0.5, -0.375, 0.25)
    error = taught.learned.error
    assert error is not None and 0 < error < 0.2


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2, *[st.floats(-3, 3)] * 2), min_size=1, max_size=6), st.data())
def test_whatever_was_demonstrated_controls_stay_within_their_ends(
    shown: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    poses = Poses()
    for x, y, bloom, hue in shown:
        poses = poses.added({"/osc/x": x, "/osc/y": y}, {BLOOM: bloom, HUE: hue}, {})
    taught = Taught(poses=poses, method=data.draw(st.sampled_from(list(METHODS))))
    for _ in range(3):
        taught.signals(x=data.draw(st.floats(-1e300, 1e300)), y=data.draw(st.floats(-2, 2)))
        assert all(-2 <= taught.at(address) <= 2 for address in (BLOOM, HUE))

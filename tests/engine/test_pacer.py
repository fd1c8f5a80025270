"""Pace: what is seen changes evenly, and nothing else is different."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.controls import Controls
from engine.latent.directions import Direction, Directions
from engine.latent.moved import Moved
from engine.latent.perceived import Eye
from engine.latent.spec import MotionSpec, VoiceSpec
from engine.show.pacer import MOST, Pacer, Watch, quickened
from tests.engine.latent.rooms import Room, map_z

SIDE = 64
FPS = 30.0
DITHER = np.random.RandomState(0).rand(SIDE, SIDE)  # so that small changes are not lost in bytes
Draw = Callable[[np.ndarray], np.ndarray]


def uneven(w: np.ndarray) -> np.ndarray:
    """w (voices, num_ws, w_dim) -> pictures of 16 greys, each by a number of w; one number says how strongly."""
    strength = np.exp(1.2 * np.tanh(w[:, 0, :1].astype(np.float64)))
    greys = 0.5 + 0.1 * strength * np.tanh(0.5 * w[:, 0, 1:17])
    large = greys.reshape(-1, 4, 4).repeat(SIDE // 4, 1).repeat(SIDE // 4, 2)
    return np.repeat((255 * large + DITHER).astype(np.uint8)[..., None], 4, 3)


class Stage:
    """A motion, a generator and a pacer, as the generator process has them."""

    def __init__(self, room: Room, draw: Draw = uneven, every: int = 1) -> None:
        self.room, self.draw, self.every = room, draw, every
        voices = len(room.voices)
        self.pacer = Pacer(voices, SIDE, SIDE)
        self.eyes = [Eye(SIDE, SIDE) for _ in range(voices)]
        self.frames = 0
        self.images = np.zeros((voices, SIDE, SIDE, 4), np.uint8)
        self.factors: list[list[float]] = []

    def frame(self, alone: bool = True) -> list[float | None]:
        room = self.room
        room.beat += room.bpm / 60 / FPS
        controls = Controls(room.layout, room.values.copy(), ())
        w = room.motion.step(controls, 1 / FPS, room.beat, self.pacer.factors)
        fresh = self.draw(w)
        drawn = [v for v in range(len(fresh)) if (self.frames + v) % self.every == 0]
        self.images[drawn] = fresh[drawn]
        self.frames += 1
        if any(room.motion.pace):
            self.pacer.watch(room.motion.moved(), room.motion.pace, self.images, drawn, alone)
        else:
            self.pacer.rest()
        self.factors.append(list(self.pacer.factors))
        return [eye.look(image) for eye, image in zip(self.eyes, self.images, strict=True)]

    def changes(self, seconds: float) -> np.ndarray:
        found = [self.frame() for _ in range(round(seconds * FPS))]
        return np.array([row for row in found if None not in row], np.float64)


def cv(changes: np.ndarray) -> float:
    return float(changes.std() / changes.mean())


def wandering(pace: float, **more: float) -> Room:
    return Room(wander=1.0, wander_hz=0.1, pace=pace, **more)


def test_without_pace_nothing_is_different_by_a_bit() -> None:
    plain, watched = wandering(0.0), wandering(0.0)
    watched.motion.step(Controls(watched.layout, watched.values.copy(), ()), 0.0, 0.0, [4.0])
    plain.motion.step(Controls(plain.layout, plain.values.copy(), ()), 0.0, 0.0)
    for _ in range(120):
        a = plain.step()
        watched.beat = plain.beat
        b = watched.motion.step(Controls(watched.layout, watched.values.copy(), ()), 1 / 60, plain.beat, [0.3])
        assert np.array_equal(a, b)


@pytest.mark.parametrize("geometry", ["sphere", "flat"])
def test_an_uneven_gain_is_evened(geometry: str) -> None:
    plain = Stage(wandering(0.0, geometry=geometry)).changes(40)
    paced = Stage(wandering(1.0, geometry=geometry)).changes(40)
    assert cv(plain) > 0.5 and cv(paced[300:]) < 0.65 * cv(plain[300:])


def test_the_tempo_stays() -> None:
    stage = Stage(wandering(1.0))
    paced, plain = stage.changes(60).sum(), Stage(wandering(0.0)).changes(60).sum()
    assert 0.7 < paced / plain < 1.4
    assert 0.7 < np.mean(stage.factors) < 1.4


def test_half_of_it_evens_less() -> None:
    found = [cv(Stage(wandering(pace)).changes(30)[150:]) for pace in (0.0, 0.5, 1.0)]
    assert found[0] > found[1] > found[2]


def test_the_step_stays_within_a_quarter_and_four_times() -> None:
    stage = Stage(wandering(1.0))
    for frame in range(300):
        stage.frame()
        if frame % 70 == 0:
            stage.room.step("/latent/next")
        (own,) = stage.room.motion.moved()
        assert 1 / (FPS * MOST) * 0.999 <= own.dt_s <= MOST / FPS * 1.001


def test_the_same_show_is_paced_the_same() -> None:
    a, b = (Stage(wandering(1.0)) for _ in range(2))
    assert np.array_equal(a.changes(5), b.changes(5)) and a.factors == b.factors


def test_each_voice_has_a_pace_of_its_own() -> None:
    motion = MotionSpec(wander=1.0)
    voices = [VoiceSpec(seed=1, motion=motion), VoiceSpec(seed=2, motion=MotionSpec(wander=1.0, pace=1.0))]
    alone = Room(VoiceSpec(seed=1, motion=motion))
    stage, single = Stage(Room(*voices)), Stage(alone)
    both = stage.changes(10)
    assert np.array_equal(both[:, 0], single.changes(10)[:, 0])
    assert all(row[0] == 1.0 for row in stage.factors) and stage.factors[-1][1] != 1.0


def test_voices_in_turn_are_evened_too() -> None:
    spec = [VoiceSpec(seed=i, motion=MotionSpec(wander=1.0, pace=1.0)) for i in range(2)]
    rested = [VoiceSpec(seed=i, motion=MotionSpec(wander=1.0)) for i in range(2)]
    paced, plain = (Stage(Room(*voices), every=2).changes(30) for voices in (spec, rested))
    for voice in range(2):
        a, b = (found[:, voice][found[:, voice] > 0][20:] for found in (paced, plain))
        assert cv(a) < 0.8 * cv(b)


def test_amounts_are_at_once_whatever_the_pace() -> None:
    bank = Directions((Direction("a", np.eye(24)[5], "w"),))
    plain, paced = Room(directions=bank), Room(directions=bank, pace=1.0)
    for room in (plain, paced):
        room.set(direction__a=2.0)
    stage = Stage(paced)
    stage.pacer.factors = [0.25]
    for _ in range(30):
        stage.frame()
        stage.pacer.factors = [0.25]
        plain.step(dt_s=1 / FPS)
        assert np.allclose(plain.motion.state()["amounts"], paced.motion.state()["amounts"])


def test_what_amounts_change_is_not_taken_for_the_points_own_motion() -> None:
    """A fader that dances does not slow the wander: the picture changes ten times as much, and the point goes on."""
    bank = Directions((Direction("a", np.eye(24)[0], "w", sigma=1.0),))
    room = Room(directions=bank, wander=1.0, wander_hz=0.1, pace=1.0, frequency_hz=0.3)
    still = Stage(Room(directions=bank, wander=1.0, wander_hz=0.1, pace=1.0, frequency_hz=0.3))
    dancing = Stage(room)
    for frame in range(600):
        room.set(accent__a=float(np.sin(frame)) if frame > 100 else 0.0)
        dancing.frame()
        still.frame()
    assert 0.6 < np.mean(dancing.factors[100:]) / np.mean(still.factors[100:]) < 1.6


def test_w_is_told_apart_by_what_moved_it() -> None:
    bank = Directions((Direction("a", np.eye(24)[0], "z"),))
    both, alone = (Room(directions=bank, wander=1.0, wander_hz=0.1) for _ in range(2))
    for _ in range(20):
        both.step()
        alone.step()
    assert both.motion.moved() == alone.motion.moved() and both.motion.moved()[0].other == 0.0
    both.set(accent__a=3.0).step()
    alone.step()
    (own,), (point,) = both.motion.moved(), alone.motion.moved()
    assert own.way == pytest.approx(point.way, rel=1e-4) and own.other == pytest.approx(3.0 * 6**0.5, rel=1e-4)


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_fader_that_never_rests_does_not_keep_the_point_from_being_evened(space: Any) -> None:
    """Judged by the pictures that the point alone would give."""
    bank = Directions((Direction("a", np.eye(24)[20], space),))

    def of_the_point(pace: float) -> float:
        room = Room(directions=bank, wander=1.0, wander_hz=0.1, pace=pace)
        stage, eye, found = Stage(room), Eye(SIDE, SIDE), []
        for frame in range(900):
            room.set(accent__a=0.2 * float(np.sin(0.7 * frame)))
            stage.frame()
            position = room.motion.state()["position"] * room.motion.state()["radius"][..., None]
            change = eye.look(uneven(map_z(position, 1.0))[0])
            found.append(change or 0.0)
        return cv(np.array(found[300:]))

    assert of_the_point(1.0) < 0.75 * of_the_point(0.0)


def test_a_loop_follows_the_beat() -> None:
    rooms = [wandering(pace).set(latent__loop=1.0) for pace in (0.0, 1.0)]
    stage = Stage(rooms[1])
    stage.frame()
    rooms[0].step(dt_s=1 / FPS)
    for _ in range(60):
        stage.pacer.factors = [4.0]
        stage.frame()
        rooms[0].step(dt_s=1 / FPS)
        (own,) = stage.room.motion.moved()
        assert own.dt_s == pytest.approx(1 / FPS)


def test_another_tempo_is_taken_up() -> None:
    """Twice as fast by hand is twice as fast after a few seconds, and not held back by what was wanted before."""
    stage = Stage(wandering(1.0))
    before = stage.changes(30)[300:].mean()
    stage.room.set(latent__wander_hz=0.2, motion__frequency_hz=1.0)
    stage.changes(5)
    assert stage.changes(20).mean() > 1.5 * before


def test_a_point_at_rest_is_not_hurried() -> None:
    stage = Stage(Room(pace=1.0))
    stage.room.step("/latent/next")
    stage.changes(20)
    assert stage.factors[-1] == [1.0]


def test_a_saved_show_goes_on_at_the_same_pace() -> None:
    """The motion is another one, which has gone no way before its first step."""
    stage, stays = Stage(wandering(1.0)), Stage(wandering(1.0))
    stage.changes(3)
    stays.changes(3)
    former = stage.room
    stage.room = wandering(1.0)
    stage.room.beat = former.beat
    assert stage.room.motion.restore(former.motion.state(loops=True))
    for _ in range(10):
        stage.frame()
        stays.frame()
        assert stage.factors[-1] == pytest.approx(stays.factors[-1], rel=1e-6)


def test_when_pace_comes_back_it_begins_with_one() -> None:
    stage = Stage(wandering(1.0))
    stage.changes(5)
    stage.room.set(motion__pace=0.0)
    stage.frame()
    assert stage.factors[-1] == [1.0]
    stage.room.set(motion__pace=1.0)
    stage.frame()
    assert stage.factors[-1] == [1.0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6), st.floats(width=32), st.floats(width=32), st.booleans(), st.integers(0, 3),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_whatever_it_is_told_the_factor_stays_within_bounds(steps: list[tuple[float, float, float, bool, int]]) -> None:
    watch = Watch(8, 8)
    for dt_s, way, other, told, shade in steps:
        watch.moved(Moved(dt_s, abs(way), abs(other), (shade,)), told)
        watch.looked(np.full((8, 8, 4), 80 * shade, np.uint8))
        assert 1 / MOST <= watch.factor <= MOST


@given(st.floats(), st.floats())
def test_a_factor_is_always_a_number_within_bounds(speed: float, wanted: float) -> None:
    assert 1 / MOST <= quickened(speed, wanted) <= MOST


def test_there_is_no_jump_on_the_way_to_rest() -> None:
    speeds = np.geomspace(1e-4, 10, 4000)
    found = np.array([quickened(speed, 1.0) for speed in speeds])
    assert np.abs(np.diff(np.log(found))).max() < 0.01


def test_a_picture_paces_itself(tmp_path: Path) -> None:
    from engine.preset import Options, load_show
    from engine.show.picture import Picture

    def drawn(pace: float) -> np.ndarray:
        path = tmp_path / f"show-{pace}.toml"
        path.write_text(
            f'title = "p"\n[generator]\nmodel = "silk"\nsize = [64, 64]\n[motion]\nwander = 1.0\npace = {pace}\n',
            "utf-8",
        )
        show = load_show(path, Options())
        picture = Picture(show.pinned, "cpu", 1)
        controls = Controls(show.layout, show.layout.defaults.copy())
        return np.array([picture.step(controls, 1 / FPS, 0.0).copy() for _ in range(12)])

    assert np.array_equal(drawn(1.0), drawn(1.0)) and not np.array_equal(drawn(0.0), drawn(1.0))

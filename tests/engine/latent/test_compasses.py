"""Laws of compasses in a playing show: what is sorted turns their directions, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls, Layout
from engine.generator.base import ModelInfo
from engine.latent.compass import Axes
from engine.latent.compasses import MOST, CompassSpec, compass_controls, direction_of
from engine.latent.directions import Directions
from engine.latent.motion import Motion, MotionSpec, VoiceSpec, controls
from engine.latent.places import Places
from tests.engine.latent.rooms import INFO, map_z

Array = NDArray[np.float64]
DIM, K, DT_S = INFO.z_dim, 8, 1 / 60
ROWS = np.linalg.qr(np.random.RandomState(0).randn(DIM, K))[0].T
AXES = Axes(ROWS, np.zeros(DIM), np.ones(K))
TRUE = ROWS[0]  # what is sorted by, unless said


def spec(name: str = "mood", more: Array | None = None, less: Array | None = None, axes: Axes = AXES) -> CompassSpec:
    none = np.zeros((0, DIM))
    return CompassSpec(name, axes, none if more is None else more, none if less is None else less)


class Wall:
    """A show of the toy model with compasses, stepped by hand."""

    def __init__(self, *specs: CompassSpec, voices: int = 1, info: ModelInfo = INFO, geometry: str = "sphere") -> None:
        motion = MotionSpec(frequency_hz=9.0, amount_frequency_hz=9.0, geometry=geometry)  # type: ignore[arg-type]
        own = tuple(VoiceSpec(seed=5 + i, motion=motion) for i in range(voices))
        bank = Directions(tuple(direction_of(one, info) for one in specs))
        names = [one.name for one in specs]
        self.layout = Layout([*controls(own, info, bank.names), *compass_controls(names, voices)])
        self.motion = Motion(own, info, bank, Places(), map_z, self.layout, specs)
        self.values = self.layout.defaults.copy()

    def step(self, *addresses: str, dt_s: float = DT_S) -> NDArray[np.float32]:
        events = tuple(ControlEvent(a) if isinstance(a, str) else a for a in addresses)
        return self.motion.step(Controls(self.layout, self.values, events), dt_s, 0.0).copy()

    def amount(self, value: float, name: str = "mood") -> None:
        self.values[self.layout.index(f"/direction/{name}")] = value

    def settle(self, seconds: float = 3.0) -> NDArray[np.float32]:
        for _ in range(round(seconds / DT_S)):
            w = self.step()
        return w

    def way(self, name: str = "mood") -> Array:
        """What one sigma of the direction does to z, measured on the wall."""
        self.amount(0.0, name)
        without = self.settle()
        self.amount(1.0, name)
        return np.asarray(self.settle()[0, 0] - without[0, 0], np.float64)

    def sort(self, count: int, name: str = "mood", factor: Array = TRUE, first: int = 100) -> None:
        """Go to places and sort each by the factor, as a person would."""
        for seed in range(first, first + count):
            self.step(ControlEvent("/latent/seed", float(seed)))  # type: ignore[arg-type]
            self.settle(1.5)
            z = self.motion.state()["position"][0, 0]
            self.step(f"/compass/{name}/{'more' if z @ factor > 0 else 'less'}")


def test_a_compass_without_examples_moves_nothing() -> None:
    wall = Wall(spec())
    assert np.abs(wall.way()).max() < 1e-6
    wall.step("/compass/mood/more")
    wall.step("/compass/mood/undo", "/compass/mood/undo", "/compass/mood/clear", "/compass/mood/keep")
    assert np.abs(wall.way()).max() < 1e-6
    assert wall.motion.compasses.to_keep()["mood"].names == ()


def test_sorting_while_it_plays_turns_the_direction_the_right_way() -> None:
    wall = Wall(spec())
    wall.sort(16)
    way = wall.way()
    assert np.linalg.norm(way) == pytest.approx(1.0, abs=1e-3)
    assert way @ TRUE > 0.6
    assert "16" not in wall.motion.compasses.notes()["mood"].split(" judged")[0]  # both piles are named apart


def test_the_examples_of_a_show_are_there_from_the_first_frame() -> None:
    pool = np.random.RandomState(1).randn(200, DIM)
    order = np.argsort(pool @ TRUE)
    wall = Wall(spec(more=pool[order[-6:]], less=pool[order[:6]]))
    assert wall.way() @ TRUE > 0.75
    wall.settle(0.1)
    assert wall.motion.compasses.notes()["mood"] == "6 more, 6 less, 12 judged rightly by the others"


def test_a_sorting_moves_no_picture_at_once() -> None:
    """The amount stays up while the direction turns: the picture glides."""
    pool = np.random.RandomState(1).randn(200, DIM)
    order = np.argsort(pool @ TRUE)
    wall = Wall(spec(more=pool[order[-2:]], less=pool[order[:2]]))
    wall.amount(3.0)
    before = wall.settle()
    frames = [before, wall.step("/compass/mood/less"), *(wall.step() for _ in range(120))]
    steps = [np.linalg.norm(b[0, 0] - a[0, 0]) for a, b in zip(frames, frames[1:], strict=False)]
    whole = np.linalg.norm(frames[-1][0, 0] - before[0, 0])
    assert whole > 0.3
    assert max(steps) < 0.06 * whole


def test_undo_and_clear_lead_back() -> None:
    wall = Wall(spec())
    wall.sort(8)
    first = wall.way()
    wall.sort(3, factor=ROWS[1], first=300)
    assert not np.allclose(wall.way(), first, atol=1e-3)
    for _ in range(3):
        wall.step("/compass/mood/undo")
    assert wall.way() == pytest.approx(first, abs=1e-5)
    wall.step("/compass/mood/clear")
    assert np.abs(wall.way()).max() < 1e-6


def test_a_picture_that_is_sorted_again_counts_once() -> None:
    wall = Wall(spec())
    wall.settle()
    for verb in ("more", "more", "less"):
        wall.step(f"/compass/mood/{verb}")
    wall.step("/compass/mood/keep")
    assert wall.motion.compasses.to_keep()["mood"].names == ("less-1",)
    assert wall.motion.compasses.to_keep() == {}


def test_the_amounts_belong_to_the_example() -> None:
    pool = np.random.RandomState(1).randn(200, DIM)
    order = np.argsort(pool @ TRUE)
    wall = Wall(spec("mood", pool[order[-6:]], pool[order[:6]]), spec("yours"))
    wall.amount(2.0)
    shown = wall.settle()
    wall.step("/compass/yours/more", "/compass/yours/keep")
    (place,) = wall.motion.compasses.to_keep()["yours"]
    assert place.latent == pytest.approx(shown[0, 0].astype(np.float64), abs=1e-5)  # the toy's w is z
    assert place.model_hash == INFO.hash


def test_each_axis_is_read_from_the_band_where_it_is_seen() -> None:
    """A colour from the band of the colours: bands that went apart make one place that draws the same picture."""
    layers = tuple((0,) if i < 4 else (4,) for i in range(K))
    wall = Wall(spec(axes=replace(AXES, layers=layers)))
    wall.step("/latent/fine/next")
    wall.settle()
    z = wall.motion.state()["position"][0] * wall.motion.state()["radius"][0][:, None]
    assert not np.allclose(z[0], z[2])
    wall.step("/compass/mood/more", "/compass/mood/keep")
    (place,) = wall.motion.compasses.to_keep()["mood"]
    assert ROWS[:4] @ place.latent == pytest.approx(ROWS[:4] @ z[0], abs=1e-5)
    assert ROWS[4:] @ place.latent == pytest.approx(ROWS[4:] @ z[2], abs=1e-5)


def test_a_state_goes_on_with_no_jump_and_the_same_examples() -> None:
    one, other = Wall(spec(), spec("yours")), Wall(spec("yours"), spec())
    one.sort(5)
    one.amount(2.0)
    one.settle(0.4)
    one.step("/compass/mood/less")
    for _ in range(3):
        one.step()
    assert other.motion.restore(one.motion.state(loops=True))
    other.values = one.values[[one.layout.index(c.address) for c in other.layout.levels]]
    for _ in range(30):
        assert other.step() == pytest.approx(one.step(), abs=1e-6)
    one.step("/compass/mood/undo")
    other.step("/compass/mood/undo")
    assert other.settle() == pytest.approx(one.settle(), abs=1e-6)


def test_what_was_sorted_in_another_show_or_on_another_model_is_not_taken_over() -> None:
    one, same, model, show = (
        Wall(spec()), Wall(spec()), Wall(spec(), info=replace(INFO, hash="h2")), Wall(replace(spec(), show="other")),
    )  # fmt: skip
    one.sort(4)
    for wall, said in ((same, "3 more"), (model, "0 more"), (show, "0 more")):
        assert wall.motion.restore(one.motion.state())
        assert wall.motion.compasses.notes()["mood"].startswith(said)


def test_large_piles_are_judged_a_few_at_a_time() -> None:
    draw = np.random.RandomState(3).randn(2, 300, DIM)
    wall = Wall(spec(more=draw[0] + 2.0 * TRUE, less=draw[1] - 2.0 * TRUE))
    wall.settle(600 * DT_S)
    said = wall.motion.compasses.notes()["mood"]
    assert said.startswith("300 more, 300 less, ") and "judged rightly" in said


def test_a_spoilt_state_of_a_compass_is_left_alone() -> None:
    one, other = Wall(spec()), Wall(spec())
    one.sort(4)
    for part, spoilt in (("sides", np.array([1, 5, 1, 1])), ("examples", np.zeros((4, 3), np.float32))):
        state = one.motion.state()
        key = next(key for key in state if key.startswith("compass.") and key.endswith(part))
        assert other.motion.restore(state | {key: spoilt})
        assert "0 more, 0 less" in other.motion.compasses.notes()["mood"]


def test_two_walls_that_are_played_alike_are_alike_to_the_bit() -> None:
    walls = Wall(spec()), Wall(spec())
    for wall in walls:
        wall.sort(7)
        wall.amount(1.5)
    assert np.array_equal(walls[0].settle(), walls[1].settle())


def test_each_of_several_voices_can_be_sorted_and_the_plain_address_takes_all() -> None:
    wall = Wall(spec(), voices=2)
    wall.settle()
    wall.step("/voice/2/compass/mood/more", "/compass/mood/keep")
    assert wall.motion.compasses.to_keep()["mood"].names == ("more-1",)
    wall.step("/compass/mood/less", "/compass/mood/keep")
    assert wall.motion.compasses.to_keep()["mood"].names == ("less-1", "less-2")  # the second was sorted again


def test_the_oldest_example_goes_when_there_are_too_many() -> None:
    wall = Wall(spec())
    compass = wall.motion.compasses
    for seed in range(MOST + 5):
        wall.motion._space.rest_at(np.random.RandomState(seed).randn(1, len(INFO.bands), DIM))
        wall.motion.remap()
        wall.step(f"/compass/mood/{'more' if seed % 2 else 'less'}", dt_s=0.0)
    wall.step("/compass/mood/keep")
    assert len(compass.to_keep()["mood"]) == MOST


def test_a_compass_of_w_reads_what_is_drawn_at_psi_one() -> None:
    none = np.zeros((0, DIM))
    own = CompassSpec("mood", AXES, none, none, "w")
    for geometry in ("sphere", "flat"):
        wall = Wall(own, geometry=geometry)
        shown = wall.settle()
        wall.values[wall.layout.index("/generator/psi")] = 0.3
        wall.settle()
        wall.step("/compass/mood/more", "/compass/mood/keep")
        (place,) = wall.motion.compasses.to_keep()["mood"]
        assert place.space == "w"
        assert place.latent == pytest.approx(shown[0].astype(np.float64).mean(0), abs=1e-4)
        wall.values[wall.layout.index("/generator/psi")] = 1.0
        wall.sort(8)
        assert np.linalg.norm(wall.way()) > 0.3

"""Laws of directions that bend, as they are played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.latent.curve import Curve
from engine.latent.directions import Direction, Directions
from engine.latent.flow import Flow
from engine.latent.steer import Steer
from tests.engine.latent.rooms import INFO, Room

DIM = INFO.z_dim
AMOUNTS = st.floats(-4.0, 4.0)


def curve(seed: int = 0, hidden: int = 8, shell: bool = True) -> Curve:
    numbers = np.random.RandomState(seed)
    first, second = numbers.randn(hidden, DIM) / np.sqrt(DIM), numbers.randn(DIM, hidden) / hidden
    return Curve(first, numbers.randn(hidden), second, shell=shell)


def bent(name: str = "bent", space: str = "z", layers: tuple[int, ...] | None = None, seed: int = 0) -> Direction:
    vector = np.random.RandomState(seed + 100).randn(DIM)
    return Direction(name, vector, space, 0.8, layers, curve=curve(seed, shell=space == "z"))  # type: ignore[arg-type]


@given(st.integers(0, 99), AMOUNTS, AMOUNTS, st.booleans())
def test_a_flow_goes_where_its_curve_goes(seed: int, a: float, b: float, shell: bool) -> None:
    numbers = np.random.RandomState(seed)
    bend, way, x, amounts = curve(seed, shell=shell), numbers.randn(DIM), numbers.randn(2, DIM), np.array([a, b])
    assert np.allclose(Flow(bend, way).moved(x, amounts), bend.moved(x, way, amounts), atol=1e-9)


@given(st.integers(0, 99), st.floats(-2.0, 2.0), st.booleans())
def test_an_amount_and_the_same_back_come_home(seed: int, amount: float, shell: bool) -> None:
    x, way = np.random.RandomState(seed).randn(1, DIM), bent(seed=seed).vector
    rough = curve(seed, shell=shell)
    flow = Flow(Curve(rough.first, rough.bias, rough.second / 4, shell=shell), way)
    there = flow.moved(x, np.array([amount]))
    back = flow.moved(there, np.array([-amount]))
    assert np.linalg.norm(back - x) <= 0.1 * np.linalg.norm(there - x), "as exact as steps of half a sigma are"


@given(st.integers(0, 99), AMOUNTS)
def test_a_curve_in_z_keeps_to_the_shell(seed: int, amount: float) -> None:
    x = np.random.RandomState(seed).randn(3, DIM)
    moved = Flow(curve(seed), np.ones(DIM)).moved(x, np.full(3, amount))
    assert np.allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(x, axis=1))


def test_nothing_is_exactly_nothing() -> None:
    steer = Steer(Directions((bent(), bent("other", "w"))), INFO, 2)
    z, w = np.random.RandomState(0).randn(2, 3, DIM), np.ones((2, 6, DIM), np.float32)
    assert steer.z(z, np.zeros((2, 2))) is z and steer.w(w, np.zeros((2, 2))) is w
    one = steer.z(z, np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert np.array_equal(one[0], z[0]) and not np.allclose(one[1], z[1])


def test_in_z_the_bands_that_hold_a_layer_follow_and_in_w_the_layers() -> None:
    steer = Steer(Directions((bent("a", layers=(3,)), bent("b", "w", (1, 4)))), INFO, 1)
    z, w = np.random.RandomState(0).randn(1, 3, DIM), np.random.RandomState(1).randn(1, 6, DIM).astype(np.float32)
    amounts = np.ones((1, 2))
    assert (steer.z(z, amounts) != z).any(2).tolist() == [[False, True, False]]
    moved = steer.w(w, amounts)
    assert moved.dtype == np.float32
    assert (moved != w).any(2).tolist() == [[False, True, False, False, True, False]]


def test_a_curve_begins_where_the_straight_ones_have_led() -> None:
    straight = Direction("straight", np.eye(DIM)[0], sigma=2.0)
    steer = Steer(Directions((bent(), straight)), INFO, 1)
    z = np.random.RandomState(0).randn(1, 3, DIM)
    d = bent()
    assert d.curve is not None
    expected = d.curve.moved(z[0] + 2.0 * np.eye(DIM)[0], d.sigma * d.vector, np.full(3, 1.5))
    assert np.allclose(steer.z(z, np.array([[1.5, 1.0]]))[0], expected)


def test_a_show_plays_a_curve_by_its_sprung_amount() -> None:
    room = Room(directions=Directions((bent(),)))
    before = room.step().copy()
    room.set(direction__bent=1.0)
    first, later = room.step().copy(), room.run(3.0)[-1]
    assert 0 < np.abs(first - before).max() < np.abs(later - before).max()
    home = room.motion.state()["position"][0] * room.motion.state()["radius"][0][:, None]
    d = bent()
    assert d.curve is not None
    expected = d.curve.moved(home, d.sigma * d.vector, np.ones(3))
    assert np.allclose(later[0, ::2], expected, atol=1e-3)
    assert np.allclose(room.set(direction__bent=0.0).run(4.0)[-1], before, atol=1e-3)


def test_in_flat_geometry_a_curve_of_z_is_a_straight_line() -> None:
    room = Room(directions=Directions((bent("a", layers=(2,)),)), geometry="flat")
    w = [room.set(accent__a=amount).step().copy() for amount in (0.0, 1.0, 2.0)]
    assert np.allclose(w[2] - w[1], w[1] - w[0], atol=1e-5)
    assert (w[1] != w[0]).any(2).tolist() == [[False, False, True, True, False, False]]


def test_a_curve_of_w_bends_in_flat_geometry_too() -> None:
    room = Room(directions=Directions((bent("a", "w"),)), geometry="flat")
    w = [room.set(accent__a=amount).step().copy() for amount in (0.0, 1.0, 2.0)]
    d = bent("a", "w")
    assert d.curve is not None
    assert np.allclose(w[2][0], d.curve.moved(w[0][0].astype(float), d.sigma * d.vector, np.full(6, 2.0)), atol=1e-5)


@pytest.mark.real
@pytest.mark.parametrize("space", ["z", "w"])
def test_a_show_moves_as_the_studio_does(space: str) -> None:
    import torch

    from engine.studio.learn.subject import Subject

    subject = Subject("tulip", side=32, threads=1)
    info = subject.info
    numbers = np.random.RandomState(3)
    dim = info.z_dim if space == "z" else info.w_dim
    bend = Curve(numbers.randn(16, dim) / 20, numbers.randn(16), numbers.randn(dim, 16) / 100, shell=space == "z")
    d = Direction("d", numbers.randn(dim), space, 0.5, (0, 1), curve=bend)  # type: ignore[arg-type]
    sample = subject.sample(2, 5)
    amounts = torch.tensor([1.5, -2.0])
    expected = subject.moved(sample, d, amounts)
    steer, own = Steer(Directions((d,)), info, 2), amounts.numpy()[:, None].astype(float)
    z = np.repeat(sample.z.numpy().astype(float)[:, None], len(info.bands), 1)
    moved = steer.z(z, own)
    from engine.generator.catalog import open_model

    generator = open_model("tulip", "cpu", 1)
    w = steer.w(generator.map(moved, 1.0), own)
    assert np.allclose(w, expected.numpy(), atol=1e-4)

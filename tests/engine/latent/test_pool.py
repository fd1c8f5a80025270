"""Laws of pools: a show's places are the rows of a sequence, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.controls import ControlEvent
from engine.errors import ModelError
from engine.journal import pack, unpack
from engine.latent.motion import MotionSpec, VoiceSpec
from engine.latent.places import Place, Places
from engine.latent.pool import shuffled
from tests.engine.latent.rooms import INFO, Room, angle
from tests.engine.latent.test_journey import SIX, mixing

Film = NDArray[np.float64]
FAST = MotionSpec(2.0, 1.0)
SPAN = 4  # dimensions of z that the pool's rows lie in: what is drawn from it alone stays there


def rows(count: int = 7) -> Film:
    z = np.zeros((count, INFO.z_dim))
    z[:, :SPAN] = np.random.RandomState(1).randn(count, SPAN)
    return np.asarray(z * np.sqrt(INFO.z_dim) / np.linalg.norm(z, axis=1, keepdims=True))


def voice(folder: Path, film: Film | None = None, **more: object) -> VoiceSpec:
    np.save(folder / "pool.npy", (rows() if film is None else film).astype(np.float32))
    return VoiceSpec(**{"seed": 7, "motion": FAST, "pool": folder / "pool.npy", **more})  # type: ignore[arg-type]


def row_at(room: Room, film: Film) -> int:
    w = room.run(4.0)[-1][0, 0]
    away = [angle(w, row) for row in film]
    assert min(away) < 2e-3
    return int(np.argmin(away))


@given(st.integers(1, 40), st.integers(0, 2**40))
@settings(max_examples=60)
def test_every_row_comes_once_in_a_round_and_none_twice_running(count: int, seed: int) -> None:
    turns = [shuffled(count, seed, turn) for turn in range(-count, 3 * count)]
    for around in range(4):
        assert sorted(turns[around * count : (around + 1) * count]) == list(range(count))
    if count > 1:
        assert all(a != b for a, b in zip(turns, turns[1:], strict=False))


def test_seeds_go_through_it_in_other_orders() -> None:
    orders = {tuple(shuffled(1000, seed * 256, turn) for turn in range(6)) for seed in range(50)}
    assert len(orders) == 50
    firsts = [shuffled(1000, seed * 256, 0) for seed in range(2000)]
    assert np.histogram(firsts, 10, (0, 1000))[0].min() > 120  # of 200: as even as chance


def test_next_sees_all_rows_before_any_twice(tmp_path: Path) -> None:
    film, room = rows(), Room(voice(tmp_path))
    seen = [row_at(room, film)]
    for _ in range(6):
        room.step("/latent/next")
        seen.append(row_at(room, film))
    assert sorted(seen) == list(range(7))
    room.step("/latent/next")
    assert row_at(room, film) != seen[-1]


def test_a_row_is_asked_for_by_its_number(tmp_path: Path) -> None:
    film, room = rows(), Room(voice(tmp_path))
    for number in (3, 10, -1):
        room.step(ControlEvent("/latent/seed", float(number)))
        assert row_at(room, film) == number % 7


@pytest.mark.parametrize("surprise", [0.0, 0.4, 1.0])
def test_more_goes_part_of_the_way_to_another_row(surprise: float, tmp_path: Path) -> None:
    film, room = rows(), Room(voice(tmp_path)).set(latent__surprise=surprise)
    here = room.step()[0, 0].astype(np.float64)
    room.step("/latent/more")
    w = room.run(4.0)[-1][0, 0]
    away = [angle(w, row) for row in film]
    if surprise == 1.0:
        assert min(away) < 2e-3
    elif surprise == 0.0:
        assert angle(w, here) < 2e-3
    else:
        assert min(angle(w, (1 - surprise) * here + surprise * row) for row in film) < 2e-3


def test_wandering_keeps_within_the_pool_and_meets_its_rows(tmp_path: Path) -> None:
    film, room = rows(), Room(voice(tmp_path)).set(latent__wander=1.0, latent__wander_hz=0.5)
    walk = room.run(60.0)[:, 0, 0].astype(np.float64)
    assert np.abs(walk[:, SPAN:]).max() < 1e-5  # the bias stays in
    nearest = [min(angle(w, row) for w in walk[::4]) for row in film]
    assert max(nearest) < 0.25
    speeds = np.linalg.norm(np.diff(walk, axis=0), axis=1) * 60
    assert np.abs(np.diff(speeds)).max() < 0.15 * speeds.max()


def test_wandering_does_not_depend_on_the_frame_rate(tmp_path: Path) -> None:
    ends = []
    for fps in (25.0, 144.0):
        room = Room(voice(tmp_path)).set(latent__wander=0.7, latent__wander_hz=0.3)
        ends.append(room.run(10.0, fps)[-1][0, 0])
    assert angle(*ends) < 0.05


def test_loops_of_places_and_voices_draw_from_it(tmp_path: Path) -> None:
    film = rows()
    spec = voice(tmp_path)
    room = Room(spec, replace(spec, seed=8))
    both = room.run(1.0)[-1]
    assert all(min(angle(w[0], row) for row in film) < 1e-5 for w in both)
    room.set(latent__loop=1.0)
    assert np.abs(room.run(6.0)[..., SPAN:]).max() < 1e-5


@pytest.mark.parametrize("wander", [0.0, 0.6])
def test_it_goes_on_from_a_state(wander: float, tmp_path: Path) -> None:
    one, two = (Room(voice(tmp_path)).set(latent__wander=wander) for _ in range(2))
    one.run(1.0)
    one.step("/latent/next", "/latent/more")
    one.run(7.7)
    state = unpack(pack(one.motion.state()))
    assert state is not None and two.motion.restore(state)
    two.beat = one.beat
    assert np.array_equal(one.run(0.5), two.run(0.5))
    assert np.array_equal(one.step("/latent/next"), two.step("/latent/next"))
    assert np.array_equal(one.run(0.5), two.run(0.5))


def test_class_weights_come_along(tmp_path: Path) -> None:
    np.save(tmp_path / "pool.classes.npy", np.eye(6, dtype=np.float32)[np.arange(7) % 6])
    room = Room(voice(tmp_path), info=SIX, mapper=mixing).set(latent__surprise=1.0)
    for event in ("/latent/next", "/latent/more", "/latent/next"):
        room.step(event)
        w = room.run(4.0)[-1][0, 0, :6]
        assert w.max() == pytest.approx(1.0, abs=1e-3) and w.sum() == pytest.approx(1.0, abs=1e-3)
    seven = room.set(latent__wander=0.5, latent__wander_hz=1.0).run(4.0)[:, 0, 0, :6]
    assert np.abs(np.diff(seven, axis=0)).max() < 0.2 and seven.min() >= 0.0


def test_a_state_without_class_weights_goes_on_without_any(tmp_path: Path) -> None:
    np.save(tmp_path / "pool.classes.npy", np.eye(6)[np.arange(7) % 6].astype(np.float32))
    places = Places((Place("noon", rows()[0], "z", INFO.hash),))
    spec = voice(tmp_path)
    room, again = (Room(spec, info=SIX, mapper=mixing, places=places) for _ in range(2))
    room.step("/latent/place/noon")
    room.run(4.0)
    assert again.motion.restore(unpack(pack(room.motion.state())))
    assert np.allclose(again.run(4.0)[-1][0, 0, :6], room.run(4.0)[-1][0, 0, :6], atol=1e-3)


def test_a_pool_of_w_needs_flat_geometry(tmp_path: Path) -> None:
    film = np.random.RandomState(2).randn(5, INFO.num_ws, INFO.w_dim)
    with pytest.raises(ModelError, match='holds w; set geometry = "flat"'):
        Room(voice(tmp_path, film))
    room = Room(voice(tmp_path, film, motion=MotionSpec(2.0, 1.0, "flat")))
    room.step("/latent/next")
    w = room.run(6.0)[-1][0]
    assert min(np.abs(w - row).max() for row in film) < 1e-3

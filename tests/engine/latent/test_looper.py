"""Laws of the looper, for any vector and for controls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.controls import Control, ControlEvent, Layout
from engine.latent.board import loop_controls
from engine.latent.control_looper import ControlLooper
from engine.latent.looper import Looper

Array = NDArray[np.float64]
STEP_BEATS = 1 / 100


class Player:
    """A looper fed with a vector that is a function of the beat."""

    def __init__(self, looper: Looper) -> None:
        self.looper, self.beat = looper, 0.0

    def play(self, beats: float, vector, touched: Array | None = None) -> list[Array | None]:  # type: ignore[no-untyped-def]
        out = []
        for _ in range(round(beats / STEP_BEATS)):
            self.beat += STEP_BEATS
            v = np.asarray(vector(self.beat) if callable(vector) else vector, np.float64)
            out.append(self.looper.step(v, self.beat, touched))
        return out


def wave(beat: float) -> Array:
    return np.array([np.sin(beat * 1.3), 0.5, beat % 1.0])


@pytest.mark.parametrize("beats", [1.0, 2.5, 4.0, 16.0])
def test_a_caught_loop_plays_the_last_beats_again_and_again(beats: float) -> None:
    player = Player(Looper(3))
    player.play(20.0, wave)
    player.looper.catch(1, beats)
    start = player.beat - beats
    for turn in (1, 2):
        for i, got in enumerate(player.play(beats, np.zeros(3))[:-1]):  # the last one lies on the seam
            at = start + ((i + 1) * STEP_BEATS) % beats
            assert got is not None
            assert got[0] == pytest.approx(wave(at)[0], abs=0.05), (turn, at)
    assert player.looper.playing == (1,)


def test_only_what_moved_is_looped() -> None:
    player = Player(Looper(3))
    player.play(8.0, wave)
    player.looper.catch(1, 4.0)
    got = player.play(1.0, [9.0, 7.0, 9.0])[-1]
    assert got is not None and got[1] == 7.0 and got[0] != 9.0
    assert player.looper.driven.tolist() == [True, False, True]


def test_several_loops_run_side_by_side_and_the_newer_has_what_both_move() -> None:
    player = Player(Looper(3))
    player.play(4.0, lambda b: [np.sin(b), 0.0, 0.0])
    player.looper.catch(1, 4.0)
    player.play(4.0, lambda b: [0.0, 5.0 + np.sin(3 * b), 0.0])
    player.looper.catch(2, 1.0)
    a = np.array(player.play(4.0, np.zeros(3)))
    assert np.ptp(a[:, 0]) > 1.5 and np.ptp(a[:, 1]) > 1.0 and np.ptp(a[:, 2]) == 0.0
    player.looper.stop(2)
    b = np.array(player.play(4.0, np.zeros(3)))
    assert np.ptp(b[:, 0]) > 1.5 and np.ptp(b[:, 1]) == 0.0
    player.looper.stop(1)
    assert player.play(0.1, np.zeros(3))[-1] is None


def test_what_a_hand_touches_is_the_hands() -> None:
    player = Player(Looper(3))
    player.play(4.0, wave)
    player.looper.catch(1, 4.0)
    touched = np.array([True, False, False])
    got = player.play(1.0, [9.0, 0.0, 9.0], touched)
    assert all(v is not None and v[0] == 9.0 and v[2] != 9.0 for v in got)
    after = player.play(1.0, [9.0, 0.0, 9.0])
    assert all(v is not None and v[0] != 9.0 for v in after)


def test_overdub_writes_what_is_touched_and_undo_takes_it_back() -> None:
    player = Player(Looper(2))
    player.play(4.0, lambda b: [np.sin(b), 0.0])
    player.looper.catch(1, 4.0)
    first = np.array(player.play(4.0, np.zeros(2)))
    player.looper.overdub(1)
    player.play(2.0, lambda b: [0.0, b % 1.0], np.array([False, True]))
    player.looper.overdub(1)
    player.play(2.0, np.zeros(2))
    second = np.array(player.play(4.0, np.zeros(2)))
    assert np.allclose(second[:-1, 0], first[:-1, 0], atol=0.05)
    assert np.ptp(second[:190, 1]) > 0.8 and np.ptp(second[210:, 1]) == 0.0
    player.looper.undo(1)
    third = np.array(player.play(4.0, np.zeros(2)))
    assert np.ptp(third[:, 1]) == 0.0 and np.allclose(third[:-1, 0], first[:-1, 0], atol=0.05)
    player.looper.undo(1)  # nothing is left to take back but the loop
    assert player.play(0.1, np.zeros(2))[-1] is None


def test_a_glide_closes_every_seam() -> None:
    player = Player(Looper(1, glide_beats=0.25))
    out = [v for v in player.play(4.0, lambda b: [b % 4.0])]
    assert out[-1] is None
    last = np.array([player.beat % 4.0 or 4.0])
    player.looper.catch(1, 4.0)
    film = [last, *player.play(6.0, lambda b: [0.0])]
    player.looper.stop(1)
    film += [np.zeros(1) if v is None else v for v in player.play(2.0, [0.0])]
    jumps = np.abs(np.diff(np.array(film, np.float64)[:, 0]))
    assert jumps.max() < 0.6  # of 4, in a hundredth of a beat
    assert film[150][0] == pytest.approx(1.5, abs=0.05)
    assert film[-1][0] == 0.0


def test_a_hand_takes_over_without_a_glide() -> None:
    player = Player(Looper(1, glide_beats=0.25))
    player.play(4.0, lambda b: [np.sin(b)])
    player.looper.catch(1, 4.0)
    player.play(1.0, [0.0])
    assert player.play(STEP_BEATS, [7.0], np.array([True]))[-1] is None  # the vector stands as it is
    assert player.play(STEP_BEATS, [7.0])[-1] is not None


def test_groups_move_as_one() -> None:
    player = Player(Looper(6, group=3))
    player.play(4.0, lambda b: [np.sin(b), 0.0, 0.0, 1.0, 1.0, 1.0])
    player.looper.catch(1, 4.0)
    got = player.play(0.5, np.full(6, 9.0))[-1]
    assert got is not None and (got[:3] != 9.0).all() and (got[3:] == 9.0).all()


def test_less_was_played_than_is_caught() -> None:
    player = Player(Looper(1))
    player.looper.catch(1, 4.0)  # nothing at all
    assert player.looper.playing == ()
    player.play(1.0, lambda b: [b])
    player.looper.catch(1, 4.0)
    film = np.array(player.play(4.0, [0.0]))[:, 0]
    assert film[0] == pytest.approx(0.01, abs=0.03) and film[-1] == pytest.approx(1.0, abs=0.05)


NUMBERS = st.floats(-1e3, 1e3) | st.sampled_from([float("nan"), float("inf")])
BEATS = st.floats(-1e6, 1e6) | st.just(float("nan"))
SAID = st.sampled_from(
    [
        "",
        "/loop/1/catch",
        "/loop/1/overdub",
        "/loop/1/undo",
        "/loop/2/catch",
        "/loop/1/stop",
        "/loop/9/catch",
        "/loop/x",
    ]
)


@given(st.lists(st.tuples(NUMBERS, BEATS, SAID), max_size=40))
@settings(max_examples=60)
def test_whatever_comes_only_finite_numbers_leave(steps: list[tuple[float, float, str]]) -> None:
    looper = Looper(2, glide_beats=0.25, most_beats=4.0)
    for value, beat, address in steps:
        looper.handle([ControlEvent(address)], 2.0)
        got = looper.step(np.array([value, 1.0]), beat, np.array([value > 0, False]))
        assert got is None or np.isfinite(got).all()


def test_a_leap_of_the_beat_only_moves_the_loop_to_another_place() -> None:
    player = Player(Looper(1, glide_beats=0.25))
    player.play(4.0, lambda b: [np.sin(b)])
    player.looper.catch(1, 4.0)
    before = player.play(1.3, [0.0])[-1]
    player.beat = 200.7
    after = player.play(STEP_BEATS, [0.0])[-1]
    assert before is not None and after is not None and abs(before[0] - after[0]) < 0.15
    assert player.play(1.0, [0.0])[-1][0] == pytest.approx(np.sin(201.71 % 4.0), abs=0.05)  # type: ignore[index]


def test_a_looper_goes_on_from_its_state_and_refuses_others() -> None:
    player = Player(Looper(3))
    player.play(8.0, wave)
    player.looper.catch(2, 4.0)
    other = Looper(3)
    assert other.restore(player.looper.state())
    a, b = player.looper.step(np.zeros(3), 9.1), other.step(np.zeros(3), 9.1)
    assert a is not None and b is not None and np.array_equal(a, b)
    assert not Looper(4).restore(player.looper.state())
    assert not Looper(3, group=3).restore(player.looper.state())
    assert Looper(3).restore({})


def layout() -> Layout:
    return Layout([Control("/direction/bloom", low=-4, high=4), Control("/output/blackout"), *loop_controls()])


def test_controls_are_looped_and_blackout_is_not() -> None:
    looper, values = ControlLooper(layout()), layout().defaults.copy()
    nobody = np.zeros(len(values), np.bool_)
    for i in range(800):
        values[:2] = np.sin(i / 50), float(i % 100 > 50)
        assert looper.step(values, nobody, i / 100) is values
    values[:2] = 0.0
    film = [looper.step(values, nobody, 8.0, [ControlEvent("/loop/1/catch")]).copy()]
    film += [looper.step(values, nobody, 8 + i / 100).copy() for i in range(1, 1600)]
    a = np.array(film)
    assert np.ptp(a[:, 0]) > 1.5 and np.ptp(a[:, 1]) == 0.0
    looper.stop_all()
    for i in range(200):
        last = looper.step(values, nobody, 24 + i / 100)
    assert last is values


def test_a_hands_move_wins_for_a_beat_and_then_the_loop_is_back() -> None:
    looper, values = ControlLooper(layout()), layout().defaults.copy()
    nobody, hand = np.zeros(len(values), np.bool_), np.arange(len(values)) == 0
    for i in range(400):
        values[0] = np.sin(i / 50)
        looper.step(values, nobody, i / 100)
    looper.step(values, nobody, 4.0, [ControlEvent("/loop/3/catch")])
    values[0] = 3.0
    assert looper.step(values, hand, 4.5)[0] == 3.0
    assert looper.step(values, nobody, 5.4)[0] == 3.0
    for i in range(100):
        got = looper.step(values, nobody, 5.6 + i / 100)
    assert abs(got[0]) <= 1.1

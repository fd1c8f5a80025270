"""Laws of voices taking turns: all are drawn where there is time, fewer where there is not, and none is forgotten."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.controls import Controls
from engine.generator.catalog import open_model
from engine.generator.runtime import open_plan
from engine.generator.spec import Canvas
from engine.preset import Options, find_show, load_show
from engine.shared import FrameRing
from engine.show.picture import Picture, _draw, _notes, _turns
from engine.show.turns import MOST_S, PATIENCE_S, Turns
from tests.engine.generator.small_models import SPECS, source_of
from tests.shows.live import SHOWS

PERIOD_S = 1 / 30
THREE = "\n[[voice]]\nseed = 1\n\n[[voice]]\nseed = 2\n\n[[voice]]\nseed = 3\n"


def play(turns: Turns, voice_s: float, seconds: float, begun_s: float = 0.0) -> list[tuple[int, ...]]:
    """Whom a machine that takes so long for a voice draws, frame by frame."""
    drawn, now_s = [], begun_s
    while now_s < begun_s + seconds:
        voices = turns.next()
        took_s = voice_s * len(voices)
        now_s += max(PERIOD_S, took_s)
        turns.took(took_s, PERIOD_S, now_s)
        drawn.append(voices)
    return drawn


def test_a_fast_machine_draws_all_voices_in_every_frame() -> None:
    assert set(play(Turns(3), 0.009, 10.0)) == {(0, 1, 2)}


def test_a_slow_machine_draws_one_in_turn_within_half_a_second() -> None:
    turns = Turns(3)
    drawn = play(turns, 0.025, 10.0)
    assert turns.a_frame == 1 and drawn[:4] == [(0, 1, 2)] * 4
    assert drawn[-3:] in ([(0,), (1,), (2,)], [(1,), (2,), (0,)], [(2,), (0,), (1,)])


def test_as_many_are_drawn_as_fit() -> None:
    turns = Turns(3)
    play(turns, 0.014, 10.0)
    assert turns.a_frame == 2


@given(st.integers(2, 8), st.floats(0.001, 0.2))
def test_no_voice_is_drawn_more_often_than_another(voices: int, voice_s: float) -> None:
    turns = Turns(voices)
    play(turns, voice_s, 5.0)
    later = Counter(voice for chosen in play(turns, voice_s, 20.0, 5.0) for voice in chosen)
    assert len(later) == voices and max(later.values()) - min(later.values()) <= 1


@given(st.floats(0.001, 0.2))
def test_an_even_machine_settles(voice_s: float) -> None:
    turns = Turns(3)
    play(turns, voice_s, 30.0)
    assert len({len(chosen) for chosen in play(turns, voice_s, 30.0, 30.0)}) == 1


def test_a_hiccup_changes_nothing() -> None:
    turns = Turns(3)
    play(turns, 0.008, 1.0)
    turns.took(1.0, PERIOD_S, 2.0)
    assert set(play(turns, 0.008, 1.0, 2.0)) == {(0, 1, 2)}


def test_all_are_drawn_again_when_the_machine_is_free_for_a_while() -> None:
    turns = Turns(3)
    play(turns, 0.025, 3.0)
    assert turns.a_frame == 1
    play(turns, 0.005, 0.9 * PATIENCE_S, 3.0)
    assert turns.a_frame == 1
    play(turns, 0.005, 3 * PATIENCE_S, 3.0 + 0.9 * PATIENCE_S)
    assert turns.a_frame == 3


def test_what_was_too_much_is_tried_more_and_more_seldom() -> None:
    """A machine that looks free only while little is asked of it."""
    turns, now_s, changes = Turns(2), 0.0, []
    for _ in range(20000):
        voices = turns.next()
        took_s = len(voices) * (0.010 if len(voices) == 1 else 0.020)
        now_s += max(PERIOD_S, took_s)
        before = turns.a_frame
        turns.took(took_s, PERIOD_S, now_s)
        if turns.a_frame > before:
            changes.append(now_s)
    gaps_s = np.diff(changes)
    assert gaps_s[0] < 3 * PATIENCE_S and gaps_s[-1] >= MOST_S and len(changes) < 25


def test_a_show_can_insist_either_way() -> None:
    assert {len(chosen) for chosen in play(Turns(3, True), 0.001, 10.0)} == {1}
    assert {len(chosen) for chosen in play(Turns(3, False), 0.100, 10.0)} == {3}


def test_the_report_says_how_often_each_voice_was_drawn() -> None:
    turns = Turns(3, True)
    play(turns, 0.01, 3.0)
    notes = turns.notes(3.0)
    assert notes["turns"] == "1 of 3 voices a frame, in turn"
    assert notes["voice_fps"] == pytest.approx([10, 10, 10], abs=1)
    assert Turns(3).notes(1.0)["turns"] == "all voices in each frame"
    assert Turns(1).notes(1.0) == {}


@pytest.mark.parametrize("name", ["silk", "silk:3"])
def test_a_voice_by_itself_is_what_it_is_among_the_others(name: str) -> None:
    generator = open_model(name, "cpu", 1)
    generator.prepare(3, 48, 32)
    w = generator.map(np.random.RandomState(5).randn(3, 1, generator.info.z_dim), 1.0)
    whole, one = generator.draw(w, {}).copy(), np.zeros((3, 32, 48, 4), np.uint8)
    generator.draw_voice(1, w, {}, one)
    assert generator.separable
    assert np.array_equal(one[1], whole[1]) and not one[0].any() and not one[2].any()


def test_in_turn_only_the_drawn_voice_changes_and_nothing_is_torn(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = find_show(SHOWS / "plain")
    text = path.read_text("utf-8").replace("[generator]\n", "[generator]\nturns = true\n") + THREE
    show = load_show(path, Options(size=(96, 32)), text)
    picture = Picture(show, "cpu", 1)
    turns, frames = _turns(picture, 0.0), FrameRing(tmp_path / "frames", picture.shape)
    controls = Controls(show.layout, show.layout.defaults.copy())
    former = None
    for tick in range(8):
        voices = turns.next()
        _draw(picture, controls, 0.5, 0.0, frames, voices)
        frames.publish(tick, 0.0, 0.0, (0, 0, 0))
        view = frames.view()
        assert view is not None
        if former is None:
            assert all(view[0][voice].any() for voice in range(3)), "the first picture has all of them"
        else:
            changed = [voice for voice in range(3) if not np.array_equal(view[0][voice], former[voice])]
            assert changed == list(voices)
        former = view[0].copy()


def test_a_generator_that_draws_all_at_once_takes_no_turns() -> None:
    picture = Picture(load_show(find_show(SHOWS / "plain"), Options(size=(96, 32))), "cpu", 1)

    class Batch(type(picture.generator)):  # type: ignore[misc]
        separable = False

    picture.generator.__class__ = Batch
    assert _turns(picture, 0.0).mode is False


def test_turns_that_a_show_insists_on_in_vain_are_told() -> None:
    path = find_show(SHOWS / "plain")
    text = path.read_text("utf-8").replace("[generator]\n", "[generator]\nturns = true\n") + THREE
    picture = Picture(load_show(path, Options(size=(96, 32)), text), "cpu", 1)
    assert "in turn" in str(_notes(picture, _turns(picture, 0.0), 1.0)["turns"])

    class Batch(type(picture.generator)):  # type: ignore[misc]
        separable = False

    picture.generator.__class__ = Batch
    assert "`turns = true` does nothing" in str(_notes(picture, _turns(picture, 0.0), 1.0)["turns"])


def test_what_was_measured_outlives_a_save_that_does_not_touch_turns() -> None:
    path = find_show(SHOWS / "plain")
    text = path.read_text("utf-8") + THREE
    picture = Picture(load_show(path, Options(size=(96, 32)), text), "cpu", 1)
    turns = _turns(picture, 0.0)
    picture.follow(load_show(path, Options(size=(96, 32)), text))
    assert _turns(picture, 1.0, turns) is turns
    always = text.replace("[generator]\n", "[generator]\nturns = false\n")
    picture.follow(load_show(path, Options(size=(96, 32)), always))
    assert _turns(picture, 2.0, turns).mode is False


@pytest.mark.parametrize("backend", ["eager", "frozen"])
def test_plans_on_the_processor_draw_a_voice_by_itself(backend: str) -> None:
    source, canvas = source_of(SPECS["stylegan2 skip"]()), Canvas(32, 32)
    plan = open_plan(source, 3, canvas, "cpu", 1, backend, live=False)
    inputs = source.inputs(3)
    whole, one = np.zeros((3, 32, 32, 4), np.uint8), np.zeros((3, 32, 32, 4), np.uint8)
    plan.draw(inputs, whole)
    plan.draw_voice(inputs, 2, one)
    plan.close()
    assert plan.separable
    assert np.array_equal(one[2], whole[2]) and not one[:2].any()

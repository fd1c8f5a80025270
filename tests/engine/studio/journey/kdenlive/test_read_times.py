"""Times and curves as MLT writes them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.studio.journey.kdenlive.clocks import frames
from engine.studio.journey.kdenlive.keyframes import EASINGS, LETTERS, numbers

FPS = st.sampled_from([Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(60), Fraction(24000, 1001)])


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("17", 17), (" 17 ", 17), ("10.7", 10), ("-3", -3),
        ("00:00:01.040", 26), ("00:00:01,040", 26), ("00:01.040", 26), ("00:00:00.960", 24), ("01:00:00.000", 90_000),
        ("00:00:01.020", 26), ("00:00:01.060", 26),  # a half: to the even one, as lrint does
        ("00:00:01:05", 30), ("00:01:05", 30), ("01:05", 30), ("00:00:01;05", 30), ("01:00:00:00", 90_000),
    ],
)  # fmt: skip
def test_each_way_to_write_a_time_is_read(text: str, frame: int) -> None:
    assert frames(text, Fraction(25)) == frame


@pytest.mark.parametrize(
    "text", ["", "x", "nan", "inf", "1e999", "1:2:3:4:5", "00:00", ":", "0x10", "١", "1" * 40, "--1"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    if text == "00:00":
        assert frames(text, Fraction(25)) == 0
        return
    with pytest.raises(ValueError, match="is no time"):
        frames(text, Fraction(25))


@given(frame=st.integers(0, 24 * 3600 * 60), fps=FPS)
def test_every_frame_survives_its_clock(frame: int, fps: Fraction) -> None:
    thousandths = round(frame / fps * 1000)
    seconds, rest = divmod(thousandths, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
    assert frames(clock, fps) == frame


@given(text=st.text(alphabet="0123456789:;.,-+ x", max_size=12), fps=FPS)
def test_any_text_is_a_time_or_refused(text: str, fps: Fraction) -> None:
    try:
        assert isinstance(frames(text, fps), int)
    except ValueError as error:
        assert "is no time" in str(error)


def at(text: str, count: int = 10) -> list[float]:
    curve = numbers(text, Fraction(25), count)
    return [curve.at(i) for i in range(count)]


def test_a_value_stands_before_its_first_key_and_after_its_last() -> None:
    assert at("3=0.2;6=0.8") == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.8])
    assert at("0.3") == [0.3] * 10 and at("30%") == [0.3] * 10 and at("0=,5") == [0.5] * 10


def test_keys_may_stand_in_any_order_and_count_from_the_end() -> None:
    assert at("-1=1;0=0") == at("9=1;00:00:00.000=0") == pytest.approx([i / 9 for i in range(10)])
    assert at("0=0;00:00:00;04=1;9=1") == at("0=0;4=1;9=1")


def test_steps_stand_and_splines_pass_through_their_keys() -> None:
    assert at("0|=0;4!=0.2;9=1") == [0.0] * 4 + [0.2] * 5 + [1.0]
    smooth = at("0~=0;4~=0.2;9~=1")
    assert smooth[1:4] == pytest.approx([0.021875, 0.05, 0.103125]) and (smooth[4], smooth[9]) == (0.2, 1.0)


@pytest.mark.parametrize("kind", ["$", "-"])
def test_tight_and_natural_splines_never_leave_their_keys(kind: str) -> None:
    values = at(f"0{kind}=0;30{kind}=0.9;60{kind}=1;99{kind}=0.2", 100)
    assert all(a <= b + 1e-12 for a, b in zip(values[:60], values[1:61], strict=True)) and max(values) == 1.0
    assert min(values[60:]) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", LETTERS)
def test_easings_go_from_one_key_to_the_next(kind: str) -> None:
    assert EASINGS[kind](0.0) == pytest.approx(0.0, abs=1e-3) and EASINGS[kind](1.0) == pytest.approx(1.0, abs=1e-3)
    i = LETTERS.index(kind) % 3
    if i == 1:  # out mirrors in
        assert EASINGS[kind](0.3) == pytest.approx(1 - EASINGS[LETTERS[LETTERS.index(kind) - 1]](0.7))
    if i == 2:
        assert EASINGS[kind](0.5) == pytest.approx(0.5)


@pytest.mark.parametrize("text", ["", ";;", "0=x", "0=nan", "0=1e9999", "x=1", "0=0;5=1 2"])
def test_what_is_no_curve_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (number|value|time)"):
        numbers(text, Fraction(25), 10)

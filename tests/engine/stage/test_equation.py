"""Laws of the size equations of ISF passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ShaderError
from engine.stage.equation import Equation

SIZES = {"WIDTH": 640.0, "HEIGHT": 360.0, "scale": 0.5}


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("$WIDTH", 640),
        ("$WIDTH/4.0", 160),
        ("floor($HEIGHT * $scale) + 1", 181),
        ("max($WIDTH, $HEIGHT) - 2 * 20", 600),
        ("-($HEIGHT - 400)", 40),
        ("2 + 3 * 4", 14),
        ("7 % 4", 3),
        ("min(ceil(2.1), 5)", 3),
        ("1 / 0", 1),
        ("0", 1),
        ("1e300 * 1e300", 1),
        ("99999999", 16384),
    ],
)
def test_an_equation_gives_pixels(text: str, pixels: int) -> None:
    assert Equation(text).pixels(SIZES) == pixels


def test_an_equation_tells_the_names_it_wants() -> None:
    assert Equation("$WIDTH * $scale").names == {"WIDTH", "scale"}


@pytest.mark.parametrize("text", ["", "1 +", "(1", "1)", "$", "a", "floor 1", "max(1)", "1 ** 2", "__import__", "1;2"])
def test_what_is_no_equation_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ShaderError, match="allowed are numbers"):
        Equation(text)


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(ShaderError):
        Equation("(" * 499)
    with pytest.raises(ShaderError):
        Equation("-" * 499 + "1")


@given(st.text(alphabet="$WIDTHscale0123456789.+-*/%(), maxfloor", max_size=40))
def test_any_text_is_a_size_or_a_shader_error(text: str) -> None:
    try:
        equation = Equation(text)
    except ShaderError:
        return
    assert 1 <= equation.pixels({name: 3.0 for name in equation.names}) <= 16384

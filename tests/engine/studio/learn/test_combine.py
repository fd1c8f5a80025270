"""Laws of sums of directions, and of directions that leave others alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, InputError
from engine.latent.directions import Direction, Directions
from engine.studio.learn.combine import Sum, combine, made, read_sum

E = np.eye(4)
BANK = Directions((
    Direction("a", E[0], "z", 1.0, (0, 1), method="found"), Direction("b", E[1], "z", 1.0, (2,)),
    Direction("ab", E[0] + E[1], "z", 1.0, (0, 1)), Direction("all", E[2], "z"), Direction("w", E[3], "w", 0.5),
    Direction("high-key", E[3], "z", 1.0, (0, 1)),
))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s=a", (("a", 1.0),)),
        ("s = a + 0.5*b", (("a", 1.0), ("b", 0.5))),
        ("s=-a - b*2", (("a", -1.0), ("b", -2.0))),
        ("s=.5*'high-key'+c01", (("high-key", 0.5), ("c01", 1.0))),
        ("s=2*3d", (("3d", 2.0),)),
    ],
)
def test_a_sum_is_read_as_it_is_written(text: str, parts: tuple) -> None:
    assert read_sum(text) == Sum("s", parts)


@pytest.mark.parametrize("text", ["", "s", "s=", "=a", "s=a+", "s=a b", "s=2*", "s=a**b", "s=a=b", "s=a+*b", "s='a"])
def test_what_is_no_sum_says_how_one_is_written(text: str) -> None:
    with pytest.raises(InputError, match=r"for example spooky=bloom\+0.5\*stripes"):
        read_sum(text)


def test_a_sum_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="all its amounts are 0"):
        read_sum("s=0*a")


@given(st.text("abs=+-*'.012 \n", max_size=40))
def test_any_text_is_a_sum_or_an_error(text: str) -> None:
    try:
        assert read_sum(text).parts
    except InputError:
        pass


def test_one_of_a_sum_moves_each_part_by_its_amount() -> None:
    d = made(read_sum("s=a+2*'high-key'"), BANK)
    assert np.allclose(d.sigma * d.vector, [1, 0, 0, 2]) and d.layers == (0, 1)
    assert d.method == "sum: +1 a +2 high-key"


def test_a_sum_moves_all_layers_that_a_part_moves() -> None:
    assert made(read_sum("s=a+b"), BANK).layers == (0, 1, 2)
    assert made(read_sum("s=a+all"), BANK).layers is None
    assert made(read_sum("s=a+b"), BANK, layers=(1,)).layers == (1,)


def test_what_is_left_alone_is_not_moved_and_what_is_left_keeps_its_length() -> None:
    d = made(read_sum("s=ab+all"), BANK, [BANK["b"], BANK["all"]])
    assert abs(d.vector @ E[1]) < 1e-12
    assert d.sigma * d.vector @ E[2] == pytest.approx(1.0), "a part of the sum is not left alone"
    assert d.sigma * d.vector @ E[0] == pytest.approx(np.sqrt(0.5))


def test_a_direction_may_be_renamed_and_put_on_other_layers() -> None:
    d = made(read_sum("mine=a"), BANK, layers=(3,))
    assert (d.name, d.layers, d.method) == ("mine", (3,), "found") and np.array_equal(d.vector, E[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [("s=c", 'no direction "c"'), ("s=a+w", "one space"), ("s=a-a", "cancel"), ("s s=a", "cannot stand in an address")],
)
def test_what_cannot_be_is_named(text: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        made(read_sum(text), BANK)


@pytest.mark.real
def test_a_bank_of_sums_is_measured_and_drawn(tmp_path: Path) -> None:
    out = tmp_path / "new.safetensors"
    combine("tulip", out, ["spooky=bloom+0.5*stripes", "deep=saturation"], leave=["hue"], threads=1)
    bank = Directions.load(out)
    assert bank.names == ("spooky", "deep") and out.with_suffix(".png").is_file()
    spooky, deep = bank
    assert spooky.sigma == pytest.approx(np.hypot(1, 0.5)) and deep.sigma == 1.0
    assert spooky.pace is not None and spooky.safe is not None and spooky.safe[1] > 0.5
    combine("tulip", out, ["both=spooky+deep"], banks=[out], add=True, threads=1)
    assert Directions.load(out).names == ("spooky", "deep", "both")

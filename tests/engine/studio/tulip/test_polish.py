"""The polish of the palette: nearer to the renderer's, and nothing else is changed."""

from functools import cache

import pytest
import torch

from engine.generator.tulip.maps import PALETTE
from engine.studio.tulip import polish as room
from engine.studio.tulip.polish import Lesson, Polished, error, pairs, polish
from engine.studio.tulip.student import Student
from tests.engine.studio.tulip.small import CHANNELS, same

LESSON = Lesson(steps=150, batch=256, rows=4096)


def student() -> Student:
    return Student(1, CHANNELS).requires_grad_(False)


@cache
def polished() -> Polished:
    found = polish(student(), LESSON)
    assert found is not None
    return found


def test_the_error_is_less_in_every_number_of_the_palette() -> None:
    found = polished()
    assert found.before.shape == found.after.shape == (len(PALETTE),)
    assert (found.after < found.before).all() and found.after.mean() < 0.5 * found.before.mean()


def test_the_errors_are_those_on_flowers_it_was_not_fitted_to() -> None:
    found, after = polished(), student()
    seen, truth = pairs(after, room.HELD_OUT, room.HELD_OUT_SEED)
    assert torch.equal(error(after.synthesis.palette, seen, truth), found.before)
    after.load_state_dict(after.state_dict() | dict(found.palette))
    assert torch.equal(error(after.synthesis.palette, seen, truth), found.after)


def test_only_the_palette_changes_so_maps_stay_as_they_are_bit_for_bit() -> None:
    before, after = student(), student()
    assert set(polished().palette) == {n for n in before.state_dict() if n.startswith("synthesis.palette.")}
    after.load_state_dict(before.state_dict() | dict(polished().palette))
    x = torch.randn(2, 19, generator=torch.Generator().manual_seed(0))
    w, other = before.w(x), after.w(x)
    assert torch.equal(w, other) and torch.equal(before.synthesis(w), after.synthesis(other))
    assert not torch.equal(before.synthesis.palette(w[:, -1]), after.synthesis.palette(w[:, -1]))


def test_the_network_that_is_polished_is_left_as_it_is() -> None:
    net = student()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    polish(net, Lesson(steps=5, rows=64))
    assert same(net.state_dict(), before) and not any(p.requires_grad for p in net.parameters())


def test_the_same_network_is_polished_to_the_same_bits() -> None:
    again = polish(student(), LESSON)
    assert again is not None and same(dict(again.palette), dict(polished().palette))


def test_what_would_not_be_better_is_not_taken() -> None:
    net = student()
    net.load_state_dict(net.state_dict() | dict(polished().palette))
    found = polish(net, Lesson(steps=1, rows=64))
    assert found is not None and found.after.mean() <= found.before.mean()


def test_it_tells_how_far_it_is_and_ends_when_it_is_asked_to() -> None:
    told: list[tuple[int, int]] = []
    polish(student(), Lesson(120, 8, 64), lambda done, of: told.append((done, of)))
    assert told == [(0, 120), (50, 120), (100, 120), (120, 120)]
    assert polish(student(), Lesson(rows=64), stop=lambda: True) is None


def test_it_says_both_errors() -> None:
    after = torch.full((len(PALETTE),), 0.01)
    after[PALETTE.index("blotch")] = 0.02
    said = Polished({}, torch.full((len(PALETTE),), 0.04), after).sentence()
    assert said == "palette polished: mean error 0.0400 before, 0.0109 after; largest 0.0200, of blotch"


@pytest.mark.parametrize("count", [1, 5])
def test_pairs_are_of_a_seed(count: int) -> None:
    w, wanted = pairs(student(), count, 3)
    assert w.shape == (count, 160) and wanted.shape == (count, len(PALETTE))
    assert torch.equal(wanted, pairs(student(), count, 3)[1])

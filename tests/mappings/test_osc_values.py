"""What a message's arguments mean as levels, triggers and control values."""

import pytest

from mappings.osc.packet import Argument, Colour, Message, MidiBytes
from mappings.osc.values import Values, values


def of(tags: str, *args: Argument) -> Values:
    return values(Message("/a", tags, args))


def test_numbers_are_the_address_itself_and_places_from_two() -> None:
    assert of("fih", 0.5, 3, -4) == Values(("", "/2", "/3"), (0.5, 3.0, -4.0), 0.5, 0.5)


def test_arrays_are_flat() -> None:
    assert of("f[ff]", 1.0, 2.0, 3.0) == of("fff", 1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("tags", "args", "level", "trigger", "control"),
    [
        ("", (), (), 1.0, 1.0),
        ("T", (True,), (1.0,), 1.0, 1.0),
        ("F", (False,), (0.0,), 0.0, 0.0),
        ("I", (True,), (), 1.0, 1.0),
        ("N", (None,), (), 0.0, None),
        ("s", ("on",), (), 1.0, None),
        ("t", (5,), (), 1.0, None),
        ("[]", (), (), 1.0, None),
    ],
)
def test_what_has_no_number_still_triggers(
    tags: str, args: tuple[Argument, ...], level: tuple[float, ...], trigger: float, control: float | None
) -> None:
    found = of(tags, *args)
    assert (found.levels, found.trigger, found.control) == (level, trigger, control)


def test_text_is_ignored_and_counted_and_takes_no_place() -> None:
    assert of("sfbf", "left", 0.5, b"x", 0.25) == Values(("", "/2"), (0.5, 0.25), 0.5, 0.5, 2)


def test_nil_and_impulse_keep_their_place() -> None:
    assert of("NfIf", None, 0.5, True, 0.25).suffixes == ("/2", "/4")


def test_a_colour_is_four_levels_from_0_to_1() -> None:
    found = of("rf", Colour(255, 0, 51, 255), 0.5)
    assert found.suffixes == ("/r", "/g", "/b", "/a", "/2")
    assert found.levels == (1.0, 0.0, 0.2, 1.0, 0.5)
    assert found.control is None


def test_midi_bytes_are_three_levels() -> None:
    found = of("fm", 0.5, MidiBytes(1, 0x90, 60, 100))
    assert found.suffixes == ("", "/2/status", "/2/data1", "/2/data2")
    assert found.levels == (0.5, 144.0, 60.0, 100.0)

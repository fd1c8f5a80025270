"""What a message's arguments mean as numbers: which levels, which trigger, which value for a control."""

from typing import NamedTuple

from mappings.osc.packet import MAX_ARGUMENTS, Colour, Message, MidiBytes

# The first number is the address itself, the others /2, /3, ...
PLACES = ("", *(f"/{place}" for place in range(2, MAX_ARGUMENTS + 1)))
_COLOUR = ("/r", "/g", "/b", "/a")
_MIDI = ("/status", "/data1", "/data2")


class Values(NamedTuple):
    """The numbers of one message."""

    suffixes: tuple[str, ...]  # what follows the message's address, one for each level
    levels: tuple[float, ...]
    trigger: float  # the value of the event
    control: float | None  # what it sets a control to, if anything
    ignored: int = 0  # arguments that are no numbers


def values(message: Message) -> Values:
    """The numbers of a message.

    i f h d are themselves, T is 1, F is 0. I and N keep a place without a level. A colour brings /r /g /b /a (0..1)
    beneath its place, MIDI bytes /status /data1 /data2. Arrays are flat. Text, blobs and time tags are ignored.
    """
    tags = message.tags or ""
    if not tags:
        return Values((), (), 1.0, 1.0)
    if not tags.strip("ifhd"):
        numbers = tuple(map(float, message.args))  # type: ignore[arg-type]
        return Values(PLACES[: len(numbers)], numbers, numbers[0], numbers[0])
    return _mixed(tags.translate(_NO_BRACKETS), message)


_NO_BRACKETS = str.maketrans("", "", "[]")


def _mixed(tags: str, message: Message) -> Values:
    suffixes: list[str] = []
    levels: list[float] = []
    triggers: list[float | None] = []  # one for each place
    ignored = 0
    for tag, arg in zip(tags, message.args, strict=True):
        place = PLACES[len(triggers)]
        if isinstance(arg, Colour):
            suffixes += (place + part for part in _COLOUR)
            levels += (part / 255 for part in arg)
            triggers.append(None)
        elif isinstance(arg, MidiBytes):
            suffixes += (place + part for part in _MIDI)
            levels += arg[1:]
            triggers.append(None)
        elif tag in "IN":
            triggers.append(1.0 if tag == "I" else None)
        elif isinstance(arg, (int, float)) and tag != "t":
            suffixes.append(place)
            levels.append(float(arg))
            triggers.append(float(arg))
        else:
            ignored += 1
    control = triggers[0] if triggers else None
    trigger = control if control is not None else float(tags[:1] != "N")
    return Values(tuple(suffixes), tuple(levels), trigger, control, ignored)

"""What the keys of the stage do, as plain data: the show carries the actions out, the overlay draws the table."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class StageKey(NamedTuple):
    """A key that went down (1) or up (0), as the signal `/key/<name>`."""

    address: str
    value: int
    time_s: float


@dataclass(frozen=True, slots=True)
class KeyAction:
    """What one key does. `toggle` flips a level between 0 and 1, `event` fires once, `stage` is done by the stage."""

    name: str  # the last part of `/key/<name>`
    action: str
    how: Literal["toggle", "event", "stage"]
    about: str


KEYS: tuple[KeyAction, ...] = (
    KeyAction("space", "/latent/next", "event", "next place"),
    KeyAction("m", "/latent/more", "event", "more like this"),
    KeyAction("n", "/show/next", "event", "next show"),
    KeyAction("b", "/output/blackout", "toggle", "blackout"),
    KeyAction("z", "/output/freeze", "toggle", "freeze"),
    KeyAction("l", "/loop/1/catch", "event", "catch a loop"),
    KeyAction("t", "/tempo/tap", "event", "tap the tempo"),
    KeyAction("p", "/show/panic", "event", "panic: everything back to rest"),
    KeyAction("s", "/show/screenshot", "event", "screenshot"),
    KeyAction("f", "/stage/fullscreen", "stage", "fullscreen"),
    KeyAction("h", "/stage/help", "stage", "this help (also F1)"),
    KeyAction("f1", "/stage/help", "stage", ""),
    KeyAction("escape", "/stage/leave", "stage", "leave fullscreen, then quit"),
)
BY_NAME = {key.name: key for key in KEYS}

"""A route as a show states it, and what all routes together bring about in one step."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mappings.signal import Event


@dataclass(frozen=True, slots=True)
class Route:
    """Signal -> shapes -> control."""

    source: str  # the `from`: an address, a pattern with `*`, or an expression
    to: str  # a control's address, level or event
    shape: tuple[str, ...] = ()  # "smooth 2s", "curve pow 2", ...
    range: tuple[float, float] | None = None  # where a shaped 0..1 lands; without it the value is used as it is
    mix: Literal["set", "add"] = "set"
    wait: Literal["", "beat", "bar"] = ""  # events are let through, and levels sampled, at the next beat or bar
    where: str = ""  # "presets/x/show.toml:21", said first in errors


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the controls are after one step."""

    values: NDArray[np.float64]  # (levels,) in the order of the level controls
    events: tuple[Event, ...]  # addresses are those of event controls


@dataclass(frozen=True, slots=True)
class Trace:
    """One route as it stands, for a monitor."""

    source: str
    to: str
    input: float
    output: float
    awake: bool  # False until its signal first comes in: the control stays at its base
    suspended: bool  # a hand holds the control

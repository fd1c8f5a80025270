"""What a show says about one port, as the decoder needs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mappings.midi.encoders import Mode
from mappings.midi.hands import Hand


@dataclass(frozen=True, slots=True)
class Encoder:
    """An endless knob: how it writes its turns, and what one detent adds."""

    mode: Mode
    step: float


@dataclass(frozen=True, slots=True)
class Rules:
    """What a show says about one port. Keys are what an address ends in: `1/cc/74`, `10/note/36`."""

    encoders: Mapping[str, Encoder] = field(default_factory=dict)
    hands: Mapping[str, Sequence[Hand]] = field(default_factory=dict)
    lamps: frozenset[str] = frozenset()
    fourteen: frozenset[int] | None = None  # None: found by what arrives
    nrpn: bool = True
    select_show: bool = True

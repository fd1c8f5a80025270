"""What a show may say about MIDI: the keys of `[sources.midi]`."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mappings.midi.encoders import Mode
from mappings.midi.feedback import Lamp
from mappings.midi.hands import Reach
from mappings.midi.pickup import Takeover
from mappings.sources.base import SourceConfig


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = "*"  # a pattern, or an alias


class EncoderConfig(_Table):
    """One endless knob."""

    channel: int = Field(default=1, ge=1, le=16)
    cc: int = Field(ge=0, le=119)
    mode: Mode = Mode.SIGNED
    step: float = Field(default=1 / 128, gt=0, le=1)  # of the whole range, for one detent


class _Reaching(_Table):
    control: str
    channel: int = Field(default=1, ge=1, le=16)
    cc: int | None = Field(default=None, ge=0, le=119)
    note: int | None = Field(default=None, ge=0, le=127)
    range: tuple[float, float] = (0.0, 1.0)

    @property
    def reach(self) -> Reach:
        """The control, and the part of its range."""
        return Reach(self.control, *self.range)

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.range[0] == self.range[1]:
            raise ValueError(f"range = {list(self.range)} has no width; give two different numbers")
        return self


class HandConfig(_Reaching):
    """One knob, fader or pad that moves a control directly."""

    cc14: int | None = Field(default=None, ge=0, le=31)
    pickup: Takeover | None = None  # else the source's

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(given is not None for given in (self.cc, self.cc14, self.note)) != 1:
            raise ValueError("give exactly one of cc, cc14 and note")
        return self

    @property
    def key(self) -> str:
        """What the address of the knob ends in."""
        kind, number = next((k, n) for k in ("cc", "cc14", "note") if (n := getattr(self, k)) is not None)
        return f"{self.channel}/{kind}/{number}"


class LampConfig(_Reaching):
    """One lamp or ring that shows a control."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.cc is None) == (self.note is None):
            raise ValueError("give exactly one of cc and note")
        return self

    @property
    def lamp(self) -> Lamp:
        """The lamp as `feedback` knows it."""
        number = self.cc if self.cc is not None else self.note or 0
        return Lamp(self.reach, self.port, self.channel, number, self.cc is not None)


class MidiConfig(SourceConfig):
    """The keys of `[sources.midi]`."""

    ports: tuple[str, ...] = ("*",)
    api: Literal["auto", "alsa", "jack", "core", "windows"] = "auto"
    virtual: str = "latenz"  # our own port for other programs; "" for none
    names: dict[str, str] = {}
    pickup: Takeover = "pickup"
    encoder: tuple[EncoderConfig, ...] = ()
    control: tuple[HandConfig, ...] = ()
    feedback: tuple[LampConfig, ...] = ()
    fourteen_bit: Literal["auto"] | frozenset[int] = "auto"
    nrpn: bool = True
    select_show: bool = True  # program changes choose the show
    stale_s: float | None = Field(default=None, gt=0)  # quiet for longer is STALE; a keyboard may be quiet for ever
    look_s: float = Field(default=2.0, gt=0)  # between two looks at the port list

    @model_validator(mode="after")
    def _pairs_exist(self) -> Self:
        wrong = sorted(cc for cc in self.fourteen_bit if cc not in range(32)) if self.fourteen_bit != "auto" else []
        if wrong:
            raise ValueError(
                f"fourteen_bit = {wrong}: only controllers 0 to 31 can be 14 bit, with fine bytes 32 higher"
            )
        return self

"""The keys of `[sources.clock.signals.<name>]`: one model per wave."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Length = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Scaled(BaseModel):
    """What all levels have: the range they move in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: Number = 0.0
    high: Number = 1.0


class Periodic(Scaled):
    """What repeats, in seconds or in beats (never both)."""

    period_s: Positive | None = None
    period_beats: Positive | None = None
    phase: Number = 0.0  # in periods

    @model_validator(mode="after")
    def _one_period(self) -> "Periodic":
        if (self.period_s is None) == (self.period_beats is None):
            raise ValueError("give either period_s (seconds) or period_beats (beats of the tempo)")
        return self


class WaveConfig(Periodic):
    """A plain oscillator. Sine, triangle and saw begin at their lowest point, square at its high part."""

    wave: Literal["sine", "triangle", "saw", "square"]
    duty: float = Field(default=0.5, gt=0, lt=1)  # square: the share of the period that is high


class NoiseConfig(Periodic):
    """Smooth noise: a new random value each period, joined smoothly."""

    wave: Literal["noise"]
    seed: int = 0
    octaves: int = Field(default=1, ge=1, le=6)


class WalkConfig(Periodic):
    """A random walk that wanders by about its whole range in a period."""

    wave: Literal["walk"]
    seed: int = 0


class EnvelopeConfig(Scaled):
    """A rise and fall fired by an event, its parts all in seconds or all in beats."""

    wave: Literal["envelope"]
    on: str = Field(pattern=r"^/\S+$", max_length=255)
    attack_s: Length | None = None
    hold_s: Length | None = None
    release_s: Positive | None = None
    attack_beats: Length | None = None
    hold_beats: Length | None = None
    release_beats: Positive | None = None
    by_value: bool = False  # the event's value, 0..1, is how high it rises

    @model_validator(mode="after")
    def _one_unit(self) -> "EnvelopeConfig":
        seconds = (self.attack_s, self.hold_s, self.release_s)
        beats = (self.attack_beats, self.hold_beats, self.release_beats)
        if any(x is not None for x in seconds) and any(x is not None for x in beats):
            raise ValueError("give attack, hold and release all in _s or all in _beats")
        return self

    @property
    def in_beats(self) -> bool:
        """Whether the parts are beats."""
        return any(x is not None for x in (self.attack_beats, self.hold_beats, self.release_beats))


class EuclidConfig(BaseModel):
    """A Euclidean rhythm: `pulses` events spread as evenly as `steps` allow over each period."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wave: Literal["euclid"]
    pulses: int = Field(ge=0, le=256)
    steps: int = Field(ge=1, le=256)
    rotate: int = 0
    period_s: Positive | None = None
    period_beats: Positive | None = None

    @model_validator(mode="after")
    def _fits(self) -> "EuclidConfig":
        if (self.period_s is None) == (self.period_beats is None):
            raise ValueError("give either period_s (seconds) or period_beats (beats of the tempo)")
        if self.pulses > self.steps:
            raise ValueError(f"{self.pulses} pulses do not fit into {self.steps} steps")
        return self


Signal = Annotated[WaveConfig | NoiseConfig | WalkConfig | EnvelopeConfig | EuclidConfig, Field(discriminator="wave")]

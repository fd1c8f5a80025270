"""What a show says about motion: plain data, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from engine.errors import ShowError
from engine.latent.sequence_file import Mark
from engine.latent.trajectory import End


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ShowError(f"[motion] {name} = {value!r} is out of range; give {low:g} to {high:g}")


@dataclass(frozen=True, slots=True)
class BandSpec:
    """Springs of one band of layers; what is None follows the voice's own."""

    frequency_hz: float | None = None
    damping: float | None = None

    def __post_init__(self) -> None:
        if self.frequency_hz is not None:
            _check("frequency_hz of a band", self.frequency_hz, 0.01, 10.0)
        if self.damping is not None:
            _check("damping of a band", self.damping, 0.0, 4.0)


@dataclass(frozen=True, slots=True)
class MotionSpec:
    """How a voice moves: where its controls rest. Everything but the geometry can be played."""

    frequency_hz: float = 0.5
    damping: float = 0.8  # ratio; 1 is critical
    geometry: Literal["sphere", "flat"] = "sphere"  # springs on the sphere of z, or straight ones in w
    sphere: float = 1.0  # 1 keeps to the shell; loosened, the point cuts corners through it
    bands: Mapping[str, BandSpec] = field(default_factory=lambda: MappingProxyType({}))
    amount_frequency_hz: float = 3.0  # the springs of the amounts along directions
    amount_damping: float = 1.0
    pace: float = 0.0  # 1: the point moves at an even visible speed (see `engine.show.pacer`)
    even_faders: float = 0.0  # 1: equal moves of a fader make equal visible changes, where that was measured
    surprise: float = 0.3  # how far `/latent/more` goes: 1 is a quarter turn
    wander: float = 0.0
    wander_hz: float = 0.1
    loop_bars: float = 4.0
    loop_places: int = 4  # how many places a keyframe loop of seeds visits
    beats_per_bar: float = 4.0

    def __post_init__(self) -> None:
        if self.geometry not in ("sphere", "flat"):
            raise ShowError(f'[motion] geometry = {self.geometry!r} is not known; give "sphere" or "flat"')
        _check("frequency_hz", self.frequency_hz, 0.01, 10.0)
        _check("damping", self.damping, 0.0, 4.0)
        _check("sphere", self.sphere, 0.0, 1.0)
        _check("amount_frequency_hz", self.amount_frequency_hz, 0.01, 20.0)
        _check("amount_damping", self.amount_damping, 0.0, 4.0)
        _check("pace", self.pace, 0.0, 1.0)
        _check("even_faders", self.even_faders, 0.0, 1.0)
        _check("surprise", self.surprise, 0.0, 1.0)
        _check("wander", self.wander, 0.0, 1.0)
        _check("wander_hz", self.wander_hz, 0.0, 2.0)
        _check("loop_bars", self.loop_bars, 0.25, 64.0)
        _check("loop_places", self.loop_places, 2, 64)
        _check("beats_per_bar", self.beats_per_bar, 1.0, 32.0)


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """One latent with its own springs and controls.

    seed : the first place is `numpy.random.RandomState(seed).randn(1, z_dim)`; `/latent/next` goes to seed + 1, ...
    home : a named place to start at instead
    loop : named places that the keyframe loop visits, in order; empty: seed, seed + 1, ...
    sequence : a `.npy`, frames x z_dim (or x num_ws x w_dim with flat geometry), that carries the goal
    sequence_end : what follows its last frame, see `Trajectory`
    marks : of the sequence, each with a name of its own that can stand in an address
    pool : a `.npy` like that, whose rows are the places of all voices in place of seeds
    """

    name: str = ""
    seed: int = 0
    motion: MotionSpec = field(default_factory=MotionSpec)
    home: str | None = None
    loop: tuple[str, ...] = ()
    sequence: Path | None = None
    sequence_fps: float = 25.0
    sequence_end: End = "again"
    marks: tuple[Mark, ...] = ()
    pool: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise ShowError(f"seed = {self.seed!r} is out of range; give 0 to {2**32 - 1}")
        if not 0.0 < self.sequence_fps <= 1000.0:
            raise ShowError(f"sequence_fps = {self.sequence_fps!r} is out of range; give more than 0, at most 1000")

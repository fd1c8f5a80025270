"""The oscillators themselves: each a function of where time or the beat stands."""

import math
from collections.abc import Callable, Iterator

from mappings.clock.config import EnvelopeConfig, EuclidConfig, NoiseConfig, WalkConfig, WaveConfig
from mappings.clock.noise import RandomWalk, SmoothNoise, seed_of

SHAPES: dict[str, Callable[[float, float], float]] = {
    "sine": lambda t, duty: 0.5 - 0.5 * math.cos(2.0 * math.pi * t),
    "triangle": lambda t, duty: 1.0 - abs(2.0 * t - 1.0),
    "saw": lambda t, duty: t,
    "square": lambda t, duty: 1.0 if t < duty else 0.0,
}
FALL = math.log(100.0)  # a release is down to one per cent when its time is over
PULSES_PER_STEP = 64


class Oscillator:
    """A level that follows from its position, in periods since the start."""

    def __init__(self, name: str, config: WaveConfig | NoiseConfig | WalkConfig) -> None:
        self._period = config.period_s or config.period_beats or 1.0
        self._in_beats = config.period_beats is not None
        self._phase = config.phase
        self._low, self._range = config.low, config.high - config.low
        self._at = _shape(name, config)

    def step(self, elapsed_s: float, beat: float) -> float:
        """The value now, in the configured range."""
        position = (beat if self._in_beats else elapsed_s) / self._period + self._phase
        return self._low + self._range * self._at(position)


def _shape(name: str, config: WaveConfig | NoiseConfig | WalkConfig) -> Callable[[float], float]:
    if isinstance(config, NoiseConfig):
        return SmoothNoise(seed_of(name, config.seed), config.octaves).at
    if isinstance(config, WalkConfig):
        return RandomWalk(seed_of(name, config.seed)).at
    shape, duty = SHAPES[config.wave], config.duty
    return lambda position: shape(position - math.floor(position), duty)


class Envelope:
    """Linear attack, hold, exponential release; fired again it rises from where it stands, so it never clicks."""

    def __init__(self, config: EnvelopeConfig) -> None:
        self.on = config.on
        self.in_beats = config.in_beats
        if self.in_beats:
            parts = (config.attack_beats, config.hold_beats, config.release_beats)
        else:
            parts = (config.attack_s, config.hold_s, config.release_s)
        self._attack, self._hold = parts[0] or 0.0, parts[1] or 0.0
        self._release = parts[2] or (1.0 if self.in_beats else 0.3)
        self._low, self._range = config.low, config.high - config.low
        self._by_value = config.by_value
        self._fired = -math.inf
        self._from = self._peak = 0.0

    def fire(self, value: float, at: float) -> None:
        """An event came at `at` (seconds or beats)."""
        self._from = self._unit(at)
        self._peak = min(1.0, max(0.0, value)) if self._by_value else 1.0
        self._fired = at

    def step(self, at: float) -> float:
        """The value at `at` (seconds or beats), in the configured range."""
        return self._low + self._range * self._unit(at)

    def _unit(self, at: float) -> float:
        age = max(0.0, at - self._fired)
        if age < self._attack:
            return self._from + (self._peak - self._from) * age / self._attack
        age -= self._attack + self._hold
        return self._peak if age <= 0.0 else self._peak * math.exp(-FALL * age / self._release)


def euclid(pulses: int, steps: int, rotate: int = 0) -> tuple[bool, ...]:
    """Which steps of a Euclidean rhythm sound (Toussaint 2005); the first does when `rotate` is 0.

    `rotate` moves the pattern to the left, as on the hardware sequencers that have it.
    """
    return tuple((((i + rotate) % steps) * pulses) % steps < pulses for i in range(steps))


class Euclid:
    """A Euclidean rhythm over time: yields when its pulses fell."""

    def __init__(self, config: EuclidConfig) -> None:
        self._pattern = euclid(config.pulses, config.steps, config.rotate)
        self._step = (config.period_s or config.period_beats or 1.0) / config.steps
        self._in_beats = config.period_beats is not None
        self._last = -1  # the newest step that has been looked at; -1: the very first still sounds
        self._before = 0.0

    def step(self, elapsed_s: float, beat: float) -> Iterator[float]:
        """For each pulse passed since the last call, its place in between: 0 at that call .. 1 now."""
        now = beat if self._in_beats else elapsed_s
        first, last = self._last + 1, math.floor(now / self._step)
        span = now - self._before
        for index in range(max(first, last - PULSES_PER_STEP + 1), last + 1):
            if self._pattern[index % len(self._pattern)]:
                share = (index * self._step - self._before) / span if span > 0.0 else 1.0
                yield min(1.0, max(0.0, share))
        self._last, self._before = max(last, self._last), now

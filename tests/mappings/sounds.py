"""Sounds for tests, made and not recorded: clicks, drums, tones."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000

Sound = NDArray[np.float32]


def silence(seconds: float) -> Sound:
    """(seconds * RATE_HZ,) of nothing."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def tone(hz: float, seconds: float, amplitude: float = 0.5) -> Sound:
    """A sine."""
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def noise(seconds: float, amplitude: float = 0.1, seed: int = 0) -> Sound:
    """White and Gaussian."""
    random = np.random.default_rng(seed)
    return (amplitude * random.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def clicks(times_s: NDArray[np.float64], seconds: float, amplitude: float = 0.5) -> Sound:
    """A metronome's click, 1 kHz and 6 ms, at each of the times."""
    t = np.arange(round(0.03 * RATE_HZ)) / RATE_HZ
    return _lay((amplitude * np.sin(2 * np.pi * 1000 * t) * np.exp(-t / 0.006)), times_s, silence(seconds))


def drums(bpm: float, seconds: float, swing: float = 0.5, hiss: float = 0.01, seed: int = 0) -> Sound:
    """Kick and snare by turns, hats on and between the beats (`swing` says where), some hiss. Beats begin at 0."""
    random = np.random.default_rng(seed)
    t = np.arange(round(0.2 * RATE_HZ)) / RATE_HZ
    kick = 0.6 * np.sin(2 * np.pi * (50 * t + 3.6 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.08)
    snare = 0.3 * random.standard_normal(len(t)) * np.exp(-t / 0.05) + 0.2 * np.sin(2 * np.pi * 190 * t) * np.exp(
        -t / 0.06
    )
    hat = 0.12 * np.diff(random.standard_normal(2401)) * np.exp(-np.arange(2400) / RATE_HZ / 0.012)
    period_s = 60 / bpm
    beats = np.arange(0, seconds, period_s)
    sound = noise(seconds, hiss, seed)
    for hit, times_s in ((kick, beats[::2]), (snare, beats[1::2]), (kick, beats[7::8] + period_s / 2)):
        _lay(hit, times_s, sound)
    _lay(hat, beats, sound)
    return _lay(hat, beats + swing * period_s, sound)


def _lay(hit: NDArray[np.float64], times_s: NDArray[np.float64], sound: Sound) -> Sound:
    for time_s in times_s:
        at = round(time_s * RATE_HZ)
        room = min(len(hit), len(sound) - at)
        if room > 0:
            sound[at : at + room] += hit[:room].astype(np.float32)
    return sound

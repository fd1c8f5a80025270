"""Make song.wav: half a minute of drums, bass and a pad at 120 bpm, from nothing but numpy. For trying shows out.

python scripts/tune.py song.wav [SECONDS]
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 48000
BEAT_S = 0.5
ROOTS_HZ = (55.0, 65.41, 49.0, 73.42)  # A, C, G, D: a bar each


def tune(seconds: float, seed: int = 1) -> NDArray[np.float32]:
    """(samples,) mono in -1..1; the same for the same seed."""
    rng = np.random.RandomState(seed)
    out = np.zeros(round(seconds * RATE_HZ))

    def add(start_s: float, sound: NDArray[np.float64]) -> None:
        at = round(start_s * RATE_HZ)
        end = min(len(out), at + len(sound))
        if at < end:
            out[at:end] += sound[: end - at]

    t = np.arange(round(0.4 * RATE_HZ)) / RATE_HZ
    kick = np.sin(2 * np.pi * (48 * t + 9 * (1 - np.exp(-t * 30)))) * np.exp(-t * 9)
    snare = rng.randn(len(t)) * np.exp(-t * 22) * 0.35
    hat = np.diff(rng.randn(len(t) + 1)) * np.exp(-t * 70) * 0.14
    for beat in range(int(seconds / BEAT_S) + 1):
        bar = beat // 4
        if bar % 8 != 7 or beat % 4 < 2:  # a breath before every eighth bar ends
            add(beat * BEAT_S, 0.8 * kick)
        if beat % 2:
            add(beat * BEAT_S, snare)
        for half in (0.0, 0.5):
            add((beat + half) * BEAT_S, hat * (1.0 if half else 0.6))
        root_hz = ROOTS_HZ[bar % 4]
        note_s = np.arange(round(BEAT_S * RATE_HZ)) / RATE_HZ
        add((beat + 0.5) * BEAT_S, 0.25 * np.tanh(3 * np.sin(2 * np.pi * root_hz * note_s)) * np.exp(-note_s * 5))
    s = np.arange(len(out)) / RATE_HZ
    for bar in range(int(seconds / (4 * BEAT_S)) + 1):
        inside = (s >= bar * 4 * BEAT_S) & (s < (bar + 1) * 4 * BEAT_S)
        for ratio in (4.0, 6.0, 9.5):
            out[inside] += 0.04 * np.sin(2 * np.pi * ROOTS_HZ[bar % 4] * ratio * s[inside])
    return (0.8 * out / np.abs(out).max()).astype(np.float32)


if __name__ == "__main__":
    soundfile.write(Path(sys.argv[1]), tune(float(sys.argv[2]) if len(sys.argv) > 2 else 30.0), RATE_HZ)

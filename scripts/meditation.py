"""The edits of the show `meditation`, as somebody cut them who looked at the proxies: writes its two Kdenlive projects.

    python scripts/meditation.py presets/meditation [meditation.wav]

The first keeps 44 of 160 samples and puts them in order: buds at dusk, yellow, cream, pink, the broken tulips of 1637,
purple, blue, and back into buds. The second composes time with the film that was smoothed from them: an echo that runs
backwards, a passage at half speed, dissolves, a gap that springs, a still. The .wav is a minute of slow bells.
"""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

from engine.studio.journey.projects import write_project
from engine.studio.journey.timeline import Clip, Mark, Media, Mix, Timeline, Track, linear

FPS = Fraction(25)
HOLD, SAMPLES = 12, 160
LEG = 40  # frames from key to key in the film: 1.6 s
# Samples by their number, as the burnt-in label shows it (divided by the hold). Those that are rare come twice.
KEPT = {
    "buds": (15, 91, 1, 22, 64),
    "yellow": (8, 87, 50, 2, 71, 49),
    "cream": (148, 132, 62, 43),
    "pink": (16, 67, 46, 12),
    "broken": (42, 36, 54, 134, 83, 101, 155, 128, 38, 155, 9, 111),
    "purple": (74, 59, 113, 59, 20),
    "blue": (78, 150, 135, 92),
    "dusk": (103, 72, 23, 143),
}
# The film: (from which second of it, for how many seconds, at which speed), then the dissolve into the next.
CUTS: tuple[tuple[float, float, Fraction, float], ...] = (
    (0.0, 14.0, Fraction(1), 2.0),
    (9.0, 9.0, Fraction(1), 1.0),
    (18.0, 4.0, Fraction(-1), 0.0),  # an echo, backwards
    (28.0, 13.0, Fraction(1, 2), 1.6),  # the broken tulips, slowly
    (34.4, 10.0, Fraction(1), 0.0),
    (49.6, 0.0, Fraction(0), 0.0),  # a gap of two seconds: the springs find their way
    (54.4, 1.2, Fraction(0), 0.0),  # a breath
    (54.4, 11.4, Fraction(1), 0.0),
)
GAP_S, MINUTE = 2.0, 1500


def first() -> Timeline:
    """Samples chosen and put in order, each as long as it was held."""
    clips, marks = [], []
    for name, numbers in KEPT.items():
        marks.append(Mark(len(clips) * HOLD, name))
        for number in numbers:
            clips.append(Clip(0, len(clips) * HOLD, HOLD, Fraction(number * HOLD), name=f"{number}"))
    media = Media("seeds.mp4", frames=SAMPLES * HOLD)
    return Timeline(FPS, (media,), (Track(tuple(clips), name="V1"),), marks=tuple(marks), size=(512, 512),
                    name="first", length=len(clips) * HOLD)  # fmt: skip


def second() -> Timeline:
    """Time composed with the film."""
    clips: list[Clip] = []
    mixes: list[Mix] = []
    at, over = 0, 0
    for begins_s, lasts_s, speed, dissolve_s in CUTS:
        if not lasts_s:
            at += round(GAP_S * FPS)
            continue
        length = round(lasts_s * FPS)
        if over:
            mixes.append(Mix(at - over, linear(over), len(clips) - 1, len(clips)))
        clips.append(Clip(0, at - over, length, Fraction(round(begins_s * FPS)), speed, name="flow"))
        at += length - over
        over = round(dissolve_s * FPS)
    frames = (sum(map(len, KEPT.values()))) * LEG
    marks = (Mark(0, "opening"), Mark(500, "echo"), Mark(600, "flames"), Mark(1185, "breath"))
    if at != MINUTE:
        raise SystemExit(f"the second edit is {at} frames long, not {MINUTE}")
    return Timeline(FPS, (Media("flow.mp4", frames=frames),), (Track(tuple(clips), tuple(mixes), "V1"),), marks=marks,
                    size=(512, 512), name="meditation", length=at)  # fmt: skip


def bells(seconds: float = 60.0, rate_hz: int = 48000) -> np.ndarray:
    """A drone on D and a bell of a D pentatonic with each flower, a little later each time; mono, float32."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    numbers, out = np.random.default_rng(1637), np.zeros(len(time_s))
    for hz, loud in ((73.42, 0.30), (110.0, 0.16), (146.83, 0.12), (220.0, 0.05)):
        out += loud * np.sin(2 * np.pi * hz * time_s) * (0.7 + 0.3 * np.sin(2 * np.pi * time_s / (hz / 9)))
    for begins_s in np.arange(0.4, seconds - 3, LEG / float(FPS)):
        after_s = np.maximum(time_s - begins_s, 0.0)
        hz = 293.66 * 2 ** (int(numbers.choice([0, 2, 4, 7, 9, 12, 14, 16])) / 12)
        for partial, loud, fades_s in ((1.0, 0.16, 2.6), (2.0, 0.05, 1.2), (2.76, 0.03, 0.7), (5.4, 0.01, 0.3)):
            out += loud * np.sin(2 * np.pi * hz * partial * after_s) * np.exp(-after_s / fades_s) * (after_s > 0)
    out *= np.clip(time_s / 3, 0, 1) * np.clip((seconds - time_s) / 4, 0, 1)
    return (0.7 * out / np.abs(out).max()).astype(np.float32)


def main() -> None:
    folder = Path(sys.argv[1])
    write_project(first(), folder / "first.kdenlive")
    write_project(second(), folder / "second.kdenlive")
    if len(sys.argv) > 2:
        soundfile.write(sys.argv[2], bells(), 48000)


if __name__ == "__main__":
    main()

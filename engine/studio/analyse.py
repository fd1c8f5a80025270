"""`latenz analyse`: a whole song heard beforehand, as a take that knows what is coming.

The take holds, below `/song`: events `beat`, `downbeat` (value: the beat's number), `onset` (strength) and `segment`
(its number); levels `energy`, `energy_ahead` (the mean of the next 4 s), `segment_index`, `segment_in_s` (until the
next one) and `bpm`; and `/tempo/...` at every beat, so that replaying the take puts the show on the song's own beat.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError, InputError
from engine.paths import check_output, use_numba_cache
from mappings.audio.decode import RATE_HZ, Decoder
from mappings.recorder import TakeWriter

HEARD_HZ = 22_050  # librosa's usual rate, to which its beat tracker is tuned
HOP = 256
AHEAD_S = 4.0
LEVEL_EVERY_S = 0.05
SHORTEST_S, LONGEST_S = 3.0, 1800.0
SEGMENT_S = 20.0  # about how long a part of a song is ...
MOST_SEGMENTS = 12  # ... and how many there are at most
BAR_BEATS = 4
SHORTEST_SEGMENT_S = 4.0
QUIET = 1e-4  # amplitude that no sample of a silent song exceeds

Progress = Callable[[str], None]
Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a song."""

    seconds: float
    bpm: float
    beats: int
    downbeats: int
    segments: int
    onsets: int

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s, {self.bpm:.1f} bpm, {self.beats} beats, {self.downbeats} bars, "
            f"{self.segments} segments, {self.onsets} onsets"
        )


@dataclass(frozen=True, slots=True)
class _Found:
    seconds: float
    beats_s: Times
    first_downbeat: int
    onsets_s: Times
    strengths: Times  # of the onsets, 0..1
    segments_s: Times  # begins
    energy: Times  # 0..1, every LEVEL_EVERY_S
    energy_ahead: Times


def analyse(song: Path, out: Path, progress: Progress | None = None) -> Analysis:
    """Hear a whole song and write the take. Nothing is written before all is known.

    FeedError: not a sound file. InputError: too short, too long, silent, or the take cannot be written there.
    """
    tell = progress or (lambda text: None)
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name a file in it")
    check_output(out)
    tell(f"reading {song.name}")
    sound = _read(song)
    use_numba_cache()
    tell("waking librosa (its first use compiles for about a minute)")
    found = _listen(sound, tell)
    tell(f"writing {out.name}")
    _write(found, song, out)
    return Analysis(
        seconds=found.seconds,
        bpm=60 / float(np.median(_periods_s(found.beats_s))) if len(found.beats_s) > 1 else 0.0,
        beats=len(found.beats_s),
        downbeats=len(found.beats_s[found.first_downbeat :: BAR_BEATS]),
        segments=len(found.segments_s),
        onsets=len(found.onsets_s),
    )


def _read(song: Path) -> NDArray[np.float32]:
    """(samples,) mono at 48 kHz."""
    decoder = Decoder(song)
    blocks: list[NDArray[np.float32]] = []
    frames = 0
    try:
        while (block := decoder.next()) is not None:
            blocks.append(block.mean(axis=1))
            frames += len(block)
            if frames > LONGEST_S * RATE_HZ:
                raise InputError(f"{song}: longer than {LONGEST_S / 60:.0f} minutes; cut it into songs")
    finally:
        decoder.close()
    sound = np.nan_to_num(np.concatenate(blocks)) if blocks else np.zeros(0, np.float32)
    if frames < SHORTEST_S * RATE_HZ:
        raise InputError(
            f"{song}: {frames / RATE_HZ:.2f} s is too short to have beats; give at least {SHORTEST_S:.0f} s"
        )
    if float(np.abs(sound).max()) < QUIET:
        raise InputError(f"{song}: the whole song is silent; give one with sound in it")
    return sound


def _listen(sound: NDArray[np.float32], tell: Progress) -> _Found:
    import librosa

    seconds = len(sound) / RATE_HZ
    y = librosa.resample(sound, orig_sr=RATE_HZ, target_sr=HEARD_HZ)
    mel = librosa.feature.melspectrogram(y=y, sr=HEARD_HZ, hop_length=HOP)
    curve = librosa.onset.onset_strength(S=librosa.power_to_db(mel), sr=HEARD_HZ, hop_length=HOP)
    tell("finding beats")
    _, beats = librosa.beat.beat_track(onset_envelope=curve, sr=HEARD_HZ, hop_length=HOP, trim=False)
    beats = beats if len(beats) > 1 else beats[:0]  # one beat has no tempo
    onsets = librosa.onset.onset_detect(onset_envelope=curve, sr=HEARD_HZ, hop_length=HOP)
    tell("finding segments")
    energy = _energy(sound)
    return _Found(
        seconds=seconds,
        beats_s=_times_s(beats),
        first_downbeat=_first_downbeat(mel, beats),
        onsets_s=_times_s(onsets),
        strengths=curve[onsets] / max(float(curve.max()), 1e-9),
        segments_s=_segments(librosa, y, beats, seconds),
        energy=energy,
        energy_ahead=_ahead(energy),
    )


def _times_s(frames: NDArray[np.int64]) -> Times:
    return np.asarray(frames, np.float64) * HOP / HEARD_HZ


def _periods_s(beats_s: Times) -> Times:
    """The length of each beat, over the four on either side: single ones are only as exact as the analysis' hop."""
    n = np.arange(len(beats_s))
    before, after = np.maximum(n - 4, 0), np.minimum(n + 4, len(n) - 1)
    periods_s: Times = (beats_s[after] - beats_s[before]) / np.maximum(after - before, 1)
    return periods_s


def _first_downbeat(mel: NDArray[np.float32], beats: NDArray[np.int64]) -> int:
    """Which of the first four beats begins the bars: the one whose beats rise most in the bass."""
    bass = np.log1p(mel[:8] * 100).sum(axis=0)  # below about 200 Hz
    rise = np.maximum(0.0, np.diff(bass, prepend=bass[:1]))
    strengths = [float(rise[max(0, at - 4) : at + 5].max()) for at in beats]
    if len(strengths) < 2 * BAR_BEATS:
        return 0
    return int(np.argmax([np.mean(strengths[first::BAR_BEATS]) for first in range(BAR_BEATS)]))


def _segments(librosa: Any, y: NDArray[np.float32], beats: NDArray[np.int64], seconds: float) -> Times:
    """When the parts of the song begin, on beats: what belongs together in timbre and harmony (agglomerative)."""
    parts = min(MOST_SEGMENTS, max(2, round(seconds / SEGMENT_S)))
    if len(beats) < 4 * parts:
        return np.zeros(1)
    timbre = librosa.feature.mfcc(y=y, sr=HEARD_HZ, hop_length=HOP, n_mfcc=13)
    harmony = librosa.feature.chroma_stft(y=y, sr=HEARD_HZ, hop_length=HOP, tuning=0.0)
    timbre = (timbre - timbre.mean(axis=1, keepdims=True)) / (timbre.std(axis=1, keepdims=True) + 1e-9)
    together = librosa.util.sync(np.concatenate((timbre, harmony)), beats)  # column 0 is before the first beat
    begins = librosa.segment.agglomerative(together, parts)
    edges = np.concatenate(([0.0], _times_s(beats)))
    kept = [0.0]
    for at_s in np.unique(edges[np.minimum(begins, len(edges) - 1)]).tolist():
        if at_s - kept[-1] >= SHORTEST_SEGMENT_S and seconds - at_s >= SHORTEST_SEGMENT_S:
            kept.append(at_s)
    return np.array(kept)


def _energy(sound: NDArray[np.float32]) -> Times:
    """Root mean square every LEVEL_EVERY_S, 1 where the song is loud (its 95th percentile)."""
    step = round(RATE_HZ * LEVEL_EVERY_S)
    padded = np.pad(sound, (0, -len(sound) % step)).reshape(-1, step)
    rms: Times = np.sqrt(np.mean(np.square(padded, dtype=np.float64), axis=1))
    rms /= max(float(np.percentile(rms, 95)), 1e-9)
    np.minimum(rms, 1.0, out=rms)
    return rms


def _ahead(energy: Times) -> Times:
    """The mean of the next AHEAD_S, or of what is left."""
    span = round(AHEAD_S / LEVEL_EVERY_S)
    sums = np.concatenate(([0.0], np.cumsum(energy)))
    starts = np.arange(len(energy))
    ends = np.minimum(starts + span, len(energy))
    return (sums[ends] - sums[starts]) / (ends - starts)


def _write(found: _Found, song: Path, out: Path) -> None:
    """All lines in order of time; the take has its name only when it is whole."""
    writer = TakeWriter(out, {"song": song.name, "seconds": round(found.seconds, 6), "made_by": "latenz analyse"})
    for time_s, kind, address, value in sorted(_lines(found)):
        if kind:
            writer.event(address, value, time_s)
        else:
            writer.level(address, value, time_s)
    writer.close(found.seconds)
    if writer.failed:
        writer.part.unlink(missing_ok=True)
        raise DeviceError(f"{out}: cannot be written: {writer.failed}")


def _lines(found: _Found) -> list[tuple[float, bool, str, float]]:
    """(time_s, whether an event, address, value); levels sort before the events of their moment."""
    lines: list[tuple[float, bool, str, float]] = []
    periods_s = _periods_s(found.beats_s)
    for n, (at_s, period_s) in enumerate(zip(found.beats_s.tolist(), periods_s.tolist(), strict=True)):
        in_bar = (n - found.first_downbeat) % BAR_BEATS
        bpm = 60 / period_s
        lines += [(at_s, False, "/song/bpm", bpm), (at_s, False, "/tempo/bpm", bpm)]
        lines += [(at_s, False, "/tempo/beat", 0.0), (at_s, False, "/tempo/bar", in_bar / BAR_BEATS)]
        lines.append((at_s, True, "/song/beat", float(n + 1)))
        if in_bar == 0:
            lines.append((at_s, True, "/song/downbeat", float(n + 1)))
    for at_s, strength in zip(found.onsets_s.tolist(), found.strengths.tolist(), strict=True):
        lines.append((at_s, True, "/song/onset", strength))
    for n, at_s in enumerate(found.segments_s.tolist()):
        lines += [(at_s, False, "/song/segment_index", float(n + 1)), (at_s, True, "/song/segment", float(n + 1))]
    next_s = np.append(found.segments_s[1:], found.seconds)
    for n, (energy, ahead) in enumerate(zip(found.energy.tolist(), found.energy_ahead.tolist(), strict=True)):
        at_s = round(n * LEVEL_EVERY_S, 6)
        until_s = float(next_s[min(len(next_s) - 1, int(np.searchsorted(next_s, at_s, side="right")))]) - at_s
        lines += [(at_s, False, "/song/energy", energy), (at_s, False, "/song/energy_ahead", ahead)]
        lines.append((at_s, False, "/song/segment_in_s", max(0.0, until_s)))
    return [(round(at_s, 6), kind, address, round(value, 6)) for at_s, kind, address, value in lines]

"""Sound: an input device, or a file in real time; levels, onsets and beats every 5 ms."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from mappings.audio.capture import Capture
from mappings.audio.decode import RATE_HZ, Decoder
from mappings.audio.features import Features, names
from mappings.audio.filters import BANDS
from mappings.audio.player import Player, Speaker
from mappings.audio.tempogram import HIGH_BPM, LOW_BPM
from mappings.bus import Bus
from mappings.sources.base import Source, SourceConfig, State

DEVICE_HOPS = 2  # per poll: five times real time when catching up, and well under a millisecond
FILE_HOPS = 100  # per poll, where a stepped clock may take large steps
LIVE_S = 5.0  # a clock this near to perf_counter is the live one; a stepped one begins at 0
TEMPO_NAME = "tracker"
FORGET_S = 8.0  # half-life of confidence while nothing is heard
LEVELS = ("beat", "bpm", "confidence")
EVENTS = ("onset", "beat_tick")


class AudioConfig(SourceConfig):
    """`[sources.audio]`: a device's name or a part of it, or a file; the default input when neither is given."""

    device: str = ""
    host_api: str = ""  # "ALSA", "JACK Audio Connection Kit", "Windows WASAPI", ...: pins the device further
    channels: int = Field(default=2, ge=1, le=32)
    file: Path | None = None
    loop: bool = True
    heard: bool = True  # play the file through the output device, where there is one
    output: str = ""  # that device's name or a part of it
    gain_db: float = Field(default=0.0, ge=-60, le=60)
    offset_ms: float = Field(default=0.0, ge=-500, le=500)  # beats come so much earlier
    onset_sensitivity: float = Field(default=1.0, gt=0, le=10)
    bands: int = Field(default=BANDS, ge=3, le=64)
    low_bpm: float = Field(default=LOW_BPM, ge=30, le=200)
    high_bpm: float = Field(default=HIGH_BPM, ge=50, le=300)
    when_lost: Literal["hold", "rest"] = "rest"
    rest_s: float = Field(default=0.5, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high_bpm < 1.5 * self.low_bpm:
            raise ValueError(
                f"low_bpm = {self.low_bpm:g}, high_bpm = {self.high_bpm:g}: give at least 1.5 times low_bpm"
            )
        if self.file is not None and self.device:
            raise ValueError("give a device or a file, not both")
        return self


class Audio(Source):
    """Publishes `/audio/...`. Offers its beat to the bus's tempo as "tracker".

    With a file it is deterministic under a stepped clock: at `now_s` exactly the samples before it have been heard.
    """

    Config = AudioConfig

    def __init__(self, name: str, config: AudioConfig) -> None:
        super().__init__(name, config)
        self.config: AudioConfig = config
        self.steppable = config.file is not None
        self.features: Features | None = None  # the newest, spectrum and all, between polls
        self._capture: Capture | None = None
        self._player: Player | None = None
        self._slots: list[int] = []
        self._beat_slot = self._bpm_slot = self._confidence_slot = -1
        self._ahead_s = config.offset_ms / 1000
        self._phase = 0.0  # in the beat at _phase_s; runs on at _bpm when the sound is lost
        self._phase_s: float | None = None
        self._bpm = 0.0
        self._confidence = 0.0
        self._beat = 0.0  # 0..1, as last published
        self._ticked_s = -math.inf
        self._polled_s = 0.0
        self._counted = (0, 0)

    def addresses(self) -> tuple[str, ...]:
        """All levels and events."""
        levels = (level.address for level in names(self.config.bands))
        return tuple(f"/{self.name}/{name}" for name in (*levels, *LEVELS, *EVENTS))

    def open(self, bus: Bus, now_s: float) -> None:
        """Open the file (FeedError when it cannot be played), or start looking for the device."""
        self.close()
        own = [level._replace(address=f"/{self.name}/{level.address}") for level in names(self.config.bands)]
        self._slots = [self.own(bus, level.address, level.unit, level.rest) for level in own]
        self._beat_slot, self._bpm_slot = (bus.slot(f"/{self.name}/{name}") for name in LEVELS[:2])
        self._confidence_slot = bus.slot(f"/{self.name}/confidence")
        if self.config.file is not None:
            self._open_file(self.config.file, now_s)
        else:
            self._capture = Capture(
                self._features,
                name=self.config.device,
                host_api=self.config.host_api,
                channels=self.config.channels,
            )
            self.state, self.detail = State.RETRYING, self._capture.detail

    def close(self) -> None:
        """Release device and file."""
        if self._capture is not None:
            self._capture.close()
        if self._player is not None:
            self._player.close()
        self._capture = self._player = None
        self.state = State.RETRYING

    def poll(self, bus: Bus, now_s: float) -> None:
        """Hear what is new; say where the beat is now."""
        if self._capture is not None:
            self._hear(bus, self._capture.hops(DEVICE_HOPS))
            self._watch(self._capture, bus)
        elif self._player is not None:
            heard = self._player.speaker is not None
            self._hear(bus, self._player.hops(now_s, DEVICE_HOPS if heard else FILE_HOPS))
            self._watch_file(self._player)
        self._run_beat(bus, now_s)

    def sound(self) -> NDArray[np.float32] | None:
        """Spectrum and wave for effects that draw them."""
        return self.features.sound() if self.features is not None and self.state is State.OK else None

    def _features(self, rate_hz: int, channels: int) -> Features:
        config = self.config
        return Features(
            rate_hz,
            channels,
            bands=config.bands,
            sensitivity=config.onset_sensitivity,
            gain_db=config.gain_db,
            low_bpm=config.low_bpm,
            high_bpm=config.high_bpm,
        )

    def _open_file(self, path: Path, now_s: float) -> None:
        is_live = abs(time.perf_counter() - now_s) < LIVE_S
        decoder = Decoder(path, loop=self.config.loop)
        speaker = None
        if self.config.heard and is_live:
            speaker = Speaker(decoder.channels, name=self.config.output, host_api=self.config.host_api)
        self._player = Player(path, self._features(RATE_HZ, decoder.channels), decoder, speaker)
        self._player.start(time.perf_counter() if is_live else now_s)
        self.state, self.detail = State.OK, path.name

    def _hear(self, bus: Bus, hops: Iterator[tuple[Features, float]]) -> None:
        """Publish what the new hops bring: every event, the newest levels."""
        features, time_s = None, 0.0
        for features, time_s in hops:
            if features.onset > 0:
                bus.post(f"/{self.name}/onset", features.onset, time_s)
        if features is None:
            return
        self.features = features
        for slot, level in zip(self._slots, features.levels.tolist(), strict=True):
            bus.put(slot, level, time_s)
        beats = features.beats
        if beats.locked:
            self._phase, self._phase_s = beats.phase, time_s
            self._bpm, self._confidence = beats.bpm, beats.confidence
            bus.put(self._bpm_slot, beats.bpm, time_s)
            bus.tempo.offer(TEMPO_NAME, beats.bpm, beats.phase % 1.0, time_s - self._ahead_s, beats.confidence)
        if features.nonfinite:
            bus.dropped["audio_nonfinite"] += features.nonfinite
            features.nonfinite = 0

    def _run_beat(self, bus: Bus, now_s: float) -> None:
        """Where the beat is now: predicted from the newest look, so that it never lags and never stops."""
        since_s, self._polled_s = now_s - self._polled_s, now_s
        if self._phase_s is None:
            return
        if self.state is not State.OK:
            self._confidence *= 0.5 ** (since_s / FORGET_S)
        bus.put(self._confidence_slot, self._confidence, now_s)
        beats_per_s = self._bpm / 60
        beat = (self._phase + (now_s + self._ahead_s - self._phase_s) * beats_per_s) % 1.0
        # A correction may take the phase back over a beat that has begun: that beat does not begin twice.
        if self._beat - beat > 0.5 and (now_s - self._ticked_s) * beats_per_s > 0.5:
            self._ticked_s = now_s - beat / beats_per_s
            bus.post(f"/{self.name}/beat_tick", 1.0, self._ticked_s)
        self._beat = beat
        bus.put(self._beat_slot, beat, now_s)

    def _watch(self, capture: Capture, bus: Bus) -> None:
        """The device's state, and what went wrong with it."""
        for adc_s in capture.new_blocks():
            bus.stamps["audio"].add(adc_s)
        if capture.is_live:
            self.state = State.OK
        else:
            self.state = State.LOST if capture.was_open else State.RETRYING
        self.detail = capture.detail
        counts = capture.counts()
        if counts != self._counted:
            late, lost = counts[0] - self._counted[0], counts[1] - self._counted[1]
            self._counted = counts
            self.dropped["audio_xruns"] += max(0, late)
            self.dropped["audio_frames_lost"] += max(0, lost)

    def _watch_file(self, player: Player) -> None:
        speaker = player.speaker
        if player.ended:
            self.state, self.detail = State.STALE, f"{player.path.name} has ended"
        elif speaker is not None:
            self.detail = f"{player.path.name}, {'heard through' if speaker.plays else 'not heard:'} {speaker.detail}"

"""A sound file in real time, heard through an output device where there is one; exact under a stepped clock."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mappings.audio.clock import StreamClock
from mappings.audio.decode import RATE_HZ, Decoder
from mappings.audio.device import DeviceStream
from mappings.audio.features import Features
from mappings.audio.ring import Ring

AHEAD = RATE_HZ // 4  # frames decoded before they are due
RING = RATE_HZ * 3
SLOWEST_S = 1.0
PATIENCE_S = 1.5  # how long the file waits for its speaker


class Speaker:
    """The output device: plays what is put into its ring, and says when."""

    def __init__(self, channels: int, *, name: str, host_api: str) -> None:
        self.ring = Ring(RING, channels)
        self.underruns = 0
        self.dac_s = 0.0  # when the newest block will be heard ...
        self.dac_frame = 0  # ... and its first frame
        self._plays = False
        self._fits = False
        self._stream = DeviceStream("output", self, name=name, host_api=host_api, channels=channels)

    @property
    def detail(self) -> str:
        """What the device is doing."""
        return self._stream.detail

    @property
    def is_open(self) -> bool:
        """Whether the device takes sound at the file's rate."""
        return self._stream.is_open and self._fits

    @property
    def plays(self) -> bool:
        """Whether the file's time is the device's."""
        return self._plays and self.is_open and self.dac_s > 0.0

    def start(self, frame: int) -> None:
        """Play from a frame on."""
        self.ring.read_to = frame
        self.dac_s = 0.0
        self._plays = True

    @property
    def started(self) -> bool:
        """Whether `start` was called since the device opened."""
        return self._plays

    def close(self) -> None:
        """Release the device."""
        self._stream.close()

    def opened(self, rate_hz: int, channels: int) -> None:
        """The stream opens at a rate and a number of channels."""
        self._fits = rate_hz == RATE_HZ and channels == self.ring.channels
        self._plays = False

    def callback(self, block: NDArray[np.float32], frames: int, timing: Any, status: Any) -> None:
        """The driver's thread: copy and note the time, nothing else."""
        if not self._plays:
            block.fill(0)
            return
        ahead_s = timing.outputBufferDacTime - timing.currentTime
        first = self.ring.read_to
        if self.ring.read(block):
            self.dac_frame = first
            self.dac_s = time.perf_counter() + (ahead_s if 0.0 <= ahead_s <= SLOWEST_S else 0.0)
        else:
            block.fill(0)
            self.underruns += 1


class Player:
    """The file's hops as their time comes. Time is the speaker's where it is heard, else the caller's clock."""

    def __init__(self, path: Path, features: Features, decoder: Decoder, speaker: Speaker | None) -> None:
        self.path = path
        self.ended = False
        self.speaker = speaker
        self.features = features
        self._decoder = decoder
        self._ring = Ring(RING, decoder.channels)
        self._hop: NDArray[np.float32] = np.zeros((features.hop, decoder.channels), np.float32)
        self._clock = StreamClock(RATE_HZ)
        self._exhausted = False
        self._patient_until_s = 0.0

    def close(self) -> None:
        """Release file and device."""
        self._decoder.close()
        if self.speaker is not None:
            self.speaker.close()

    def start(self, now_s: float) -> None:
        """The file begins now."""
        self._clock.set(0, now_s)
        self._patient_until_s = now_s + PATIENCE_S
        self._decode(AHEAD)

    def hops(self, now_s: float, most: int) -> Iterator[tuple[Features, float]]:
        """The features after each hop that is due at `now_s`, at most `most`, with the time of the hop's end."""
        self._follow_speaker(now_s)
        due = self._clock.frame(now_s + 1e-9)
        if not self._exhausted and self._ring.written < due + AHEAD:
            self._decode(self._ring.written + 1)  # one packet each time keeps a step short
        hop = len(self._hop)
        for _ in range(most):
            end = self._ring.read_to + hop
            if end > due:
                return
            self._decode(end)
            if not self._ring.read(self._hop):
                self.ended = True
                return
            self.features.step(self._hop)
            yield self.features, self._clock.time_s(end)

    def _decode(self, until: int) -> None:
        """Have the frames before `until`, or the end of the file."""
        while not self._exhausted and self._ring.written < until:
            block = self._decoder.next()
            if block is None:
                self._exhausted = True
                return
            for at in range(0, len(block), AHEAD):
                self._ring.write(block[at : at + AHEAD])
                if self.speaker is not None:
                    self.speaker.ring.write(block[at : at + AHEAD])

    def _follow_speaker(self, now_s: float) -> None:
        speaker = self.speaker
        if speaker is None:
            return
        if speaker.plays:
            self._clock.observe(speaker.dac_frame, speaker.dac_s)
        elif speaker.is_open and not speaker.started:
            speaker.start(self._clock.frame(now_s))
        elif self._ring.read_to == 0 and now_s < self._patient_until_s:
            self._clock.set(0, now_s)  # the beginning is worth hearing

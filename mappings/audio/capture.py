"""Sound from an input device, hop by hop, with the moment each hop was in the air."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mappings.audio.clock import StreamClock
from mappings.audio.device import BLOCK, DeviceStream
from mappings.audio.features import Features
from mappings.audio.ring import Ring

RING_S = 2.0
STAMPS = 512  # blocks whose times are kept for the loop
SLOWEST_S = 1.0  # a latency beyond this is no latency: some drivers report garbage
QUIET_S = 0.5  # without a callback for so long, the device is lost


class Opening:
    """What one opening of the device fills. The next opening fills another, so old sound is never taken for new."""

    def __init__(self, rate_hz: int, channels: int, features: Features) -> None:
        self.rate_hz = rate_hz
        self.features = features
        self.ring = Ring(round(RING_S * rate_hz), channels)
        self.clock = StreamClock(rate_hz)
        self.hop: NDArray[np.float32] = np.zeros((features.hop, channels), np.float32)
        self.blocks = 0
        self.xruns = 0
        self.ends: NDArray[np.int64] = np.zeros(STAMPS, np.int64)  # frame after each block
        self.adc_s: NDArray[np.float64] = np.zeros(STAMPS)  # when each block began


class Capture:
    """An input device that stays open, comes back after a loss, and never turns into another one."""

    def __init__(self, make: Callable[[int, int], Features], *, name: str, host_api: str, channels: int) -> None:
        self._make = make  # rate_hz, channels -> features; slow, so it is called in the stream's thread
        self._opening: Opening | None = None
        self._followed: Opening | None = None
        self._seen = 0
        self._stream = DeviceStream("input", self, name=name, host_api=host_api, channels=channels)

    @property
    def detail(self) -> str:
        """What the device is doing."""
        return self._stream.detail

    @property
    def is_live(self) -> bool:
        """Whether sound is coming in."""
        opening = self._opening
        alive = time.perf_counter() - self._stream.called_s < QUIET_S
        return self._stream.is_open and opening is not None and opening.blocks > 0 and alive

    @property
    def was_open(self) -> bool:
        """Whether the device has been open before."""
        return self._stream.opened > 0

    def close(self) -> None:
        """Release the device."""
        self._stream.close()

    def opened(self, rate_hz: int, channels: int) -> None:
        """The stream opens at a rate and a number of channels."""
        kept = self._opening
        fits = kept is not None and kept.rate_hz == rate_hz and kept.hop.shape[1] == channels
        features = kept.features if kept is not None and fits else self._make(rate_hz, channels)
        self._opening = Opening(rate_hz, channels, features)

    def callback(self, block: NDArray[np.float32], frames: int, timing: Any, status: Any) -> None:
        """The driver's thread: copy and note the time, nothing else."""
        opening = self._opening
        if opening is None:
            return
        latency_s = timing.currentTime - timing.inputBufferAdcTime
        if not 0.0 <= latency_s <= SLOWEST_S:
            latency_s = frames / opening.rate_hz
        opening.ring.write(block)
        at = opening.blocks % STAMPS
        opening.ends[at] = opening.ring.written
        opening.adc_s[at] = time.perf_counter() - latency_s
        opening.blocks += 1
        if status:
            opening.xruns += 1

    def hops(self, most: int) -> Iterator[tuple[Features, float]]:
        """The features after each new hop, at most `most` of them, with the time of the hop's end."""
        opening = self._opening
        if opening is None:
            return
        if opening is not self._followed:
            self._followed, self._seen = opening, 0
        self._observe(opening)
        if not opening.clock.is_set:
            return
        for _ in range(most):
            if not opening.ring.read(opening.hop):
                return
            opening.features.step(opening.hop)
            yield opening.features, opening.clock.time_s(opening.ring.read_to)

    def new_blocks(self) -> Iterator[float]:
        """When each block began that the features have now heard; each once."""
        opening = self._followed
        while opening is not None and self._seen < opening.blocks:
            at = self._seen % STAMPS
            if opening.ends[at] > opening.ring.read_to:
                return
            self._seen += 1
            yield float(opening.adc_s[at])

    def counts(self) -> tuple[int, int]:
        """Times the driver was late, and frames lost because the loop was."""
        opening = self._opening
        return (0, 0) if opening is None else (opening.xruns, opening.ring.lost)

    def _observe(self, opening: Opening) -> None:
        newest = opening.blocks - 1
        if newest < 0:
            return
        at = newest % STAMPS
        opening.clock.observe(int(opening.ends[at]) - BLOCK, float(opening.adc_s[at]))

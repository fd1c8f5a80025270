"""Sound devices that come and go: found by name, opened and reopened away from the signals loop.

PortAudio freezes its list of devices when it starts, and starting it again stops every stream. So a short-lived
process looks whether a lost device is back, and only then is PortAudio started again here. Opening and closing block,
so one thread per stream does them; the loop only looks at what the callback left.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mappings.errors import SourceError

RATE_HZ = 48_000
BLOCK = 256
RETRY_S = 2.0
PATIENT_AFTER, PATIENT_S = 30, 10.0  # after a minute without the device, look less often
STALL_S = 2.0  # a stream that has not called back for so long is closed and opened again
REMEDY = "PortAudio is not installed; on Debian and Ubuntu: apt-get install libportaudio2"

Kind = Literal["input", "output"]

_portaudio = threading.Lock()  # starting PortAudio again must not meet an open stream
_open_streams = 0


@dataclass(frozen=True, slots=True)
class Device:
    """One row of PortAudio's list."""

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    rate_hz: float
    default_input: bool = False
    default_output: bool = False

    @property
    def stable_name(self) -> str:
        """The name without ALSA's card number, which changes when the device is plugged in again."""
        return re.sub(r"\s*\((plug)?hw:\d+,\d+\)$", "", self.name)

    def channels(self, kind: Kind) -> int:
        """How many channels it has in this direction."""
        return self.inputs if kind == "input" else self.outputs

    def is_default(self, kind: Kind) -> bool:
        """Whether the system would choose it."""
        return self.default_input if kind == "input" else self.default_output


class Driver(Protocol):
    """What a stream calls: `opened` once before any sound (may be slow), `callback` for each block (must be quick)."""

    def opened(self, rate_hz: int, channels: int) -> None: ...

    def callback(self, block: NDArray[np.float32], frames: int, timing: Any, status: Any) -> None: ...


def scan() -> list[Device]:
    """The devices as a fresh process sees them. SourceError when PortAudio is missing or the look fails."""
    root = str(Path(__file__).parents[2])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mappings.audio.device"],
            capture_output=True,
            timeout=15,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((root, os.environ.get("PYTHONPATH", "")))},
        )
    except subprocess.TimeoutExpired:
        raise SourceError("looking for sound devices took over 15 s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        text = said[-1] if said else "no reason given"
        raise SourceError(REMEDY if "PortAudio library not found" in text else f"cannot list sound devices: {text}")
    return [Device(**row) for row in json.loads(done.stdout)]


def choose(devices: list[Device], kind: Kind, name: str = "", host_api: str = "") -> Device:
    """The device meant by a name (exact, else a part of it, in any case); the default one for no name.

    SourceError says which there are and which is nearest.
    """
    able = [d for d in devices if d.channels(kind) > 0 and (not host_api or d.host_api == host_api)]
    if not able:
        where = f" of {host_api}" if host_api else ""
        raise SourceError(f"there is no sound {kind} device{where}")
    if not name:
        return next((d for d in able if d.is_default(kind)), able[0])
    same = [d for d in able if name in (d.name, d.stable_name)]
    part = [d for d in able if name.lower() in d.name.lower()]
    found = same or part
    if found:
        return next((d for d in found if d.is_default(kind)), found[0])
    names = sorted({d.stable_name for d in able})
    near = difflib.get_close_matches(name, names, 1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise SourceError(f'no sound {kind} device "{name}"; there are: {", ".join(names)}{hint}')


class DeviceStream:
    """Keeps one stream open on one device, whatever happens to the device. The device is pinned when it first opens."""

    def __init__(self, kind: Kind, driver: Driver, *, name: str = "", host_api: str = "", channels: int = 2) -> None:
        self.kind = kind
        self.detail = f"opening a sound {kind} device"
        self.is_open = False
        self.opened = 0  # times
        self.called_s = 0.0  # perf_counter of the newest callback
        self._driver = driver
        self._name, self._host_api = name, host_api
        self._wanted_channels = channels
        self._closing = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_open, name=f"sound {kind}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop. Waits for the driver at most 2 s. Safe to call twice."""
        self._closing.set()
        self._ended.set()
        self._thread.join(2.0)

    def _keep_open(self) -> None:
        tries = 0
        while not self._closing.is_set():
            try:
                self._open_once()
                tries = 0
            except Exception as error:  # drivers raise anything; the thread must outlive them all
                self.detail = str(error) or type(error).__name__
            finally:
                self.is_open = False
            tries += 1
            self._closing.wait(RETRY_S if tries < PATIENT_AFTER else PATIENT_S)

    def _open_once(self) -> None:
        """Open the stream and stay until it ends."""
        device = choose(scan(), self.kind, self._name, self._host_api)
        sounddevice = load()
        with _portaudio:
            _refresh(sounddevice)
            device = choose(list_here(sounddevice), self.kind, self._name, self._host_api)
            stream = self._start(sounddevice, device)
        self._name, self._host_api = device.stable_name, device.host_api
        self.detail = f"{device.stable_name} ({device.host_api}), {stream.samplerate:.0f} Hz"
        self.is_open = True
        self.opened += 1
        try:
            while not self._ended.wait(0.1):
                if time.perf_counter() - self.called_s > STALL_S:
                    break
        finally:
            self.is_open = False
            self.detail = f"lost {device.stable_name} ({device.host_api}); looking for it"
            _stop(stream)

    def _start(self, sounddevice: Any, device: Device) -> Any:
        """A running stream at 48 kHz or, where the device refuses, at its own rate."""
        global _open_streams
        channels = min(self._wanted_channels, device.channels(self.kind))
        make = sounddevice.InputStream if self.kind == "input" else sounddevice.OutputStream
        rates = dict.fromkeys((RATE_HZ, round(device.rate_hz)))
        for rate_hz in rates:
            self._ended.clear()
            try:
                self._driver.opened(rate_hz, channels)
                stream = make(
                    device=device.index,
                    samplerate=rate_hz,
                    blocksize=BLOCK,
                    channels=channels,
                    dtype="float32",
                    latency="low",
                    callback=self._callback,
                    finished_callback=self._ended.set,
                )
                self.called_s = time.perf_counter()
                stream.start()
            except sounddevice.PortAudioError as error:
                self.detail = f"{device.stable_name} at {rate_hz} Hz: {error}"
                continue
            _open_streams += 1
            return stream
        raise SourceError(self.detail)

    def _callback(self, block: NDArray[np.float32], frames: int, timing: Any, status: Any) -> None:
        self.called_s = time.perf_counter()
        self._driver.callback(block, frames, timing, status)


def load() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise SourceError(REMEDY if "PortAudio" in str(error) else str(error)) from None
    return sounddevice


def _refresh(sounddevice: Any) -> None:
    """Let PortAudio look for devices again, unless that would stop another stream of this process."""
    if _open_streams == 0:
        sounddevice._terminate()
        sounddevice._initialize()


def list_here(sounddevice: Any) -> list[Device]:
    """The devices as this process sees them."""
    apis = sounddevice.query_hostapis()
    first = sounddevice.default.hostapi
    return [
        Device(
            index=row["index"],
            name=row["name"],
            host_api=apis[row["hostapi"]]["name"],
            inputs=row["max_input_channels"],
            outputs=row["max_output_channels"],
            rate_hz=row["default_samplerate"],
            default_input=row["index"] == apis[first]["default_input_device"],
            default_output=row["index"] == apis[first]["default_output_device"],
        )
        for row in sounddevice.query_devices()
    ]


def _stop(stream: Any) -> None:
    """Close without waiting for sound that no longer flows."""
    global _open_streams
    try:
        stream.abort()
    finally:
        stream.close()
        with _portaudio:
            _open_streams -= 1


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(device) for device in list_here(load())]))

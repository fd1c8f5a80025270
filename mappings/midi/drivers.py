"""The doors to the system's MIDI: python-rtmidi, or rtmidi2 where python-rtmidi has no wheels (Python 3.13).

Bytes come in as the driver hands them over, stamped in its callback: making mido messages of them there costs 3 us
each, which 10,000 messages a second would feel.
"""

import ctypes
import gc
import importlib
import importlib.util
import os
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from mappings.errors import SourceError

Take = Callable[[Sequence[int], float], None]  # the bytes of a message, perf_counter seconds

_APIS = {"alsa": "LINUX_ALSA", "jack": "UNIX_JACK", "core": "MACOSX_CORE", "windows": "WINDOWS_MM"}
_FAILURES = (OSError, RuntimeError, ValueError, TypeError)  # what the two libraries raise
ON_ITS_WAY_S = 0.02  # a callback that was entered before its port closed has ended by then
_KEPT: deque[object] = deque(maxlen=256)  # callbacks of ports, open and lately closed
_JACK_SOCKETS = Path("/dev/shm")


class Inlet(Protocol):
    """An open input; its bytes go to the `Take` it was opened with."""

    def close(self) -> None: ...


class Outlet(Protocol):
    """An open output."""

    def send(self, data: Sequence[int]) -> None: ...
    def close(self) -> None: ...


class Driver(ABC):
    """One system's ports. One client lists them for as long as the driver lives; every call may block."""

    api: str

    @abstractmethod
    def alive(self) -> bool:
        """Whether the system behind it is still there."""

    @abstractmethod
    def inputs(self) -> list[str]:
        """The names of all ports that can be listened to now, as the driver writes them."""

    @abstractmethod
    def outputs(self) -> list[str]:
        """The names of all ports that can be sent to now."""

    @abstractmethod
    def listen(self, name: str, take: Take) -> Inlet:
        """Open an input by its full name; SourceError when it is gone or taken."""

    @abstractmethod
    def offer(self, name: str, take: Take) -> Inlet:
        """Open a virtual input that other programs can connect to; SourceError where the system has none."""

    @abstractmethod
    def speak(self, name: str) -> Outlet:
        """Open an output by its full name; SourceError when it is gone or taken."""

    @abstractmethod
    def close(self) -> None:
        """Let the listing client go."""


class _RtmidiPort:
    """One python-rtmidi client with one port."""

    def __init__(self, port: Any, callback: Callable[..., None] | None = None) -> None:
        self._port = port
        # Closing frees the pair that set_callback made, but a driver's thread may be on its way into it: kept.
        if callback is not None:
            _KEPT.extend(pair for pair in gc.get_referrers(callback) if type(pair) is tuple)

    def send(self, data: Sequence[int]) -> None:
        self._port.send_message(data)

    def close(self) -> None:
        self._port.close_port()
        time.sleep(ON_ITS_WAY_S)
        self._port.delete()


class Rtmidi(Driver):
    """python-rtmidi."""

    def __init__(self, api: str, client: str) -> None:
        self.api = api
        self.client = client
        self._library = importlib.import_module("rtmidi")
        self._number = getattr(self._library, f"API_{_APIS[api]}")
        if self._number not in self._library.get_compiled_api():
            raise SourceError(f"python-rtmidi was built without {api}")
        self._in = self._client("MidiIn", f"{client}-ports")
        self._out = self._client("MidiOut", f"{client}-ports")

    def _client(self, kind: str, name: str) -> Any:
        try:
            return getattr(self._library, kind)(rtapi=self._number, name=name)
        except _FAILURES as error:
            raise SourceError(f"{self.api} gives no MIDI client: {error}") from error

    def alive(self) -> bool:
        return self.api != "jack" or jack_runs()

    def inputs(self) -> list[str]:
        return list(self._in.get_ports())

    def outputs(self) -> list[str]:
        return list(self._out.get_ports())

    def listen(self, name: str, take: Take) -> Inlet:
        return self._input(f"{self.client}-in", take, lambda port: port.open_port(port.get_ports().index(name), "in"))

    def offer(self, name: str, take: Take) -> Inlet:
        return self._input(name, take, lambda port: port.open_virtual_port(_virtual(name, self.api)))

    def _input(self, client: str, take: Take, connect: Callable[[Any], object]) -> Inlet:
        port = self._client("MidiIn", client)
        clock = time.perf_counter
        # Without this RtMidi swallows SysEx, clock and active sensing.
        port.ignore_types(sysex=False, timing=False, active_sense=False)

        def callback(event: Any, _: object) -> None:
            take(event[0], clock())

        port.set_callback(callback)
        try:
            connect(port)
        except (*_FAILURES, NotImplementedError) as error:
            port.delete()
            raise SourceError(f"the MIDI input cannot be opened: {error}") from error
        return _RtmidiPort(port, callback)

    def speak(self, name: str) -> Outlet:
        port = self._client("MidiOut", f"{self.client}-out")
        try:
            port.open_port(port.get_ports().index(name), "out")
        except _FAILURES as error:
            port.delete()
            raise SourceError(f"the MIDI output {name} cannot be opened: {error}") from error
        return _RtmidiPort(port)

    def close(self) -> None:
        self._in.delete()
        self._out.delete()


class _Rtmidi2Port:
    """One rtmidi2 client with one port; the client ends with its last reference."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def send(self, data: Sequence[int]) -> None:
        self._port.send_raw(*data)

    def close(self) -> None:
        self._port.close_port()
        time.sleep(ON_ITS_WAY_S)
        self._port = None


class Rtmidi2(Driver):
    """rtmidi2: the same RtMidi behind other Python names."""

    def __init__(self, api: str, client: str) -> None:
        self.api = api
        self.client = client
        if api == "jack":
            _load_jack()
        self._library = importlib.import_module("rtmidi2")
        self._number = getattr(self._library, f"API_{_APIS[api]}")
        self._in = self._client("MidiIn", f"{client}-ports")
        self._out = self._client("MidiOut", f"{client}-ports")

    def _client(self, kind: str, name: str) -> Any:
        try:
            port = getattr(self._library, kind)(clientname=name, api=self._number)
        except _FAILURES as error:
            raise SourceError(f"{self.api} gives no MIDI client: {error}") from error
        if port.get_current_api() != self._number:  # RtMidi falls back to another system in silence
            raise SourceError(f"{self.api} gives no MIDI client")
        return port

    def alive(self) -> bool:
        return self.api != "jack" or jack_runs()

    def inputs(self) -> list[str]:
        return list(self._in.ports)

    def outputs(self) -> list[str]:
        return list(self._out.ports)

    def listen(self, name: str, take: Take) -> Inlet:
        return self._input(f"{self.client}-in", take, lambda port: port.open_port(list(port.ports).index(name)))

    def offer(self, name: str, take: Take) -> Inlet:
        if not self.alive():  # with no server behind it rtmidi2 ends the process here
            raise SourceError("no JACK server runs here")
        return self._input(name, take, lambda port: port.open_virtual_port(_virtual(name, self.api)))

    def _input(self, client: str, take: Take, connect: Callable[[Any], object]) -> Inlet:
        port = self._client("MidiIn", client)
        clock = time.perf_counter
        port.ignore_types(midi_sysex=False, midi_time=False, midi_sense=False)
        port.callback = lambda data, _: take(data, clock())
        try:
            connect(port)
        except _FAILURES as error:
            port.callback = None
            raise SourceError(f"the MIDI input cannot be opened: {error}") from error
        return _Rtmidi2Port(port)

    def speak(self, name: str) -> Outlet:
        port = self._client("MidiOut", f"{self.client}-out")
        try:
            port.open_port(list(port.ports).index(name))
        except _FAILURES as error:
            raise SourceError(f"the MIDI output {name} cannot be opened: {error}") from error
        return _Rtmidi2Port(port)

    def close(self) -> None:
        self._in = self._out = None


def _virtual(name: str, api: str) -> str:
    """What our own port is called: macOS shows the port's name alone, the others the client's before it."""
    return name if api == "core" else "in"


def jack_runs() -> bool:
    """Whether a JACK server can be reached. Asked first because libjack writes to stderr when there is none."""
    if not sys.platform.startswith("linux"):
        return True
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and (Path(runtime) / "pipewire-0").exists():
        return True
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    return any(_answers(path) for path in _JACK_SOCKETS.glob(f"jack_{server}_{os.getuid()}_*"))


def _load_jack() -> None:
    """Put the system's libjack before the one in rtmidi2's wheel, which speaks an older protocol than jackd 1.9.21."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libjack.so.0", ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise SourceError(f"JACK needs its library: {error}; on Debian, `apt install libjack-jackd2-0`") from error


def _answers(path: Path) -> bool:
    """Whether something accepts at a socket: a killed server leaves its file behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _system_api(api: str) -> str:
    """The system behind `auto`; SourceError in plain words where there is none."""
    jack_wanted = api == "jack" or (api == "auto" and sys.platform.startswith("linux"))
    if api in ("auto", "alsa") and sys.platform.startswith("linux") and Path("/dev/snd/seq").exists():
        return "alsa"
    if api == "alsa":
        raise SourceError("no ALSA MIDI here: /dev/snd/seq is missing; try `sudo modprobe snd-seq`")
    if jack_wanted and jack_runs():
        return "jack"
    if api == "jack":
        raise SourceError("no JACK server runs here; start one, for example with `jackd` or `qjackctl`")
    if jack_wanted:
        raise SourceError("no MIDI here: /dev/snd/seq is missing (`sudo modprobe snd-seq`) and no JACK server runs")
    return api if api != "auto" else {"darwin": "core", "win32": "windows"}.get(sys.platform, "alsa")


def find_driver(api: str, client: str) -> Driver:
    """The MIDI of this machine; SourceError says in plain words what is missing."""
    system = _system_api(api)
    for library, driver in (("rtmidi", Rtmidi), ("rtmidi2", Rtmidi2)):
        if importlib.util.find_spec(library) is not None:
            return driver(system, client)
    raise SourceError("no MIDI library is installed; `python -m pip install python-rtmidi` (or rtmidi2) brings one")

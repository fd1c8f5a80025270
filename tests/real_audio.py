"""A private PulseAudio with one null sink, for tests that need a sound server; ended by process id."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing

NEEDED = ("pulseaudio", "pactl", "paplay")


class SoundServer:
    """PulseAudio in a folder of its own. `environment` makes PortAudio's ALSA devices lead to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        socket = folder / "pulse.sock"
        self.environment = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
        (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self._socket = socket
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start and wait until it answers."""
        self._socket.unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"]
        command += ["--use-pid-file=no", "--disable-shm=yes"]
        command += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"]
        command += ["-L", "module-null-sink sink_name=stage rate=48000 channels=2"]
        self._server = self._spawn(command)
        deadline = time.monotonic() + 15
        while subprocess.run(["pactl", "info"], env=self._full(), capture_output=True, check=False).returncode != 0:
            if time.monotonic() > deadline or self._server.poll() is not None:
                missing("PulseAudio does not start here")
            time.sleep(0.1)

    def kill(self) -> None:
        """Take the sound card away."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait()
            self._server = None

    def play(self, wav: Path) -> None:
        """Play a file into the sink. A small latency, or the sink would render in chunks of most of a second."""
        self._players.append(self._spawn(["paplay", "--latency-msec=20", str(wav)]))

    def close(self) -> None:
        """End everything that was started here."""
        for player in self._players:
            player.kill()
            player.wait()
        self.kill()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=self._full(), stdin=quiet, stdout=quiet, stderr=quiet)

    def _full(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


@pytest.fixture
def sound_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A running sound server; this process's PortAudio will find it when it looks next."""
    for name in NEEDED:
        if shutil.which(name) is None:
            missing(f"the program {name} is not installed")
    folder = Path(tempfile.mkdtemp(prefix="latenz-sound-"))  # pytest's own paths are too long for a socket
    server = SoundServer(folder)
    for key, value in server.environment.items():
        monkeypatch.setenv(key, value)
    try:
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)

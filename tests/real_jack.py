"""A JACK server of its own for a test: dummy driver, private name, ended by its process id."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Find = Callable[[str], str]  # the `program` fixture


NAMES = 3  # servers for tests at the same time


class Jack:
    """One server; programs started through it are ended with it."""

    def __init__(self, find: Find, name: str) -> None:
        self.name = name
        self.environment = {**os.environ, "JACK_DEFAULT_SERVER": name, "JACK_NO_AUDIO_RESERVATION": "1"}
        self._find = find
        self._running: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._server = self.run("jackd", "-n", self.name, "-r", "-ddummy", "-r48000", "-p256")
        deadline = time.monotonic() + 20
        while subprocess.run(
            [self._find("jack_lsp")], env=self.environment, capture_output=True, timeout=20, check=False
        ).returncode:
            assert time.monotonic() < deadline, "jackd does not answer"
            time.sleep(0.1)

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program as a client of this server."""
        running = subprocess.Popen(
            [self._find(command[0]), *command[1:]],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._running.append(running)
        return running

    def ports(self) -> list[str]:
        """All ports of the server now."""
        return subprocess.check_output([self._find("jack_lsp")], env=self.environment, text=True, timeout=20).split(
            "\n"
        )

    def transport(self, *commands: str) -> None:
        """Tell the transport: `tempo 120`, `play`, `stop`."""
        text = "\n".join((*commands, "quit", ""))
        subprocess.run(
            [self._find("jack_transport")],
            input=text.encode(),
            env=self.environment,
            capture_output=True,
            timeout=20,
            check=True,
        )

    def connect(self, output: str, port: str) -> None:
        """Connect two ports as soon as both are there."""
        deadline = time.monotonic() + 20
        command = [self._find("jack_connect"), output, port]
        while subprocess.run(command, env=self.environment, capture_output=True, timeout=20, check=False).returncode:
            assert time.monotonic() < deadline, f"{output} and {port} do not connect; there are {self.ports()}"
            time.sleep(0.1)

    def stop_server(self) -> None:
        """End the server alone, as if it had died."""
        assert self._server is not None
        end(self._server)
        self._server = None

    def close(self) -> None:
        """End everything, and take away what JACK leaves in shared memory."""
        for running in reversed(self._running):
            end(running)
        for left in Path("/dev/shm").glob(f"jack_*{self.name}_*"):
            with suppress(OSError):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()


def end(running: subprocess.Popen[bytes]) -> None:
    """End one program by its process id, gently first."""
    if running.poll() is None:
        running.terminate()
        try:
            running.wait(timeout=3)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(timeout=5)


@contextmanager
def _name() -> Iterator[str]:
    """A server name that nobody else uses now.

    From a small pool: JACK keeps a list of eight servers for all time, where one that was killed stays until a server
    of the same name starts.
    """
    import fcntl

    for tries in range(600):
        name = f"latenz-test-{tries % NAMES}"
        with (Path(tempfile.gettempdir()) / f"{name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(0.1)
                continue
            yield name
            return
    raise AssertionError("all JACK servers for tests have been in use for a minute")


@contextmanager
def jack_server(find: Find) -> Iterator[Jack]:
    """A running server that this process's own clients reach too, for as long as the block lasts."""
    for name in ("jackd", "jack_lsp", "jack_connect"):
        find(name)
    with _name() as name:
        jack = Jack(find, name)
        before = os.environ.get("JACK_DEFAULT_SERVER")
        os.environ["JACK_DEFAULT_SERVER"] = name
        try:
            jack.start()
            yield jack
        finally:
            jack.close()
            if before is None:
                del os.environ["JACK_DEFAULT_SERVER"]
            else:
                os.environ["JACK_DEFAULT_SERVER"] = before

"""Plays a show as a user would, in processes of its own, and looks at it from outside."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from pythonosc.udp_client import SimpleUDPClient

ROOT = Path(__file__).resolve().parents[2]
SHOWS = ROOT / "tests" / "data" / "shows"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Live:
    """`latenz play` with a report; stopped and collected by `finish`."""

    def __init__(
        self, show: Path, folder: Path, *more: str, headless: bool = True, env: dict[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:  # fmt: skip
        self.report = folder / "report.json"
        self.osc_port, self.console_port = free_port(), free_port()
        command = [
            sys.executable, "-m", "engine", "play", str(show), "--osc", f"127.0.0.1:{self.osc_port}",
            "--console", str(self.console_port), "--report", str(self.report), *more,
        ]  # fmt: skip
        self.errors = (folder / "stderr.txt").open("w+")
        self.process = subprocess.Popen(
            [*command, "--headless"] if headless else command,
            cwd=cwd, stderr=self.errors, env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )  # fmt: skip
        self.osc = SimpleUDPClient("127.0.0.1", self.osc_port)

    def said(self) -> str:
        """What went to stderr so far."""
        if not self.errors.closed:
            self.errors.flush()
        return Path(self.errors.name).read_text("utf-8")

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.console_port}/health", timeout=5) as answer:
            data: dict[str, Any] = json.loads(answer.read())
        return data

    def child(self, role: str) -> psutil.Process | None:
        """The process of a role: a direct child of play whose command line names it."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if role in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    return child
            except psutil.Error:
                continue
        return None

    def wait(self, what: Callable[[], object], seconds: float = 40.0) -> None:
        """Until something is true; fails loudly after `seconds`."""
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            assert self.process.poll() is None, self.said()
            try:
                if what():
                    return
            except (OSError, KeyError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"did not happen within {seconds:g} s; stderr: {self.said()}")

    def drawn(self) -> int:
        """Pictures the generators have drawn so far."""
        count: int = self.health()["stages_ms"]["generator"]["n"]
        return count

    def playing(self) -> None:
        """Wait until pictures come and OSC is heard."""
        self.wait(lambda: self.drawn() > 10 and self.health()["sources"]["osc"]["state"] == "OK")

    def finish(self) -> dict[str, Any]:
        """Ctrl-C; the report."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        assert self.process.wait(20) in (0, 130), self.said()
        data: dict[str, Any] = json.loads(self.report.read_text("utf-8"))
        return data

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children():
                child.kill()
            self.process.kill()
            self.process.wait()
        self.osc._sock.close()
        self.errors.close()

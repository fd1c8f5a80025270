"""Play for a while under load and report what a performer would feel: latency, late frames, memory."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from engine.errors import RoomError

RATE_HZ = 1000
BURST = 4


def bench_live(
    seconds: float, model: str, size: tuple[int, int], progress: Callable[[str], None], show: str = "first_light"
) -> dict[str, Any]:
    """`latenz play --headless` in a process of its own, with 1,000 OSC messages a second coming in; its report.

    Adds `memory_mb`: proportional memory of all its processes together, at the beginning and the end (Linux).
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "engine", "play", show, "--headless", "--seconds", str(seconds), "--model", model,
            "--size", f"{size[0]}x{size[1]}", "--osc", f"127.0.0.1:{port}", "--report", str(out),
        ]  # fmt: skip
        root = str(Path(__file__).resolve().parents[2])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p),
        }
        stop = threading.Event()
        sender = threading.Thread(target=_send, args=(port, stop), daemon=True)
        memory: list[float] = []
        begun = time.perf_counter()
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            sender.start()
            try:
                while process.poll() is None:
                    time.sleep(1.0)
                    memory.append(_memory_mb(process.pid))
                    progress(f"playing {show}, {time.perf_counter() - begun:.0f} s")
                    if time.perf_counter() - begun > seconds + 120:
                        process.kill()
            finally:
                stop.set()
                sender.join()
            errors = process.stderr.read() if process.stderr is not None else ""
        if process.returncode != 0 or not out.exists():
            raise RoomError(f"play ended with status {process.returncode}: {errors.strip()[-500:]}")
        report: dict[str, Any] = json.loads(out.read_text("utf-8"))
    steady = [m for m in memory[len(memory) // 4 : -2] if m > 0]
    report["memory_mb"] = {"max": max(steady, default=0.0), "first": steady[0] if steady else 0.0,
                           "last": steady[-1] if steady else 0.0}  # fmt: skip
    return report


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _send(port: int, stop: threading.Event) -> None:
    """A slow wave on one control and noise on nine signals, in small bursts at an even pace."""
    from pythonosc.udp_client import SimpleUDPClient

    begun, sent = time.perf_counter(), 0
    with closing(SimpleUDPClient("127.0.0.1", port)) as client:
        while not stop.is_set():
            for _ in range(BURST):
                name = "/direction/hue" if sent % 10 == 0 else f"/fader/{sent % 10}"
                client.send_message(name, (sent % 500) / 500.0)
                sent += 1
            left_s = begun + sent / RATE_HZ - time.perf_counter()
            if left_s > 0:
                time.sleep(left_s)


def _memory_mb(pid: int) -> float:
    """Proportional set size of a process and its children; 0 where the system does not tell."""
    total = 0.0
    for process in (pid, *_children(pid)):
        try:
            for line in Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1024
        except OSError:
            continue
    return round(total, 1)


def _children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]
    except (OSError, ValueError):
        return []

"""The line to the process that talks to an exchange: started, read without waiting, started again, ended."""

import importlib.util
import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter, deque
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mappings.errors import SourceError

LINE_BYTES = 8192
WAITING = 4096  # messages; older ones are let go and counted
RETRY_LOW_S, RETRY_HIGH_S = 1.0, 60.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_exchange(exchange: str) -> None:
    """SourceError where ccxt is not installed or knows no such exchange; does not import ccxt (that takes seconds)."""
    found = importlib.util.find_spec("ccxt")
    if found is None or not found.submodule_search_locations:
        raise SourceError("a live market needs ccxt: pip install 'latenz[market]'")
    folder = Path(next(iter(found.submodule_search_locations))) / "pro"
    known = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    if exchange not in known:
        near = get_close_matches(exchange, known, 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        some = "binance, coinbase, kraken, okx"
        raise SourceError(f'no exchange "{exchange}" in ccxt.pro{hint} It knows {len(known)}, among them {some}')


def check_url(url: str) -> str:
    """An address that may stand in for an exchange: on this machine only. ValueError says what is allowed."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or parts.hostname not in LOOPBACK:
        raise ValueError(f'url "{url}"; allowed: ws://127.0.0.1:PORT/... (a stand-in on this machine)')
    return url


def retry_after_s(attempt: int, chance: random.Random) -> float:
    """How long to wait before attempt 0, 1, ...: full jitter under a ceiling that doubles from 1 s to 60 s."""
    return chance.uniform(0.0, min(RETRY_HIGH_S, RETRY_LOW_S * 2.0 ** min(attempt, 10)))


class Feed:
    """A child process that writes one JSON object a line; `take` hands over what has come."""

    def __init__(self, exchange: str, symbol: str, *options: str) -> None:
        self.dropped: Counter[str] = Counter()
        self._command = [sys.executable, "-m", "mappings.sources.market_feed", exchange, symbol, *options]
        self._waiting: deque[dict[str, Any]] = deque(maxlen=WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._attempt = 0
        self._retry_s = 0.0
        self._chance = random.Random()

    @property
    def pid(self) -> int | None:
        """Of the running child."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child; it ends by itself when we do."""
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,  # never written: its end tells the child that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._thread = threading.Thread(target=self._listen, args=(self._process,), name="market", daemon=True)
        self._thread.start()

    def take(self, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` messages, oldest first. Never waits."""
        found: list[dict[str, Any]] = []
        while self._waiting and len(found) < limit:
            found.append(self._waiting.popleft())
        return found

    def revive(self, now_s: float) -> bool:
        """Start a child that has died again, after a while that grows; true while there is none."""
        if self._process is not None and self._process.poll() is None:
            return False
        if self._process is not None:
            self.close()
            self._retry_s = now_s + retry_after_s(self._attempt, self._chance)
            self._attempt += 1
        if now_s >= self._retry_s:
            self.start()
        return True

    def worked(self) -> None:
        """Data came: the next death is a first one again."""
        self._attempt = 0

    def close(self) -> None:
        """End the child and wait for it. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._thread is not None:
            self._thread.join(2.0)
        if process.stdout:
            process.stdout.close()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while line := process.stdout.readline(LINE_BYTES):
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                self.dropped["market_malformed"] += 1
                continue
            if len(self._waiting) == WAITING:
                self.dropped["market_overflow"] += 1
            self._waiting.append(message)

"""A headless Chromium, driven over its own protocol."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
]  # fmt: skip
DEADLINE_S = 60.0


class Page:
    """One page: what it says, and what is typed into it."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket, self._session, self._number = socket, session, 0
        self.asked: list[str] = []  # addresses of the network that it wanted

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(
            json.dumps({"id": self._number, "sessionId": self._session, "method": method, "params": params})
        )
        while True:
            said = json.loads(self._socket.recv(DEADLINE_S))
            if said.get("method") == "Network.requestWillBeSent":
                self.asked.append(said["params"]["request"]["url"])
            if said.get("id") == self._number:
                assert "error" not in said, said
                return dict(said["result"])

    def value(self, script: str) -> Any:
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, modifiers: int = 0, text: str = "") -> None:
        shared = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url=path.as_uri())
        until = time.monotonic() + DEADLINE_S
        ready = "document.readyState === 'complete' && location.href !== 'about:blank'"
        while not self.value(ready):
            assert time.monotonic() < until, "the page does not load"
            time.sleep(0.05)


@contextmanager
def opened(program: str, folder: Path, downloads: Path) -> Iterator[Page]:
    """A page of a browser of its own, which ends with the block. downloads : where files that it saves go."""
    log = (folder / "log").open("wb")
    process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={folder}"], stdout=log, stderr=log)
    try:
        with connect(_address(folder, process), max_size=None) as socket:
            page = Page(socket, "")
            socket.send(json.dumps({"id": 0, "method": "Target.createTarget", "params": {"url": "about:blank"}}))
            target = _result(socket, 0)["targetId"]
            attach = {"targetId": target, "flatten": True}
            socket.send(json.dumps({"id": -1, "method": "Target.attachToTarget", "params": attach}))
            page = Page(socket, _result(socket, -1)["sessionId"])
            for domain in ("Page", "Network", "Runtime"):
                page.call(f"{domain}.enable")
            page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
            yield page
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        log.close()


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    told, until = folder / "DevToolsActivePort", time.monotonic() + DEADLINE_S
    while not (told.exists() and len(told.read_text().split()) == 2):
        assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text(errors="replace")
        time.sleep(0.05)
    port, path = told.read_text().split()
    return f"ws://127.0.0.1:{port}{path}"


def _result(socket: ClientConnection, number: int) -> dict[str, Any]:
    while True:
        said = json.loads(socket.recv(DEADLINE_S))
        if said.get("id") == number:
            return dict(said["result"])

"""Children that try what a confined reader must not be able to do. Run by `sandbox.run`; the request says which."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from engine.generator.foreign import linux_walls, sandbox

PATH = Path("/etc/hostname")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def spin() -> None:
    while True:
        pass


libc = ctypes.CDLL(None)
ATTEMPTS = {
    "open": lambda: PATH.open(),
    "write": lambda: Path("/tmp/latenz_escape").open("w"),
    "list": lambda: list(Path("/").iterdir()),
    "remove": lambda: Path("/tmp/latenz_nothing").unlink(),
    "fork": lambda: os.fork(),
    "start": lambda: subprocess.run(["/bin/true"]),
    "shell": lambda: os.system("true"),
    "replace": lambda: os.execv("/bin/true", ["true"]),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "import": lambda: __import__("wave"),
    "evaluate": lambda: eval("1 + 1"),
    "load": lambda: ctypes.CDLL("libm.so.6"),
    "kill": lambda: os.kill(os.getppid(), 0),
}
LIBRARY = {  # past Python and its hook, straight to the system
    "open": lambda: libc.open(b"/etc/hostname", 0),
    "fork": lambda: libc.fork(),
    "replace": lambda: libc.execl(b"/bin/true", b"true", None),
    "socket": lambda: libc.socket(2, 1, 0),
    "remove": lambda: libc.unlink(b"/tmp/latenz_nothing"),
    "kill": lambda: libc.kill(os.getppid(), 0),
}


def main() -> None:
    source, target, request, limits = sandbox.take()
    if request == "library":
        walls = linux_walls.seal()
        say(json.dumps({"ok": [walls, {name: attempt() for name, attempt in LIBRARY.items()}]}))
        return
    walls = sandbox.confine(limits.memory_bytes, limits.cpu_s, limits.file_bytes)
    say(json.dumps({"ok": answer(request, source, target)} if request != "walls" else {"ok": walls}))


def answer(request: str, source: BinaryIO, target: BinaryIO) -> object:
    if request == "attempts":
        return {name: tried(name) for name in ATTEMPTS}
    if request == "copy":
        return target.write(source.read())
    if request == "memory":
        return len(bytearray(4 << 30))
    if request == "spin":
        return spin()
    if request == "sleep":
        return time.sleep(60)
    if request == "abort":
        return os.abort()
    if request == "fill":
        return [target.write(bytes(1 << 20)) for _ in range(64)][0]
    if request == "chatter":
        sys.stderr.write("warning: nothing\n" * 10_000)
        say("and more")
        return "done"
    if request == "loud":
        return say('{"ok": "a lie"}') or sys.exit(3)
    raise ValueError(request)


def tried(name: str) -> str:
    try:
        ATTEMPTS[name]()
    except PermissionError as error:
        return str(error)
    return "done"


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()

"""A real X server without a screen, for tests of windows: Xvfb on a display number of its own."""

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import missing


def _end_with_parent() -> None:
    """Xlib ends a program on some errors without a word; the server must not be left over then."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@contextmanager
def virtual_display(width: int = 800, height: int = 600) -> Iterator[str]:
    """Run Xvfb on a free display number it picks itself; yields ":<number>". Ended by its process id."""
    if shutil.which("Xvfb") is None:
        missing("the program Xvfb is not installed")
    read, write = os.pipe()
    options = ["-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        ["Xvfb", *options], pass_fds=[write], stderr=subprocess.DEVNULL, preexec_fn=_end_with_parent
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb ended before it had a display"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """An X display for this module, set as DISPLAY."""
    with virtual_display() as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", name)
        patch.delenv("WAYLAND_DISPLAY", raising=False)
        yield name

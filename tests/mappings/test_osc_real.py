"""OSC from and to real programs: liblo's oscsend and oscdump, Pure Data, and a paced sender of its own process."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from mappings.osc.config import OscConfig
from tests.mappings.osc_packets import DATA, message
from tests.mappings.osc_rig import Rig

pytestmark = pytest.mark.real

Program = Callable[[str], str]
SENT = 10_000
PACED = """
import socket, sys, time
data, port, count = bytes.fromhex(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start_s = time.perf_counter()
for batch in range(count // 10):  # one each millisecond
    for _ in range(10):
        out.sendto(data, ("127.0.0.1", port))
    time.sleep(max(0.0, start_s + batch * 0.001 - time.perf_counter()))
time.sleep(0.2)
out.sendto(bytes.fromhex(sys.argv[4]), ("127.0.0.1", port))
"""


@pytest.fixture
def rig() -> Iterator[Rig]:
    found = Rig(OscConfig(port=0, tcp_port=0))
    yield found
    found.close()


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A program that is ended by its process id when the block is left."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_liblo_is_heard_over_udp(rig: Rig, program: Program) -> None:
    where = ("127.0.0.1", str(rig.osc.port))
    subprocess.run([program("oscsend"), *where, "/a", "ifhdTFNsSc", "3", ".5", "-9", ".25", "x", "y", "z"], check=True)
    subprocess.run([program("oscsend"), *where, "/direction/{bloom,stripes}", "f", "0.5"], check=True)
    subprocess.run([program("oscsend"), *where, "/latent/next", "I"], check=True)
    rig.until(lambda: rig.bus.stamps["osc"].count == 3)
    levels = {"/osc/a": 3, "/osc/a/2": 0.5, "/osc/a/3": -9, "/osc/a/4": 0.25, "/osc/a/5": 1, "/osc/a/6": 0}
    assert rig.levels() == levels
    assert rig.writes() == [("/direction/bloom", 0.5), ("/direction/stripes", 0.5), ("/latent/next", 1.0)]
    assert rig.osc.dropped == {"osc_not_numeric": 3}


def test_liblo_is_heard_over_tcp(rig: Rig, program: Program) -> None:
    where = f"osc.tcp://127.0.0.1:{rig.osc.tcp_port}"
    for value in ("0.25", "0.5", "0.75"):
        subprocess.run([program("oscsend"), where, "/tcp/fader", "f", value], check=True)
    rig.until(lambda: rig.bus.stamps["osc"].count == 3)
    assert rig.levels() == {"/osc/tcp/fader": 0.75}
    assert rig.osc.dropped == {}


def test_pure_data_is_heard(rig: Rig, program: Program) -> None:
    port = f"port {rig.osc.port}"
    flags = ("-nogui", "-noaudio", "-nomidi", "-nrt", "-noprefs")
    with running(program("pd"), *flags, "-open", str(DATA / "send.pd"), "-send", port):
        rig.until(lambda: rig.bus.stamps["osc"].count >= 10)
    assert rig.levels() == {"/osc/pd/fader": 0.25}
    assert {write.value for write in rig.bus.take_writes()} == {0.75}
    assert rig.osc.dropped == {}


def _port(process: subprocess.Popen[str]) -> int:
    """The UDP port that a program has bound, once it has."""
    found = psutil.Process(process.pid)
    end_s = time.perf_counter() + 10
    while time.perf_counter() < end_s:
        bound = found.net_connections("udp")
        if bound:
            return int(bound[0].laddr.port)
        time.sleep(0.01)
    raise AssertionError("no UDP port was bound")


def test_liblo_hears_the_replies(program: Program) -> None:
    addresses = ("/generator/psi", "/direction/bloom")
    with running(program("oscdump"), "-L", "0") as dump:
        rig = Rig(OscConfig(port=0, reply=f"127.0.0.1:{_port(dump)}"))
        rig.osc.feedback(addresses, np.array([0.75, -2.0]), rig.bus, 0.0)
        rig.osc.feedback(addresses, np.array([0.5, -2.0]), rig.bus, 1.0)
        rig.close()
        assert dump.stdout is not None
        lines = [dump.stdout.readline().split() for _ in range(3)]
    assert [line[-3:] for line in lines] == [
        ["/generator/psi", "f", "0.750000"],
        ["/direction/bloom", "f", "-2.000000"],
        ["/generator/psi", "f", "0.500000"],
    ]


def test_ten_thousand_paced_messages_are_heard_without_loss(rig: Rig) -> None:
    """Where the system lets little wait, what it had no room for itself is at least counted."""
    data, last = message("/fader/1", 0.5).hex(), message("/last").hex()
    most = 0
    with running(sys.executable, "-c", PACED, data, str(rig.osc.port), str(SENT), last) as sender:
        end_s = time.perf_counter() + 60
        heard: list[tuple[str, float]] = []
        while ("/osc/last", 1.0) not in heard and time.perf_counter() < end_s:
            before = rig.bus.stamps["osc"].count
            rig.step()
            most = max(most, rig.bus.stamps["osc"].count - before)
            heard = rig.events()
            time.sleep(0.002)
        assert sender.wait(10) == 0
    assert rig.osc._udp is not None
    lost = rig.osc.dropped.pop("osc_overrun", 0)
    assert lost == 0 or rig.osc._udp.buffer_bytes < 1 << 20
    assert rig.bus.counts[rig.bus.slot("/osc/fader/1")] == SENT - lost
    assert most <= 40
    assert rig.osc.dropped == {}

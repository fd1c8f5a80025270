"""A playing show is taught over OSC, from outside, as a performer does it."""

import shutil
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_packet import OscPacket

from mappings.demonstrate.pose_file import load
from tests.shows.live import SHOWS, Live

pytestmark = pytest.mark.real

TABLE = """
[sources.osc]
reply = "127.0.0.1:{port}"

[demonstrate]
signals = ["/osc/pad", "/osc/pad/2"]
controls = ["/direction/hue", "/direction/twist"]
smooth = 0.05
"""
HUE, TWIST = "/direction/hue", "/direction/twist"
A, B = ((0.1, 0.2), (-1.0, 0.5)), ((0.9, 0.7), (1.5, -2.0))  # a place on the pad, and a picture


class Faders:
    """Motor faders at the show's reply address: they stand where the controls stand, and remember the way."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self.stand: dict[str, float] = {}
        self.way: list[float] = []  # of the hue

    def look(self) -> list[float]:
        """Take what has come; where hue and twist stand."""
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return [self.stand.get(HUE, np.nan), self.stand.get(TWIST, np.nan)]
            for message in (timed.message for timed in OscPacket(data).messages):
                self.stand[message.address] = message.params[0]
                if message.address == HUE:
                    self.way.append(message.params[0])


def teach(live: Live, pad: tuple[float, float], picture: tuple[float, float], poses: int) -> None:
    """Hold a pose, set a picture, press, let go of the picture."""
    live.osc.send_message("/pad", list(pad))
    for address, value in zip((HUE, TWIST), picture, strict=True):
        live.osc.send_message(address, value)
    live.osc.send_message("/demonstrate/press", 1)
    live.wait(lambda: f"demonstrate: {poses} pose" in live.said())
    for address in (HUE, TWIST):
        live.osc.send_message(f"{address}/release", 1)


def test_two_poses_taught_over_osc_are_played_and_survive_a_dead_process(tmp_path: Path) -> None:
    folder, faders = tmp_path / "plain", Faders()
    shutil.copytree(SHOWS / "plain", folder)
    text = (SHOWS / "plain" / "show.toml").read_text("utf-8")
    (folder / "show.toml").write_text(text + TABLE.format(port=faders.port), "utf-8")
    with Live(folder, tmp_path) as live, faders.socket:
        live.playing()

        def played(pad: tuple[float, float], picture: tuple[float, float]) -> None:
            live.osc.send_message("/pad", list(pad))
            live.wait(lambda: faders.look() == pytest.approx(list(picture), abs=0.03))

        teach(live, *A, poses=1)
        teach(live, *B, poses=2)
        played(*B)
        played(*A)
        time.sleep(0.6)  # at rest there
        faders.look()
        faders.way.clear()
        for share in np.linspace(0, 1, 100):
            live.osc.send_message("/pad", [float(a + share * (b - a)) for a, b in zip(A[0], B[0], strict=True)])
            time.sleep(0.02)
            faders.look()
        live.wait(lambda: faders.look() == pytest.approx(list(B[1]), abs=0.03))
        moves = np.diff(faders.way)
        assert len(moves) > 20 and moves.min() > -1e-4, "from one to the other, and never back"
        assert moves.max() < 0.6, "of 2.5, on a machine that may be busy: nowhere with a jump"
        played((0.5, 0.45), (0.25, -0.75))  # in the middle, the middle
        live.osc.send_message(HUE, 3.0)
        live.wait(lambda: faders.look()[0] == 3.0)  # a hand wins
        live.osc.send_message("/demonstrate/let_go", 1)
        played(*B)
        live.wait(lambda: (folder / "poses.json").exists())
        assert len(load(folder / "poses.json")) == 2
        victim = live.child("signals")
        assert victim is not None
        victim.kill()
        live.wait(lambda: (child := live.child("signals")) is not None and child.pid != victim.pid)

        def again() -> bool:  # until the new process listens
            live.osc.send_message("/pad", list(A[0]))
            return faders.look() == pytest.approx(list(A[1]), abs=0.03)

        live.wait(again)
        assert live.health()["demonstrate"]["poses"] == 2
        report = live.finish()
    assert report["restarts"] == {"signals": 1} and report["black_frames"] == 0
    assert report["demonstrate"]["poses"] == 2 and report["demonstrate"]["file"] == str(folder / "poses.json")
    assert not report["dropped"].get("unknown_control")

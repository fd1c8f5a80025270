"""The console tells how the show is, to programs of this machine and to nobody else."""

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.console.server import HOST, health
from engine.shared import Board
from engine.show.session import Session
from engine.supervisor import Supervisor
from tests.shows.live import free_port


@dataclass
class Console:
    """A running console process and the session it looks at."""

    session: Session
    port: int

    def ask(self, path: str = "/health", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    session = Session(tmp_path_factory.mktemp("session"), create=True)
    port = free_port()
    session.write("options.json", {"console_port": port})
    supervisor = Supervisor(session.folder, session.board)
    supervisor.start("console")
    until_s = time.perf_counter() + 60
    while session.read("status-console.json") is None and time.perf_counter() < until_s:
        time.sleep(0.02)
    yield Console(session, port)
    supervisor.stop()


def test_health_is_json_that_is_never_kept(console: Console) -> None:
    status, headers, body = console.ask()
    assert status == 200
    assert headers["Content-Type"].startswith("application/json") and headers["Cache-Control"] == "no-store"
    data = json.loads(body)
    assert set(data) >= {"ok", "generation", "processes", "stages_ms", "latency_ms", "sources", "dropped", "generator"}
    assert data["processes"]["console"]["pid"] not in (0, os.getpid())


def test_the_console_has_the_port_it_was_given_and_says_so(console: Console) -> None:
    assert console.session.read("status-console.json") == {
        "url": f"http://127.0.0.1:{console.port}/health", "port": console.port,
    }  # fmt: skip


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example:9", "[::1]:80", "0.0.0.0"])
def test_a_page_that_comes_by_another_name_is_refused(console: Console, host: str) -> None:
    status, _, body = console.ask(Host=host)
    assert status == 403 and b"127.0.0.1 and localhost only" in body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1234"])
def test_programs_of_this_machine_are_answered(console: Console, host: str) -> None:
    assert console.ask(Host=host)[0] == 200


def test_there_is_nothing_else_to_ask_for(console: Console) -> None:
    assert console.ask("/")[0] == 404
    assert console.ask("/../../etc/passwd")[0] == 404
    assert console.ask(method="POST")[0] == 405


def test_health_says_what_the_processes_left(console: Console) -> None:
    session, now_s = console.session, time.perf_counter()
    stage = session.board.stage
    stage[Board.PID], stage[Board.BEAT] = os.getpid(), now_s
    session.meter.add("generator", 0.004)
    session.write("status-signals.json", {"sources": {"osc": {"state": "OK", "detail": ""}}, "dropped": {"x": 1}})
    data = health(session)
    assert data["ok"] and data["processes"]["stage"]["pid"] == os.getpid()
    assert data["stages_ms"]["generator"]["p50"] == pytest.approx(4.0, rel=0.05)
    assert data["sources"]["osc"]["state"] == "OK" and data["dropped"] == {"x": 1}
    stage[Board.BEAT] = now_s - 10.0
    silent: dict[str, Any] = health(session)
    assert not silent["ok"] and silent["processes"]["stage"]["silent_s"] >= 10.0


def test_a_taken_port_is_said_and_another_one_used(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session = Session(tmp_path, create=True)
    supervisor = Supervisor(session.folder, session.board)
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        session.write("options.json", {"console_port": taken})
        supervisor.start("console")
        until_s = time.perf_counter() + 60
        while session.read("status-console.json") is None and time.perf_counter() < until_s:
            time.sleep(0.02)
        port = session.read("status-console.json")["port"]
        assert port not in (0, taken)
        assert Console(session, port).ask()[0] == 200
        supervisor.stop()
    assert f"console: port {taken}" in capfd.readouterr().err

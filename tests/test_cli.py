"""The command line as its users meet it: help, exit statuses, one message for each mistake, nothing half-written."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

import engine.cli
from tests.shows.live import ROOT, SHOWS, free_port

PLAIN = str(SHOWS / "plain")
COMMANDS = (
    "play", "record", "render", "signals", "analyse", "inspect", "convert", "new", "check", "doctor", "bench",
    "still", "train",
)  # fmt: skip
HEAVY = ("torch", "numpy", "moderngl", "librosa", "numba", "glfw", "av", "sounddevice", "openvino")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`latenz ARGUMENTS` in this process, in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latenz", *map(str, arguments)])
        status = engine.cli.run()
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def start(*arguments: str, cwd: Path = ROOT) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "engine", *arguments]
    return subprocess.Popen(command, cwd=cwd, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_help_loads_nothing_heavy_and_shows_every_command() -> None:
    code = (
        "import sys\nfrom engine.cli import run\n"
        "for command in sys.argv[1:]:\n"
        "    sys.argv = ['latenz', *([command] if command != '-' else []), '--help']\n"
        "    assert run() == 0, command\n    print('<end>')\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "-", *COMMANDS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    top, *pages, loaded = done.stdout.split("<end>")
    assert loaded.strip() == "[]" and done.stderr == ""
    listed = {line.split()[0] for line in top.partition("Commands:")[2].splitlines() if line.strip()}
    assert set(COMMANDS) <= listed
    for command, page in zip(COMMANDS, pages, strict=True):
        assert f"Example: latenz {command}" in " ".join(page.split()), command
        assert "--help" in page


def test_without_arguments_the_help_is_shown(run: Run) -> None:
    status, out, err = run()
    assert "Commands:" in out + err and "Traceback" not in err
    assert status in (0, 2)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A UDP port of 127.0.0.1 that another program has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


RENDER = ("render", PLAIN, "--seconds", "0.2", "-o")
STILL = ("still", "--seed", "1", "--size", "64x64", "-o")
MISTAKES = [
    (("play", PLAIN, "--size", "wide"), "--size wide: give width x height in pixels, for example 1280x720"),
    (("play", PLAIN, "--size", "4x4"), "--size 4x4: each side must be 16 to 16384"),
    (("play", PLAIN, "--size", "-1x64"), "--size -1x64: give width x height"),
    (("play", PLAIN, "--osc", "here"), "--osc here: give HOST:PORT"),
    (("play", PLAIN, "--osc", "127.0.0.1:70000"), "--osc 127.0.0.1:70000: give HOST:PORT"),
    (("play", "pulze"), 'pulze: no such show; did you mean "pulse"?; there are: compass,'),
    (("play", PLAIN, "--model", "silkk"), "--model silkk: no model 'silkk' is built in; did you mean 'silk'?"),
    (("play", PLAIN, "--device", "gpu"), "--device gpu: give auto, cpu, cuda or mps"),
    (("play", PLAIN, "--seed", "-1"), "'--seed'"),
    (("play", PLAIN, "--fps", "1000"), "'--fps'"),
    (("play", PLAIN, "--nosuch"), "--nosuch"),
    (("play", PLAIN, "--report", "none/r.json"), "none/r.json: no folder none; make it first"),
    (("play", PLAIN, "--report", "folder"), "folder: is a folder; name a file in it"),
    (("play", PLAIN, "--record", "none/x.take"), "none/x.take: no folder none"),
    (("play", PLAIN, "--snapshot", "last.gif"), "cannot write .gif; give .png"),
    (("play", PLAIN, "--audio", "nosuch.wav"), "--audio nosuch.wav: no such file"),
    (("play", PLAIN, "--audio", "noise.wav"), "noise.wav: not a sound file that can be read"),
    (("record", PLAIN, "-o", "none/x.take"), "none/x.take: no folder none"),
    (("record", PLAIN), "'-o'"),
    ((*RENDER, "x.gif"), "x.gif: cannot write .gif; give .mp4, .mov, .mkv, .npy, or a folder"),
    ((*RENDER, "none/x.mp4"), "none/x.mp4: no folder none; make it first"),
    ((*RENDER, "text.txt"), "text.txt: cannot write .txt"),
    ((*RENDER, "x.png"), "x.png: a render makes many pictures; name a folder, for example x"),
    ((*RENDER, "folder"), "folder: holds other files; name a new folder"),
    ((*RENDER, "."), ".: is a folder without a name of its own"),
    ((*RENDER, "plain"), "plain: is a file; name a new folder"),
    ((*RENDER, "x.mp4", "--take", "no.take"), "--take no.take: no such file"),
    ((*RENDER, "x.mp4", "--take", "text.txt"), "text.txt:1: given 'hello' (not JSON); allowed: a first line"),
    ((*RENDER, "x.mp4", "--take", "bad.take"), "bad.take:3: given"),
    ((*RENDER, "x.npy", "--take", "whole.take"), "whole.take:3: given"),
    ((*RENDER, "x.mp4", "--audio", "noise.wav"), "noise.wav: not a sound file"),
    ((*RENDER, "x.mp4", "--audio", "no.wav"), "--audio no.wav: no such file"),
    ((*RENDER, "x.npy", "--report", "none/r.json"), "none/r.json: no folder none"),
    (("render", PLAIN, "--seconds", "0", "-o", "x.mp4"), "--seconds 0: give more than 0 and at most a day"),
    (("render", PLAIN, "--seconds", "nan", "-o", "x.mp4"), "--seconds nan: give more than 0"),
    (("render", PLAIN, "-o", "x.mp4"), "'--seconds'"),
    ((*STILL, "x.gif"), "x.gif: cannot write .gif; give .png or .npy"),
    ((*STILL, "none/x.png"), "none/x.png: no folder none"),
    ((*STILL, "x.png", "--z", "z.npy"), "give one of --seed N, --z F.npy, --w F.npy and --place"),
    ((*STILL, "x.png", "--amount", "blom=1"), 'no direction "blom"; did you mean "bloom"?; there are:'),
    ((*STILL, "x.png", "--amount", "bloom"), "give NAME=SIGMA, for example bloom=2"),
    ((*STILL, "x.png", "--amount", "bloom=nan"), "at most 100 sigma"),
    ((*STILL, "x.png", "--bank", "no.safetensors"), "no.safetensors: cannot be read"),
    ((*STILL, "x.png", "--bank", "text.txt"), "text.txt: not a .safetensors"),
    ((*STILL, "x.png", "--model", "silky"), "no model 'silky' is built in; did you mean 'silk'?"),
    (("still", "--z", "z.npy", "-o", "x.npy"), "z.npy: shape (2, 3); the model takes finite N x 128"),
    (("still", "--z", "text.txt", "-o", "x.npy"), "text.txt: not a .npy of plain numbers"),
    (("still", "--z", "none.npy", "-o", "x.npy"), "none.npy: cannot be read (No such file or directory)"),
    (("still", "-o", "x.png"), "give one of --seed N, --z F.npy, --w F.npy and --place"),
    (("inspect", "nosuch"), "nosuch: no such file, show or model"),
    (("inspect", "bad.take"), "bad.take:3: given"),
    (("inspect", "folder"), "folder: no such show"),
    (("inspect", "silk", "--strip", "none/s.png"), "none/s.png: no folder none"),
    (("new", "folder"), "folder: is there already; take another name"),
    (("new", "a b"), "a show's name has letters, digits, - and _ only"),
    (("new", "none/x"), "none/x: no folder none; make it first"),
    (("check", "nosuch"), "nosuch: no such show"),
    (("check", "mine"), 'show.toml:2: unknown key "generater"; did you mean "generator"?'),
    (("bench", "--threads", "0"), "--threads 0: give 1 to 256"),
    (("bench", "--device", "quantum"), "--device quantum: give auto, cpu, cuda or mps"),
    (("bench", "--model", "no"), "no model 'no' is built in; built in: silk"),
    (("signals", "nosuch"), "nosuch: no such show"),
    (("analyse", "no.wav", "-o", "x.take"), "no.wav: there is no such sound file"),
    (("analyse", "noise.wav", "-o", "x.take"), "noise.wav: not a sound file"),
    (("nosuch",), "No such command 'nosuch'"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda v: " ".join(v)[-50:] if type(v) is tuple else "")
def test_a_mistake_is_one_message_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "show.toml").write_text('title = "Mine"\n[generater]\nseed = 1\n')
    (tmp_path / "plain").write_text("a file")
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    header, first = '{"latenz": "take", "version": 1}\n', '{"t": 0.01, "a": "/x", "v": 1}\n'
    (tmp_path / "bad.take").write_text(header + first + '{"t": "soon"}\n')
    closing = '{"t": 0.3, "end": 2, "addresses": ["/x"]}\n'  # known to be whole: the fault is met while it plays
    (tmp_path / "whole.take").write_text(header + first + '{"t": 0.02, "a": "x"}\n' + closing)
    np.save(tmp_path / "z.npy", np.zeros((2, 3)))
    before = sorted(tmp_path.rglob("*"))
    status, out, err = run(*arguments)
    assert status == 2 and out == ""
    assert said in err and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_port_that_is_taken_is_said_before_anything_starts(run: Run, taken_port: int) -> None:
    for command in (("play", PLAIN, "--headless"), ("record", PLAIN, "-o", "x.take"), ("signals", PLAIN)):
        status, out, err = run(*command, "--osc", f"127.0.0.1:{taken_port}")
        assert status == 2 and out == "" and len(err.strip().splitlines()) == 1
        assert str(taken_port) in err and "another program" in err and "--osc" in err


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is a folder nobody can write to, on Linux")
def test_a_folder_that_cannot_be_written_to_is_said_before_the_work(run: Run) -> None:
    for command in (
        (*RENDER, "/proc/x.mp4"), (*RENDER, "/proc/x.npy"), (*RENDER, "/proc/x"), (*STILL, "/proc/x.png"),
        (*STILL, "/proc/x.npy"), ("new", "/proc/x"), ("play", PLAIN, "--headless", "--report", "/proc/r.json"),
        ("play", PLAIN, "--headless", "--record", "/proc/x.take"), ("inspect", "silk", "--strip", "/proc/s.png"),
    ):  # fmt: skip
        status, out, err = run(*command)
        assert status == 2 and out == "" and len(err.strip().splitlines()) == 1, (command, err)
        assert "/proc/" in err and "cannot be" in err


def test_json_is_all_there_is_on_stdout(run: Run, tmp_path: Path) -> None:
    for command, key in (
        (("check", PLAIN), "routes"), (("inspect", "silk:2"), "z_dim"), (("inspect", "mosaic"), "sources"),
    ):  # fmt: skip
        status, out, err = run(*command, "--json")
        assert status == 0 and err == "" and key in json.loads(out)
        status, out, err = run(*command)
        assert status == 0 and key in out and "{" not in out.partition("\n")[0]


def test_a_show_is_made_checked_and_drawn(run: Run, tmp_path: Path) -> None:
    status, out, err = run("new", "my_show")
    assert status == 0 and out == "" and "latenz play my_show" in err
    assert run("check", "my_show")[0] == 0
    status, out, err = run("render", "my_show", "--seconds", "0.1", "--size", "96x64", "-o", "x.npy", "--report", "r")
    assert status == 0 and out == ""
    assert np.load(tmp_path / "x.npy").shape == (3, 64, 96, 3)
    assert json.loads((tmp_path / "r").read_text())["frames"] == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my_show", "r", "x.npy"]


def test_signals_prints_a_line_of_json_for_each_look(run: Run) -> None:
    status, out, err = run("signals", PLAIN, "--osc", f"127.0.0.1:{free_port()}", "--seconds", "0.5", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and err == "" and len(rows) >= 3
    assert "/clock/breath" in rows[-1]["levels"] and rows[-1]["sources"]["osc"] == "OK"


@pytest.mark.parametrize(
    ("command", "stop", "after_s"),
    [("play", signal.SIGINT, 0.0), ("play", signal.SIGINT, 2.0), ("record", signal.SIGTERM, 2.0)],
)
def test_control_c_stops_cleanly_with_status_130(
    command: str, stop: signal.Signals, after_s: float, tmp_path: Path
) -> None:
    report, take = tmp_path / "r.json", tmp_path / "x.take"
    more = ("--report", str(report)) if command == "play" else ("-o", str(take))
    playing = start(command, PLAIN, "--headless", "--osc", f"127.0.0.1:{free_port()}", *more)
    try:
        until_s = time.perf_counter() + 60
        while len(psutil.Process(playing.pid).children()) < 3 and time.perf_counter() < until_s:
            time.sleep(0.05)
        children = psutil.Process(playing.pid).children(recursive=True)
        assert len(children) >= 3
        time.sleep(after_s)
        playing.send_signal(stop)
        out, err = playing.communicate(timeout=30)
    finally:
        playing.kill()
        playing.wait()
    assert playing.returncode == 130 and out == "" and "Traceback" not in err
    assert not any(child.is_running() for child in children)
    if command == "play":
        assert "frames" in json.loads(report.read_text("utf-8"))
    else:
        assert json.loads(take.read_text("utf-8").splitlines()[0])["latenz"] == "take"
    assert [path.name for path in tmp_path.iterdir()] == [report.name if command == "play" else take.name]


def test_control_c_leaves_no_half_of_a_render(tmp_path: Path) -> None:
    out = tmp_path / "x.mp4"
    out.write_bytes(b"the last good one")
    rendering = start("render", PLAIN, "--seconds", "3600", "-o", str(out))
    try:
        until_s = time.perf_counter() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.perf_counter() < until_s:
            time.sleep(0.05)
        time.sleep(1.0)
        rendering.send_signal(signal.SIGINT)
        printed, err = rendering.communicate(timeout=30)
    finally:
        rendering.kill()
        rendering.wait()
    assert rendering.returncode == 130 and printed == "" and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"] and out.read_bytes() == b"the last good one"


def test_without_a_display_one_message_says_what_to_do(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "engine", "play", PLAIN, "--osc", f"127.0.0.1:{free_port()}"]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == "" and len(done.stderr.strip().splitlines()) == 1
    assert "--headless" in done.stderr and "b'" not in done.stderr


def test_a_fault_of_our_own_is_status_1_with_all_we_know(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.cli.machine, "parse_size", lambda text: 1 // 0)
    status, out, err = run("bench", "--size", "64x64")
    assert status == 1 and out == ""
    assert "ZeroDivisionError" in err and "fault of latenz" in err

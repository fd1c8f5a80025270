"""`latenz train tulip` as its users meet it: it goes on from where it was, says what it does, and ends well."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

import engine.cli
from engine.errors import InputError
from engine.generator import model_file
from engine.studio.tulip import command, data, grid
from engine.studio.tulip.command import Outcome, Wanted, train
from engine.studio.tulip.folders import held
from engine.studio.tulip.polish import Lesson
from engine.studio.tulip.train import LOG, STATE, Moment, Plan
from tests.engine.studio.tulip.small import PLAN, files_of_at_most

Run = Callable[..., tuple[int, str, str]]


class Told:
    """Notes what is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.parts: list[tuple[int, int]] = []
        self.moments: list[Moment] = []
        self.polishing: list[tuple[int, int]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def rendered(self, done: int, of: int) -> None:
        self.parts.append((done, of))

    def trained(self, moment: Moment) -> None:
        self.moments.append(moment)

    def polished(self, done: int, of: int) -> None:
        self.polishing.append((done, of))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two renderings a part, one flower in the grid."""
    monkeypatch.setattr(data, "PART", 2)
    monkeypatch.setattr(grid, "ROWS", 1)
    monkeypatch.setattr(grid, "COLUMNS", 1)


@pytest.fixture(scope="module")
def renderings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("renderings")


LESSON = Lesson(60, 8, 256)


def never() -> bool:
    return False


def done(wanted: Wanted, stop: Callable[[], bool] = never) -> tuple[Outcome, Told]:
    told = Told()
    return train(wanted, told, stop), told


def test_from_nothing_to_a_model_that_plays(tmp_path: Path, renderings: Path) -> None:
    wanted = Wanted(tmp_path / "out", renderings, 4, PLAN, export=tmp_path / "mine.safetensors", lesson=LESSON)
    outcome, told = done(wanted)
    assert outcome == Outcome(24, True, tmp_path / "mine.safetensors")
    assert told.parts[-1] == (4, 4) and told.moments[-1].saved and told.polishing[-1] == (60, 60)
    assert any(line.startswith("palette polished: mean error") for line in told.said)
    out = tmp_path / "out"
    names = {STATE, LOG, command.MODEL, command.GRID, ".lock"}
    assert {path.name for path in out.iterdir()} == names
    with Image.open(out / command.GRID) as picture:
        assert picture.size == (128, 256)
    header = model_file.read_header(out / command.MODEL)
    assert header.spec.family == "tulip" and (out / command.MODEL).read_bytes() == wanted.export.read_bytes()  # type: ignore[union-attr]
    with safe_open(out / STATE, "np") as state:
        palette = state.get_tensor("average/synthesis.palette.2.bias")
    assert np.array_equal(
        model_file.weights(out / command.MODEL)["synthesis.palette.2.bias"], palette.astype(np.float16)
    )
    again, told = done(wanted)
    assert again == outcome and not told.moments and not told.polishing
    assert told.said == [f"going on from 24 of 24 pictures ({out / STATE})"]


def test_what_is_stopped_keeps_all_and_goes_on(tmp_path: Path, renderings: Path) -> None:
    wanted = Wanted(tmp_path, renderings, 4, PLAN, lesson=LESSON)
    calls = iter([False] * 4)
    outcome, _ = done(wanted, lambda: next(calls, True))
    assert outcome.samples and outcome.samples < 24 and not outcome.done and outcome.model == tmp_path / command.MODEL
    rest, told = done(wanted)
    assert rest.done and told.said[0] == f"going on from {outcome.samples} of 24 pictures ({tmp_path / STATE})"


def test_rendering_that_is_stopped_goes_on_too(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path / "out", tmp_path / "data", 6, PLAN)
    calls = iter([False, False])
    outcome, told = done(wanted, lambda: next(calls, True))
    assert outcome == Outcome(None, False, None) and told.parts == [(0, 6), (2, 6), (4, 6)]
    calls = iter([False])
    _, told = done(wanted, lambda: next(calls, True))  # asked where the rest begins, and after it
    assert told.parts == [(4, 6), (6, 6)]


def test_renderings_that_another_training_uses_are_let_alone(tmp_path: Path) -> None:
    with held(tmp_path / "data", "--data"), pytest.raises(InputError, match="data: another training .*another --data"):
        done(Wanted(tmp_path / "out", tmp_path / "data", 2, PLAN))
    assert {path.name for path in (tmp_path / "data").iterdir()} == {".lock"}


def test_one_folder_may_hold_both(tmp_path: Path) -> None:
    outcome, told = done(Wanted(tmp_path / "both", tmp_path / "both", 2, PLAN), lambda: True)
    assert not outcome.done and told.parts == [(0, 2)]


def test_hours_are_kept_to(tmp_path: Path, renderings: Path) -> None:
    outcome, _ = done(Wanted(tmp_path, renderings, 4, PLAN, hours=1e-9))
    assert not outcome.samples and not outcome.done and outcome.model is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pictures": 0}, "--pictures 0: give 1 to 4000000"), ({"pictures": 10**9}, "--pictures 1000000000"),
        ({"hours": 0.0}, "--hours 0: give more than 0"), ({"hours": float("nan")}, "--hours nan"),
        ({"hours": 1e9}, "--hours 1e[+]09"), ({"export": Path("x.pt")}, "--export x.pt: give a name that ends"),
    ],
)  # fmt: skip
def test_absurd_wishes_are_refused_by_name(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Wanted(Path("a"), Path("b"), **wrong)  # type: ignore[arg-type]


def test_a_model_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder .*none"):
        done(Wanted(tmp_path / "out", tmp_path / "data", 4, PLAN, export=tmp_path / "none" / "x.safetensors"))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_names_the_model_and_what_was_trained_is_kept(tmp_path: Path, renderings: Path) -> None:
    done(Wanted(tmp_path, renderings, 4, PLAN, lesson=LESSON))
    (tmp_path / command.MODEL).unlink()
    with files_of_at_most(200_000), pytest.raises(InputError, match="tulip.safetensors cannot be written: .*is saved"):
        done(Wanted(tmp_path, renderings, 4, PLAN, lesson=LESSON))
    assert {path.name for path in tmp_path.iterdir()} == {STATE, LOG, command.GRID, ".lock"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`latenz ARGUMENTS` in this process, in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latenz", *map(str, arguments)])
        status = engine.cli.run()
        told = capsys.readouterr()
        return status, told.out, " ".join(told.err.split())

    return call


MISTAKES = [
    (("--pictures", "0"), "--pictures 0: give 1 to"), (("--samples", "-3"), "--samples -3: give 1 to"),
    (("--batch", "5", "--threads", "2"), "a batch of 5 cannot be shared out among 2 threads"),
    (("--threads", "0"), "--threads 0"), (("--rate", "nan"), "--rate nan"), (("--seed", "-1"), "--seed -1"),
    (("--hours", "0"), "--hours 0"), (("--save", "301"), "--save 301: give 0 to 270 seconds"),
    (("--export", "x.pt"), "--export x.pt: give a name that ends in .safetensors"),
    (("--export", "none/x.safetensors"), "no folder none"), (("--out", "file"), "file cannot hold a training"),
    (("--data", "file"), "file cannot hold the renderings"), (("--rate", "fast"), "--rate"),
    (("--measure", "--out", "empty"), "empty/tulip.safetensors: no such file; train first"),
    (("--measure", "--report", "none/r.json"), "no folder none"),
    (("--measure", "--report", "none.md"), "none.md: no page to put tables into (No such file"),
    (("--measure", "--threads", "0"), "--threads 0: give 1 to 256"),
    (("--measure", "--threads", "-4"), "--threads -4: give 1 to 256"),
    (("--measure", "--hours", "2"), "--hours does not go with --measure"),
    (("--measure", "--samples", "258000"), "--samples does not go with --measure"),
    (("--report", "r.json"), "--report only goes with --measure"),
    (("--timed",), "--timed only goes with --measure"), (("--json",), "--json only goes with --measure"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=lambda x: " ".join(x) if isinstance(x, tuple) else "")
def test_mistakes_are_one_message_and_status_two(run: Run, arguments: tuple[str, ...], said: str) -> None:
    Path("file").write_text("mine")
    where = [] if "--measure" in arguments or "--out" in arguments else ["--out", "o"]
    where += [] if "--data" in arguments or "--measure" in arguments else ["--data", "d"]
    status, out, err = run("train", "tulip", *where, *arguments)
    assert (status, out) == (2, "") and said in err and "Traceback" not in err
    assert Path("file").read_text() == "mine"


def test_a_stop_while_rendering_is_said_as_one(run: Run) -> None:
    status, _, err = run("train", "tulip", "--out", "o", "--data", "d", "--pictures", 4, "--hours", 1e-9)
    assert status == 0 and err.endswith("stopped while rendering; the same command goes on")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_says_how_to_go_on(run: Run, renderings: Path, number: int) -> None:
    arguments = "train", "tulip", "--out", "o", "--data", renderings, "--pictures", 4, "--threads", 1

    def interrupt() -> None:
        until_s = time.monotonic() + 120
        while not Path("o", STATE).exists() and time.monotonic() < until_s:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    former = signal.getsignal(number)
    status, out, err = run(*arguments, "--batch", 2, "--samples", 10**6, "--save", 0)
    waiting.join()
    assert signal.getsignal(number) is former
    assert status == (130 if number == signal.SIGINT else 143) and out == ""
    assert (
        "of 1,000,000 pictures; the same command goes on; play it with: latenz play --model o/tulip.safetensors" in err
    )
    last = json.loads(Path("o", LOG).read_text().splitlines()[-1])["samples"]
    status, _, err = run(*arguments, "--batch", 2, "--samples", 10**6, "--hours", 1e-9)
    assert status == 0 and f"going on from {last:,} of 1,000,000 pictures" in err


def test_a_corrupt_state_is_refused_by_name(run: Run, renderings: Path) -> None:
    Path("o").mkdir()
    Path("o", STATE).write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    status, _, err = run("train", "tulip", "--out", "o", "--data", renderings, "--pictures", 4)
    assert status == 2 and f"o/{STATE} is no checkpoint of a training. Give another folder with --out" in err


def test_snapshots_are_models_of_the_way_and_stay_when_it_goes_on(tmp_path: Path, renderings: Path) -> None:
    asked = iter([False] * 4)
    wanted = Wanted(tmp_path / "out", renderings, 4, PLAN, lesson=LESSON, snapshots=3)
    done(wanted, lambda: next(asked, True))
    done(wanted)
    kept = sorted((tmp_path / "out" / command.SNAPSHOTS).iterdir())
    assert [path.name for path in kept] == ["04.safetensors", "08.safetensors", "24.safetensors"]
    assert len({model_file.read_header(path).hash for path in kept}) == 3


def test_snapshots_come_at_once_after_one_another_first_and_then_ever_later() -> None:
    found = command.marks(28, Plan(samples=4800, batch=8))
    assert len(found) == 28 and found[0] == 8 and found[-1] == 4800 and not any(mark % 8 for mark in found)
    gaps = np.diff(found)
    assert (gaps > 0).all() and gaps[-1] == max(gaps)
    assert command.marks(0, Plan()) == [] and command.marks(1, PLAN) == [24]
    with pytest.raises(InputError, match="--snapshots"):
        Wanted(Path("out"), Path("data"), snapshots=-1)

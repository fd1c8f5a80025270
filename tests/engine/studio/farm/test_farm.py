"""Chunks by one process and by several: the same bytes, whoever is lost on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from engine.errors import InputError, RoomError
from engine.studio.farm import Chunk, Workers, chunks_of, farm
from engine.studio.farm.processes import gpu_of
from engine.studio.farm.work import worker_of
from engine.studio.learn.work import Stopped

ROOT = Path(__file__).resolve().parents[4]
COUNT, SIZE = 60, 10
ASKED = {"seed": 3, "dim": 5}
SLOW = {**ASKED, "pause_s": 0.4}


def result(files: list[Path]) -> bytes:
    return b"".join(file.read_bytes() for file in files)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What this process alone makes of it."""
    return result(farm("draws", ASKED, chunks_of(COUNT, SIZE), tmp_path_factory.mktemp("one") / "work", ".npy"))


def children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if "engine.studio.farm" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue
    return found


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    yield
    assert not children()


class Hunter:
    """Does something to a worker once so many chunks are done."""

    def __init__(self, act: Callable[[psutil.Process], Any], at: int) -> None:
        self._act, self._at = act, at
        self.caught: list[int] = []

    def tell(self, what: str, done: int, of: int) -> None:
        if done == self._at and not self.caught:
            child = children()[0]
            self.caught.append(child.pid)
            self._act(child)


def test_chunks_cover_everything_once() -> None:
    assert chunks_of(7, 3) == [Chunk(0, 0, 3), Chunk(1, 3, 6), Chunk(2, 6, 7)]
    assert chunks_of(0, 3) == []


def test_two_processes_make_the_bytes_of_one(plain: bytes, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    files = farm(
        "draws", ASKED, chunks_of(COUNT, SIZE), tmp_path / "work", ".npy", Workers(2),
        tell=lambda what, done, of: told.append((done, of)),
    )  # fmt: skip
    assert result(files) == plain
    assert told == [(n, 6) for n in range(7)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_lost_worker_is_replaced_and_the_bytes_stay(number: int, plain: bytes, tmp_path: Path) -> None:
    hunter = Hunter(lambda child: child.send_signal(number), at=2)
    files = farm(
        "draws", SLOW, chunks_of(COUNT, SIZE), tmp_path / "work", ".npy", Workers(2, patience_s=3.0), tell=hunter.tell
    )
    assert hunter.caught and not psutil.pid_exists(hunter.caught[0])
    assert result(files) == plain


def test_what_was_killed_whole_goes_on_from_its_chunks(plain: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    program = f"""
from pathlib import Path
from engine.studio.farm import Workers, chunks_of, farm
farm("draws", {SLOW}, chunks_of({COUNT}, {SIZE}), Path({str(folder)!r}), ".npy", Workers(2))
"""
    driver = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        until(lambda: len(list(folder.glob("*.npy"))) >= 2)
        workers = psutil.Process(driver.pid).children()
    finally:
        driver.kill()
        driver.wait()
    kept = {file: file.stat().st_mtime_ns for file in folder.glob("0*.npy")}
    assert 2 <= len(kept) < 6
    until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))
    told: list[int] = []
    files = farm(
        "draws", SLOW, chunks_of(COUNT, SIZE), folder, ".npy", Workers(2), tell=lambda w, done, of: told.append(done)
    )
    assert result(files) == plain
    assert told[0] >= 2
    assert all(file.stat().st_mtime_ns == changed for file, changed in kept.items())


def test_who_stops_keeps_the_chunks_and_leaves_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with pytest.raises(Stopped, match="work"):
        farm(
            "draws", SLOW, chunks_of(COUNT, SIZE), folder, ".npy", Workers(2),
            stop=lambda: len(list(folder.glob("0*.npy"))) >= 2,
        )  # fmt: skip
    assert len(list(folder.glob("0*.npy"))) >= 2


def test_what_the_caller_asked_for_wrongly_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 numbers in a row"):
        farm("draws", {"seed": 1, "dim": 0}, chunks_of(4, 2), tmp_path / "work", ".npy", Workers(2))


def test_a_worker_that_cannot_start_ends_the_job(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="cannot start.*KeyError: 'seed'"):
        farm("draws", {}, chunks_of(4, 2), tmp_path / "work", ".npy", Workers(2))


def test_a_chunk_that_fails_three_times_ends_the_job(tmp_path: Path) -> None:
    # Nobody has the memory for rows this wide.
    with pytest.raises(RoomError, match=r"0 to 1 \(chunk 0\) failed, 3 times.*MemoryError"):
        farm("draws", {"seed": 1, "dim": 10**15}, chunks_of(2, 2), tmp_path / "work", ".npy", Workers(0))


def test_nothing_but_the_table_is_imported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no work is called os"):
        worker_of("os:system", {})


def test_another_request_empties_the_folder_and_a_strangers_is_left(tmp_path: Path) -> None:
    first = farm("draws", ASKED, chunks_of(4, 2), tmp_path / "work", ".npy")
    other = farm("draws", {**ASKED, "seed": 4}, chunks_of(4, 2), tmp_path / "work", ".npy")
    assert result(other) != b"" and not any(file.is_file() for file in first)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear", "utf-8")
    with pytest.raises(InputError, match="holds other files"):
        farm("draws", ASKED, chunks_of(4, 2), tmp_path / "mine", ".npy")
    assert (tmp_path / "mine" / "diary.txt").is_file()


def test_rows_do_not_depend_on_the_chunks(tmp_path: Path) -> None:
    few = farm("draws", ASKED, chunks_of(12, 5), tmp_path / "few", ".npy")
    one = farm("draws", ASKED, chunks_of(12, 12), tmp_path / "one", ".npy")
    assert np.array_equal(np.concatenate([np.load(file) for file in few]), np.load(one[0]))


@pytest.mark.parametrize("count", [-1, 1025])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="give 1 to 1024"):
        Workers(count)


def test_several_gpus_are_shared_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert [gpu_of(i)["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["2", "5", "2"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert gpu_of(0) == {}


def until(what: Callable[[], bool]) -> None:
    limit_s = time.monotonic() + 60.0
    while not what():
        assert time.monotonic() < limit_s
        time.sleep(0.05)

"""Chunks by a real Ray on this machine: the bytes of one process, whoever is lost on the way."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
import pytest

from engine.errors import InputError, RoomError
from engine.studio.farm import Workers, chunks_of, farm
from engine.studio.learn.work import Stopped
from tests.conftest import needed

pytestmark = pytest.mark.real

COUNT, SIZE = 60, 10
ASKED = {"seed": 3, "dim": 5}
SLOW = {**ASKED, "pause_s": 0.4}
RAY = Workers(2, "local")


@pytest.fixture(scope="module")
def ray() -> Iterator[ModuleType]:
    """A Ray with two cores and a small store, which all jobs of this file join."""
    found = needed("ray")
    from engine.studio.farm.cluster import joined

    joined(RAY)
    yield found
    found.shutdown()


def result(files: list[Path]) -> bytes:
    return b"".join(file.read_bytes() for file in files)


def actors() -> list[psutil.Process]:
    """Processes that hold a worker of ours."""
    return [p for p in psutil.Process().children(recursive=True) if p.name().startswith("ray::Actor")]


def test_two_actors_one_of_them_killed_make_the_bytes_of_one_process(ray: ModuleType, tmp_path: Path) -> None:
    plain = farm("draws", ASKED, chunks_of(COUNT, SIZE), tmp_path / "one", ".npy")
    caught: list[int] = []

    def tell(what: str, done: int, of: int) -> None:
        if done == 2 and not caught:
            caught.append(actors()[0].pid)
            os.kill(caught[0], signal.SIGKILL)

    files = farm("draws", SLOW, chunks_of(COUNT, SIZE), tmp_path / "two", ".npy", RAY, tell=tell)
    assert caught and not psutil.pid_exists(caught[0])
    assert result(files) == result(plain)


def test_a_file_larger_than_a_piece_arrives_whole(ray: ModuleType, tmp_path: Path) -> None:
    from engine.studio.farm.cluster import PIECE

    asked = {"seed": 1, "dim": PIECE // 4 + 1}
    (plain,) = farm("draws", asked, chunks_of(1, 1), tmp_path / "one", ".npy")
    (other,) = farm("draws", asked, chunks_of(1, 1), tmp_path / "two", ".npy", RAY)
    assert other.stat().st_size > PIECE
    assert np.array_equal(np.load(plain), np.load(other))


def test_who_stops_keeps_the_chunks_and_the_next_goes_on(ray: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with pytest.raises(Stopped):
        farm(
            "draws", SLOW, chunks_of(COUNT, SIZE), folder, ".npy", RAY,
            stop=lambda: len(list(folder.glob("0*.npy"))) >= 2,
        )  # fmt: skip
    told: list[int] = []
    files = farm(
        "draws", SLOW, chunks_of(COUNT, SIZE), folder, ".npy", RAY, tell=lambda what, done, of: told.append(done)
    )
    assert told[0] >= 2
    assert result(files) == result(farm("draws", ASKED, chunks_of(COUNT, SIZE), tmp_path / "one", ".npy"))


def test_errors_of_actors_come_by_name(ray: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 numbers in a row"):
        farm("draws", {"seed": 1, "dim": 0}, chunks_of(4, 2), tmp_path / "a", ".npy", RAY)
    with pytest.raises(RoomError, match="failed, 3 times.*MemoryError"):
        farm("draws", {"seed": 1, "dim": 10**15}, chunks_of(2, 2), tmp_path / "b", ".npy", RAY)


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:0", "127.0.0.1:x", "ray://:1"])
def test_what_is_no_address_is_refused(address: str, tmp_path: Path) -> None:
    needed("ray")
    with pytest.raises(InputError, match="that is no address.*give auto"):
        farm("draws", ASKED, chunks_of(2, 2), tmp_path / "work", ".npy", Workers(2, address))


def test_an_address_where_nobody_listens_is_refused(tmp_path: Path) -> None:
    needed("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # ours, and nobody listens
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(InputError, match="no cluster to work on"):
            farm("draws", ASKED, chunks_of(2, 2), tmp_path / "work", ".npy", Workers(2, address))


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'latenz\[cluster\]'"):
        farm("draws", ASKED, chunks_of(2, 2), tmp_path / "work", ".npy", RAY)

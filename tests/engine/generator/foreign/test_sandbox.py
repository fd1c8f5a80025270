"""The child that reads a stranger's file can read it, write its result, and do nothing else."""

import ast
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ModelError, RoomError
from engine.generator.foreign import sandbox
from engine.generator.foreign.sandbox import Limits
from tests.conftest import missing

CHILDREN = "tests.engine.generator.foreign.children"
LIMITS = Limits(memory_bytes=256 << 20, cpu_s=20, file_bytes=1 << 20, wall_s=60)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a wall of Linux")


def run(tmp_path: Path, request: str, limits: Limits = LIMITS) -> Any:
    (tmp_path / "source").write_bytes(b"hello")
    with (tmp_path / "source").open("rb") as source, (tmp_path / "target").open("wb") as target:
        return sandbox.run(source, target, request, name="evil.pkl", limits=limits, module=CHILDREN)


def test_it_reads_the_source_and_writes_the_result(tmp_path: Path) -> None:
    assert run(tmp_path, "copy") == 5
    assert (tmp_path / "target").read_bytes() == b"hello"


def test_what_it_prints_never_reaches_the_result(tmp_path: Path) -> None:
    assert run(tmp_path, "chatter") == "done"
    assert (tmp_path / "target").read_bytes() == b""


def test_it_opens_starts_connects_and_imports_nothing(tmp_path: Path) -> None:
    for name, said in run(tmp_path, "attempts").items():
        assert "the reader of foreign files may not" in said, f"{name}: {said}"
    assert not Path("/tmp/latenz_escape").exists()


@LINUX
def test_the_system_itself_says_no_behind_python(tmp_path: Path) -> None:
    walls, answers = run(tmp_path, "library")
    if "seccomp" not in walls:
        missing(f"this kernel gives {walls}, no seccomp")
    assert set(answers.values()) == {-1}, answers


@LINUX
def test_the_walls_are_told(tmp_path: Path) -> None:
    walls = run(tmp_path, "walls")
    assert {"RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE", "audit"} <= set(walls)


def test_too_much_memory_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^evil\.pkl: refused: reading it takes more than 256 MiB"):
        run(tmp_path, "memory")


def test_too_much_processor_time_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^evil\.pkl: refused: reading it takes over 1 s"):
        run(tmp_path, "spin", Limits(LIMITS.memory_bytes, 1, LIMITS.file_bytes, 60))


def test_too_much_time_is_a_refusal_and_nothing_stays_behind(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"^evil\.pkl: refused: reading it takes over 3 s"):
        run(tmp_path, "sleep", Limits(LIMITS.memory_bytes, 20, LIMITS.file_bytes, 3))
    assert time.monotonic() - began < 30
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_that_is_stopped_by_the_system_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^evil\.pkl: refused: its reader was stopped by the system \(signal 6\)"):
        run(tmp_path, "abort")


def test_the_result_cannot_grow_for_ever(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="File too large"):
        run(tmp_path, "fill")
    assert (tmp_path / "target").stat().st_size <= LIMITS.file_bytes


def test_our_own_mistakes_are_no_refusals(tmp_path: Path) -> None:
    with pytest.raises(RoomError, match=r"^reading evil\.pkl failed: ValueError: mistake"):
        run(tmp_path, "mistake")


def test_a_child_that_fails_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(RoomError):
        run(tmp_path, "loud")


def test_the_reader_knows_no_pickle_no_torch_and_no_way_to_run_text() -> None:
    room = Path(sandbox.__file__).parent
    for path in room.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {n.partition(".")[0] for n in names} & {
                "pickle",
                "_pickle",
                "torch",
                "marshal",
                "shelve",
                "dill",
            }, path
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in {"exec", "eval", "compile", "__import__"}, path

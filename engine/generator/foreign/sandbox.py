"""A child process that reads a stranger's file and can do nothing else.

The parent hands it two open files and nothing more: the source is its standard input, the result its standard output.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import InputError, ModelError, RoomError, printable
from engine.generator.foreign import audit, linux_walls
from engine.generator.foreign.refusal import DISTRUST

REPORT_BYTES = 1 << 20
OPEN_FILES = 16
READER = "engine.generator.foreign"
_START = """\
import json, runpy, sys
sys.path[:] = json.loads(sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR", "TEMP")
_LAZY = ("numpy.linalg", "numpy.random")  # what numpy imports only when it is first used
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: memory beyond its imports, processor time, bytes of the result, and the wall's clock."""

    memory_bytes: int
    cpu_s: int
    file_bytes: int
    wall_s: float


def run(source: BinaryIO, target: BinaryIO, request: Any, *, name: str, limits: Limits, module: str = READER) -> Any:
    """In the parent: let a child read `source` and write `target`; returns what it reports as "ok".

    Starts `module` in an isolated interpreter with our own import path. `request` is plain JSON data; see `take`.
    ModelError when the child refuses, dies, or goes over a limit; InputError when the result cannot be written;
    RoomError when it fails by our own mistake or cannot be started.
    """
    command = [sys.executable, "-I", "-B", "-c", _START, _import_path(), module]
    return _run([*command, json.dumps({"request": request, "limits": asdict(limits)})], source, target, name, limits)


def _run(command: list[str], source: BinaryIO, target: BinaryIO, name: str, limits: Limits) -> Any:
    target.flush()
    with tempfile.TemporaryFile() as report:
        try:
            process = subprocess.Popen(
                command,
                stdin=source,
                stdout=target,
                stderr=report,
                env=_environment(),
                cwd=Path(sys.executable).anchor,
                start_new_session=True,
            )
        except OSError as error:
            raise RoomError(f"the reader of foreign files cannot be started: {error}") from None
        try:
            code = process.wait(limits.wall_s)
        except subprocess.TimeoutExpired:
            raise _over_time(name, limits.wall_s) from None
        finally:
            process.kill()
            process.wait()
        report.seek(max(0, report.seek(0, os.SEEK_END) - REPORT_BYTES))
        return _outcome(code, report.read().decode(errors="replace"), name, limits)


def _import_path() -> str:
    return json.dumps([str(Path(part).resolve()) for part in sys.path])


def _environment() -> dict[str, str]:
    """Nothing but what the interpreter needs to find its libraries, and one thread of linear algebra.

    Several wait for each other by spinning: where the cores are busy (a show plays) that took ten times as long.
    """
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    return kept | dict.fromkeys(_THREADS, "1")


def _outcome(code: int, report: str, name: str, limits: Limits) -> Any:
    last = report.strip().rpartition("\n")[2].strip()
    said = _said(last) if code == 0 else {}
    if "ok" in said:
        return said["ok"]
    if isinstance(said.get("unwritten"), str):
        raise InputError(f"{name}: its model cannot be written ({said['unwritten']}); make room, or write it elsewhere")
    if isinstance(said.get("refused"), str):
        raise _refusal(name, said["refused"])
    if code < 0 and -code == getattr(signal, "SIGXCPU", None):
        raise _over_time(name, limits.cpu_s)
    if code < 0:
        raise _refusal(name, f"its reader was stopped by the system (signal {-code}); {DISTRUST}")
    if last.startswith("MemoryError"):
        raise _refusal(name, f"reading it takes more than {limits.memory_bytes >> 20} MiB; {DISTRUST}")
    raise RoomError(f"reading {name} failed: {last or f'its reader ended with {code}'}")


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _over_time(name: str, limit_s: float) -> ModelError:
    return _refusal(name, f"reading it takes over {limit_s:g} s; {DISTRUST}")


def _refusal(name: str, why: str) -> ModelError:
    why = printable(why)  # some of it may be the file's own words
    return ModelError(why if why.startswith(f"{name}: ") else f"{name}: refused: {why}")


def take() -> tuple[BinaryIO, BinaryIO, Any, Limits]:
    """In the child, first thing: source, target, request and limits. From here on `print` talks to the parent.

    At the end the child prints one line of JSON and exits with 0: `{"ok": anything}`, `{"refused": "message"}`, or
    `{"unwritten": "why"}` where the disk does not take the result.
    """
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    told = json.loads(sys.argv[1])
    return source, target, told["request"], Limits(**told["limits"])


def confine(memory_bytes: int, cpu_s: int, file_bytes: int) -> tuple[str, ...]:
    """In the child, after its imports: give up everything but the files that are open. Returns what is in force.

    `memory_bytes` counts what is mapped from now on. Each wall that the system does not have is left out: limits
    (POSIX), Landlock and a filter of system calls (Linux), an audit hook that ends forbidden Python calls (everywhere).
    There is no way back.
    """
    for module in _LAZY:
        importlib.import_module(module)
    walls = [*_limits(memory_bytes, cpu_s, file_bytes), *linux_walls.seal()]
    audit.forbid()
    return (*walls, "audit")


def _limits(memory_bytes: int, cpu_s: int, file_bytes: int) -> list[str]:
    try:
        import resource
    except ImportError:  # Windows has none
        return []
    wanted = {
        "RLIMIT_AS": linux_walls.mapped_bytes() + memory_bytes if sys.platform == "linux" else None,
        "RLIMIT_CPU": int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + cpu_s,
        "RLIMIT_FSIZE": file_bytes,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
    }
    done = []
    for limit, value in wanted.items():
        if value is not None and hasattr(resource, limit):
            with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
                hard = value + 1 if limit == "RLIMIT_CPU" else value  # the soft one says SIGXCPU, the hard one kills
                resource.setrlimit(getattr(resource, limit), (value, hard))
                done.append(limit)
    return done

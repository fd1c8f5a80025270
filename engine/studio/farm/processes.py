"""Workers as processes of this machine: `python -m engine.studio.farm`, one line of JSON at a time either way."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from engine.studio.farm.crew import Task, Word
from engine.studio.farm.work import MOST

GRACE_S = 5.0  # from its last word to its end
LINE = 1 << 16  # the longest line that is read of a worker
_ROOT = str(Path(__file__).resolve().parents[3])
# Each worker takes one core: what several threads add up may differ in the last bit from what one does.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class Processes:
    """Direct children. One that ends, or gives no sign of life for `patience_s`, is lost."""

    def __init__(self, what: str, asked: Mapping[str, Any], count: int, patience_s: float) -> None:
        self.count = min(count, MOST)
        self._first = json.dumps({"what": what, "asked": dict(asked)})
        self._patience_s = patience_s
        self._heard: queue.SimpleQueue[tuple[_Child, dict[str, Any] | None]] = queue.SimpleQueue()
        self._children: dict[int, _Child] = {}
        self._looked_s = time.perf_counter()

    def hire(self, worker: int) -> None:
        child = self._children[worker] = _Child(worker, self.count, self._heard)
        child.say(self._first)

    def give(self, worker: int, task: Task) -> None:
        chunk = task.chunk
        self._children[worker].say(
            json.dumps({"chunk": [chunk.number, chunk.first, chunk.last], "out": str(task.file.absolute())})
        )

    def words(self, timeout_s: float) -> Iterable[Word]:
        now_s = time.perf_counter()
        if now_s - self._looked_s > self._patience_s / 2:  # this process itself was held up: nobody could be heard
            for child in self._children.values():
                child.heard_s = now_s
        self._looked_s = now_s
        with contextlib.suppress(queue.Empty):
            while True:
                child, said = self._heard.get(timeout=timeout_s)
                child.heard_s, timeout_s = time.perf_counter(), 0.0
                if self._children.get(child.worker) is child:  # not one that was dismissed
                    yield from _words(child, said)
        for worker, child in list(self._children.items()):
            if time.perf_counter() - child.heard_s > self._patience_s:
                yield Word(worker, "lost", text=f"no sign of life for {self._patience_s:g} s")

    def dismiss(self, worker: int) -> None:
        if (child := self._children.pop(worker, None)) is not None:
            child.end()

    def close(self) -> None:
        for worker in list(self._children):
            self.dismiss(worker)


class _Child:
    """One process, and a thread that reads what it says."""

    def __init__(self, worker: int, count: int, heard: "queue.SimpleQueue[Any]") -> None:
        self.worker, self.heard_s = worker, time.perf_counter()
        environment = {**os.environ, **ONE_THREAD, **gpu_of(worker)}
        environment["PYTHONPATH"] = os.pathsep.join(p for p in (_ROOT, environment.get("PYTHONPATH")) if p)
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.studio.farm", str(os.getpid())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, env=environment,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(heard,), daemon=True)
        self._reader.start()

    def say(self, line: str) -> None:
        """Write a line; that it went nowhere is told by the reader, which meets the end."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._words):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def last_words(self) -> str:
        """How it ended, and the last line it wrote."""
        try:
            status = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:  # it said what is no word of ours, and goes on
            self._process.kill()
            status = self._process.wait()
        self._words.seek(0)
        lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
        how = f"it was ended by signal {-status}" if status < 0 else f"it ended with status {status}"
        return f"{how}{f': {lines[-1][:500]}' if lines else ''}"

    def _read(self, heard: "queue.SimpleQueue[Any]") -> None:
        assert self._process.stdout is not None
        for said in _lines(self._process.stdout):
            heard.put((self, said))
        heard.put((self, None))


def gpu_of(worker: int) -> dict[str, str]:
    """What makes a worker see one GPU alone, where there are several: they take turns."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = [str(i) for i in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))] if given is None else given.split(",")
    return {"CUDA_VISIBLE_DEVICES": gpus[worker % len(gpus)]} if len(gpus) > 1 else {}


def _lines(pipe: IO[bytes]) -> Iterator[dict[str, Any]]:
    """What stands in each line; what is no line of ours ends it."""
    while line := pipe.readline(LINE):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        yield said


def _words(child: _Child, said: dict[str, Any] | None) -> Iterator[Word]:
    if said is None:
        yield Word(child.worker, "lost", text=child.last_words())
    elif "ready" in said:
        yield Word(child.worker, "ready")
    elif "done" in said:
        yield Word(child.worker, "done")
    elif "error" in said:
        yield Word(child.worker, "failed", str(said["error"]), str(said.get("text", "")))

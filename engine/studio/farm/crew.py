"""A crew at work: who does which chunk, who is lost, what is tried again."""

import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from engine import errors
from engine.errors import EngineError, InputError, RoomError, printable
from engine.studio.farm.work import Chunk
from engine.studio.learn.work import Stop, Stopped

TRIES = 3  # of one chunk, and of starting workers that never got ready
POLL_S = 0.2
SLOWEST, LEAST_LIMIT_S = 20.0, 300.0  # a chunk that takes so many times the usual, and so long, hangs
ERRORS = {
    name: error for name, error in vars(errors).items() if isinstance(error, type) and issubclass(error, EngineError)
}


@dataclass(frozen=True, slots=True)
class Task:
    """A chunk and where its outcome goes."""

    chunk: Chunk
    file: Path


@dataclass(frozen=True, slots=True)
class Word:
    """What is heard of a worker.

    ready : it holds its model; done : its chunk's file is there; failed : error is the class's name, text its words;
    lost : text says how
    """

    worker: int
    kind: Literal["ready", "done", "failed", "lost"]
    error: str = ""
    text: str = ""


class Crew(Protocol):
    """Workers by number, wherever they are."""

    count: int

    def hire(self, worker: int) -> None:
        """Start one."""

    def give(self, worker: int, task: Task) -> None:
        """Let one that is ready do a chunk; its file appears whole."""

    def words(self, timeout_s: float) -> Iterable[Word]:
        """What was heard since; waits so long for a first word."""

    def dismiss(self, worker: int) -> None:
        """End one at once, whatever it does."""

    def close(self) -> None:
        """End all."""


class Run:
    """One job: chunks that are left, and what each worker does."""

    def __init__(self, crew: Crew, tasks: list[Task], told: Callable[[int], None]) -> None:
        self._crew, self._told = crew, told
        self._left, self._of = deque(tasks), len(tasks)
        self._busy: dict[int, tuple[Task, float]] = {}
        self._tries: Counter[int] = Counter()
        self._starts = 0
        self._took_s: list[float] = []

    @property
    def over(self) -> bool:
        """Whether every chunk is done."""
        return len(self._took_s) == self._of

    def hear(self, word: Word) -> None:
        """Go on from what a worker says. Raises what ends the job."""
        task, since_s = self._busy.pop(word.worker, (None, 0.0))
        if word.kind == "done" and task is not None:
            self._took_s.append(time.perf_counter() - since_s)
            self._told(len(self._took_s))
        if word.kind in ("ready", "done"):
            self._starts = 0
            self._next(word.worker)
            return
        if task is None:
            self._starts += 1
            if self._starts >= TRIES * self._crew.count or _is_input(word.error):
                raise _raised(word, "a worker cannot start")
        else:
            self._again(task, word)
        self._crew.dismiss(word.worker)
        if self._left:
            self._crew.hire(word.worker)

    def _next(self, worker: int) -> None:
        """The next chunk for a worker; one that is left without is sent home."""
        if not self._left:
            self._crew.dismiss(worker)
            return
        task = self._left.popleft()
        self._busy[worker] = (task, time.perf_counter())
        self._crew.give(worker, task)

    def _again(self, task: Task, word: Word) -> None:
        chunk = task.chunk
        self._tries[chunk.number] += 1
        if self._tries[chunk.number] >= TRIES or _is_input(word.error):
            raise _raised(word, f"{chunk.first} to {chunk.last - 1} (chunk {chunk.number}) failed")
        self._left.appendleft(task)

    def overdue(self) -> list[Word]:
        """Workers that take far longer than others took for a chunk."""
        if not self._took_s:
            return []
        limit_s = max(LEAST_LIMIT_S, SLOWEST * statistics.median(self._took_s))
        now_s = time.perf_counter()
        slow = [worker for worker, (_, since_s) in self._busy.items() if now_s - since_s > limit_s]
        return [Word(worker, "lost", text=f"no end after {limit_s:.0f} s") for worker in slow]


def run(crew: Crew, tasks: list[Task], told: Callable[[int], None], stop: Stop) -> None:
    """Do all tasks. Whatever happens, no worker is left."""
    try:
        job = Run(crew, tasks, told)
        for worker in range(crew.count):
            crew.hire(worker)
        while not job.over:
            if stop():
                raise Stopped(str(tasks[0].file.parent))
            for word in crew.words(POLL_S):
                job.hear(word)
            for word in job.overdue():
                job.hear(word)
    finally:
        crew.close()


def _is_input(name: str) -> bool:
    """Whether trying again cannot help: the caller asked for what cannot be."""
    return name in ERRORS and issubclass(ERRORS[name], InputError)


def _raised(word: Word, what: str) -> EngineError:
    """A worker's error in this process: ours by their names, any other as what failed."""
    text = printable(word.text, keep="\n\t")
    if word.error in ERRORS:
        return ERRORS[word.error](text)
    named = f"{word.error}: " if word.error else ""
    return RoomError(f"{what}, {TRIES} times at last: {named}{text}")

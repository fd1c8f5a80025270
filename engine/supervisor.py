"""Keeps the processes of a show alive: starts them, listens for their heartbeats, restarts what stops."""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from engine.shared import Board

SILENCE_S = 1.0  # without a beat once it has drawn or ticked
GRACE_S = 180.0  # while it starts: the first start of all compiles, which takes a slow machine a minute
BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # then 30 s for ever: never give up
HEALTHY_S = 20.0  # after this long the back-off starts again from its beginning


@dataclass
class Child:
    """One process and what we know of it."""

    role: str
    incarnation: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    started_s: float = 0.0
    failures: int = 0
    again_s: float = 0.0


@dataclass
class Supervisor:
    """Starts children as `python -m engine.show ROLE SESSION INCARNATION` and watches their rows on the board."""

    session: Path
    board: Board
    children: dict[str, Child] = field(default_factory=dict)
    spares: dict[str, Child] = field(default_factory=dict)  # warming beside the first of their role
    issued: Counter[str] = field(default_factory=Counter)  # the highest incarnation of each role
    restarts: Counter[str] = field(default_factory=Counter)
    leaving: "list[subprocess.Popen[bytes]]" = field(default_factory=list)  # killed, not yet gone

    def start(self, role: str) -> Child:
        """Start a child, or start it again under the next incarnation."""
        child = self.children.setdefault(role, Child(role))
        child.incarnation = self._number(role, self.spares.get(role))
        self._spawn(child)
        return child

    def spare(self, role: str, wanted: int = 0) -> Child:
        """A second child of the same role that warms beside the first; `adopt` makes it the first.

        wanted : the generation of the show that it is for; 0 is the one that plays
        """
        self.spares[role] = child = Child(role, self._number(role, self.children.get(role)))
        self._spawn(child, wanted)
        return child

    def _number(self, role: str, beside: Child | None) -> int:
        """An incarnation never used before: what a dead one left is not taken for ours. Neighbours differ in parity."""
        number = self.issued[role] + 1
        if beside is not None and beside.process is not None and (number - beside.incarnation) % 2 == 0:
            number += 1
        self.issued[role] = number
        return number

    def adopt(self, spare: Child) -> None:
        """The spare takes the role; the former child is let go."""
        former = self.children.get(spare.role)
        self.spares.pop(spare.role, None)
        self.children[spare.role] = spare
        if former is not None:
            self.let_go(former)

    def let_go(self, child: Child) -> None:
        """End a child without waiting: a large process takes longer than a frame to give its memory back."""
        process, child.process = child.process, None
        if process is not None and process.poll() is None:
            process.kill()
            self.leaving.append(process)

    def _spawn(self, child: Child, wanted: int = 0) -> None:
        row = self.board.row(child.role, child.incarnation)
        row[:] = 0
        row[Board.WANTED] = wanted
        environment = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **os.environ}
        # Children load the very engine that started them, from a checkout as from a wheel; never the working folder.
        root = str(Path(__file__).resolve().parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(p for p in (root, environment.get("PYTHONPATH")) if p)
        child.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.show", child.role, str(self.session), str(child.incarnation)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        child.started_s = time.perf_counter()

    def fault(self, child: Child, now_s: float) -> str:
        """Why this child must be started again, or nothing."""
        if child.process is None:
            return ""
        status = child.process.poll()
        if status is not None:
            said = last_words(self.session, child.role, child.incarnation)
            return f"it ended with status {status}" + (f": {said}" if said else "")
        row = self.board.row(child.role, child.incarnation)
        if row[Board.WORK] > 0:
            silence_s = now_s - row[Board.BEAT]
            allowed_s = max(SILENCE_S, 4.0 * row[Board.FRAME])  # a big model may take seconds for a picture
            return f"no heartbeat for {silence_s:.1f} s" if silence_s > allowed_s else ""
        return f"not ready after {GRACE_S:.0f} s" if now_s - child.started_s > GRACE_S else ""

    def watch(self, now_s: float) -> list[str]:
        """Look at every child once; restart what stopped. Lines for people about what happened."""
        said = []
        self.leaving = [process for process in self.leaving if process.poll() is None]
        for child in self.children.values():
            if child.process is None:
                if child.again_s and now_s >= child.again_s:
                    child.again_s = 0.0
                    self.restarts[child.role] += 1
                    self.start(child.role)
                continue
            why = self.fault(child, now_s)
            if not why:
                continue
            end(child)
            if now_s - child.started_s > HEALTHY_S:
                child.failures = 0
            wait_s = BACK_OFF_S[min(child.failures, len(BACK_OFF_S) - 1)]
            child.failures += 1
            child.again_s = now_s + wait_s if wait_s else now_s
            said.append(f"{child.role}: {why}; starting it again" + (f" in {wait_s:g} s" if wait_s else ""))
        return said

    def stop(self) -> None:
        """Ask every child to stop, then make sure."""
        self.board.stage[Board.STOP] = 1.0
        deadline_s = time.perf_counter() + 3.0
        for child in (*self.children.values(), *self.spares.values()):
            if child.process is not None:
                try:
                    child.process.wait(max(0.0, deadline_s - time.perf_counter()))
                except subprocess.TimeoutExpired:
                    end(child)
        for process in self.leaving:
            process.wait()


def last_words(session: Path, role: str, incarnation: int, words: str | None = None) -> str:
    """Why a child ended, in its own words: written by the child where `words` are given, read by whoever watches it."""
    path = session / f"fault-{role}-{incarnation}"
    try:
        if words is not None:
            path.write_text(words, "utf-8")
            return words
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def end(child: Child) -> None:
    """End a child now and collect it."""
    process, child.process = child.process, None
    if process is None:
        return
    if process.poll() is None:
        process.kill()
    process.wait()

"""What a show's script.py imports: loops and event handlers that read signals and set controls.

    from engine.script import control, every, fire, loop, on, signal

    @every(beats=1)
    def swing():
        control("/direction/bloom", 2.0 * signal("/audio/low"))

    @on("/audio/onset")
    def hit(strength):
        fire("/latent/more")

    @loop
    def breathe():
        control("/direction/light", 1.0)
        yield beats(2)
        control("/direction/light", -1.0)
        yield seconds(1.5)

A script is a program its author trusts: it runs only from the show's own folder, only when the show names it, in a
process of its own. A function that raises stops alone and says where. One that does not come back is stopped with
its process, and stays out until the file is saved again.
"""

import importlib.util
import inspect
import math
import random
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from engine.errors import ShowError

__all__ = ["beats", "control", "every", "fire", "loop", "now", "on", "release", "rng", "seconds", "signal"]

SHORTEST = 1e-3  # wait, in beats or seconds


class Wait(NamedTuple):
    """How long a loop rests: beats or seconds."""

    amount: float
    unit: str


class World(Protocol):
    """What a script can reach: a live session, or the desk of a render."""

    def signal(self, address: str) -> float: ...
    def write(self, address: str, value: float, who: str) -> None: ...


@dataclass
class Task:
    """One decorated function."""

    name: str
    function: Callable[..., Any]
    kind: str  # "every", "on" or "loop"
    wait: Wait = Wait(1.0, "beats")
    address: str = ""
    due: float = 0.0  # in the unit of `wait`
    running: Generator[Any, None, None] | None = None
    stopped: str = ""  # why it does not run any more


@dataclass
class Script:
    """The functions of one script.py, run step by step."""

    path: Path
    world: World
    seed: int = 0
    before_call: Callable[[str], None] = lambda _: None
    tasks: list[Task] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # lines for people, taken by the owner
    now_s: float = 0.0
    beat: float = 0.0

    def load(self, muted: frozenset[str] = frozenset()) -> None:
        """Run the file once, which registers its functions. An error in it is said, and nothing of it runs."""
        global _loading, _active
        self.tasks.clear()
        _active = self
        rng.seed(self.seed)
        spec = importlib.util.spec_from_file_location("show_script", self.path)
        if spec is None or spec.loader is None:
            raise ShowError(f"{self.path}: not a Python file")
        _loading = self
        try:
            self.before_call("the file itself")
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        except (Exception, SystemExit) as error:
            self.tasks.clear()
            self.said.append(f"{_place(error, self.path)}; the script does not run until it is saved again")
        finally:
            _loading = None
            self.before_call("")
        for task in self.tasks:
            if task.name in muted:
                task.stopped = "it did not come back"

    def step(self, now_s: float, beat: float, events: list[tuple[str, float]]) -> None:
        """Run what is due: handlers of these events, then loops."""
        global _active
        _active = self
        self.now_s, self.beat = now_s, beat
        for address, value in events:
            for task in self.tasks:
                if task.kind == "on" and _matches(task.address, address) and not task.stopped:
                    self._call(task, value)
        for task in self.tasks:
            if task.stopped or task.kind == "on":
                continue
            here = beat if task.wait.unit == "beats" else now_s
            if task.due == 0.0 or task.due - here > task.wait.amount + 1.0:  # new, or the beat began again lower
                task.due = _first(here, task.wait.unit)
            if here + 1e-9 >= task.due:
                self._turn(task, here)

    def _turn(self, task: Task, here: float) -> None:
        if task.kind == "every":
            self._call(task)
            task.due = _next(task.due, task.wait.amount, here)
            return
        try:
            self.before_call(task.name)
            if task.running is None:
                task.running = task.function()
            wait = next(task.running)
        except StopIteration:
            task.running, task.wait, task.due = None, Wait(1.0, "beats"), float(int(self.beat) + 1)
            return
        except (Exception, SystemExit) as error:
            self._stop(task, error)
            return
        finally:
            self.before_call("")
        if not isinstance(wait, Wait) or math.isnan(wait.amount):
            task.stopped = "it yielded something else than beats(n) or seconds(n)"
            self.said.append(f"{self.path.name}: {task.name}: {task.stopped}; the other functions go on")
            return
        here = self.beat if wait.unit == "beats" else self.now_s
        start = task.due if wait.unit == task.wait.unit else here
        task.wait, task.due = wait, _next(start, wait.amount, here)

    def _call(self, task: Task, *arguments: float) -> None:
        try:
            self.before_call(task.name)
            takes = len(inspect.signature(task.function).parameters)
            task.function(*arguments[:takes])
        except (Exception, SystemExit) as error:
            self._stop(task, error)
        finally:
            self.before_call("")

    def _stop(self, task: Task, error: BaseException) -> None:
        task.stopped = str(error) or type(error).__name__
        self.said.append(f"{_place(error, self.path)}; {task.name} stops, the other functions go on")


_loading: Script | None = None
_active: Script | None = None
rng = random.Random(0)  # seeded with the show's seed, so that a render is the same twice


class _Nowhere:
    """A world while no show plays."""

    def signal(self, address: str) -> float:
        return 0.0

    def write(self, address: str, value: float, who: str) -> None:
        pass


@contextmanager
def asleep(path: Path) -> Iterator[None]:
    """Where a script's file may run for the plain functions in it: what it registers is never called."""
    global _loading, _active
    former = _loading, _active
    _loading = _active = Script(path, _Nowhere())
    try:
        yield
    finally:
        _loading, _active = former


def _register(task: Task) -> None:
    if _loading is None:
        raise ShowError("every, on and loop belong into a show's script.py, which latenz runs")
    if any(task.name == other.name for other in _loading.tasks):
        raise ShowError(f"two functions are called {task.name}; rename one")
    _loading.tasks.append(task)


def every(
    *, beats: float | None = None, seconds: float | None = None
) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Call a function again and again: every so many beats (on the beat) or seconds."""
    if (beats is None) == (seconds is None) or not (beats or seconds or 0) > 0:
        raise ShowError("every(...) takes either beats=N or seconds=N, above 0")
    wait = Wait(float(beats), "beats") if beats is not None else Wait(float(seconds or 0), "seconds")

    def decorate(function: Callable[[], Any]) -> Callable[[], Any]:
        _register(Task(function.__name__, function, "every", wait))
        return function

    return decorate


def on(address: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a function when an event comes; `*` at the end stands for any rest. It may take the event's value."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _register(Task(function.__name__, function, "on", address=address))
        return function

    return decorate


def loop(function: Callable[[], Generator[Wait, None, None]]) -> Callable[[], Generator[Wait, None, None]]:
    """Run a generator function over and over, from a beat on; each `yield beats(n)` or `yield seconds(n)` waits."""
    if not inspect.isgeneratorfunction(function):
        raise ShowError(f"@loop {function.__name__} needs at least one `yield beats(n)` or `yield seconds(n)`")
    _register(Task(function.__name__, function, "loop"))
    return function


def beats(count: float) -> Wait:
    """For `yield` in a loop."""
    return Wait(float(count), "beats")


def seconds(count: float) -> Wait:
    """For `yield` in a loop."""
    return Wait(float(count), "seconds")


def signal(address: str) -> float:
    """The newest value of a signal or control; 0 while nothing has come."""
    return _here().world.signal(address)


def control(address: str, value: float) -> None:
    """Set a control, as a hand does: its routes rest until `release`."""
    script = _here()
    script.world.write(address, float(value), "script")


def fire(address: str, value: float = 1.0) -> None:
    """Fire an event control, for example `/latent/next`."""
    control(address, value)


def release(address: str) -> None:
    """Give a control back to its routes."""
    control(f"{address}/release", 1.0)


def now() -> float:
    """Seconds on the show's clock."""
    return _here().now_s


def beat() -> float:
    """Beats since the show began."""
    return _here().beat


def _here() -> Script:
    if _active is None:
        raise ShowError("a script's functions work only while latenz plays its show")
    return _active


def _first(here: float, unit: str) -> float:
    """Loops in beats begin on the next beat; loops in seconds now."""
    return float(int(here) + 1) if unit == "beats" else here


def _next(due: float, amount: float, here: float) -> float:
    """The first moment after `here` that lies whole waits after `due`: a pause costs turns, never the beat."""
    amount = max(amount, SHORTEST)
    return due + amount * (max(0, math.floor((here - due) / amount + 1e-6)) + 1)


def _matches(pattern: str, address: str) -> bool:
    return address.startswith(pattern[:-1]) if pattern.endswith("*") else address == pattern


def _place(error: BaseException, path: Path) -> str:
    """file:line: what went wrong, at the deepest line of the script itself."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path.parent.name}/{path.name}:{error.lineno}: {error.msg}"
    rows = [row for row in traceback.extract_tb(error.__traceback__) if row.filename == str(path)]
    line = f":{rows[-1].lineno}" if rows else ""
    return f"{path.parent.name}/{path.name}{line}: {type(error).__name__}: {error}".removesuffix(": ")

"""Loops and handlers run when they are due; one that fails stops alone and says where."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.errors import ShowError
from engine.script import Script, every


@dataclass
class Desk:
    """What a script can reach, as plain data."""

    levels: dict[str, float] = field(default_factory=dict)
    writes: list[tuple[str, float]] = field(default_factory=list)

    def signal(self, address: str) -> float:
        return self.levels.get(address, 0.0)

    def write(self, address: str, value: float, who: str) -> None:
        self.writes.append((address, value))
        self.levels[address] = value


def run(
    text: str, folder: Path, seconds: float = 4.0, bpm: float = 120.0, events: dict[int, str] | None = None
) -> Script:
    path = folder / "script.py"
    path.write_text(text, "utf-8")
    script = Script(path, Desk(), seed=1)
    script.load()
    for step in range(round(seconds * 200)):
        now_s = step / 200
        script.step(now_s, now_s * bpm / 60, [(e, 0.5) for s, e in (events or {}).items() if s == step])
    return script


def test_a_loop_in_beats_keeps_the_beat(tmp_path: Path) -> None:
    script = run(
        "from engine.script import *\nimport engine.script as s\n@every(beats=1)\ndef tick():\n    control('/b', s.beat())\n",
        tmp_path,
    )
    beats = [value for _, value in script.world.writes]  # type: ignore[attr-defined]
    assert beats == pytest.approx([1, 2, 3, 4, 5, 6, 7], abs=0.011)


def test_a_generator_waits_as_it_says(tmp_path: Path) -> None:
    text = "from engine.script import *\n@loop\ndef f():\n    control('/a', now())\n    yield seconds(0.5)\n    control('/b', now())\n    yield beats(1)\n"
    script = run(text, tmp_path, seconds=3.2)
    writes = script.world.writes  # type: ignore[attr-defined]
    first = dict(writes[:2])
    assert first["/a"] == pytest.approx(0.5, abs=0.01) and first["/b"] == pytest.approx(1.0, abs=0.01)
    assert len(writes) >= 4


def test_a_handler_hears_its_events(tmp_path: Path) -> None:
    text = "from engine.script import *\n@on('/audio/*')\ndef hit(v):\n    fire('/latent/next', v)\n"
    script = run(text, tmp_path, events={10: "/audio/onset", 20: "/other"})
    assert script.world.writes == [("/latent/next", 0.5)]  # type: ignore[attr-defined]


def test_one_that_raises_stops_alone_and_says_where(tmp_path: Path) -> None:
    text = "from engine.script import *\n@every(beats=1)\ndef bad():\n    x = 1 / 0\n@every(beats=1)\ndef good():\n    control('/g', 1)\n"
    script = run(text, tmp_path)
    assert (
        len(script.said) == 1 and "script.py:4: ZeroDivisionError" in script.said[0] and "bad stops" in script.said[0]
    )
    assert len(script.world.writes) == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "script.py:1: "),
        ("import nothing_like_this\n", "script.py:1: ModuleNotFoundError"),
        (
            "from engine.script import *\n@every(beats=0)\ndef f(): pass\n",
            "script.py:2: ShowError: every(...) takes either",
        ),
        ("from engine.script import *\n@every(seconds=float('nan'))\ndef f(): pass\n", "every(...) takes either"),
        ("from engine.script import *\n@loop\ndef f(): pass\n", "needs at least one `yield"),
        (
            "from engine.script import *\n@on('/a')\ndef f(): pass\n@on('/b')\ndef f(): pass\n",
            "two functions are called f",
        ),
    ],
)
def test_a_broken_file_is_named_and_nothing_of_it_runs(text: str, said: str, tmp_path: Path) -> None:
    script = run(text, tmp_path, seconds=0.1)
    assert said in script.said[0] and not script.tasks


def test_decorators_belong_into_a_script() -> None:
    with pytest.raises(ShowError, match="belong into a show's script.py"):
        every(beats=1)(lambda: None)


@pytest.mark.parametrize("wait", ["3", "beats(float('nan'))"])
def test_a_wrong_yield_stops_the_loop(wait: str, tmp_path: Path) -> None:
    script = run(f"from engine.script import *\n@loop\ndef f():\n    yield {wait}\n", tmp_path)
    assert "yielded something else" in script.said[0]


EVERY = "from engine.script import *\n@every(beats={n})\ndef f():\n    control('/b', beat())\n"
LOOP = "from engine.script import *\n@loop\ndef f():\n    while True:\n        control('/b', beat())\n        yield beats({n})\n"


def calls(text: str, folder: Path, beats: list[float]) -> list[float]:
    """The beats at which the function was called."""
    (folder / "script.py").write_text(text.replace("import *", "import *\nfrom engine.script import beat"), "utf-8")
    script = Script(folder / "script.py", Desk())
    script.load()
    for at in beats:
        script.step(100.0 + at / 2, at, [])
    assert not script.said
    return [value for _, value in script.world.writes]  # type: ignore[attr-defined]


def beats_between(first: float, last: float) -> list[float]:
    return [n / 100 for n in range(round(first * 100), round(last * 100))]


@pytest.mark.parametrize("text", [EVERY, LOOP])
@pytest.mark.parametrize("n", [1, 2, 0.5])
def test_after_a_pause_it_fires_once_and_stays_on_the_beat(text: str, n: float, tmp_path: Path) -> None:
    called = calls(text.format(n=n), tmp_path, beats_between(0, 3.5) + beats_between(7.37, 12))
    late = [at for at in called if at > 3.5]
    assert late[0] == 7.37
    assert all((at - 1) % n == 0 for at in late[1:]) and late[1:] == sorted(set(late[1:]))
    assert late[1] - late[0] <= n


@pytest.mark.parametrize("text", [EVERY, LOOP])
def test_a_beat_that_begins_again_lower_silences_nothing(text: str, tmp_path: Path) -> None:
    called = calls(text.format(n=2), tmp_path, beats_between(500, 504.5) + beats_between(0.3, 6))
    assert called == [501, 503, 1, 3, 5]


def test_a_beat_that_falls_a_little_plays_no_turn_twice(tmp_path: Path) -> None:
    assert calls(EVERY.format(n=1), tmp_path, beats_between(0, 3.2) + beats_between(2.9, 5.5)) == [1, 2, 3, 4, 5]


LEAVES = """from engine.script import *
import sys
@on('/e')
def leaves(): sys.exit()
@loop
def ends():
    sys.exit(3)
    yield beats(1)
@on('/e')
def fails(): assert False
@loop
def asks(too_much): yield beats(1)
@every(beats=1)
def good(): control('/g', 1)
"""


def test_one_that_leaves_the_program_stops_alone(tmp_path: Path) -> None:
    script = run(LEAVES, tmp_path, events={100: "/e", 300: "/e", 500: "/e"})
    assert len(script.said) == 4, "each says it once"
    for text in ("py:4: SystemExit;", "py:7: SystemExit: 3;", "py:10: AssertionError;", "asks stops"):
        assert any(text in line for line in script.said), text
    assert len(script.world.writes) == 7  # type: ignore[attr-defined]


def test_a_file_that_leaves_the_program_does_not_run(tmp_path: Path) -> None:
    script = run(
        "from engine.script import *\nimport sys\n@on('/e')\ndef f(): pass\nsys.exit(1)\n", tmp_path, seconds=0.1
    )
    assert "script.py:5: SystemExit: 1; the script does not run" in script.said[0] and not script.tasks


@pytest.mark.parametrize("wait", ["0", "-1", "1e-320", "float('inf')"])
def test_a_wait_of_any_length_is_kept_or_as_short_as_can_be(wait: str, tmp_path: Path) -> None:
    script = run(
        f"from engine.script import *\n@loop\ndef f():\n    while True:\n        fire('/a')\n        yield beats({wait})\n",
        tmp_path,
    )
    assert not script.said
    assert len(script.world.writes) == (1 if "inf" in wait else 700)  # type: ignore[attr-defined]

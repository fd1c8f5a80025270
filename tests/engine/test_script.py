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


def test_a_wrong_yield_stops_the_loop(tmp_path: Path) -> None:
    script = run("from engine.script import *\n@loop\ndef f():\n    yield 3\n", tmp_path)
    assert "yielded something else" in script.said[0]

"""Kdenlive itself opens what is written, without a question, and saves it as the same edit."""

import os
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.stage.outputs.video import open_output
from engine.studio.journey.pair import kdenlive_digest
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.timeline import Clip, Dissolve, Mark, Media, Mix, Timeline, Track
from tests.engine.studio.journey.edits import differs, line
from tests.engine.studio.journey.screen import Screen, screen, shown

pytestmark = pytest.mark.real

FPS, SIZE, FRAMES = Fraction(25), (128, 128), 120
SETTLED_S, ANSWERED_S = 3.0, 20.0
MAIN = "edit / 128x128 25 fps"  # Kdenlive's window with the project open; other names are dialogs


@pytest.fixture
def kdenlive(program: Callable[[str], str]) -> str:
    for name in ("Xvfb", "xdotool", "dbus-run-session", "mediainfo"):
        program(name)
    return program("kdenlive")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Everything that can be written, in one project."""
    media = []
    for name, shade in (("first.mp4", 40), ("se cond.mp4", 120)):
        video = open_output(tmp_path / name, SIZE, float(FPS), FRAMES)
        for i in range(FRAMES):
            video.write(np.full((*SIZE[::-1], 3), shade + i, np.uint8))
        video.close()
        media.append(Media(name, kdenlive_digest(tmp_path / name), FRAMES))
    first = (
        Clip(0, 0, 40, Fraction(50)), Clip(1, 28, 40, Fraction(3)), Clip(0, 70, 20, Fraction(7)),
        Clip(0, 90, 20, Fraction(6), Fraction(2)), Clip(1, 110, 20, Fraction(80), Fraction(-1)),
        Clip(1, 130, 20, Fraction(33), Fraction(0)), Clip(0, 150, 30, Fraction(11), Fraction(1, 2)),
        Clip(1, 180, 3, shown=(Fraction(7), Fraction(99), Fraction(8))), Clip(0, 183, 30), Clip(1, 203, 30),
    )  # fmt: skip
    curve = tuple((i / 10) ** 2 for i in range(10))
    mixes = (Mix(28, line(12, 13), 0, 1), Mix(203, curve, 8, 9))
    over = Track((Clip(1, 80, 20, Fraction(100)),), name="over")
    edit = Timeline(
        FPS, tuple(media), (Track(first, mixes), over), (Dissolve(80, line(10, 10), 0, 1),),
        (Mark(3, "a<b"), Mark(60, "zwei")), size=SIZE, length=233,
    )  # fmt: skip
    write_project(edit, tmp_path / "edit.kdenlive")
    assert not differs(edit, read_project(tmp_path / "edit.kdenlive"))
    return tmp_path / "edit.kdenlive"


def opened(names: list[str]) -> bool:
    return any(name.startswith("edit") for name in names)


def dialogs(names: list[str]) -> list[str]:
    return [name for name in names if not name.replace(" */", " /").startswith(MAIN)]


def test_kdenlive_opens_it_without_a_question_and_saves_the_same_edit(kdenlive: str, project: Path) -> None:
    written, before = read_project(project), project.stat().st_mtime_ns
    with screen() as view, shown(view, kdenlive, project):
        assert opened(view.wait(opened)), log(project)
        time.sleep(SETTLED_S)
        names = view.wait(lambda names: len(names) > 1, SETTLED_S)
        assert not dialogs(names), names
        if keep := os.environ.get("LATENZ_SCREENSHOT"):
            view.picture(Path(keep))
        _touch(view)
        view.press("ctrl+s")
        view.wait(lambda names: project.stat().st_mtime_ns != before, ANSWERED_S)
    saved = read_project(project)
    assert project.stat().st_mtime_ns != before and b"22.12" in project.read_bytes()
    assert not differs(written, saved)
    assert set(written.marks) < set(saved.marks) and not saved.unsupported


def _touch(view: Screen) -> None:
    """A guide at the mouse, so that there is something to save."""
    view.click(300, 600)
    view.press("g")
    view.wait(lambda names: bool(dialogs(names)), ANSWERED_S)
    view.press("Return", "Guide")
    view.wait(lambda names: not dialogs(names), ANSWERED_S)


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _unlisted(text: str) -> str:
    before, entry, after = text.partition('  <entry producer="producer1"')
    return before + after[after.index("/>") + 2 :] if entry else text


@pytest.mark.parametrize("damage", [_cut, _unlisted])
def test_kdenlive_asks_about_a_damaged_project(kdenlive: str, project: Path, damage: Callable[[str], str]) -> None:
    text = project.read_text("utf-8")
    project.write_text(damage(text), "utf-8")
    assert project.read_text("utf-8") != text
    with screen() as view, shown(view, kdenlive, project):
        assert dialogs(view.wait(lambda names: bool(dialogs(names)))), log(project)


def log(project: Path) -> str:
    """What Kdenlive said, its last lines."""
    return project.with_suffix(".log").read_text("utf-8", "replace")[-2000:]

"""A snapshot brings back what hands had set, and nothing else."""

from pathlib import Path

import pytest

from engine.preset import load_show
from engine.show.desk import Desk
from engine.show.snapshots import Snapshots
from tests.shows.live import SHOWS

STEP_S = 0.002


@pytest.fixture
def desk() -> Desk:
    made = Desk(load_show(SHOWS / "plain" / "show.toml"), live=False)
    made.open(0.0)
    return made


def play(desk: Desk, seconds: float, *writes: tuple[str, float]) -> None:
    start = getattr(desk, "_test_s", 0.0)
    for address, value in writes:
        desk.hand(address, value, start, "test")
    for step in range(round(seconds / STEP_S)):
        desk.step(start + step * STEP_S, STEP_S)
    desk._test_s = start + seconds  # type: ignore[attr-defined]


def test_recall_brings_back_what_was_stored(desk: Desk) -> None:
    play(desk, 0.1, ("/direction/hue", 1.5), ("/direction/bloom", 2.0))
    play(desk, 0.1, ("/snapshot/2/store", 1.0))
    play(desk, 0.1, ("/direction/hue", -1.0), ("/direction/bloom/release", 1.0), ("/output/blackout", 1.0))
    assert desk.level("/direction/hue") == -1.0 and desk.level("/direction/bloom") != 2.0
    play(desk, 0.1, ("/snapshot/2/recall", 1.0))
    assert desk.level("/direction/hue") == 1.5
    assert desk.level("/direction/bloom") == 2.0  # its route rests again
    assert desk.level("/output/blackout") == 1.0  # light is no phrase


def test_recalling_nothing_changes_nothing(desk: Desk) -> None:
    play(desk, 0.1, ("/direction/hue", 1.5))
    play(desk, 0.1, ("/snapshot/7/recall", 1.0))
    assert desk.level("/direction/hue") == 1.5


def test_snapshots_survive_a_changed_show(desk: Desk, tmp_path: Path) -> None:
    play(desk, 0.1, ("/direction/hue", 9.0))
    play(desk, 0.1, ("/snapshot/1/store", 1.0))
    (tmp_path / "show.toml").write_text("[controls]\n'/direction/hue' = 0.25\n", "utf-8")
    layout = load_show(tmp_path / "show.toml").layout
    other = Snapshots(layout)
    other.load(desk.snapshots.dump(), layout)
    bases, held = other._kept[1]
    assert bases[layout.index("/direction/hue")] == 4.0 and held[layout.index("/direction/hue")]

"""What is written is read back as the same edit: a thousand random ones."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine.studio.journey.plan import plan
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.timeline import Timeline
from tests.engine.studio.journey.edits import Seen, apart, differs, seen, timelines

REAL = Path(__file__).parents[3] / "data" / "kdenlive"
MANY = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round_trip")


def played(timeline: Timeline) -> list[Seen]:
    """What a plan makes of an edit."""
    if not timeline.length:
        return []
    found = list[Seen]()
    p = plan(timeline)
    for media, frame, weight in zip(p.media.T.tolist(), p.frame.T.tolist(), p.weight.T.tolist(), strict=True):
        table: Seen = {}
        for m, f, w in zip(media, frame, weight, strict=True):
            if m >= 0 and w > 1e-6:
                table[m, f] = table.get((m, f), 0.0) + w
        found.append(table)
    return found


@MANY
@given(timeline=timelines())
def test_a_kdenlive_project_is_read_back_as_the_edit_it_was_written_from(folder: Path, timeline: Timeline) -> None:
    path = folder / "edit.kdenlive"
    write_project(timeline, path)
    again = read_project(path)
    assert not differs(timeline, again)
    assert not apart(played(again), seen(again))
    assert again.marks == timeline.marks
    assert (again.fps, again.size) == (timeline.fps, timeline.size)
    assert not again.unsupported


@settings(MANY, max_examples=300)
@given(timeline=timelines(across=False, free=False))
def test_an_otio_file_is_read_back_as_the_edit_it_was_written_from(folder: Path, timeline: Timeline) -> None:
    assume(timeline.length)
    path = folder / "edit.otio"
    write_project(timeline, path)
    again = read_project(path)
    assert not differs(timeline, again)
    assert again.marks == timeline.marks
    assert again.fps == timeline.fps and not again.unsupported


@pytest.mark.parametrize("path", sorted(REAL.glob("*.kdenlive")), ids=lambda path: path.stem)
def test_what_kdenlive_wrote_is_the_same_edit_once_written_again(tmp_path: Path, path: Path) -> None:
    real = read_project(path)
    write_project(real, tmp_path / "again.kdenlive")
    again = read_project(tmp_path / "again.kdenlive")
    assert not differs(real, again)
    for one, other in zip(real.tracks, again.tracks, strict=True):
        assert [(c.at, c.length, c.media) for c in one.clips] == [(c.at, c.length, c.media) for c in other.clips]
        assert [(m.at, m.shares) for m in one.mixes] == [(m.at, m.shares) for m in other.mixes]
    assert (real.fps, real.size, real.sound, real.marks) == (again.fps, again.size, again.sound, again.marks)

"""What is written is read back as the same edit: a thousand random ones."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from engine.studio.journey.plan import plan
from engine.studio.journey.projects import read_project, write_project
from engine.studio.journey.timeline import Timeline
from tests.engine.studio.journey.edits import Seen, apart, differs, seen, timelines

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

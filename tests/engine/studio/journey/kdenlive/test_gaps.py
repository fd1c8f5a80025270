"""Gaps at the end of a project and under a dissolve: the first are kept, the second told."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.studio.journey.kdenlive.cutting import without
from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.kdenlive.write import write
from engine.studio.journey.timeline import Clip, Media, Timeline, Track
from tests.engine.studio.journey.kdenlive.mlt import blank, entry, project, timeline, track, transition


def test_a_gap_that_is_written_at_the_end_counts(tmp_path: Path) -> None:
    first = track("t0", entry(0, 9) + blank(20), entry(0, 19))
    second = track("t1", entry(0, 4) + blank(3) + blank("00:00:00.080"))
    assert timeline(tmp_path, project(first, second)).length == 30


def test_the_ground_under_all_tracks_does_not_make_a_project_longer(tmp_path: Path) -> None:
    assert timeline(tmp_path, project(track("t0", entry(0, 9)))).length == 10


@pytest.mark.parametrize("length", [3, 10, 25])
def test_an_edit_keeps_its_length_through_a_project(length: int, tmp_path: Path) -> None:
    clip = Clip(0, 0, 10, Fraction(5))
    tracks = (Track(), Track((clip,)))
    edit = Timeline(Fraction(25), (Media("a.mp4", frames=50),), tracks, length=length, size=(64, 64))
    write(edit, tmp_path / "x.kdenlive")
    assert read(tmp_path / "x.kdenlive").length == max(length, clip.end)


def test_a_fade_over_a_gap_is_told_where_it_begins(tmp_path: Path) -> None:
    tracks = track("t0", entry(0, 19) + blank(10) + entry(0, 9)), track("t1", blank(10) + entry(0, 29))
    told = timeline(tmp_path, project(*tracks, inside=transition(15, 24, 1, 2))).unsupported
    assert [(row.frame, row.clip) for row in told] == [(20, "n.mp4")]
    assert told[0].what == "a fade over a gap has no latent; the clip is shown as it is"


@pytest.mark.parametrize("span", [(5, 14), (10, 19), (25, 32), (35, 45)])
def test_a_fade_with_a_clip_below_or_none_above_is_not_told(span: tuple[int, int], tmp_path: Path) -> None:
    tracks = track("t0", entry(0, 19) + blank(5) + entry(0, 29)), track("t1", blank(10) + entry(0, 22))
    assert not timeline(tmp_path, project(*tracks, inside=transition(*span, 1, 2))).unsupported


@given(st.lists(st.integers(0, 40), max_size=16, unique=True), st.lists(st.integers(0, 40), max_size=16, unique=True))
def test_what_holes_leave_of_spans_is_every_frame_that_none_covers(spans: list[int], holes: list[int]) -> None:
    def pairs(edges: list[int]) -> list[tuple[int, int]]:
        ordered = sorted(edges)
        return list(zip(ordered[::2], ordered[1::2], strict=False))

    def frames(pairs: list[tuple[int, int]]) -> list[int]:
        return [frame for first, last in pairs for frame in range(first, last)]

    kept = without(pairs(spans), pairs(holes))
    assert frames(kept) == [frame for frame in frames(pairs(spans)) if frame not in frames(pairs(holes))]
    assert all(first < last for first, last in kept)

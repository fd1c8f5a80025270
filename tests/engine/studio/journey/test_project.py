"""A project to start from holds the proxies, cut where samples end."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.cli.start import run
from engine.errors import InputError
from engine.latent.sequence_file import Facts, Mark
from engine.studio.journey.pair import Pair, PairWriter, with_proxy
from engine.studio.journey.project import Layout, cuts, project
from engine.studio.journey.projects import read_project
from tests.engine.studio.journey.edits import differs
from tests.engine.studio.journey.made import write_proxied, write_video


def held(path: Path, count: int, hold: int, marks: tuple[Mark, ...] = (), fps: int = 25) -> Pair:
    """A pair of held samples with a proxy."""
    rows = np.repeat(np.random.default_rng(1).standard_normal((count, 8)), hold, 0)
    with PairWriter(path, (8,), count * hold, Facts(Fraction(fps), marks=marks)) as writer:
        writer.write(rows)
        pair = writer.close()
    return with_proxy(pair, write_video(path.with_suffix(".mp4"), count * hold))


def test_every_held_sample_is_a_clip_of_its_own(tmp_path: Path) -> None:
    pair = held(tmp_path / "a", 5, 12)
    made = project(Layout((pair.path,), tmp_path / "edit.kdenlive"))
    assert [(c.at, c.length, c.first) for c in made.tracks[0].clips] == [(12 * i, 12, 12 * i) for i in range(5)]
    assert (made.size, made.fps, made.length, made.media[0].digest) == ((32, 32), 25, 60, pair.facts.digest)
    again = read_project(tmp_path / "edit.kdenlive")
    assert not differs(made, again) and again.media[0].name == "a.mp4"


def test_a_journey_is_one_clip(tmp_path: Path) -> None:
    pair = write_proxied(tmp_path / "a", 30)
    assert cuts(pair) == [0, 30]
    assert cuts(pair, 8) == [0, 8, 16, 24, 30]


def test_changes_are_found_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = held(tmp_path / "a", 7, 5)
    for block in (1, 4, 5, 6):
        monkeypatch.setattr("engine.studio.journey.project.BLOCK", block)
        assert cuts(pair) == [*range(0, 36, 5)]


def test_dissolves_lay_neighbours_over_each_other_and_marks_go_along(tmp_path: Path) -> None:
    pairs = held(tmp_path / "a", 3, 10, (Mark(12, "here"),)), held(tmp_path / "b", 2, 10)
    made = project(Layout(tuple(p.path for p in pairs), tmp_path / "edit.kdenlive", dissolve=4))
    assert [c.at for c in made.tracks[0].clips] == [0, 6, 12, 18, 24] and made.length == 34
    assert [(m.at, len(m.shares)) for m in made.tracks[0].mixes] == [(6, 4), (12, 4), (18, 4), (24, 4)]
    assert made.marks == (Mark(8, "here"),)
    assert not differs(made, read_project(tmp_path / "edit.kdenlive"))


def test_gaps_and_folders_and_sound(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pair = held(tmp_path / "in" / "a", 2, 10)
    sound = tmp_path / "song.wav"
    soundfile.write(sound, np.zeros(4800), 48000)
    made = project(Layout((pair.path,), tmp_path / "edit.kdenlive", gap=5, audio=sound, size=(64, 36)))
    again = read_project(tmp_path / "edit.kdenlive")
    assert [c.at for c in made.tracks[0].clips] == [0, 15] and made.length == 25
    assert again.media[0].name == "in/a.mp4" and again.sound == ("song.wav",) and again.size == (64, 36)


def test_another_rate_lasts_as_long(tmp_path: Path) -> None:
    pair = held(tmp_path / "a", 4, 10)
    made = project(Layout((pair.path,), tmp_path / "edit.kdenlive", fps=Fraction(50)))
    assert made.length == 80 and [c.first for c in made.tracks[0].clips] == [0, 20, 40, 60]


def test_what_cannot_be_laid_out_is_refused(tmp_path: Path) -> None:
    pair, out = held(tmp_path / "a", 4, 5), tmp_path / "edit.kdenlive"
    layout = Layout((pair.path,), out)
    for wrong, words in (
        (replace(layout, dissolve=3), "no room"), (replace(layout, dissolve=1, gap=1), "one of them"),
        (replace(layout, each=0), "--each 0"), (replace(layout, out=tmp_path / "edit.txt"), "give .kdenlive"),
        (replace(layout, audio=tmp_path / "none.wav"), "no such file"), (replace(layout, pairs=()), "at least one"),
        (replace(layout, audio=pair.path.with_suffix(".json")), "not a sound file"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            project(wrong)
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(InputError, match="no proxy video a.mp4"):
        project(layout)
    assert not out.exists()


@pytest.mark.parametrize("suffix", ["kdenlive", "otio", "edl"])
def test_the_command_writes_all_kinds(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held(tmp_path / "a", 4, 5)
    out = tmp_path / f"edit.{suffix}"
    monkeypatch.setattr("sys.argv", ["latenz", "journey", "project", str(tmp_path / "a"), "-o", str(out), "--gap", "2"])
    assert run() == 0
    assert "4 clips, 26 frames, 00:00:01:01" in capsys.readouterr().out
    assert read_project(out).length == 26

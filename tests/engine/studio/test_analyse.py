"""A song's beats, bars, segments and energy, as a take."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.errors import InputError
from engine.studio.analyse import Analysis, analyse
from mappings.errors import FeedError
from mappings.take import TakeReader
from tests.mappings.sounds import RATE_HZ, drums, noise, silence, tone

SECONDS = 24


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, Path, list[str]]:
    """A quiet half with a tone and a loud half with another, over drums at 120."""
    folder = tmp_path_factory.mktemp("song")
    beat = drums(120, SECONDS)
    half = len(beat) // 2
    beat[:half] = 0.1 * beat[:half] + tone(220, SECONDS / 2, 0.05)
    beat[half:] += tone(550, SECONDS / 2, 0.3)
    soundfile.write(folder / "song.flac", beat, RATE_HZ)
    said: list[str] = []
    return analyse(folder / "song.flac", folder / "song.take", said.append), folder / "song.take", said


def lines(take: Path, address: str) -> np.ndarray:
    """(time_s, value) of one address."""
    return np.array([(line.time_s, line.value) for line in TakeReader(take) if line.address == address])


def test_beats_are_where_they_were_played(analysed: tuple[Analysis, Path, list[str]]) -> None:
    summary, take, _ = analysed
    beats_s = lines(take, "/song/beat")[:, 0]
    nearest = np.abs(beats_s[:, None] - np.arange(0, SECONDS, 0.5)[None, :]).min(axis=1)
    assert np.median(nearest) < 0.05
    assert summary.bpm == pytest.approx(120, rel=0.03)
    assert summary.beats == len(beats_s) >= 40
    assert f"{summary.beats} beats" in str(summary)


def test_every_fourth_beat_is_a_downbeat(analysed: tuple[Analysis, Path, list[str]]) -> None:
    _, take, _ = analysed
    assert set(np.diff(lines(take, "/song/downbeat")[:, 1])) == {4.0}


def test_a_new_part_is_a_segment_and_is_announced(analysed: tuple[Analysis, Path, list[str]]) -> None:
    summary, take, _ = analysed
    segments = lines(take, "/song/segment")
    assert summary.segments == len(segments) >= 2
    assert np.abs(segments[:, 0] - SECONDS / 2).min() < 0.6
    coming = lines(take, "/song/segment_in_s")
    assert coming[:, 1].min() >= 0
    at = int(np.argmin(np.abs(coming[:, 0] - segments[1, 0] + 2)))
    assert coming[at, 1] == pytest.approx(2.0, abs=0.06)


def test_energy_ahead_rises_before_the_energy(analysed: tuple[Analysis, Path, list[str]]) -> None:
    _, take, _ = analysed
    energy, ahead = lines(take, "/song/energy"), lines(take, "/song/energy_ahead")
    assert energy[:, 1].min() >= 0 and energy[:, 1].max() <= 1
    before = (energy[:, 0] > SECONDS / 2 - 1) & (energy[:, 0] < SECONDS / 2 - 0.1)
    assert energy[before, 1].mean() < 0.3 < 0.5 < ahead[before, 1].mean()


def test_the_take_carries_the_songs_tempo_and_length(analysed: tuple[Analysis, Path, list[str]]) -> None:
    _, take, said = analysed
    assert len(lines(take, "/tempo/bpm")) == len(lines(take, "/tempo/beat")) == len(lines(take, "/song/beat"))
    header: dict[str, Any] = json.loads(take.read_text().splitlines()[0])
    assert header["latenz"] == "take" and header["version"] == 1 and header["song"] == "song.flac"
    assert TakeReader(take).extent().seconds == pytest.approx(SECONDS)
    assert any("about a minute" in text for text in said)
    assert list(take.parent.glob("*.part")) == []


def test_what_cannot_be_analysed_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", noise(0.5), RATE_HZ)
    soundfile.write(tmp_path / "silent.wav", silence(5), RATE_HZ)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "words.txt").write_text("la la la")
    cases: dict[str, tuple[type[Exception], str]] = {
        "short.wav": (InputError, "0.50 s is too short"),
        "silent.wav": (InputError, "is silent"),
        "empty.wav": (FeedError, "it is empty"),
        "words.txt": (FeedError, "not a sound file"),
        "missing.wav": (FeedError, "there is no such sound file"),
    }
    for name, (kind, text) in cases.items():
        with pytest.raises(kind, match=text):
            analyse(tmp_path / name, tmp_path / "out.take")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("out", "text"),
    [
        ("nowhere/out.take", "no folder .*make it first"),
        ("", "is a folder; name a file"),
        ("/proc/x", "cannot be written"),
    ],
)
def test_a_place_that_cannot_be_written_is_said_before_the_work(out: str, text: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", drums(120, 4), RATE_HZ)
    said: list[str] = []
    with pytest.raises(InputError, match=text):
        analyse(tmp_path / "song.wav", tmp_path / out, said.append)
    assert not said

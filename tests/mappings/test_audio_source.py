"""The audio source under a stepped clock: exact, deterministic, on the beat."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pydantic import ValidationError

from mappings.bus import Bus
from mappings.errors import FeedError
from mappings.signal import Event
from mappings.sources.audio import Audio, AudioConfig
from mappings.sources.base import State
from tests.mappings.sounds import RATE_HZ, Sound, clicks, drums, silence, tone

STEP_S = 0.002
Save = Callable[[Sound], Path]


@dataclass
class Heard:
    source: Audio
    bus: Bus
    events: list[Event]
    beats: list[float]  # phase at each step
    bpms: list[float]
    state: State = State.RETRYING
    detail: str = ""

    def times_s(self, name: str) -> NDArray[np.float64]:
        return np.array([event.time_s for event in self.events if event.address == f"/audio/{name}"])

    def level(self, name: str) -> float:
        slot = self.bus.find(f"/audio/{name}")
        assert slot is not None
        return self.bus.value(slot)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def to_file(sound: Sound) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
        soundfile.write(path, sound, RATE_HZ, subtype="FLOAT")
        return path

    return to_file


def listen(path: Path, seconds: float, step_s: float = STEP_S, **config: object) -> Heard:
    bus = Bus()
    source = Audio("audio", AudioConfig.model_validate({"file": path, **config}))
    heard = Heard(source, bus, [], [], [])
    source.open(bus, 0.0)
    for n in range(1, round(seconds / step_s) + 1):
        source.poll(bus, n * step_s)
        source.relax(bus, n * step_s)
        heard.events += bus.read().events
        heard.beats.append(heard.level("beat"))
        heard.bpms.append(heard.level("bpm"))
    heard.state, heard.detail = source.state, source.detail
    source.close()
    return heard


def f_measure(truth_s: NDArray[np.float64], found_s: NDArray[np.float64]) -> float:
    """Of beats within 70 ms, each counted once."""
    left = list(found_s)
    hits = 0
    for time_s in truth_s:
        near = [at for at in left if abs(at - time_s) <= 0.07]
        if near:
            left.remove(min(near, key=lambda at: abs(at - time_s)))
            hits += 1
    return 2 * hits / (len(truth_s) + len(found_s))


def within(times_s: NDArray[np.float64], start_s: float, end_s: float) -> NDArray[np.float64]:
    return times_s[(times_s > start_s) & (times_s < end_s)]


@pytest.mark.parametrize("bpm", [60, 90, 120, 150, 200])
def test_clicks_are_beats_at_their_own_tempo_within_four_seconds(bpm: int, save: Save) -> None:
    truth_s = np.arange(0.3, 12, 60 / bpm)
    heard = listen(save(clicks(truth_s, 12)), 12)
    middle = 30 / bpm  # cut between beats, so that none is lost at an edge
    after = within(truth_s, 4.3, 11.5)
    found = within(heard.times_s("beat_tick"), after[0] - middle, after[-1] + middle)
    assert f_measure(after, found) >= 0.98
    assert np.median(np.abs(found - after)) <= 0.015
    assert heard.level("bpm") == pytest.approx(bpm, rel=0.01)
    assert heard.level("confidence") > 0.8


@pytest.mark.parametrize(("before", "after"), [(100, 140), (160, 80), (120, 126)])
def test_a_change_of_tempo_is_followed_within_six_seconds(before: int, after: int, save: Save) -> None:
    first = np.arange(0.3, 8, 60 / before)
    second = np.arange(first[-1] + 60 / after, 18, 60 / after)
    heard = listen(save(clicks(np.concatenate((first, second)), 18)), 18)
    truth_s = within(second, 14, 17.5)
    found = within(heard.times_s("beat_tick"), truth_s[0] - 30 / after, truth_s[-1] + 30 / after)
    assert f_measure(truth_s, found) >= 0.98
    assert heard.level("bpm") == pytest.approx(after, rel=0.01)


@pytest.mark.parametrize(("bpm", "swing"), [(100, 0.66), (128, 0.5), (174, 0.5)])
def test_drums_with_hats_swing_and_hiss_are_followed(bpm: int, swing: float, save: Save) -> None:
    heard = listen(save(drums(bpm, 12, swing, hiss=0.02)), 12)
    truth_s = within(np.arange(0, 12, 60 / bpm), 4, 11.5)
    found = within(heard.times_s("beat_tick"), truth_s[0] - 30 / bpm, truth_s[-1] + 30 / bpm)
    assert f_measure(truth_s, found) >= 0.98
    assert np.median(np.abs(found - truth_s)) <= 0.015


def test_the_range_of_tempi_settles_half_and_double(save: Save) -> None:
    path = save(clicks(np.arange(0.3, 8, 0.4), 8))
    assert listen(path, 8).level("bpm") == pytest.approx(150, rel=0.01)
    assert listen(path, 8, low_bpm=55, high_bpm=100).level("bpm") == pytest.approx(75, rel=0.01)


def test_the_beat_runs_on_through_silence_and_its_confidence_goes(save: Save) -> None:
    heard = listen(save(np.concatenate((clicks(np.arange(0.3, 6, 0.5), 6), silence(24)))), 30, loop=False)
    ticks = within(heard.times_s("beat_tick"), 6, 30)
    assert np.diff(ticks) == pytest.approx(0.5, abs=0.02)
    assert heard.level("confidence") < 0.2


def test_the_phase_runs_from_0_to_1_between_ticks_and_can_be_put_earlier(save: Save) -> None:
    path = save(clicks(np.arange(0.5, 8, 0.5), 8))
    plain, early = listen(path, 8), listen(path, 8, offset_ms=60)
    at = round(6.25 / STEP_S) - 1
    assert plain.beats[at] == pytest.approx(0.5, abs=0.03)
    assert early.beats[at] == pytest.approx(0.62, abs=0.03)
    earlier_s = within(plain.times_s("beat_tick"), 5.9, 7.9) - within(early.times_s("beat_tick"), 5.84, 7.84)
    assert earlier_s == pytest.approx(0.06, abs=0.01)


def test_a_steady_beat_leads_the_shows_tempo(save: Save) -> None:
    heard = listen(save(drums(128, 8)), 8)
    heard.bus.tempo.step(heard.bus, 8.0)
    assert heard.bus.tempo.source == "tracker"
    assert heard.bus.tempo.bpm == pytest.approx(128, rel=0.01)


def test_the_same_file_gives_the_same_numbers_whatever_the_steps(save: Save) -> None:
    path = save(drums(110, 3))
    one, again, coarse = listen(path, 3), listen(path, 3), listen(path, 3, step_s=0.02)
    assert one.events == again.events and one.beats == again.beats
    assert [e for e in coarse.events if e.address == "/audio/onset"] == [
        e for e in one.events if e.address == "/audio/onset"
    ]
    for name in ("rms", "low", "mel/7", "chroma/3", "loudness_lufs"):
        assert one.level(name) == coarse.level(name)


def test_exactly_the_samples_before_now_have_been_heard(save: Save) -> None:
    path = save(np.concatenate((silence(1), tone(1000, 1))))
    before, after = listen(path, 1.0), listen(path, 1.006)
    assert before.level("peak") == 0.0
    assert after.level("peak") == pytest.approx(0.5, abs=0.01)


def test_a_loop_has_no_seam_and_what_is_not_looped_ends(save: Save) -> None:
    path = save(clicks(np.arange(0.25, 2, 0.5), 2))
    looped = listen(path, 8)
    assert np.diff(looped.times_s("onset")) == pytest.approx(0.5, abs=0.006)
    once = listen(path, 4, loop=False)
    assert once.state is State.STALE and "has ended" in once.detail
    assert once.level("rms") == 0.0 and once.level("silence") > 0.9


@pytest.mark.parametrize(
    ("suffix", "rate_hz"), [(".flac", 44_100), (".mp3", 44_100), (".ogg", 48_000), (".wav", 96_000)]
)
def test_files_of_every_kind_and_rate_are_heard_at_their_own_pitch(suffix: str, rate_hz: int, tmp_path: Path) -> None:
    path = tmp_path / f"tone{suffix}"
    wave = 0.5 * np.sin(2 * np.pi * 880 * np.arange(rate_hz) / rate_hz)
    soundfile.write(path, np.stack((wave, wave), 1), rate_hz)
    heard = listen(path, 0.8)
    assert heard.level("rms") == pytest.approx(0.354, abs=0.02)
    assert heard.level("centroid_hz") == pytest.approx(880, rel=0.2)
    assert heard.level("chroma/10") == pytest.approx(1.0)


def test_every_address_is_said_beforehand(save: Save) -> None:
    heard = listen(save(drums(120, 4)), 4, bands=12)
    said = heard.source.addresses()
    assert set(heard.bus.addresses) <= set(said)
    assert {event.address for event in heard.events} == {"/audio/onset", "/audio/beat_tick"} <= set(said)
    assert "/audio/mel/12" in said and "/audio/mel/13" not in said and "/audio/chroma/12" in said


def test_only_a_file_can_be_stepped(save: Save) -> None:
    assert Audio("audio", AudioConfig(file=save(silence(0.1)))).steppable
    assert not Audio("audio", AudioConfig()).steppable


def test_a_file_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"")
    (tmp_path / "words.mp3").write_text("no sound at all" * 100)
    cases = {"sung.wav": 'did you mean "song.wav"', "song.wav": "it is empty", "words.mp3": "not a sound file"}
    for name, text in cases.items():
        source = Audio("audio", AudioConfig(file=tmp_path / name))
        with pytest.raises(FeedError, match=text) as caught:
            source.open(Bus(), 0.0)
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"low_bpm": 100, "high_bpm": 120}, "at least 1.5 times low_bpm"),
        ({"device": "mic", "file": "a.wav"}, "give a device or a file, not both"),
        ({"devise": "mic"}, "devise"),
        ({"channels": 0}, "channels"),
    ],
)
def test_a_wrong_config_is_refused(config: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        AudioConfig.model_validate(config)

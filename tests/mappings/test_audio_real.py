"""Sound through a real sound server, PortAudio and back."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mappings.bus import Bus
from mappings.signal import Event
from mappings.sources.audio import Audio, AudioConfig
from mappings.sources.base import State
from tests.mappings.sounds import RATE_HZ, clicks, tone
from tests.real_audio import SoundServer, sound_server  # noqa: F401

pytestmark = pytest.mark.real


class Loop:
    """The signals loop, as the show runs it."""

    def __init__(self, **config: object) -> None:
        self.bus = Bus()
        self.source = Audio("audio", AudioConfig.model_validate(config))
        self.source.open(self.bus, time.perf_counter())
        self.events: list[Event] = []

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Poll every 2 ms until something holds; False when it did not within `seconds`."""
        end_s = time.perf_counter() + seconds
        while (now_s := time.perf_counter()) < end_s:
            self.source.poll(self.bus, now_s)
            self.source.relax(self.bus, now_s)
            self.events += self.bus.read().events
            if until():
                return True
            time.sleep(0.002)
        return until()

    def level(self, name: str) -> float:
        """A level below /audio."""
        slot = self.bus.find(f"/audio/{name}")
        assert slot is not None
        return self.bus.value(slot)


def test_a_tone_played_by_another_program_is_heard_at_its_level_and_pitch(
    sound_server: SoundServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    wav = tmp_path / "tone.wav"
    soundfile.write(wav, tone(440, 12), RATE_HZ)
    sound_server.play(wav)
    loop = Loop(device="pulse")
    try:
        assert loop.run(20, lambda: loop.source.state is State.OK and loop.level("rms") > 0.3), loop.source.detail
        ages: list[float] = []
        for _ in range(400):
            loop.run(0.004)
            ages.append(time.perf_counter() - float(loop.bus.stamps["audio"].times_s.max()))
        assert loop.level("rms") == pytest.approx(0.354, abs=0.01)
        assert loop.level("mid") == pytest.approx(1.0, abs=0.2)
        assert loop.level("chroma/10") == pytest.approx(1.0)  # A
        assert loop.bus.stamps["audio"].count > 100
        assert 0 < float(np.median(ages)) < 0.5
        assert loop.source.detail.startswith("pulse (ALSA), 48000 Hz")
    finally:
        loop.source.close()


def test_a_click_track_played_by_another_program_is_followed(
    sound_server: SoundServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    wav = tmp_path / "clicks.wav"
    soundfile.write(wav, clicks(np.arange(0.2, 20, 0.5), 20), RATE_HZ)
    sound_server.play(wav)
    loop = Loop(device="pulse")
    try:
        assert loop.run(20, lambda: loop.source.state is State.OK), loop.source.detail
        loop.run(6)
        assert loop.level("bpm") == pytest.approx(120, abs=1.5)
        assert loop.level("confidence") > 0.5
        onsets = [event.time_s for event in loop.events if event.address == "/audio/onset"]
        assert 8 <= len(onsets) <= 15
        assert float(np.median(np.diff(onsets))) == pytest.approx(0.5, abs=0.02)
    finally:
        loop.source.close()


def test_a_lost_sound_server_is_noticed_and_comes_back_while_the_beat_runs_on(
    sound_server: SoundServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    wav = tmp_path / "clicks.wav"
    soundfile.write(wav, clicks(np.arange(0.2, 30, 0.5), 30), RATE_HZ)
    sound_server.play(wav)
    loop = Loop(device="pulse")
    try:
        assert loop.run(20, lambda: loop.source.state is State.OK), loop.source.detail
        assert loop.run(10, lambda: loop.bus.find("/audio/bpm") is not None and loop.level("confidence") > 0.5)
        sound_server.kill()
        assert loop.run(5, lambda: loop.source.state is State.LOST)
        assert "lost pulse" in loop.source.detail
        loop.events.clear()
        loop.run(2.5)
        assert loop.level("rms") < 0.01  # at rest
        assert len([event for event in loop.events if event.address == "/audio/beat_tick"]) in (4, 5, 6)
        sound_server.start()
        sound_server.play(wav)
        assert loop.run(25, lambda: loop.source.state is State.OK), loop.source.detail
        assert loop.run(5, lambda: loop.level("rms") > 0.01)
    finally:
        loop.source.close()


def test_a_device_that_is_not_there_is_named_with_those_that_are(sound_server: SoundServer) -> None:  # noqa: F811
    loop = Loop(device="plse")
    try:
        assert loop.run(20, lambda: "there are" in loop.source.detail)
        assert 'no sound input device "plse"' in loop.source.detail
        assert 'did you mean "pulse"?' in loop.source.detail
        assert loop.source.state is State.RETRYING
    finally:
        loop.source.close()


def test_a_file_is_heard_through_the_output_and_its_time_is_the_devices(
    sound_server: SoundServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    wav = tmp_path / "tone.wav"
    soundfile.write(wav, tone(440, 3), RATE_HZ)
    heard = Loop(device="pulse")
    player = Loop(file=wav, output="pulse")
    try:
        assert heard.run(20, lambda: heard.source.state is State.OK), heard.source.detail
        deadline_s = time.perf_counter() + 20
        while time.perf_counter() < deadline_s and min(heard.level("rms"), player.level("rms")) < 0.34:
            player.run(0.002)
            heard.run(0.002)
        assert heard.level("rms") == pytest.approx(0.354, abs=0.02), player.source.detail
        assert player.level("rms") == pytest.approx(0.354, abs=0.02)
        assert "heard through pulse" in player.source.detail
    finally:
        player.source.close()
        heard.source.close()

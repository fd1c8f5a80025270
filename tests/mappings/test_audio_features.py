"""Laws of what is heard, and parity with librosa and pyloudnorm."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.audio import filters
from mappings.audio.agc import CEILING, Agc
from mappings.audio.features import Features, names
from mappings.audio.loudness import Loudness
from mappings.audio.spectrum import Spectrum
from tests.conftest import needed
from tests.mappings.sounds import RATE_HZ, Sound, clicks, drums, noise, silence, tone

HOP = 240


def hear(sound: Sound, **options: Any) -> tuple[Features, np.ndarray, list[float]]:
    """The features after a whole sound, all their levels (hops, levels), and when onsets came."""
    features = Features(RATE_HZ, 1, **options)
    levels, onsets_s = [], []
    for hop in range(len(sound) // HOP):
        features.step(sound[hop * HOP : (hop + 1) * HOP, None])
        levels.append(features.levels.copy())
        if features.onset > 0:
            onsets_s.append((hop + 1) * HOP / RATE_HZ)
    return features, np.array(levels), onsets_s


def column(name: str) -> int:
    return [level.address for level in names()].index(name)


@pytest.fixture(scope="module")
def librosa() -> Any:
    return needed("librosa")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000, 96_000])
def test_the_matrices_are_librosas_at_every_rate(librosa: Any, rate_hz: int) -> None:
    n_fft = filters.fft_size(rate_hz)
    high_hz = min(filters.HIGH_HZ, rate_hz / 2)
    for bands in (12, 24):
        theirs = librosa.filters.mel(sr=rate_hz, n_fft=n_fft, n_mels=bands, fmin=filters.LOW_HZ, fmax=high_hz)
        np.testing.assert_allclose(filters.mel(rate_hz, bands), theirs, atol=1e-8)
    theirs = librosa.filters.chroma(sr=rate_hz, n_fft=n_fft, tuning=0.0)
    np.testing.assert_allclose(filters.chroma(rate_hz), theirs, atol=1e-6)


@pytest.mark.parametrize(
    "sound",
    [tone(440, 0.1), noise(0.1), tone(997, 0.1) + tone(5000, 0.1, 0.1) + noise(0.1, 0.01), drums(120, 0.1)],
    ids=["tone", "noise", "mixture", "drums"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_frame_is_described_as_librosa_describes_it(librosa: Any, sound: Sound) -> None:
    frame = sound[:2048]
    spectrum = Spectrum(RATE_HZ)
    spectrum.step(frame)
    theirs = np.abs(np.fft.rfft(frame * librosa.filters.get_window("hann", 2048)))[:, None]
    power = theirs**2
    feature = librosa.feature
    np.testing.assert_allclose(spectrum.magnitudes, theirs[:, 0], rtol=1e-3, atol=2e-4)
    mel = feature.melspectrogram(S=power, sr=RATE_HZ, n_mels=24, fmin=filters.LOW_HZ, fmax=filters.HIGH_HZ)
    np.testing.assert_allclose(spectrum.mel, mel[:, 0], rtol=1e-3, atol=1e-6)
    assert spectrum.centroid_hz() == pytest.approx(feature.spectral_centroid(S=theirs, sr=RATE_HZ)[0, 0], rel=2e-3)
    rolloff_hz = feature.spectral_rolloff(S=theirs, sr=RATE_HZ)[0, 0]
    assert spectrum.rolloff_hz() == pytest.approx(rolloff_hz, abs=24)
    assert spectrum.flatness() == pytest.approx(feature.spectral_flatness(S=theirs)[0, 0], rel=0.02, abs=1e-6)
    chroma = librosa.filters.chroma(sr=RATE_HZ, n_fft=2048, tuning=0.0) @ power[:, 0]
    np.testing.assert_allclose(spectrum.pitch_classes(), chroma / chroma.max(), rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_level_is_librosas(librosa: Any) -> None:
    sound = drums(100, 0.5)
    features, levels, _ = hear(sound)
    theirs = librosa.feature.rms(y=sound[-1024:], frame_length=1024, center=False)[0, 0]
    assert levels[-1, column("rms")] == pytest.approx(theirs, rel=1e-4)
    assert levels[-1, column("rms_db")] == pytest.approx(20 * np.log10(theirs), abs=0.01)
    assert levels[-1, column("peak")] == pytest.approx(np.abs(sound[-1024:]).max())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_loudness_is_that_of_pyloudnorm(rate_hz: int) -> None:
    pyloudnorm = needed("pyloudnorm")
    random = np.random.default_rng(3)
    t = np.arange(rate_hz) / rate_hz
    left = 0.3 * np.sin(2 * np.pi * 60 * t) + 0.02 * random.standard_normal(rate_hz)
    stereo = np.stack((left, 0.1 * np.sin(2 * np.pi * 3000 * t)), 1).astype(np.float32)
    hop = round(rate_hz * 0.005)
    loudness = Loudness(rate_hz, hop, 2)
    hops = rate_hz // hop
    ours = [loudness.step(stereo[n * hop : (n + 1) * hop]) for n in range(hops)][-1]
    meter = pyloudnorm.Meter(rate_hz, block_size=0.4)
    filtered = stereo.astype(float)
    for stage in meter._filters.values():
        filtered = np.stack([stage.apply_filter(filtered[:, c]) for c in (0, 1)], 1)
    window = filtered[(hops - 80) * hop : hops * hop]
    theirs = -0.691 + 10 * np.log10(np.mean(window**2, axis=0).sum())
    assert ours == pytest.approx(theirs, abs=0.05)


def test_a_full_scale_tone_at_1_khz_has_the_standards_loudness() -> None:
    loudness = Loudness(RATE_HZ, HOP, 1)
    sound = tone(997, 1, 1.0)
    lufs = [loudness.step(sound[n * HOP : (n + 1) * HOP, None]) for n in range(200)]
    assert lufs[-1] == pytest.approx(-3.01, abs=0.02)  # ITU-R BS.1770: 0 dB FS at 997 Hz reads -3.01 LKFS


def test_bands_hold_the_mean_square_of_what_is_in_them() -> None:
    spectrum = Spectrum(RATE_HZ)
    for hz, band in ((100, 0), (1000, 1), (8000, 2)):
        spectrum.step(tone(hz, 0.1)[:2048])
        assert spectrum.bands[band] == pytest.approx(0.125, rel=0.01)
        assert np.delete(spectrum.bands, band).max() < 1e-3


@pytest.mark.parametrize(
    "sound",
    [
        silence(1),
        silence(1) + np.float32(1.0),
        np.sign(tone(100, 1)).astype(np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
        np.where(np.arange(RATE_HZ) % 500 == 0, np.inf, 0).astype(np.float32),
        np.where(np.arange(RATE_HZ) % 2 == 0, 3e38, -3e38).astype(np.float32),
        noise(1, 1e-30),
    ],
    ids=["silence", "constant", "square", "nan", "infinite", "huge", "denormal"],
)
def test_no_sound_breaks_a_level_or_storms_with_onsets(sound: Sound) -> None:
    _, levels, onsets_s = hear(sound)
    assert np.isfinite(levels).all()
    assert len(onsets_s) <= 3
    for n, level in enumerate(names()):
        low, high = {"rms_db": (-120, 20), "loudness_lufs": (-100, 30)}.get(level.address, (0, 8.1))
        high = RATE_HZ / 2 if level.unit == "hz" else high
        assert levels[:, n].min() >= low and levels[:, n].max() <= high, level.address


@given(st.lists(st.floats(width=32), min_size=1, max_size=16), st.integers(1, 3))
@settings(max_examples=30)
def test_any_samples_give_finite_levels(samples: list[float], channels: int) -> None:
    features = Features(RATE_HZ, channels)
    block = np.resize(np.array(samples, np.float32), (HOP, channels))
    for _ in range(5):
        features.step(block)
        assert np.isfinite(features.levels).all() and 0 <= features.onset <= 1


def test_a_constant_is_silence_and_silence_is_said() -> None:
    for sound in (silence(1.2), silence(1.2) + np.float32(0.5)):
        _, levels, _ = hear(sound)
        assert levels[-1, column("silence")] == 1.0
        assert levels[-1, column("low")] == 0.0
    _, levels, _ = hear(np.concatenate((tone(440, 0.5), silence(1.0))))
    said = np.flatnonzero(levels[:, column("silence")] == 0.0)
    assert said[0] < 4 and said[-1] * 0.005 == pytest.approx(1.04, abs=0.03)


def test_one_is_the_recent_average_whatever_the_gain() -> None:
    for gain_db in (-30.0, 0.0):
        _, levels, _ = hear(drums(120, 8), gain_db=gain_db)
        for name in ("low", "mid", "high", "mel/3", "mel/20"):
            assert levels[800:, column(name)].mean() == pytest.approx(1.0, abs=0.25), name


def test_silence_is_not_raised() -> None:
    _, levels, _ = hear(np.concatenate((drums(120, 3), noise(6, 1e-4))))
    assert levels[-1, column("low")] < 0.05 and levels[-1, column("mel/12")] < 0.1


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_agc_is_bounded_and_stands_still_behind_the_gate(amplitudes: list[float], gates: list[bool]) -> None:
    agc = Agc(1, 0.005)
    for amplitude, is_open in zip(amplitudes, gates, strict=False):
        before = agc.averages.copy()
        value = agc.step(np.array([amplitude]), is_open)[0]
        assert 0 <= value <= CEILING
        assert is_open or agc.averages == before


def test_every_click_is_one_onset_at_once() -> None:
    times_s = np.arange(0.5, 6, 0.2)
    _, _, onsets_s = hear(clicks(times_s, 6))
    assert len(onsets_s) == len(times_s)
    assert np.max(np.abs(np.array(onsets_s) - times_s - 0.005)) <= 0.005


def test_hits_are_onsets_and_a_louder_one_is_stronger() -> None:
    times_s = np.arange(0.5, 6, 0.5)
    soft_and_loud = clicks(times_s[::2], 6, 0.03) + clicks(times_s[1::2], 6, 0.8)
    features = Features(RATE_HZ, 1)
    strengths = []
    for hop in range(len(soft_and_loud) // HOP):
        features.step(soft_and_loud[hop * HOP : (hop + 1) * HOP, None])
        if features.onset > 0:
            strengths.append(features.onset)
    assert len(strengths) == len(times_s)
    assert np.mean(strengths[3::2]) > 1.3 * np.mean(strengths[2::2])


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_a_device_of_another_rate_is_heard_alike(rate_hz: int) -> None:
    features = Features(rate_hz, 2)
    t = np.arange(6 * rate_hz) / rate_hz
    wave = 0.25 * np.sin(2 * np.pi * 440 * t) * (t % 0.5 < 0.2)
    sound = np.repeat(wave.astype(np.float32)[:, None], 2, axis=1)
    onsets_s = []
    for hop in range(len(sound) // features.hop):
        features.step(sound[hop * features.hop : (hop + 1) * features.hop])
        assert np.isfinite(features.levels).all()
        if features.onset > 0 and hop > 10:
            onsets_s.append((hop + 1) * features.hop_s)
        if 5.1 < hop * features.hop_s < 5.19:
            assert features.levels[column("rms")] == pytest.approx(0.177, abs=0.01)
            assert features.levels[column("chroma/10")] == pytest.approx(1.0)
            assert features.levels[column("centroid_hz")] == pytest.approx(440, rel=0.1)
    assert features.beats.bpm == pytest.approx(120, rel=0.01)
    begins = [min(abs(at - onset) for onset in onsets_s) for at in np.arange(0.5, 6, 0.5)]
    assert max(begins) < 0.02


def test_steady_noise_has_no_onsets_and_no_confident_beat() -> None:
    features, _, onsets_s = hear(noise(8))
    assert len([at for at in onsets_s if at > 0.1]) <= 1
    assert features.beats.confidence < 0.5


def test_onsets_come_at_most_seventeen_times_a_second() -> None:
    _, _, onsets_s = hear(clicks(np.arange(0, 3, 0.021), 3), sensitivity=10.0)
    assert np.diff(onsets_s).min() >= 0.0599


def test_a_show_that_listens_imports_no_heavy_library() -> None:
    code = "import mappings.sources.audio, sys; print([m for m in sys.modules if m in"
    code += " ('librosa', 'numba', 'scipy', 'sounddevice', 'soundfile', 'av', 'torch')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

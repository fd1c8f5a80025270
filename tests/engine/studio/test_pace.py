"""A sequence at an even visible pace goes the same way."""

from pathlib import Path

import numpy as np
import pytest

import engine.cli
from engine.errors import InputError
from engine.latent import sphere
from engine.studio.pace import between, pace, paced, places, unevenness, worst


def walk(n: int = 60, dim: int = 16, seed: int = 0) -> np.ndarray:
    z = np.random.RandomState(seed).randn(4, dim)
    return between(z, np.linspace(0, 3, n))


def eye(frames: np.ndarray) -> np.ndarray:
    """What is seen goes far faster where the first number is high."""
    return np.linalg.norm(np.diff(frames, axis=0), axis=1) * np.exp(1.5 * 0.5 * (frames[1:, 0] + frames[:-1, 0]))


def test_an_uneven_way_becomes_even_and_keeps_its_ends() -> None:
    frames = walk(100)
    found = paced(frames, eye)
    assert unevenness(found.before) > 0.5 and unevenness(found.after) < 0.1
    assert np.allclose(found.frames[[0, -1]], frames[[0, -1]]) and found.frames.shape == frames.shape
    assert np.array_equal(found.after, eye(found.frames))


def test_it_stays_on_the_way() -> None:
    frames = walk(100)
    found = paced(frames, eye).frames
    fine = between(frames, np.linspace(0, 99, 10_000))
    assert max(np.linalg.norm(fine - point, axis=1).min() for point in found) < 0.05


def test_between_keeps_to_the_shell_and_passes_through_the_frames() -> None:
    z = np.random.RandomState(2).randn(5, 64)
    z *= 8 / sphere.norm(z)
    found = between(z, np.linspace(0, 4, 33))
    assert np.allclose(sphere.norm(found), 8) and np.allclose(found[::8], z)
    angles = sphere.angle(found[:8] / 8, found[1:9] / 8)
    assert np.allclose(angles, angles[0], rtol=1e-6)


def test_w_goes_straight_and_so_does_z_through_its_middle() -> None:
    w = np.random.RandomState(0).randn(3, 2, 4)
    assert np.allclose(between(w, np.array([0.5])), 0.5 * (w[0] + w[1]))
    z = np.array([[0.0, 0.0], [2.0, 0.0]])
    assert np.allclose(between(z, np.array([0.25])), [[0.5, 0.0]])


def test_nothing_seen_is_nothing_changed() -> None:
    frames = walk(20)
    found = paced(frames, lambda f: np.zeros(len(f) - 1))
    assert np.array_equal(found.frames, frames) and unevenness(found.after) == 0.0


def test_what_is_no_number_changes_nothing() -> None:
    frames = walk(20)
    found = paced(frames, lambda f: np.full(len(f) - 1, np.nan))
    assert np.array_equal(found.frames, frames)


def test_it_is_never_less_even_than_it_was() -> None:
    seed = np.random.RandomState(0)
    found = paced(walk(40), lambda f: seed.rand(len(f) - 1) + 0.1)
    assert unevenness(found.after) <= unevenness(found.before)


def test_a_leap_stays_a_leap() -> None:
    """A picture that is there or not cannot be evened: the frames do not crowd about it."""
    frames = np.linspace(0.1, 1.0, 80)[:, None] * np.ones((1, 3))
    found = paced(frames, lambda f: np.abs(np.diff(f[:, 0])) + np.abs(np.diff((f[:, 0] > 0.5).astype(float))))
    assert np.diff(found.frames[:, 0]).max() < 0.06 and np.diff(found.frames[:, 0]).min() > 0


def test_places_of_an_even_way_are_where_they_were() -> None:
    assert np.allclose(places(np.full(9, 0.3), 10), np.arange(10))
    assert worst(np.array([1.0, 1.0, 3.0])) == 3.0


@pytest.fixture
def journey(tmp_path: Path) -> Path:
    path = tmp_path / "journey.npy"
    np.save(path, between(np.random.RandomState(1).randn(3, 512), np.linspace(0, 2, 40)).astype(np.float32))
    return path


def test_a_journey_of_the_tulip_is_evened(journey: Path, tmp_path: Path) -> None:
    out = tmp_path / "even.npy"
    found = pace("tulip", journey, out, side=32, threads=1)
    written = np.load(out)
    assert written.shape == (40, 512) and written.dtype == np.float32
    assert unevenness(found.after) < 0.12 < unevenness(found.before)
    again = tmp_path / "again.npy"
    pace("tulip", journey, again, side=32, threads=1)
    assert out.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((5, 3), np.float32), "N x 512"),
        (np.zeros((2, 512), np.float32), "3 frames"),
        (np.full((5, 512), np.nan, np.float32), "not finite"),
        (np.array(["a"] * 3), "plain numbers"),
    ],
)
def test_what_is_no_sequence_of_the_model_is_said(array: np.ndarray, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.npy"
    np.save(path, array)
    with pytest.raises(InputError, match=says):
        pace("tulip", path, tmp_path / "out.npy", side=16, threads=1)
    assert not (tmp_path / "out.npy").exists()


def test_another_ending_is_said_before_the_work(journey: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"even\.npy"):
        pace("tulip", journey, tmp_path / "even.txt")


def test_the_command_says_how_even_it_was_and_is(
    journey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "even.npy"
    words = ["latenz", "pace", str(journey), "--model", "tulip", "-o", str(out), "--side", "16", "--threads", "1"]
    monkeypatch.setattr("sys.argv", words)
    assert engine.cli.run() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("before: change from frame to frame varies by") and said[1].startswith("after:")

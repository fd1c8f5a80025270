"""The list of controls, and paths made before."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.controls import Layout
from engine.generator.base import Band, ModelInfo
from engine.latent.motion import BandSpec, MotionSpec, VoiceSpec, controls
from engine.latent.trajectory import Trajectory, closed_path
from tests.engine.latent.rooms import INFO


def addresses(*voices: VoiceSpec, info: ModelInfo = INFO) -> set[str]:
    return {c.address for c in controls(voices or (VoiceSpec(),), info, ["bloom"], ["dawn"])}


def test_one_voice_has_plain_addresses() -> None:
    assert addresses() >= {
        "/generator/psi", "/motion/frequency_hz", "/motion/damping", "/motion/sphere", "/motion/fine/frequency_hz",
        "/latent/next", "/latent/more", "/latent/surprise", "/latent/wander", "/latent/loop", "/latent/loop_bars",
        "/latent/fine/next", "/latent/place/dawn", "/direction/bloom", "/accent/bloom", "/loop/bars", "/loop/4/undo",
    }  # fmt: skip
    assert not any(a.startswith("/voice/") for a in addresses())


def test_several_voices_have_both() -> None:
    two = addresses(VoiceSpec(), VoiceSpec(seed=1))
    assert {"/voice/1/direction/bloom", "/voice/2/latent/next", "/direction/bloom", "/latent/next"} <= two
    assert "/voice/1/loop/bars" not in two and "/voice/1/generator/psi" not in two


def test_one_band_needs_no_controls_of_its_own() -> None:
    info = ModelInfo("one", "x", 8, 8, 1, 64, 64, (Band("all", 0, 1),))
    assert not any("/all/" in a for a in addresses(info=info))


def test_every_default_is_in_range_and_no_address_is_there_twice() -> None:
    motion = MotionSpec(frequency_hz=1.5, bands={"fine": BandSpec(4.0)})
    rows = controls([VoiceSpec(motion=motion), VoiceSpec()], INFO, ["bloom"], ["dawn"], psi=0.7)
    assert len({r.address for r in rows}) == len(rows)
    assert all(r.low <= r.default <= r.high and r.about for r in rows)
    layout = Layout(rows)
    assert layout.defaults[layout.index("/generator/psi")] == 0.7
    assert layout.defaults[layout.index("/voice/1/motion/fine/frequency_hz")] == 4.0
    assert layout.defaults[layout.index("/voice/1/motion/coarse/frequency_hz")] == 1.5


def test_listing_controls_loads_no_torch_and_no_mappings() -> None:
    code = (
        "import sys, engine.latent.motion\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('torch', 'mappings', 'moderngl')]\n"
        "print(*bad)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@given(st.integers(2, 6), st.floats(-3.0, 3.0))
def test_a_closed_path_goes_through_its_keys_and_closes(n: int, phase: float) -> None:
    keys = np.random.default_rng(n).standard_normal((n, 4))

    def at(x: float) -> np.ndarray:
        weights, four = closed_path(keys, x)
        assert weights.sum() == pytest.approx(1.0)
        return weights @ four

    for i in range(n):
        assert np.allclose(at(i / n), keys[i])
    assert np.allclose(at(phase), at(phase + 1.0), atol=1e-9)
    e = 1e-6
    assert np.allclose((at(phase + e) - at(phase)) / e, (at(phase) - at(phase - e)) / e, atol=1e-2)


def test_a_trajectory_is_straight_between_frames_of_w_and_goes_round() -> None:
    rows = np.arange(8.0, dtype=np.float32).reshape(4, 1, 2) + 8.0
    path = Trajectory(rows, 2.0, "w")

    def at(time_s: float) -> list[float]:
        latent, classes = path.at(time_s)
        assert classes is None
        return list(latent[0] - 8.0)

    assert (path.round_s, path.span_s) == (2.0, 1.5)
    assert at(0.25) == [1.0, 2.0] and at(1.75) == [6.0, 7.0]  # the last frame holds
    assert at(2.0) == [0.0, 1.0] and at(-0.5) == [6.0, 7.0]
    assert [path.leaps(t, 0.1) for t in (0.0, 1.85, 1.95)] == [False, False, True]
    assert path.leaps(0.05, -0.1)

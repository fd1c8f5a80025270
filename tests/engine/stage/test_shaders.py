"""Laws of the shipped effects: each does something, nothing when faded out, and never runs away."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from engine.controls import Controls, Layout
from engine.stage.effects import EffectSpec, effect_controls, find_shader, output_controls, shipped_shaders
from engine.stage.offscreen import Offscreen
from tests.engine.stage.scene import FRAME_S, controls, flat, play, scene

# What shows each effect clearly, where the defaults are a neutral starting point.
CLEAR: Mapping[str, Mapping[str, float]] = {"grade.fs": {"hue": 0.4, "contrast": 1.5}, "feedback.fs": {"zoom": 0.8}}


def specs(name: str, **inputs: float) -> list[EffectSpec]:
    return [EffectSpec(name, find_shader(name), {**CLEAR.get(name, {}), **inputs})]


@pytest.mark.parametrize("name", shipped_shaders())
def test_faded_out_it_is_the_picture_itself(stage: Offscreen, name: str) -> None:
    layout = play(stage, specs(name, amount=0.0))
    for n in range(5):
        stage.present(scene(shift=0.3 * n), controls(layout), 0.0, FRAME_S)
        assert np.abs(stage.grab().astype(int) - scene(shift=0.3 * n)[0, :, :, :3]).max() <= 1


@pytest.mark.parametrize("name", shipped_shaders())
def test_played_it_is_seen_and_neither_black_nor_white(stage: Offscreen, name: str) -> None:
    layout = play(stage, specs(name))
    for n in range(20):
        stage.present(scene(shift=0.3 * n), controls(layout), 0.0, FRAME_S)
    shown = stage.grab().astype(int)
    assert np.abs(shown - scene(shift=0.3 * 19)[0, :, :, :3]).mean() > 1.0
    assert 12 < shown.mean() < 225
    assert shown.std() > 10


@pytest.mark.parametrize("name", shipped_shaders())
@pytest.mark.parametrize("corner", ["low", "high"])
def test_every_input_at_its_end_stays_a_picture(stage: Offscreen, name: str, corner: str) -> None:
    layout = play(stage, specs(name))
    for level in [c for c in layout.levels if c.address.startswith("/effect/")]:
        values = layout.defaults.copy()
        values[layout.index(level.address)] = level.low if corner == "low" else level.high
        for n in range(4):
            stage.present(scene(shift=0.3 * n), Controls(layout, values), 0.0, FRAME_S)
        shown = stage.grab()
        assert shown.std() > 3 or "gain" in level.address or "contrast" in level.address, level.address


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"amount": 1.0, "keep": 0.99, "zoom": 1.0, "rotate": 0.5, "hue": 2.0},
    ],
)
def test_feedback_is_stable_for_two_thousand_frames(stage: Offscreen, inputs: Mapping[str, float]) -> None:
    layout = play(stage, specs("feedback.fs", **inputs))
    played = controls(layout)
    pictures = [scene(shift=0.2 * n) for n in range(32)]  # nearly a whole round of its waves
    for n in range(2000):
        stage.present(pictures[n % 32], played, 0.0, FRAME_S)
    shown = stage.grab()
    assert 25 < shown.mean() < 215 and shown.std() > 10


@pytest.mark.parametrize("name", ["feedback.fs", "trails.fs"])
def test_nothing_burns_in(stage: Offscreen, name: str) -> None:
    """After half a minute of black the brightest past is gone."""
    layout = play(stage, specs(name))
    for _ in range(10):
        stage.present(flat((255, 255, 255)), controls(layout), 0.0, FRAME_S)
    for _ in range(900):
        stage.present(flat((0, 0, 0)), controls(layout), 0.0, FRAME_S)
    assert stage.grab().max() == 0


@pytest.mark.parametrize("name", ["feedback.fs", "trails.fs", "displace.fs", "mirror.fs"])
def test_speed_does_not_depend_on_the_frame_rate(stage: Offscreen, name: str) -> None:
    """A second at 30 and at 60 frames a second ends at nearly the same picture."""
    ends = []
    for fps in (30, 60):
        layout = play(stage, specs(name))
        for n in range(fps):
            stage.present(scene(shift=2.0 * n / fps), controls(layout), 0.0, 1.0 / fps)
        ends.append(stage.grab().astype(int))
    still = np.abs(ends[0] - scene(shift=2.0)[0, :, :, :3]).mean()
    assert np.abs(ends[0] - ends[1]).mean() < 0.35 * still + 1.0


@pytest.mark.parametrize("name", shipped_shaders())
def test_an_effect_at_rest_gives_the_same_frames_again(stage: Offscreen, name: str) -> None:
    runs = []
    for _ in range(2):
        layout = play(stage, specs(name))
        for n in range(5):
            stage.present(scene(shift=0.2 * n), controls(layout), 0.0, FRAME_S)
        runs.append(stage.grab())
    assert np.array_equal(runs[0], runs[1])


@pytest.mark.parametrize("name", ["feedback.fs", "trails.fs"])
def test_what_is_no_number_does_not_stay(stage: Offscreen, name: str, tmp_path: Path) -> None:
    body = "void main() { float none = IMG_THIS_PIXEL(inputImage).r * 0.0; gl_FragColor = vec4(none / none); }"
    text = '/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}], "PASSES": [{"TARGET": "out_", "FLOAT": true}]}*/'
    (tmp_path / "none.fs").write_text(text.replace("out_", "result") + body)
    poison = EffectSpec("none.fs", tmp_path / "none.fs")
    layout = play(stage, [poison, *specs(name)])
    for _ in range(3):
        stage.present(scene(), controls(layout), 0.0, FRAME_S)
    wider = Layout([*output_controls(), *effect_controls(specs(name))])
    assert stage.set_effects(specs(name), wider) == []
    for _ in range(200):
        stage.present(scene(), controls(wider), 0.0, FRAME_S)
    assert np.abs(stage.grab().astype(int) - scene()[0, :, :, :3]).mean() < 40


@pytest.mark.parametrize("name", shipped_shaders())
def test_a_frame_without_time_is_a_picture(stage: Offscreen, name: str) -> None:
    layout = play(stage, specs(name))
    values = layout.defaults.copy()
    if "/effect/1/keep" in layout:
        values[layout.index("/effect/1/keep")] = 0.0
    for dt_s in (0.0, 0.0, FRAME_S, 3600.0, 0.0):
        stage.present(scene(), Controls(layout, values), 0.0, dt_s)
        assert 12 < stage.grab().mean() < 225


def test_the_ring_of_sound_follows_its_spectrum(stage: Offscreen) -> None:
    effect = EffectSpec("sound.fs", find_shader("sound.fs"))
    layout = Layout([*effect_controls([effect]), *output_controls()])
    assert stage.set_effects([effect], layout) == []
    black = np.zeros((1, 128, 128, 4), np.uint8)
    shown = []
    for level in (0.0, 1.0):
        stage.set_sound(np.stack([np.full(512, level), np.full(512, 0.5)]))
        for frame in range(30):  # until nothing of the picture before is left
            stage.present(black, Controls(layout, layout.defaults.copy()), 100 + frame / 30, 1 / 30)
        shown.append(stage.grab().astype(float).mean(axis=2))
    height, width = shown[0].shape
    radius = np.hypot(*np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j])
    quiet, loud = ((image * radius).sum() / image.sum() for image in shown)
    assert shown[0].mean() > 0 and shown[1].max() > shown[0].max() and loud > quiet + 0.1

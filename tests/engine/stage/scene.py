"""What the stage's tests share: a picture with everything in it, and controls for it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls, Layout
from engine.stage.effects import EffectSpec, effect_controls, output_controls
from engine.stage.offscreen import Offscreen

FRAME_S = 1.0 / 30.0
HEAD = '/*{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}%s]}*/\n'


def scene(width: int = 96, height: int = 64, shift: float = 0.0) -> NDArray[np.uint8]:
    """(1, height, width, 4): gradients, soft waves, hard edges, black and white; not symmetric in any way."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    red = 0.5 + 0.5 * np.sin(9.0 * x + 4.0 * y + shift)
    green = np.clip(1.4 * y + 0.2 * np.sin(17.0 * x - shift), 0, 1)
    blue = np.where((x - 0.3) ** 2 + (y - 0.2) ** 2 < 0.02, 1.0, 0.3 * x)
    picture = np.stack([red, green, blue, np.ones_like(red)], axis=-1)
    picture[: height // 8, : width // 8, :3] = 1.0
    picture[-height // 8 :, -width // 6 :, :3] = 0.0
    return np.ascontiguousarray((picture * 255 + 0.5).astype(np.uint8)[None])


def flat(color: tuple[int, int, int], width: int = 32, height: int = 32) -> NDArray[np.uint8]:
    """(1, height, width, 4) of one colour."""
    return np.tile(np.array([*color, 255], np.uint8), (1, height, width, 1))


def play(stage: Offscreen, effects: Sequence[EffectSpec] = ()) -> Layout:
    """Put fresh effects on a stage, without buffers of earlier tests; returns the layout of everything playable."""
    stage.set_effects([], Layout(()))
    layout = Layout([*output_controls(), *effect_controls(effects)])
    assert stage.set_effects(effects, layout) == []
    return layout


def controls(layout: Layout, events: Sequence[str] = (), /, **levels: float) -> Controls:
    """Controls at rest, except `levels` such as output_gain=2 for "/output/gain", and events by address."""
    values = layout.defaults.copy()
    for name, value in levels.items():
        values[layout.index("/" + name.replace("_", "/"))] = value
    return Controls(layout, values, tuple(ControlEvent(address) for address in events))


def effect_file(folder: Path, body: str, inputs: str = "", name: str = "mine.fs") -> EffectSpec:
    """Write a small effect and name it as a show would."""
    path = folder / name
    path.write_text(HEAD % (", " + inputs if inputs else "") + body, encoding="utf-8")
    return EffectSpec(name, path)

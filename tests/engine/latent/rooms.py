"""A small model and a motion on it, for the tests of this room."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls, Layout
from engine.generator.base import Band, ModelInfo
from engine.latent.directions import Directions
from engine.latent.motion import Motion, MotionSpec, VoiceSpec, controls
from engine.latent.places import Places

INFO = ModelInfo(
    "toy", "toy", 24, 24, 6, 64, 64, (Band("coarse", 0, 2), Band("middle", 2, 4), Band("fine", 4, 6)), hash="h1"
)
LAYERS = [0, 0, 1, 1, 2, 2]


def map_z(z: NDArray[np.float64], psi: float) -> NDArray[np.float32]:
    """Each layer is its band's z plus a constant average, truncated by psi."""
    mean = 0.25
    return (mean + psi * (z[:, LAYERS] - mean)).astype(np.float32)


class Room:
    """A motion with its layout, played by address."""

    def __init__(
        self, *voices: VoiceSpec, directions: Directions | None = None, places: Places | None = None,
        info: ModelInfo = INFO, mapper: Any = map_z, **motion: Any,
    ) -> None:  # fmt: skip
        self.voices: Sequence[VoiceSpec] = voices or (VoiceSpec(seed=7, motion=MotionSpec(**motion)),)
        self.directions, self.places = directions or Directions(), places or Places()
        self.layout = Layout(controls(self.voices, info, self.directions.names, self.places.names))
        self.motion = Motion(self.voices, info, self.directions, self.places, mapper, self.layout)
        self.values = self.layout.defaults.copy()
        self.beat = 0.0
        self.bpm = 120.0

    def set(self, **levels: float) -> "Room":
        """`set(latent__wander=0.5)` writes /latent/wander."""
        for name, value in levels.items():
            self.values[self.layout.index("/" + name.replace("__", "/"))] = value
        return self

    def step(self, *events: str | ControlEvent, dt_s: float = 1 / 60) -> NDArray[np.float32]:
        fired = tuple(e if isinstance(e, ControlEvent) else ControlEvent(e) for e in events)
        self.beat += dt_s * self.bpm / 60
        return self.motion.step(Controls(self.layout, self.values.copy(), fired), dt_s, self.beat)

    def run(self, seconds: float, fps: float = 60.0) -> NDArray[np.float32]:
        """(frames, voices, num_ws, w_dim)."""
        return np.array([self.step(dt_s=1 / fps).copy() for _ in range(round(seconds * fps))])


def z_of(seed: int) -> NDArray[np.float64]:
    return np.random.RandomState(seed).randn(1, INFO.z_dim)[0]


def angle(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))

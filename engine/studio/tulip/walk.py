"""A walk as a show takes it: goals wander, springs follow. How even is the flow of pictures?"""

import numpy as np
import torch
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.generator.base import Band, ModelInfo
from engine.latent.directions import Directions
from engine.latent.motion import Motion, MotionSpec, VoiceSpec, controls
from engine.latent.places import Places
from engine.studio.pace import places
from engine.studio.tulip.painters import Painter

FPS = 30.0
WANDER, WANDER_HZ = 1.0, 0.1  # as far as it goes, a new way every ten seconds
CHUNK = 128  # frames drawn at a time
SMOOTHED = 15  # frames that the pace is averaged over: half a second


def walk_z(seed: int, frames: int, z_dim: int, fps: float = FPS) -> NDArray[np.float64]:
    """z (frames, z_dim) of a wandering voice, moved by `engine.latent` as live."""
    voices = [VoiceSpec(seed=seed, motion=MotionSpec(wander=WANDER, wander_hz=WANDER_HZ))]
    info = ModelInfo("walk", "walk", z_dim, 1, 1, 1, 1, (Band("all", 0, 1),))
    layout = Layout(controls(voices, info, ()))
    seen: list[NDArray[np.float64]] = []

    def noted(z: NDArray[np.float64], psi: float) -> NDArray[np.float32]:
        seen.append(z[0, 0].copy())
        return np.zeros((1, 1, 1), np.float32)

    motion = Motion(voices, info, Directions(), Places(), noted, layout)
    still = Controls(layout, layout.defaults.copy())
    seen.clear()
    for _ in range(frames):
        motion.step(still, 1 / fps, 0.0)
    return np.array(seen)


def changes(painter: Painter, x: NDArray[np.floating], side: int) -> NDArray[np.float64]:
    """The root mean square change of a pixel from each frame to the next, of 0..1: x (n, 19) -> (n - 1,)."""
    found: list[NDArray[np.float64]] = []
    for first in range(0, len(x) - 1, CHUNK):
        frames = painter.pictures(x[first : first + CHUNK + 1], side)
        found.append(torch.diff(frames, dim=0).square().mean((1, 2, 3)).sqrt().double().numpy())
    return np.concatenate(found)


def paced(x: NDArray[np.floating], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same way in as many frames at an even visible pace: x (n, 19) and its `changes` (n - 1,) -> (n, 19).

    Equal steps in z are not equal steps to the eye. Where they are longer for half a second, more frames are spent;
    a frame that leaps out of its half second still does. Arc length of the perceived path, resampled (Karras et al.
    2019 measure its length).
    """
    frames = places(found, len(x), SMOOTHED)
    return np.stack([np.interp(frames, np.arange(len(x)), column) for column in np.asarray(x, np.float64).T], 1)

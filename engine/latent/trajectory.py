"""A path that was made before: a z-sequence from a file, read at any time."""

import math
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo

_Array = NDArray[np.float64]


class Trajectory:
    """Frames of latents, straight lines between them, round and round. The last frame holds until the next round.

    frames : frames x z_dim (space "z") or frames x num_ws x w_dim ("w"); a memory map is read as it is played
    """

    def __init__(self, frames: NDArray[np.floating], fps: float, space: Literal["z", "w"]) -> None:
        self.frames = frames
        self.fps = fps
        self.space = space

    @classmethod
    def open(cls, path: Path, info: ModelInfo, fps: float) -> "Trajectory":
        """Map a `.npy` of floats. ModelError when it is none, or of a size that the model does not play."""
        try:
            frames = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
        except ValueError as error:
            raise ModelError(f"{path}: not a .npy of plain numbers: {error}") from None
        if not isinstance(frames, np.ndarray) or frames.dtype.kind != "f" or len(frames.shape) < 2 or not len(frames):
            raise ModelError(f"{path}: not a sequence: give a .npy of floats, frames x {info.z_dim}")
        if frames.shape[1:] == (info.z_dim,):
            return cls(frames, fps, "z")
        if frames.shape[1:] == (info.num_ws, info.w_dim):
            return cls(frames, fps, "w")
        raise ModelError(
            f"{path}: frames of shape {frames.shape[1:]}; {info.name} plays ({info.z_dim},) "
            f"or ({info.num_ws}, {info.w_dim})"
        )

    @property
    def duration_s(self) -> float:
        """How long one round takes."""
        return len(self.frames) / self.fps

    def at(self, position_s: float) -> _Array:
        """The latent at a time, float64; past the end it goes on from the start."""
        position = position_s * self.fps
        whole = math.floor(position)
        first = whole % len(self.frames)
        a = np.asarray(self.frames[first], np.float64)
        b = np.asarray(self.frames[min(first + 1, len(self.frames) - 1)], np.float64)
        return a + (position - whole) * (b - a)

    def round_of(self, position_s: float) -> int:
        """Which round a time lies in; from one to the next the path may leap."""
        return math.floor(position_s / self.duration_s)


def closed_path(keys: _Array, phase: float) -> tuple[_Array, _Array]:
    """A closed smooth curve through `keys` at `phase` (0..1): four weights (4,), and the four keys that they mix.

    keys : (n, ...); phase 0 is the first key, and the curve comes back to it at 1 as it left
    Catmull-Rom: once continuously differentiable, also where it closes.
    """
    n = len(keys)
    position = (phase - math.floor(phase)) * n
    first = math.floor(position)
    t = position - first
    weights = np.array([
        t * (-0.5 + t * (1.0 - 0.5 * t)),
        1.0 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2.0 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    ])  # fmt: skip
    return weights, keys.take(range(first - 1, first + 3), 0, mode="wrap")

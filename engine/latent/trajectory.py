"""A path that was made before: a sequence of latents from a file, read at any time."""

import math
import tokenize
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.generator.base import ModelInfo
from engine.latent.sequence_file import classes_beside

_Array = NDArray[np.float64]
Rows = NDArray[np.floating]
End = Literal["again", "close", "hold"]

CUT_RAD_S = 8.0  # rows that follow each other faster than this are a cut: over a turn of the sphere a second
_FAR = 64  # rows: whoever passes more of them in a step has leapt


class Leg:
    """The way from one row to the next: a great circle and an even logarithm of the length in z, straight in w."""

    __slots__ = ("_a", "_angle_rad", "_b", "_classes", "_log", "cut")

    def __init__(self, a: Rows, b: Rows, fps: float, classes: tuple[_Array, _Array] | None) -> None:
        self._a, self._b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        self._classes = classes
        radii = float(np.linalg.norm(self._a)), float(np.linalg.norm(self._b))
        self._angle_rad, self._log = 0.0, (0.0, 0.0)
        if self._a.ndim == 1 and 0.0 < radii[0] < math.inf and 0.0 < radii[1] < math.inf:
            chord = float(np.linalg.norm(self._a / radii[0] - self._b / radii[1]))
            self._angle_rad = 2.0 * math.asin(min(0.5 * chord, 1.0))
            self._log = math.log(radii[0]), math.log(radii[1])
            self.cut = self._angle_rad * fps > CUT_RAD_S
        else:
            self.cut = float(np.linalg.norm(self._b - self._a)) * fps > CUT_RAD_S * max(radii)

    def at(self, part: float) -> _Array:
        """The latent at 0..1 of the way; before a cut the row before it stays."""
        if self.cut:
            return self._a
        if self._angle_rad < 1e-6:
            return self._a + part * (self._b - self._a)
        sine = math.sin(self._angle_rad)
        a, b = math.sin((1.0 - part) * self._angle_rad) / sine, math.sin(part * self._angle_rad) / sine
        log_a, log_b = self._log
        # a and b are of units: each row's own length goes out, the length at this part comes in
        return np.asarray(
            a * math.exp(part * (log_b - log_a)) * self._a + b * math.exp((part - 1.0) * (log_b - log_a)) * self._b
        )

    def classes_at(self, part: float) -> _Array | None:
        """The class weights there, adding up to 1; None without any."""
        if self._classes is None:
            return None
        a, b = self._classes
        return a if self.cut else (1.0 - part) * a + part * b


class Trajectory:
    """Rows of latents, read as they are played.

    frames : frames x z_dim (space "z") or frames x num_ws x w_dim ("w"); a memory map does
    classes : frames x classes, of a conditional model
    end : what follows the last frame: "again" leaps to the first, "close" goes there as from any frame to its next,
    "hold" stays
    """

    def __init__(
        self, frames: Rows, fps: float, space: Literal["z", "w"], classes: Rows | None = None, end: End = "again"
    ) -> None:
        self.frames, self.fps, self.space, self.classes, self.end = frames, fps, space, classes, end
        last = len(frames) - 1
        self.span_s = (len(frames) if end == "close" else last) / fps  # from 0 to where the way ends
        self.round_s = last / fps if end == "hold" else len(frames) / fps
        self._at = -1
        self._leg: Leg | None = None

    @classmethod
    def open(cls, path: Path, info: ModelInfo, fps: float = 1.0, end: End = "again") -> "Trajectory":
        """Map a `.npy` of floats, with class weights beside it. ModelError for what this model does not play."""
        frames = _mapped(path)
        if frames.dtype.kind != "f" or len(frames.shape) < 2 or not len(frames):
            raise ModelError(f"{path}: not a sequence: give a .npy of floats, frames x {info.z_dim}")
        if frames.shape[1:] not in ((info.z_dim,), (info.num_ws, info.w_dim)):
            raise ModelError(
                f"{path}: frames of shape {frames.shape[1:]}; {info.name} plays ({info.z_dim},) "
                f"or ({info.num_ws}, {info.w_dim})"
            )
        classes, count = None, int(info.extra.get("classes", 0))
        if (beside := classes_beside(path)).is_file():
            classes = _mapped(beside)
            if classes.dtype.kind != "f" or classes.shape != (len(frames), count):
                raise ModelError(f"{beside}: shape {classes.shape}; {info.name} takes {(len(frames), count)} here")
            if not count:
                raise ModelError(f"{beside}: {info.name} has no classes to weigh; take the file away")
        return cls(frames, fps, "z" if frames.ndim == 2 else "w", classes, end)

    def check(self, path: Path, geometry: str) -> "Trajectory":
        """Itself. ModelError unless it can be played in this geometry."""
        if self.space == "w" and geometry != "flat":
            raise ModelError(f'{path}: holds w; set geometry = "flat" under [motion] to play it')
        if self.space == "z" and geometry == "flat" and self.classes is not None:
            raise ModelError(f"{path}: z with class weights plays on the sphere; for flat geometry give w")
        return self

    def at(self, position_s: float) -> tuple[_Array, _Array | None]:
        """The latent at a time, float64, and its class weights; past either end as `end` says."""
        row, part = self._place(position_s)
        leg = self._leg_from(row)
        return leg.at(part), leg.classes_at(part)

    def row(self, number: int) -> tuple[_Array, _Array | None]:
        """One row, and its class weights."""
        return np.asarray(self.frames[number], np.float64), self._shares(number)

    def wrapped(self, position_s: float) -> float:
        """The same place within one round."""
        if self.end == "hold":
            return min(max(position_s, 0.0), self.span_s)
        return position_s % self.round_s

    def leaps(self, from_s: float, by_s: float) -> bool:
        """Whether a cut lies on the way from a place, so many seconds on or back, or the end of a round that leaps."""
        end_s = from_s + by_s
        if self.end == "hold":
            end_s = self.wrapped(end_s)
        elif self.end == "again" and not 0.0 <= end_s < self.round_s:
            return True
        first, last = sorted((self._passed(from_s), self._passed(end_s)))
        return last - first > _FAR or any(self._leg_from(row % len(self.frames)).cut for row in range(first, last))

    def _passed(self, position_s: float) -> int:
        """The row that was passed last, counted over all rounds."""
        return math.floor(position_s * self.fps + 1e-9)

    def _place(self, position_s: float) -> tuple[int, float]:
        """The row that was passed last, and how far the next one is gone to."""
        position = self.wrapped(position_s) * self.fps
        row = min(self._passed(position / self.fps), len(self.frames) - 1)
        return row, min(max(position - row, 0.0), 1.0)

    def _leg_from(self, row: int) -> Leg:
        if row == self._at and self._leg is not None:
            return self._leg
        last = len(self.frames) - 1
        after = (row + 1) % len(self.frames) if self.end == "close" else min(row + 1, last)
        own, other = self._shares(row), self._shares(after)
        classes = None if own is None or other is None else (own, other)
        self._at, self._leg = row, Leg(self.frames[row], self.frames[after], self.fps, classes)
        return self._leg

    def _shares(self, number: int) -> _Array | None:
        if self.classes is None:
            return None
        weights = np.maximum(np.nan_to_num(np.asarray(self.classes[number], np.float64)), 0.0)
        total = float(weights.sum())
        return weights / total if 0.0 < total < math.inf else np.zeros(len(weights))


def _mapped(path: Path) -> Rows:
    try:
        with np.errstate(over="ignore"):  # a shape beyond all files: it is refused
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, TypeError, OverflowError, SyntaxError, tokenize.TokenError) as error:
        raise ModelError(f"{path}: not a .npy of plain numbers: {error}") from None
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{path}: not a sequence: give a .npy of floats")
    return array


def closed_path(keys: _Array, phase: float) -> tuple[_Array, _Array]:
    """A closed smooth curve through `keys` at `phase` (0..1): four weights (4,), and the four keys that they mix.

    keys : (n, ...); phase 0 is the first key, and the curve comes back to it at 1 as it left
    Catmull-Rom: once continuously differentiable, also where it closes.
    """
    n = len(keys)
    position = (phase - math.floor(phase)) * n
    first = math.floor(position)
    return smooth_weights(position - first), keys.take(range(first - 1, first + 3), 0, mode="wrap")


def smooth_weights(t: float) -> _Array:
    """Catmull-Rom's weights (4,) of the key before, the two between which t (0..1) lies, and the key after."""
    return np.array([
        t * (-0.5 + t * (1.0 - 0.5 * t)),
        1.0 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2.0 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    ])  # fmt: skip

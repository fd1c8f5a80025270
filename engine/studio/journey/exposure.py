"""One picture from many: frames laid over one another in linear light, one at a time."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.studio.light import LINEAR, srgb

Way = Literal["veils", "bloom", "mean", "light", "dark", "slit"]

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear BT.709
SHARP = 0.5  # of bloom: what the middle frame is of the whole


@dataclass(frozen=True, slots=True)
class Kind:
    """What a way is.

    count : pictures that are laid over one another where nobody says; odd, so that one is in the middle
    lean : how much lighter ones show through; below 0 darker ones. 0 is the plain mean
    """

    count: int
    lean: float


WAYS: dict[Way, Kind] = {
    "veils": Kind(9, 5.0), "bloom": Kind(97, 4.0), "mean": Kind(97, 0.0), "light": Kind(97, 10.0),
    "dark": Kind(97, -10.0), "slit": Kind(129, 0.0),
}  # fmt: skip


class Exposure:
    """A picture that is exposed `count` times.

    The weights of time ease in and out, so that the middle of a walk stands out. Where it is light a picture weighs
    exp(lean V) as much, V the cube root of its luminance: a soft maximum that keeps the colours of what wins.
    """

    def __init__(self, way: Way, count: int) -> None:
        self._way, self._count, self._next = way, count, 0
        self._sum: NDArray[np.float64] = np.zeros(0)
        self._weight: NDArray[np.float64] = np.zeros(0)
        self._middle: NDArray[np.float64] | None = None

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Lay the next picture (height, width, 3) sRGB over the others."""
        light = LINEAR[picture]
        if not self._next:
            self._sum, self._weight = np.zeros(light.shape), np.zeros(light.shape[:2])
        weight = self._weight_of(light)
        self._sum += weight[..., None] * light
        self._weight += weight
        if self._way == "bloom" and self._next == self._count // 2:
            self._middle = light
        self._next += 1

    def picture(self) -> NDArray[np.uint8]:
        """(height, width, 3) sRGB."""
        light = self._sum / self._weight[..., None]
        if self._middle is not None:
            light = SHARP * self._middle + (1.0 - SHARP) * light
        return srgb(light)

    def _weight_of(self, light: NDArray[np.float64]) -> NDArray[np.float64]:
        """(height, width) of the picture that comes now."""
        if self._way == "slit":  # each column another time
            at = np.linspace(0.0, self._count - 1.0, light.shape[1])
            return np.broadcast_to(np.maximum(0.0, 1.0 - np.abs(at - self._next)), light.shape[:2])
        eased = np.sin(np.pi * (self._next + 0.5) / self._count)
        red, green, blue = (light[..., i] * part for i, part in enumerate(_LUMINANCE))
        return np.asarray(eased * np.exp(WAYS[self._way].lean * np.cbrt(red + green + blue)))

"""Pictures and sound that effects look at besides the generator's picture: a camera, a spectrum."""

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.stage.textures import picture, sound

SOUNDS = ("audio", "audioFFT")


class Feed:
    """Keeps the newest array of each name on the host, and its texture for as long as the context lives."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self._textures: dict[str, Any] = {}
        self._stale: set[str] = set()

    def set(self, name: str, array: NDArray[np.generic]) -> None:
        """Take a new array; ValueError when its shape or type is not what the name asks for."""
        if name in SOUNDS:
            if array.ndim != 2 or not array.size or array.dtype.kind != "f":
                raise ValueError(f'"{name}" is {array.shape} {array.dtype}; expected (channels, columns) float')
        elif array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size or array.dtype != np.uint8:
            raise ValueError(f'"{name}" is {array.shape} {array.dtype}; expected (height, width, 3 or 4) uint8')
        self._arrays[name] = np.nan_to_num(array) if name in SOUNDS else array.copy()
        self._stale.add(name)

    def textures(self, ctx: moderngl.Context) -> dict[str, Any]:
        """The texture of every array, uploaded if it is new."""
        for name in self._stale:
            old = self._textures.pop(name, None)
            array: Any = self._arrays[name]
            if old is not None and old.size == array.shape[1::-1] and old.components == (array.shape + (1,))[2]:
                old.write(np.ascontiguousarray(array, np.float32) if name in SOUNDS else array[::-1].tobytes())
                self._textures[name] = old
                continue
            if old is not None:
                old.release()
            self._textures[name] = sound(ctx, array) if name in SOUNDS else picture(ctx, array)
        self._stale.clear()
        return self._textures

    def forget(self) -> None:
        """The context is gone: upload everything again when next asked."""
        self._textures.clear()
        self._stale = set(self._arrays)

"""Textures with a framebuffer each, and the pairs of them that effects remember a frame in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ShaderError

_MAX_PX = 8192


@dataclass(slots=True)
class Surface:
    """A texture that can be drawn into."""

    texture: Any
    frame: Any

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.texture.size  # type: ignore[no-any-return]

    def release(self) -> None:
        """Give it back."""
        self.frame.release()
        self.texture.release()


def surface(ctx: Any, size: tuple[int, int], floating: bool = False) -> Surface:
    """A cleared RGBA surface; 8 bits a channel, or 32-bit floating point."""
    texture = ctx.texture(size, 4, dtype="f4" if floating else "f1")
    texture.repeat_x = texture.repeat_y = False
    made = Surface(texture, ctx.framebuffer([texture]))
    made.frame.clear(0.0, 0.0, 0.0, 0.0)
    return made


class Pair:
    """A buffer of an effect: the newest picture is read while the next one is drawn, then they change places."""

    def __init__(self, ctx: Any, size: tuple[int, int], floating: bool, double: bool) -> None:
        self.floating = floating
        self._sides = [surface(ctx, size, floating) for _ in range(2 if double else 1)]

    @property
    def newest(self) -> Surface:
        """What was drawn last."""
        return self._sides[0]

    @property
    def next(self) -> Surface:
        """Where to draw."""
        return self._sides[-1]

    def swap(self) -> None:
        """What was just drawn is now the newest."""
        self._sides.reverse()

    def release(self) -> None:
        """Give both back."""
        for side in self._sides:
            side.release()


def picture(ctx: Any, pixels: NDArray[np.uint8]) -> Any:
    """A texture of an (height, width, 3 or 4) uint8 picture, row 0 on top."""
    height, width, channels = pixels.shape
    texture = ctx.texture((width, height), channels, np.ascontiguousarray(pixels[::-1]), alignment=1)
    texture.repeat_x = texture.repeat_y = False
    return texture


def sound(ctx: Any, rows: NDArray[np.float32]) -> Any:
    """A texture of (channels, columns) numbers; row 0 of the texture is channel 0, the same value in r, g and b."""
    channels, columns = rows.shape
    texture = ctx.texture((columns, channels), 1, np.ascontiguousarray(rows, np.float32), alignment=4, dtype="f4")
    texture.repeat_x = texture.repeat_y = False
    texture.swizzle = "RRR1"
    return texture


def imported(ctx: Any, path: Path, where: str) -> Any:
    """A texture of a picture file. ShaderError when it cannot be read."""
    try:
        with Image.open(path) as opened:
            if max(opened.size) > _MAX_PX:
                raise ShaderError(f"{where}: {path.name} is {opened.size}; at most {_MAX_PX} pixels a side are read")
            pixels = np.asarray(opened.convert("RGBA"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ShaderError(f"{where}: the imported image {path} cannot be read: {error}") from error
    return picture(ctx, pixels)

"""What a stage is: it takes pictures and controls and makes light, and is never black by accident."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.stage.effects import EffectSpec
from engine.stage.keys import StageKey

__all__ = ["Spent", "Stage", "StageKey"]


@dataclass(slots=True)
class Spent:
    """Seconds the last frame took: bringing the picture over, the effects, the output with its swap and finish."""

    upload_s: float = 0.0
    effects_s: float = 0.0
    present_s: float = 0.0


class Stage(ABC):
    """One output, drawn from one thread. Sizes are (width, height) in pixels."""

    closed: bool = False
    refresh_hz: float = 0.0  # of the monitor; 0 when it does not say

    def __init__(self) -> None:
        self.spent = Spent()
        self.news: list[str] = []  # how pictures come now, when that changed; told to the performer once
        self.gpu_slot: int | None = None  # where the next picture also lies in what `open_offer` opened
        self.problems: tuple[str, ...] = ()  # what is wrong with the effects now, each "file:line: ..."
        self.revision = 0  # goes up when a saved effect file changed what can be played on it

    @abstractmethod
    def set_effects(self, effects: Sequence[EffectSpec], layout: Layout) -> list[str]:
        """Use these effects and this order of controls from the next frame on.

        Returns what is wrong, one text per broken effect; a broken effect keeps its last good state, or is left out
        when there never was one. Buffers of effects that stay are kept.
        """

    @abstractmethod
    def present(self, image: NDArray[np.uint8] | None, controls: Controls, now_s: float, dt_s: float) -> None:
        """Draw a picture through the effects and show it; returns when the light is out (glFinish after the swap).

        image : (voices, height, width, 4) uint8 RGBA, sRGB, row 0 on top; None keeps the last one. When none comes
        for half a second the held picture begins to drift gently, and the next one fades in over it.
        """

    @abstractmethod
    def keys(self) -> list[StageKey]:
        """The keys pressed and released since the last look, oldest first."""

    @abstractmethod
    def grab(self) -> NDArray[np.uint8]:
        """(height, width, 3): what was presented last, row 0 on top, without overlay."""

    @abstractmethod
    def mean_level(self) -> float:
        """Mean brightness (Rec. 709 weights, 0..255) of what was presented last, from a sparse sample."""

    @abstractmethod
    def set_array(self, name: str, array: NDArray[np.generic]) -> None:
        """Feed an image input of the effects by name.

        "audio" and "audioFFT": (channels, columns) float, 0..1. Any other name: (height, width, 3 or 4) uint8.
        """

    def set_sound(self, sound: NDArray[np.floating[Any]]) -> None:
        """Feed the effects that draw sound: spectrum and wave, (2, columns) in 0..1, flat or not."""
        spectrum, wave = sound.reshape(2, 1, -1).astype(np.float32)
        self.set_array("audioFFT", spectrum)
        self.set_array("audio", wave)

    @abstractmethod
    def set_size(self, width: int, height: int) -> None:
        """Change the size of the output."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Width and height of the output."""

    @abstractmethod
    def rebuild(self) -> None:
        """Make the OpenGL context and everything in it anew, from the host's copy of the last picture."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back. May be called twice."""

    def crossfade(self, lasts_s: float) -> None:
        """The next picture comes from another generator: fade to it from what is shown now, over so long; 0 cuts.

        The picture may have another size and shape: both are laid out as the output fits them.
        """
        return

    def open_offer(self, offer: Path) -> str:
        """Take pictures from GPU memory that a generator offers in this file; what came of it, for the performer."""
        return "pictures are copied: several windows share them"

    def set_title(self, title: str) -> None:
        """Name the output; where there is no title bar this does nothing."""
        return

    def set_status(self, text: str) -> None:
        """A line for the performer, drawn over the picture in a window and with the help; empty takes it away."""
        return

    def toggle_fullscreen(self) -> None:
        """Fill the monitor, or go back; nothing where there is no window."""
        return

    def toggle_help(self) -> None:
        """Show or hide the table of keys; nothing where there is no window."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

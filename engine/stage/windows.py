"""Several voices, each in a window of its own: one projector each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.stage.base import Stage
from engine.stage.effects import EffectSpec
from engine.stage.keys import StageKey
from engine.stage.window import Window


class Windows(Stage):
    """Shows voice n in window n. The first window counts for size, rate and status; keys come from any."""

    def __init__(self, voices: int, width: int, height: int, title: str = "latenz", vsync: bool = True) -> None:
        super().__init__()
        if voices < 1:
            raise ValueError(f"{voices} voices; at least one is needed")
        # Only the first waits for its screen: waiting for each in turn would divide the rate.
        self.windows = [Window(width, height, f"{title} {n + 1}", vsync=vsync and n == 0) for n in range(voices)]
        self.refresh_hz = self.windows[0].refresh_hz

    def set_effects(self, effects: Sequence[EffectSpec], layout: Layout) -> list[str]:
        told = [window.set_effects(effects, layout) for window in self.windows]
        self.problems = self.windows[0].problems
        return told[0]

    def present(self, image: NDArray[np.uint8] | None, controls: Controls, now_s: float, dt_s: float) -> None:
        for number, window in enumerate(self.windows):
            own = None if image is None else image[min(number, len(image) - 1)][None]
            window.present(own, controls, now_s, dt_s)
        first = self.windows[0]
        self.spent.upload_s = sum(w.spent.upload_s for w in self.windows)
        self.spent.effects_s = sum(w.spent.effects_s for w in self.windows)
        self.spent.present_s = sum(w.spent.present_s for w in self.windows)
        self.problems, self.revision = first.problems, first.revision

    def keys(self) -> list[StageKey]:
        pressed = sorted((key for window in self.windows for key in window.keys()), key=lambda key: key.time_s)
        self.closed = self.closed or any(window.closed for window in self.windows)
        return pressed

    def grab(self) -> NDArray[np.uint8]:
        """All windows beside each other, cut to the lowest."""
        parts = [window.grab() for window in self.windows]
        height = min(len(part) for part in parts)
        return np.ascontiguousarray(np.hstack([part[:height] for part in parts]))

    def mean_level(self) -> float:
        return float(np.mean([window.mean_level() for window in self.windows]))

    def set_array(self, name: str, array: NDArray[np.generic]) -> None:
        for window in self.windows:
            window.set_array(name, array)

    def set_size(self, width: int, height: int) -> None:
        for window in self.windows:
            window.set_size(width, height)

    @property
    def size(self) -> tuple[int, int]:
        return self.windows[0].size

    def crossfade(self, lasts_s: float) -> None:
        for window in self.windows:
            window.crossfade(lasts_s)

    def set_title(self, title: str) -> None:
        for number, window in enumerate(self.windows, 1):
            window.set_title(f"{title} {number}")

    def set_status(self, text: str) -> None:
        self.windows[0].set_status(text)

    def toggle_fullscreen(self) -> None:
        for window in self.windows:
            window.toggle_fullscreen()

    def toggle_help(self) -> None:
        self.windows[0].toggle_help()

    def rebuild(self) -> None:
        for window in self.windows:
            window.rebuild()

    def close(self) -> None:
        self.closed = True
        for window in self.windows:
            window.close()

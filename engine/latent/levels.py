"""Reading the latent room's levels: every address is looked up once, every frame reads by index."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.controls import Layout
from engine.generator.base import ModelInfo
from engine.latent.board import level_controls
from engine.latent.spec import VoiceSpec

Array = NDArray[np.float64]


class Levels:
    """The levels of all voices as one array, (voices, columns); what a layout lacks stays at its rest."""

    def __init__(self, voices: Sequence[VoiceSpec], info: ModelInfo, directions: Iterable[str], layout: Layout) -> None:
        names = tuple(directions)
        rows = [{c.address: c for c in level_controls(voice, info, names)} for voice in voices]
        self.column: dict[str, int] = {}
        for row in rows:
            for address in row:
                self.column.setdefault(address, len(self.column))
        known = {address: control for row in reversed(rows) for address, control in row.items()}
        columns = [known[address] for address in self.column]
        self._low = np.array([c.low for c in columns])
        self._high = np.array([c.high for c in columns])
        self.rest = np.array([[row.get(c.address, c).default for c in columns] for row in rows])
        several = len(voices) > 1
        own = [
            [_index(layout, (f"/voice/{n}" if several else "") + address) for address in self.column]
            for n in range(1, len(voices) + 1)
        ]
        self._own = np.array(own, np.intp)
        self._missing = self._own < 0
        self._some_missing = bool(self._missing.any())
        shared = [_index(layout, address) if several else -1 for address in self.column]
        self._plain = np.array([i for i, at in enumerate(shared) if at >= 0], np.intp)
        self._shared = np.array([at for at in shared if at >= 0], np.intp)
        self._shared_rest = layout.defaults[self._shared]
        is_rate = np.array([address.endswith("_hz") for address in self.column])[self._plain]
        self._scaled = is_rate & (self._shared_rest > 0.0)

    def read(self, values: Array) -> Array:
        """What each voice plays now: its own levels, moved by the plain ones when there are several voices."""
        levels = values[self._own]
        if self._some_missing:
            np.copyto(levels, self.rest, where=self._missing)
        if len(self._shared):
            plain = values[self._shared]
            ratio = np.where(self._scaled, plain / np.where(self._scaled, self._shared_rest, 1.0), 1.0)
            shift = np.where(self._scaled, 0.0, plain - self._shared_rest)
            levels[:, self._plain] = levels[:, self._plain] * ratio + shift
        np.maximum(levels, self._low, out=levels)
        np.minimum(levels, self._high, out=levels)
        return levels


def _index(layout: Layout, address: str) -> int:
    return layout.index(address) if address in layout else -1

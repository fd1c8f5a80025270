"""Reading the latent room's levels: every address is looked up once, every frame reads by index."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.controls import Layout
from engine.generator.base import ModelInfo
from engine.latent.board import level_controls
from engine.latent.spec import VoiceSpec

Array = NDArray[np.float64]


class Wish(NamedTuple):
    """What one voice's levels ask of its goal."""

    surprise: float
    wander: float
    wander_hz: float
    loop: float
    loop_bars: float
    on: float
    position_s: float
    at: float
    speed: float
    beats: float


class Spring(NamedTuple):
    """How fast a spring turns, in radians a second, and its damping ratio."""

    omega: float
    damping: float


class Played(NamedTuple):
    """What the levels of one moment ask for."""

    wishes: list[Wish]  # of each voice
    springs: list[Spring]  # of each voice's bands, voice by voice
    sphere: list[float]  # of each voice: how tight it is tied to the shell
    amount_springs: list[Spring]  # of each voice
    targets: Array  # (voices, directions) in sigma
    accents: Array | None  # (voices, directions) in sigma; None for none
    even: Array  # (voices,) how far faders are even ones
    pace: list[float]  # of each voice: how even its visible speed is to be
    psi: float
    bars: float


_WISHES = (
    "/latent/surprise", "/latent/wander", "/latent/wander_hz", "/latent/loop", "/latent/loop_bars",
    "/journey/on", "/journey/position_s", "/journey/at", "/journey/speed", "/journey/beats",
)  # fmt: skip
_LAST = ("/direction/", "/accent/")  # read as arrays; the others before them, as single numbers


class Levels:
    """The levels of all voices, read by index; what a layout lacks stays at its rest."""

    def __init__(self, voices: Sequence[VoiceSpec], info: ModelInfo, directions: Iterable[str], layout: Layout) -> None:
        names = tuple(directions)
        rows = [{c.address: c for c in level_controls(voice, info, names)} for voice in voices]
        known = {address: control for row in reversed(rows) for address, control in row.items()}
        addresses = dict.fromkeys(address for row in rows for address in row)
        order = [a for a in addresses if not a.startswith(_LAST)]
        self._singles = len(order)
        order += [prefix + name for prefix in _LAST for name in names]
        self._directions = len(names)
        columns = [known[address] for address in order]
        self._low = np.array([c.low for c in columns])
        self._high = np.array([c.high for c in columns])
        self._rest = np.array([[row.get(c.address, c).default for c in columns] for row in rows])
        self._find(order, layout, len(voices))
        self._resolve({address: i for i, address in enumerate(order)}, info, layout)

    def _find(self, order: Sequence[str], layout: Layout, voices: int) -> None:
        several = voices > 1
        own = [
            [_index(layout, (f"/voice/{n}" if several else "") + address) for address in order]
            for n in range(1, voices + 1)
        ]
        self._own = np.array(own, np.intp)
        self._missing = self._own < 0
        self._some_missing = bool(self._missing.any())
        shared = [_index(layout, address) if several else -1 for address in order]
        self._plain = np.array([i for i, at in enumerate(shared) if at >= 0], np.intp)
        self._shared = np.array([at for at in shared if at >= 0], np.intp)
        self._shared_rest = layout.defaults[self._shared]
        is_rate = np.array([address.endswith("_hz") for address in order])[self._plain]
        self._scaled = is_rate & (self._shared_rest > 0.0)

    def _resolve(self, column: dict[str, int], info: ModelInfo, layout: Layout) -> None:
        names = [band.name for band in info.bands] if len(info.bands) > 1 else []
        self._spring = column["/motion/frequency_hz"], column["/motion/damping"]
        self._bands = [(column[f"/motion/{name}/frequency_hz"], column[f"/motion/{name}/damping"]) for name in names]
        self._spring_rest = self._rest[:, self._spring].tolist()
        self._amount = column["/motion/amount_frequency_hz"], column["/motion/amount_damping"]
        self._even = column["/motion/even_faders"]
        self._pace = column["/motion/pace"]
        self._sphere = column.get("/motion/sphere", -1)
        self._wish = [column.get(address, -1) for address in _WISHES]
        self._psi, self._bars = layout.index("/generator/psi"), layout.index("/loop/bars")

    def read(self, values: Array) -> Played:
        """What each voice plays now: its own levels, moved by the plain ones when there are several voices."""
        levels = self._levels(values)
        rows = levels[:, : self._singles].tolist()
        middle = self._singles + self._directions
        accents = levels[:, middle:]
        f, z = self._amount
        return Played(
            [Wish(*[row[i] if i >= 0 else 0.0 for i in self._wish]) for row in rows],
            [spring for row, rest in zip(rows, self._spring_rest, strict=True) for spring in self._springs(row, *rest)],
            [row[self._sphere] if self._sphere >= 0 else 1.0 for row in rows],
            [Spring(2.0 * math.pi * row[f], row[z]) for row in rows],
            levels[:, self._singles : middle],
            accents if np.count_nonzero(accents) else None,
            levels[:, self._even],
            [row[self._pace] for row in rows],
            values.item(self._psi),
            values.item(self._bars),
        )

    def _levels(self, values: Array) -> Array:
        """(voices, columns) within their ranges."""
        levels = values.take(self._own)
        if self._some_missing:
            np.copyto(levels, self._rest, where=self._missing)
        if len(self._shared):
            plain = values[self._shared]
            ratio = np.where(self._scaled, plain / np.where(self._scaled, self._shared_rest, 1.0), 1.0)
            shift = np.where(self._scaled, 0.0, plain - self._shared_rest)
            levels[:, self._plain] = levels[:, self._plain] * ratio + shift
        np.maximum(levels, self._low, out=levels)
        np.minimum(levels, self._high, out=levels)
        return levels

    def _springs(self, row: list[float], rest_hz: float, rest_damping: float) -> list[Spring]:
        """The springs of one voice's bands: the voice's own levels move all of them."""
        f, z = self._spring
        if not self._bands:
            return [Spring(2.0 * math.pi * row[f], row[z])]
        ratio, shift = row[f] / rest_hz, row[z] - rest_damping
        return [Spring(2.0 * math.pi * row[i] * ratio, max(row[j] + shift, 0.0)) for i, j in self._bands]


def _index(layout: Layout, address: str) -> int:
    return layout.index(address) if address in layout else -1

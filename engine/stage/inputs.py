"""The inputs of one effect: from the table of controls to uniforms, by index, and only what changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.controls import Controls, Layout
from engine.stage.isf import IMAGES, PARTS, Input, Isf


class Inputs:
    """Levels are read by index once a frame; an event is true for one frame."""

    def __init__(self, isf: Isf, programs: Sequence[Any]) -> None:
        self._inputs = [i for i in isf.inputs if i.type not in IMAGES]
        self._uniforms = [[p[i.name] for p in programs if i.name in p] for i in self._inputs]
        starts = np.cumsum([0] + [len(i.default) for i in self._inputs])
        self._spans = [(int(a), int(b)) for a, b in zip(starts[:-1], starts[1:], strict=True)]
        self._low = np.array([v for i in self._inputs for v in i.low])
        self._high = np.array([v for i in self._inputs for v in i.high])
        self._rest = np.array([v for i in self._inputs for v in i.default])
        self._now = self._rest.copy()
        self._slots = np.zeros(0, np.intp)  # which of our numbers come from the controls,
        self._indices = np.zeros(0, np.intp)  # and where they stand there
        self._events: dict[str, int] = {}
        self._fired: list[int] = []
        for number in range(len(self._inputs)):
            self._send(number)

    def bind(self, prefix: str, constants: Mapping[str, tuple[float, ...]], layout: Layout) -> None:
        """Find our addresses in the layout; the rest stands at the constants."""
        found: list[tuple[int, int]] = []
        self._events = {}
        for number, one in enumerate(self._inputs):
            start, end = self._spans[number]
            self._rest[start:end] = constants.get(one.name, one.default)
            if one.type == "event":
                self._events[f"{prefix}/{one.name}"] = number
                continue
            for offset, part in enumerate(PARTS.get(one.type, ("",))):
                address = f"{prefix}/{one.name}/{part}" if part else f"{prefix}/{one.name}"
                if address in layout:
                    found.append((start + offset, layout.index(address)))
        self._slots = np.array([slot for slot, _ in found], np.intp)
        self._indices = np.array([index for _, index in found], np.intp)
        self._change(self._rest)

    def update(self, controls: Controls) -> None:
        """Send what changed since the last frame to the shader."""
        wanted = self._rest.copy()
        wanted[self._slots] = controls.values[self._indices]
        for number in self._fired:
            self._set_uniforms(number, (0.0,))
        self._fired.clear()
        if not np.array_equal(wanted, self._now):
            self._change(wanted)
        for event in controls.events:
            fired = self._events.get(event.address)
            if fired is not None:
                self._set_uniforms(fired, (1.0,))
                self._fired.append(fired)

    def set(self, name: str, *values: float) -> None:
        """Set an input that the stage itself plays."""
        for number, one in enumerate(self._inputs):
            if one.name == name:
                start, end = self._spans[number]
                self._rest[start:end] = self._now[start:end] = values
                self._send(number)

    def numbers(self) -> dict[str, float]:
        """Every input of one number, by name: what size equations may ask for."""
        return {i.name: float(self._now[a]) for i, (a, b) in zip(self._inputs, self._spans, strict=True) if b - a == 1}

    def _change(self, wanted: Any) -> None:
        sane = np.where(np.isfinite(wanted), np.clip(wanted, self._low, self._high), self._rest)
        changed = sane != self._now
        self._now[:] = sane
        for number, (start, end) in enumerate(self._spans):
            if changed[start:end].any():
                self._send(number)

    def _send(self, number: int) -> None:
        start, end = self._spans[number]
        self._set_uniforms(number, self._now[start:end])

    def _set_uniforms(self, number: int, parts: Any) -> None:
        for uniform in self._uniforms[number]:
            uniform.value = _as_uniform(self._inputs[number], parts)


def _as_uniform(one: Input, parts: Any) -> Any:
    if one.type == "long":
        return min(one.values, key=lambda allowed: abs(allowed - parts[0]))
    if one.type in ("bool", "event"):
        return bool(parts[0] >= 0.5)
    return float(parts[0]) if len(parts) == 1 else tuple(float(part) for part in parts)

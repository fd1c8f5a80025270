"""The monitors of this machine."""

from dataclasses import dataclass
from typing import Any

import glfw

from engine.errors import DeviceError, InputError


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor; `index` 0 is the primary one. GLFW gives no serial number: names tell monitors apart."""

    index: int
    name: str
    left: int
    top: int
    width: int
    height: int
    refresh_hz: float  # 0 when it does not say
    handle: Any


def monitors() -> list[Monitor]:
    """All of them. GLFW must be initialised."""
    found = []
    for index, handle in enumerate(glfw.get_monitors()):
        left, top = glfw.get_monitor_pos(handle)
        mode = glfw.get_video_mode(handle)
        if mode is None:  # it left between the two questions
            continue
        name = glfw.get_monitor_name(handle)
        text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        found.append(
            Monitor(index, text, left, top, mode.size.width, mode.size.height, float(mode.refresh_rate), handle)
        )
    return found


def find_monitor(name: str = "", index: int = 0, at: tuple[int, int] | None = None, strict: bool = False) -> Monitor:
    """The monitor of this name, else around this point, else of this number, else the primary one."""
    found = monitors()
    if not found:
        raise DeviceError("no monitor is connected; play with --headless to draw without one")
    named = [m for m in found if name and m.name == name]
    around = [m for m in found if at and m.left <= at[0] < m.left + m.width and m.top <= at[1] < m.top + m.height]
    numbered = [m for m in found if m.index == index]
    if strict and not numbered:
        # People count monitors from 1.
        listed = ", ".join(f"{m.index + 1} ({m.name}, {m.width}x{m.height})" for m in found)
        raise InputError(f"no monitor {index + 1}; there are {listed}")
    return (named or around or numbered or found)[0]

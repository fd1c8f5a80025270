"""A stage in a window, by GLFW: resizable, fullscreen on any monitor, with keys."""

import time
from typing import Any

import glfw
import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.stage.glstage import GlStage, read_rgb
from engine.stage.keys import StageKey
from engine.stage.monitors import Monitor, find_monitor
from engine.stage.overlay import Overlay
from engine.stage.textures import surface

_NAMED = {
    glfw.KEY_SPACE: "space", glfw.KEY_ESCAPE: "escape", glfw.KEY_ENTER: "enter", glfw.KEY_TAB: "tab",
    glfw.KEY_BACKSPACE: "backspace", glfw.KEY_DELETE: "delete", glfw.KEY_LEFT: "left", glfw.KEY_RIGHT: "right",
    glfw.KEY_UP: "up", glfw.KEY_DOWN: "down", glfw.KEY_HOME: "home", glfw.KEY_END: "end",
    glfw.KEY_PAGE_UP: "page_up", glfw.KEY_PAGE_DOWN: "page_down",
    **{glfw.KEY_F1 + n: f"f{n + 1}" for n in range(12)},
}  # fmt: skip
_MANY_KEYS = 1024


class Window(GlStage):
    """Draws into a window. Must be made and used on the main thread. DeviceError where there is no display."""

    def __init__(
        self,
        width: int = 1280,
        height: int = 720,
        title: str = "latenz",
        fullscreen: bool = False,
        monitor: int = 0,
        vsync: bool = True,
    ) -> None:
        self._title, self._vsync = title, vsync
        self._windowed = (80, 80, max(64, width), max(64, height))
        self._keys: list[StageKey] = []
        self._help, self._status = False, ""
        self._iconified = False
        self._home: Monitor | None = None  # where fullscreen is wanted; None in a window
        glfw.ERROR_REPORTING = "raise"
        try:
            if not glfw.init():
                raise DeviceError("no display; play with --headless to draw without one")
            super().__init__(live=True)
        except glfw.GLFWError as error:
            why = str(error).partition(") ")[2].removeprefix("b").strip("'\"")  # of "(65550) b'X11: ...'"
            raise DeviceError(
                f"no window: {why}; OpenGL 3.3 and a display are needed, or play with --headless"
            ) from error
        if fullscreen:
            self.set_monitor(monitor)

    def _open(self) -> moderngl.Context:
        glfw.ERROR_REPORTING = "raise"
        glfw.default_window_hints()
        for hint, value in (
            (glfw.CONTEXT_VERSION_MAJOR, 3), (glfw.CONTEXT_VERSION_MINOR, 3), (glfw.OPENGL_FORWARD_COMPAT, True),
            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE), (glfw.RESIZABLE, True), (glfw.AUTO_ICONIFY, False),
            (glfw.DEPTH_BITS, 0), (glfw.STENCIL_BITS, 0), (glfw.ALPHA_BITS, 0), (glfw.VISIBLE, False),
        ):  # fmt: skip
            glfw.window_hint(hint, value)
        for hint in (glfw.X11_CLASS_NAME, glfw.X11_INSTANCE_NAME):
            glfw.window_hint_string(hint, "latenz")
        self._hidden = True
        left, top, width, height = self._windowed
        self._window: Any = glfw.create_window(width, height, self._title, None, None)
        glfw.make_context_current(self._window)
        ctx = moderngl.create_context(require=330)
        glfw.set_key_callback(self._window, self._on_key)
        glfw.set_window_iconify_callback(self._window, self._on_iconify)
        glfw.set_monitor_callback(self._on_monitor)
        self._overlay = Overlay(ctx)
        self._screen = ctx.detect_framebuffer()
        if self._home is not None:
            self._fill(self._home)
        # Once the window is there, nothing a window system refuses (Wayland tells no positions) may end the show.
        glfw.ERROR_REPORTING = "ignore"
        return ctx

    def _set_up(self) -> None:
        super()._set_up()
        self._pace()

    def _pace(self) -> None:
        """Ask the monitor for its rate, and wait for it only where that can be relied on."""
        monitor = glfw.get_window_monitor(self._window) or glfw.get_primary_monitor()
        mode = glfw.get_video_mode(monitor) if monitor else None
        self.refresh_hz = float(mode.refresh_rate) if mode else 0.0
        # A software renderer does not wait for the screen, and a hidden window may wait for ever.
        waits = self._vsync and self.refresh_hz > 0 and not self.software and not self._iconified
        glfw.swap_interval(1 if waits else 0)

    def _current(self) -> None:
        glfw.make_context_current(self._window)

    def _frame(self) -> Any:
        return self._screen

    def _flip(self) -> None:
        status = self._status or (self.problems[0] if self.problems else "")
        # On the wall nothing is written unless the performer asks for it.
        written = status if self._home is None or self._help else ""
        self._overlay.draw(self._screen, self.size, self._help, written)
        if self._hidden:  # the window appears with its first picture, never empty
            self._hidden = False
            glfw.show_window(self._window)
        glfw.swap_buffers(self._window)

    @property
    def size(self) -> tuple[int, int]:
        width, height = glfw.get_framebuffer_size(self._window)
        return max(1, width), max(1, height)

    def keys(self) -> list[StageKey]:
        glfw.poll_events()
        self.closed = self.closed or bool(glfw.window_should_close(self._window))
        keys, self._keys = self._keys, []
        return keys

    def _on_key(self, _window: Any, key: int, scancode: int, action: int, _mods: int) -> None:
        name = key_name(key, scancode)
        if action == glfw.REPEAT or not name or len(self._keys) >= _MANY_KEYS:
            return
        self._keys.append(StageKey(f"/key/{name}", int(action == glfw.PRESS), time.perf_counter()))
        if action != glfw.PRESS:
            return
        if name == "f":
            self.toggle_fullscreen()
        elif name in ("h", "f1"):
            self.toggle_help()
        elif name == "escape":
            if self._home is not None:
                self.toggle_fullscreen()
            else:
                self.closed = True

    def _on_iconify(self, _window: Any, iconified: int) -> None:
        self._iconified = bool(iconified)
        self._pace()

    def _on_monitor(self, _monitor: Any, event: int) -> None:
        """A projector came back: go home to it. One that left has put us into a window already."""
        if self._home is not None and event == glfw.CONNECTED:
            self._fill(find_monitor(self._home.name, self._home.index))
        self._pace()

    def toggle_help(self) -> None:
        self._help = not self._help

    def toggle_fullscreen(self) -> None:
        """Fill the monitor that holds most of the window, or go back to the window."""
        if self._home is None:
            left, top, width, height = self._note_place()
            self._fill(find_monitor(at=(left + width // 2, top + height // 2)))
        else:
            self._home = None
            glfw.set_input_mode(self._window, glfw.CURSOR, glfw.CURSOR_NORMAL)
            glfw.set_window_monitor(self._window, None, *self._windowed, glfw.DONT_CARE)  # type: ignore[arg-type]
            self._pace()

    def _note_place(self) -> tuple[int, int, int, int]:
        """Remember where the window is, for coming back to it."""
        self._windowed = (*glfw.get_window_pos(self._window), *glfw.get_window_size(self._window))
        return self._windowed

    def set_monitor(self, index: int) -> None:
        """Go fullscreen on this monitor, 0 the primary one; InputError when there is none of that number."""
        self._fill(find_monitor(index=index, strict=True))

    def _fill(self, monitor: Monitor) -> None:
        self._home = monitor
        glfw.set_input_mode(self._window, glfw.CURSOR, glfw.CURSOR_HIDDEN)
        rate = round(monitor.refresh_hz) or glfw.DONT_CARE
        glfw.set_window_monitor(self._window, monitor.handle, 0, 0, monitor.width, monitor.height, rate)
        if hasattr(self, "_ctx"):
            self._pace()

    def set_size(self, width: int, height: int) -> None:
        glfw.set_window_size(self._window, max(64, width), max(64, height))

    def set_title(self, title: str) -> None:
        if title != self._title:
            self._title = title
            glfw.set_window_title(self._window, title)

    def set_status(self, text: str) -> None:
        self._status = text

    def grab(self) -> NDArray[np.uint8]:
        self._current()
        copy = surface(self._ctx, self.size)
        self._painter.paint(copy.frame, copy.size)
        pixels = read_rgb(copy.frame)
        copy.release()
        return pixels

    def _tear_down(self) -> None:
        self._current()
        if self._home is None:
            self._note_place()
        try:
            self._overlay.release()
        except moderngl.Error:
            self._keys.clear()
        self._let_go()
        self._ctx.release()
        glfw.destroy_window(self._window)

    def close(self) -> None:
        if self.closed and self._window is None:
            return
        self.closed = True
        self._tear_down()
        self._window = None


def key_name(key: int, scancode: int) -> str:
    """The name of a key: its letter in the user's layout, else on a US keyboard; empty when it has none."""
    if key in _NAMED:
        return _NAMED[key]
    if key == glfw.KEY_UNKNOWN:
        return ""
    letter = glfw.get_key_name(key, scancode) or ""
    if not (len(letter) == 1 and letter.isascii() and letter.isalnum()):
        letter = chr(key) if 0 < key < 128 else ""
    return letter.lower() if letter.isalnum() else ""

"""A stage without a screen: through EGL, with no X server at all. What render, tests and headless play draw on."""

import sys
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.stage.glstage import GlStage, read_rgb
from engine.stage.keys import StageKey
from engine.stage.textures import surface

_LINUX: tuple[dict[str, Any], ...] = (
    {"backend": "egl"},
    {"backend": "egl", "libgl": "libGL.so.1", "libegl": "libEGL.so.1"},  # without the -dev packages' links
    {},
)


class Offscreen(GlStage):
    """Draws into memory. `live` looks after saved effect files and the calendar; a render does not."""

    def __init__(self, width: int, height: int, live: bool = False) -> None:
        self._size = (max(1, width), max(1, height))
        super().__init__(live)

    def _open(self) -> moderngl.Context:
        reasons = []
        for options in _LINUX if sys.platform.startswith("linux") else ({},):
            try:
                ctx = moderngl.create_context(require=330, standalone=True, **options)
            except Exception as error:  # glcontext raises plain Exception
                reasons.append(str(error))
                continue
            self._output = surface(ctx, self._size)
            return ctx
        raise DeviceError(
            f"no offscreen OpenGL 3.3 on this machine ({'; '.join(dict.fromkeys(reasons))}); "
            "on Debian and Ubuntu: apt-get install libegl1 libgl1 libgl1-mesa-dri"
        )

    def _current(self) -> None:
        self._ctx.__enter__()  # type: ignore[no-untyped-call]

    def _frame(self) -> Any:
        return self._output.frame

    def keys(self) -> list[StageKey]:
        return []

    def grab(self) -> NDArray[np.uint8]:
        self._current()
        return read_rgb(self._output.frame)

    def set_size(self, width: int, height: int) -> None:
        if (width, height) == self._size:
            return
        self._current()
        self._size = (max(1, width), max(1, height))
        self._output.release()
        self._output = surface(self._ctx, self._size)

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    def _tear_down(self) -> None:
        self._current()
        self._let_go()
        self._output.release()
        # A context that is destroyed while it is current stays so, and no window could be opened after it.
        self._ctx.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        self._ctx.release()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._tear_down()

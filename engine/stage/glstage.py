"""What window and offscreen share: a painter, the show's effects, and a way back when the context is lost."""

import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.errors import DeviceError
from engine.stage.base import Stage
from engine.stage.effects import EffectSpec
from engine.stage.feed import Feed
from engine.stage.painter import Painter

_LOOK_S = 0.5  # how often the files of the effects are looked at
_LOST = ("GL_OUT_OF_MEMORY", "GL_UNKNOWN_ERROR")  # moderngl's name for GL_CONTEXT_LOST is the latter
_PATIENCE = 5  # rebuilds without one good frame between them


class GlStage(Stage):
    """A stage drawn with OpenGL 3.3. Subclasses make the context, the output and the swap."""

    def __init__(self, live: bool) -> None:
        super().__init__()
        self._live = live
        self._refused: dict[str, str] = {}
        self._feed = Feed()
        self._effects: tuple[EffectSpec, ...] = ()
        self._layout = Layout(())
        self._looked_s = 0.0
        self._rebuilds = 0
        self._set_up()

    def _set_up(self) -> None:
        self._ctx = self._open()
        if self._ctx.version_code < 330:
            raise DeviceError(f"OpenGL {self._ctx.version_code / 100:.1f} is here; 3.3 is needed: update the driver")
        self._painter = Painter(self._ctx, self._refused, self._feed, self._live)

    @abstractmethod
    def _open(self) -> moderngl.Context:
        """Make the context, current, with its output."""

    @abstractmethod
    def _current(self) -> None:
        """Make the context current."""

    @abstractmethod
    def _frame(self) -> Any:
        """The framebuffer of the output."""

    def _flip(self) -> None:
        """Bring what was drawn to the screen."""
        return

    @property
    def renderer(self) -> str:
        """Who draws, in the driver's words."""
        return str(self._ctx.info["GL_RENDERER"])

    @property
    def software(self) -> bool:
        """Whether the processor draws: there each full-size pass counts."""
        return any(name in self.renderer.lower() for name in ("llvmpipe", "softpipe", "swiftshader", "software"))

    def set_effects(self, effects: Sequence[EffectSpec], layout: Layout) -> list[str]:
        self._current()
        self._effects, self._layout = tuple(effects), layout
        self._painter.set_layout(layout)
        self.problems = tuple(self._painter.chain.set_effects(effects, layout))
        return list(self.problems)

    def present(self, image: NDArray[np.uint8] | None, controls: Controls, now_s: float, dt_s: float) -> None:
        self._current()
        started_s = time.perf_counter()
        if image is not None:
            self._painter.keep(image, self.gpu_slot)
        self.news.extend(self._painter.news)
        self._painter.news.clear()
        try:
            self._draw(controls, now_s, dt_s, started_s)
            error = self._ctx.error
        except moderngl.Error as failure:
            error = f"{_LOST[1]} {failure}"
        if error.startswith(_LOST):
            self._recover(error)
        else:
            self._rebuilds = 0

    def _draw(self, controls: Controls, now_s: float, dt_s: float, started_s: float) -> None:
        if self._live and abs(now_s - self._looked_s) >= _LOOK_S:
            self._looked_s = now_s
            if self._painter.chain.reload():
                self.problems = tuple(self._painter.chain.problems)
                self.revision = self._painter.chain.revision
        drawing_s = time.perf_counter()
        self._painter.draw(controls, dt_s)
        self._ctx.finish()  # so that effects and output are told apart
        drawn_s = time.perf_counter()
        self._painter.paint(self._frame(), self.size)
        self._flip()
        self._ctx.finish()
        self.spent.upload_s = drawing_s - started_s
        self.spent.effects_s = drawn_s - drawing_s
        self.spent.present_s = time.perf_counter() - drawn_s

    def _recover(self, error: str) -> None:
        self._rebuilds += 1
        if self._rebuilds > _PATIENCE:
            raise DeviceError(f"OpenGL fails again and again ({error}); restart the graphics driver or the machine")
        self.rebuild()

    def rebuild(self) -> None:
        pixels = self._painter.pixels
        self._tear_down()
        self._feed.forget()
        self._set_up()
        if pixels is not None:
            self._painter.keep(pixels)
        self.set_effects(self._effects, self._layout)

    @abstractmethod
    def _tear_down(self) -> None:
        """Throw the context away; it may be broken already."""

    def _let_go(self) -> None:
        """Release what the painter holds, as far as a possibly lost context lets us."""
        try:
            self._painter.release()
        except moderngl.Error:
            self._feed.forget()

    def crossfade(self, lasts_s: float) -> None:
        self._painter.crossfade(lasts_s)

    def mean_level(self) -> float:
        self._current()
        return self._painter.mean_level(self.size)

    def open_offer(self, offer: Path) -> str:
        from engine.stage.interop import open_door

        self._current()
        self._painter.follow(None)
        try:
            self._painter.follow(open_door(self._ctx, offer))
        except DeviceError as error:
            return f"pictures are copied: {error}"
        return "pictures stay on the GPU"

    def why_copied(self) -> str:
        """Why a generator's pictures would be copied to this stage; empty where they could stay on the GPU."""
        from engine.stage.interop import probe

        self._current()
        return probe(self._ctx)

    def set_array(self, name: str, array: NDArray[np.generic]) -> None:
        self._feed.set(name, array)


def read_rgb(frame: Any) -> NDArray[np.uint8]:
    """(height, width, 3) of a framebuffer, row 0 on top."""
    width, height = frame.size
    rows = np.frombuffer(frame.read(components=3, alignment=1), np.uint8).reshape(height, width, 3)
    return np.ascontiguousarray(rows[::-1])

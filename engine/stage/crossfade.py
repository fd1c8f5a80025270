"""From what one generator showed last to what the next one draws: the output fades, at any sizes and without black."""

from collections.abc import Callable
from typing import Any

import moderngl

from engine.stage.effect import Effect, Moment
from engine.stage.textures import Surface, surface

_MOMENT = Moment()


class Crossfade:
    """Keeps the output as it was and draws it, fading, over the new one. The context must be current in every call.

    What is kept has the output's size: the former picture stays where it was laid out, whatever shape the next has.
    """

    def __init__(self, ctx: moderngl.Context, effect: Effect, blank: Any) -> None:
        self._ctx, self._effect, self._blank = ctx, effect, blank
        self._kept: Surface | None = None
        self._wanted_s = self._lasts_s = 0.0
        self.progress = 1.0

    def warm_up(self, frame: Any, size: tuple[int, int]) -> None:
        """Draw nothing once, so that the driver does not compile in the first frame of the first fade."""
        self._kept = surface(self._ctx, (1, 1))
        self.draw(frame, size, None, 0.0)
        self._release()

    def ask(self, lasts_s: float) -> None:
        """Fade when the next picture comes; 0 cuts."""
        self._wanted_s = lasts_s

    @property
    def asked(self) -> bool:
        """Whether the next picture begins a fade."""
        return self._wanted_s > 0.0

    @property
    def running(self) -> bool:
        """Whether anything of what was shown is still to be seen."""
        return self.progress < 1.0

    def begin(self, size: tuple[int, int], paint: Callable[[Any], None]) -> None:
        """Keep what `paint` draws into a framebuffer of this size, and fade from it."""
        kept = surface(self._ctx, size)
        paint(kept.frame)  # where a fade is running, it is part of what is kept
        self._release()
        self._kept = kept
        self._lasts_s, self._wanted_s, self.progress = self._wanted_s, 0.0, 0.0

    def step(self, dt_s: float) -> None:
        """Let time go on."""
        if self.running:
            self.progress = min(1.0, self.progress + dt_s / self._lasts_s)
            if not self.running:
                self._release()

    def draw(self, frame: Any, size: tuple[int, int], box: tuple[int, int, int, int] | None, level: float) -> None:
        """Draw what is left of the kept output over a framebuffer."""
        if self._kept is None:
            return
        eased = self.progress * self.progress * (3.0 - 2.0 * self.progress)
        self._effect.inputs.set("weight", 1.0 - eased)
        self._effect.inputs.set("level", level)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._effect.draw({"": self._blank, "inputImage": self._kept.texture}, size, _MOMENT, frame, box)
        self._ctx.disable(moderngl.BLEND)

    def _release(self) -> None:
        if self._kept is not None:
            self._kept.release()
            self._kept = None

    def release(self) -> None:
        """Give everything back."""
        self._release()
        self._effect.release()

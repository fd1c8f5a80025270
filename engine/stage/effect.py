"""One effect on the graphics card: its program, its buffers and the controls it listens to."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np

from engine.controls import Controls, Layout
from engine.errors import ShaderError
from engine.stage.feed import SOUNDS
from engine.stage.glsl import Sources, image_names
from engine.stage.inputs import Inputs
from engine.stage.isf import Isf
from engine.stage.textures import Pair, Surface, imported

_TRIAL_PX, _TRIAL_LIMIT_S, _HOPELESS_S = 16, 0.25, 3.0


@dataclass(slots=True)
class Moment:
    """The time that effects see. TIME is kept in float64 by the stage and wrapped so that float32 holds it."""

    time_s: float = 0.0
    dt_s: float = 0.0
    frame: int = 0
    date: tuple[float, float, float, float] = (2000.0, 1.0, 1.0, 0.0)  # year, month, day, seconds of the day


class _Pass:
    """The program of one pass."""

    def __init__(self, ctx: moderngl.Context, isf: Isf, made: Sources, index: int, target: str) -> None:
        self.target = target
        vertex, fragment = made.numbered(index)
        try:
            self.program = ctx.program(vertex_shader=vertex, fragment_shader=fragment)
        except moderngl.Error as error:
            raise ShaderError(made.explain(str(error))) from error
        self._triangle = ctx.vertex_array(self.program, [])
        self._size: Any = self.program.get("RENDERSIZE", None)
        self._times: list[Any] = [self.program.get(name, None) for name in ("TIME", "TIMEDELTA", "FRAMEINDEX", "DATE")]
        self._units = {name: unit for unit, name in enumerate(n for n in image_names(isf) if n in self.program)}
        for name, unit in self._units.items():
            self.program[name] = unit

    def draw(
        self,
        images: Mapping[str, Any],
        size: tuple[int, int],
        moment: Moment,
        frame: Any,
        box: tuple[int, int, int, int],
    ) -> None:
        for uniform, value in zip(self._times, (moment.time_s, moment.dt_s, moment.frame, moment.date), strict=True):
            if uniform is not None:
                uniform.value = value
        if self._size is not None:
            self._size.value = size
        for name, unit in self._units.items():
            images.get(name, images[""]).use(unit)
        frame.use()
        frame.viewport = box
        self._triangle.render(moderngl.TRIANGLES, vertices=3)

    def release(self) -> None:
        self._triangle.release()
        self.program.release()


class Effect:
    """A compiled effect. ShaderError with file:line when it does not compile."""

    def __init__(self, ctx: moderngl.Context, isf: Isf, made: Sources) -> None:
        self.isf, self._ctx = isf, ctx
        self._passes = [_Pass(ctx, isf, made, index, one.target) for index, one in enumerate(isf.passes)]
        self.inputs = Inputs(isf, [one.program for one in self._passes])
        self._images = {name: imported(ctx, path, str(isf.path)) for name, path in isf.images.items()}
        self._buffers: dict[str, Pair] = {}

    def bind(self, prefix: str, constants: Mapping[str, tuple[float, ...]], layout: Layout) -> None:
        """Listen to the controls under an address; inputs that the layout does not have rest at their constants."""
        self.inputs.bind(prefix, constants, layout)

    def listen(self, controls: Controls) -> None:
        """Take this frame's levels and events."""
        self.inputs.update(controls)

    def draw(
        self,
        images: Mapping[str, Any],
        size: tuple[int, int],
        moment: Moment,
        output: Any,
        viewport: tuple[int, int, int, int] | None = None,
    ) -> Any:
        """Run all passes at this size; returns the texture of the result, None when that is `output` itself.

        images : texture by input name, or by type for sound; "" is what an input gets that nobody feeds
        output : the framebuffer that a last pass without a TARGET draws into
        """
        self._fit_buffers(size)
        result = None
        for one in self._passes:
            pair = self._buffers[one.target] if one.target else None
            if pair:
                one.draw(self._seen(images), pair.next.size, moment, pair.next.frame, (0, 0, *pair.next.size))
                pair.swap()
            else:
                one.draw(self._seen(images), size, moment, output, viewport or (0, 0, *size))
            result = pair.newest.texture if pair else None
        return result

    def _seen(self, images: Mapping[str, Any]) -> dict[str, Any]:
        heard = {one.name: images[one.type] for one in self.isf.inputs if one.type in SOUNDS and one.type in images}
        return {
            **images,
            **heard,
            **self._images,
            **{name: pair.newest.texture for name, pair in self._buffers.items()},
        }

    def _fit_buffers(self, size: tuple[int, int]) -> None:
        variables: dict[str, float] | None = None
        targets = [p.target for p in self.isf.passes]
        for one in self.isf.passes:
            if not one.target:
                continue
            wanted = size
            if one.width or one.height:
                variables = variables or {"WIDTH": float(size[0]), "HEIGHT": float(size[1]), **self.inputs.numbers()}
                wanted = (
                    one.width.pixels(variables) if one.width else size[0],
                    one.height.pixels(variables) if one.height else size[1],
                )
            held = self._buffers.get(one.target)
            if held is None or held.newest.size != wanted:
                double = one.persistent or targets.count(one.target) > 1
                self._buffers[one.target] = Pair(self._ctx, wanted, one.floating, double)
                if held:
                    held.release()

    def try_out(self) -> None:
        """Draw at a tiny size. ShaderError when that is too slow to play: a loop without an end, for example."""
        tiny = Surface(texture := self._ctx.texture((_TRIAL_PX, _TRIAL_PX), 4), self._ctx.framebuffer([texture]))
        source = self._ctx.texture((_TRIAL_PX, _TRIAL_PX), 4, bytes(_TRIAL_PX * _TRIAL_PX * 4))
        try:
            for _ in range(3):  # the first draw also compiles inside the driver, and a machine may be busy once
                started_s = time.perf_counter()
                self.draw({"": source}, tiny.size, Moment(), tiny.frame)
                self._ctx.finish()
                spent_s = time.perf_counter() - started_s
                if spent_s < _TRIAL_LIMIT_S or spent_s > _HOPELESS_S:
                    break
        finally:
            tiny.release()
            source.release()
            self._forget()
        if spent_s > _TRIAL_LIMIT_S:
            raise ShaderError(
                f"{self.isf.path}: takes {spent_s:.2f} s for {_TRIAL_PX} x {_TRIAL_PX} pixels, {_TRIAL_LIMIT_S} s are "
                "allowed; it is left out until the file changes. Look for a loop that does not end"
            )

    def adopt(self, other: "Effect") -> None:
        """Go on with the buffers of an earlier version of this effect, where name and format are the same."""
        for one in self.isf.passes:
            pair = other._buffers.get(one.target)
            if pair and one.persistent and pair.floating == one.floating and pair.newest is not pair.next:
                self._buffers[one.target] = other._buffers.pop(one.target)

    def _forget(self) -> None:
        for pair in self._buffers.values():
            pair.release()
        self._buffers.clear()

    def release(self) -> None:
        """Give everything back."""
        self._forget()
        for texture in self._images.values():
            texture.release()
        for one in self._passes:
            one.release()


def zeros(ctx: moderngl.Context) -> Any:
    """What an image input sees that nobody feeds."""
    return ctx.texture((1, 1), 4, np.zeros(4, np.uint8))

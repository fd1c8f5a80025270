"""The effects of a show in a row, swapped and reloaded between frames; a broken one keeps its last good state."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import moderngl

from engine.controls import Controls, Layout
from engine.errors import ShaderError
from engine.stage.effect import Effect, Moment
from engine.stage.effects import EffectSpec, effect_constants
from engine.stage.glsl import Sources, sources
from engine.stage.isf import Isf, load_isf
from engine.stage.textures import Surface, surface


@dataclass(slots=True)
class Link:
    """One place in the row."""

    spec: EffectSpec
    prefix: str
    effect: Effect | None = None
    problem: str = ""
    stamps: dict[Path, int] = field(default_factory=dict)  # file -> time of change, of everything it was made of


class Chain:
    """Draws a picture through all effects. All methods want the OpenGL context to be current."""

    def __init__(self, ctx: moderngl.Context, refused: dict[str, str]) -> None:
        self._ctx = ctx
        self._refused = refused  # source hash -> why it may not be tried again; outlives the context
        self._links: list[Link] = []
        self._layout = Layout(())
        self._canvases: list[Surface] = []
        self.revision = 0

    @property
    def problems(self) -> list[str]:
        """What is wrong now, one text per broken effect."""
        return [link.problem for link in self._links if link.problem]

    def set_effects(self, effects: Sequence[EffectSpec], layout: Layout) -> list[str]:
        """Use these effects from now on; effects that stay keep their buffers."""
        old, self._links, self._layout = self._links, [], layout
        for number, spec in enumerate(effects):
            prefix = f"/effect/{number + 1}"
            same = [link for link in old if link.spec.path == spec.path]
            link = min(same, key=lambda link: abs(old.index(link) - number)) if same else Link(spec, prefix)
            if same:
                old.remove(link)
                link.spec, link.prefix = spec, prefix
            self._links.append(link)
            if link.problem or self._changed(link) or not self._bind(link):
                self._load(link)
        for link in old:
            if link.effect:
                link.effect.release()
        return self.problems

    def reload(self) -> bool:
        """Compile anew what was saved since the last look. True when something was tried."""
        changed = [link for link in self._links if self._changed(link)]
        for link in changed:
            self._load(link)
        return bool(changed)

    def _changed(self, link: Link) -> bool:
        return not link.stamps or any(_stamp(path) != stamp for path, stamp in link.stamps.items())

    def _load(self, link: Link) -> None:
        files = [link.spec.path, link.spec.path.with_suffix(".vs"), *link.stamps]
        link.stamps = {path: _stamp(path) for path in files}
        try:
            isf = load_isf(link.spec.path)
            made = sources(isf)
            link.stamps |= {path: _stamp(path) for path in [*made.files, *isf.images.values()]}
            effect_constants(link.spec, isf)
            effect = self._made(isf, made)
        except ShaderError as error:
            link.problem = str(error)
            if link.effect:
                self._bind(link)
            return
        link.problem = ""
        if link.effect:
            self.revision += link.effect.isf.inputs != isf.inputs
            effect.adopt(link.effect)
            link.effect.release()
        link.effect = effect
        self._bind(link)

    def _made(self, isf: Isf, made: Sources) -> Effect:
        key = hashlib.sha256((made.vertex + made.fragment).encode()).hexdigest()
        if key in self._refused:
            raise ShaderError(self._refused[key])
        # Noted before the trial: should the trial take the context with it, the rebuilt chain leaves this one out.
        self._refused[key] = f"{isf.path}: stopped the graphics driver; it is left out until the file changes"
        effect = None
        try:
            effect = Effect(self._ctx, isf, made)
            effect.try_out()
        except ShaderError as error:
            self._refused[key] = str(error)
            if effect:
                effect.release()
            raise
        del self._refused[key]
        return effect

    def _bind(self, link: Link) -> bool:
        """Connect an effect to its controls; False when the show sets what it does not have."""
        if link.effect is None:
            return False
        try:
            constants = effect_constants(link.spec, link.effect.isf)
        except ShaderError as error:
            link.problem = link.problem or str(error)
            return True
        link.effect.bind(link.prefix, constants, self._layout)
        return True

    def draw(
        self, texture: Any, size: tuple[int, int], controls: Controls, moment: Moment, images: Mapping[str, Any]
    ) -> Any:
        """The texture of a picture after all effects; the same one when there are none."""
        for link in self._links:
            if link.effect is None:
                continue
            link.effect.listen(controls)
            output = self._free_canvas(texture, size)
            drawn = link.effect.draw({**images, "inputImage": texture}, size, moment, output.frame)
            texture = drawn or output.texture
        return texture

    def _free_canvas(self, busy: Any, size: tuple[int, int]) -> Surface:
        if self._canvases and self._canvases[0].size != size:
            for canvas in self._canvases:
                canvas.release()
            self._canvases = []
        if not self._canvases:
            self._canvases = [surface(self._ctx, size) for _ in range(2)]
        return self._canvases[self._canvases[0].texture is busy]

    def release(self) -> None:
        """Give everything back."""
        for link in self._links:
            if link.effect:
                link.effect.release()
        for canvas in self._canvases:
            canvas.release()
        self._links, self._canvases = [], []


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

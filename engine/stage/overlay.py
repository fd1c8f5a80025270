"""Text over the picture, for the performer: the table of keys and one line of status. Never in a screenshot."""

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.stage.keys import KEYS
from engine.stage.textures import picture

_VERTEX = """#version 330
uniform vec4 box;  // left, bottom, width, height in -1..1
out vec2 at;
void main() {
    at = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    gl_Position = vec4(box.xy + at * box.zw, 0.0, 1.0);
}
"""
_FRAGMENT = """#version 330
uniform sampler2D panel;
in vec2 at;
out vec4 color;
void main() { color = texture(panel, at); }
"""
_PAPER, _INK, _QUIET = (12, 12, 16, 205), (245, 240, 230, 255), (170, 165, 160, 255)
_TITLES = {"space": "space", "escape": "Esc"}


def draw_panel(rows: list[tuple[str, str]], text_px: int) -> NDArray[np.uint8]:
    """(height, width, 4) of a dark panel with two columns of text."""
    font = ImageFont.load_default(text_px)
    line_px, margin_px = round(text_px * 1.5), text_px
    first = max(int(font.getlength(key)) for key, _ in rows)
    gap_px = 2 * text_px if first else 0
    width = 2 * margin_px + first + gap_px + max(int(font.getlength(text)) for _, text in rows)
    image = Image.new("RGBA", (width, 2 * margin_px + line_px * len(rows) - line_px // 4), _PAPER)
    canvas = ImageDraw.Draw(image)
    for number, (key, text) in enumerate(rows):
        top = margin_px + number * line_px
        canvas.text((margin_px, top), key, _INK, font)
        canvas.text((margin_px + first + gap_px, top), text, _INK if not key else _QUIET, font)
    return np.asarray(image)


def help_rows() -> list[tuple[str, str]]:
    """The table of keys as it is shown."""
    return [(_TITLES.get(key.name, key.name.upper()), key.about) for key in KEYS if key.about]


class Overlay:
    """Textures are made when the text or the window's size changes; drawing is one small quad each."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program: Any = ctx.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        self._quad = ctx.vertex_array(self._program, [])
        self._panels: dict[str, tuple[tuple[str, int], Any]] = {}

    def draw(self, frame: Any, size: tuple[int, int], help_shown: bool, status: str) -> None:
        """Draw over a framebuffer what is asked for."""
        if not help_shown and not status:
            return
        text_px = max(11, min(size[1] // 36, size[0] // 30))
        frame.use()
        frame.viewport = (0, 0, *size)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        if help_shown:
            panel = self._panel("help", "", help_rows(), text_px)
            self._quad_at(panel, size, 0.5, 0.5)
        if status:
            letters = max(8, int(size[0] / (0.6 * text_px)) - 4)
            short = status if len(status) <= letters else f"{status[: letters - 3]}..."
            panel = self._panel("status", short, [("", short)], text_px)
            self._quad_at(panel, size, 0.0, 0.0)
        self._ctx.disable(moderngl.BLEND)

    def _panel(self, name: str, text: str, rows: list[tuple[str, str]], text_px: int) -> Any:
        key, texture = self._panels.get(name, (("", 0), None))
        if texture is None or key != (text, text_px):
            if texture is not None:
                texture.release()
            texture = picture(self._ctx, draw_panel(rows, text_px))
            self._panels[name] = ((text, text_px), texture)
        return texture

    def _quad_at(self, panel: Any, size: tuple[int, int], across: float, up: float) -> None:
        width, height = (2.0 * p / s for p, s in zip(panel.size, size, strict=True))
        self._program["box"].value = (-1.0 + across * (2.0 - width), -1.0 + up * (2.0 - height), width, height)
        panel.use(0)
        self._quad.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def release(self) -> None:
        """Give everything back."""
        for _, texture in self._panels.values():
            texture.release()
        self._panels.clear()
        self._quad.release()
        self._program.release()

"""Paints a frame: the generator's pictures, through the effects, into the output; for window and offscreen alike."""

import math
import time
from typing import TYPE_CHECKING, Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.errors import DeviceError
from engine.paths import data_dir
from engine.stage.chain import Chain
from engine.stage.crossfade import Crossfade
from engine.stage.effect import Effect, Moment, zeros
from engine.stage.effects import LAYOUT_LAYERS
from engine.stage.feed import Feed
from engine.stage.glsl import sources
from engine.stage.hold import Hold
from engine.stage.isf import load_isf
from engine.stage.textures import Surface, picture, surface

if TYPE_CHECKING:
    from engine.stage.interop import Door

# TIME goes round after 1 h 47 min. sin(TIME * k) passes the seam unseen for every k that is a multiple of 1/1024.
TIME_PERIOD_S = 2048 * math.pi
_DRIFT_PERIOD_S = 128 * math.pi  # hold.fs moves in multiples of 1/64 radians a second
_SAMPLE_PX = 32
_REC_709 = np.array([0.2126, 0.7152, 0.0722])


class Painter:
    """Owns everything in one OpenGL context except the output itself. The context must be current in every call."""

    def __init__(self, ctx: moderngl.Context, refused: dict[str, str], feed: Feed, live: bool) -> None:
        self.ctx, self._feed, self._live = ctx, feed, live
        self.chain = Chain(ctx, refused)
        self._presents = self._shipped("present"), self._shipped("present", "SHARP")
        self._sharp = 0
        self._hold_effect = self._shipped("hold")
        self._hold = Hold()
        self._zeros = zeros(ctx)
        self._crossfade = Crossfade(ctx, self._shipped("fade"), self._zeros)
        self._sample = surface(ctx, (_SAMPLE_PX, _SAMPLE_PX))
        self._crossfade.warm_up(self._sample.frame, self._sample.size)
        self._pictures: list[Any] = []  # a texture per voice
        self._pixels: NDArray[np.uint8] | None = None  # the same on the host, bottom row first
        self._door: Door | None = None  # to the same pictures in GPU memory
        self._slot = -1  # where the newest lies there
        self._image: NDArray[np.uint8] | None = None  # the newest as it came, where nobody has needed its copy
        self.news: list[str] = []  # why the door was left
        self._fresh = False
        self._canvases: list[Surface] = []  # where voices are composed, and what was composed before
        self._composed = False
        self._shown: Any = None
        self._size = (1, 1)  # of the output
        self._moment = Moment()
        self._time_s = 0.0
        self._indices: dict[str, int] = {}

    def _shipped(self, name: str, define: str = "") -> Effect:
        isf = load_isf(data_dir("shaders") / f"{name}.fs")
        return Effect(self.ctx, isf, sources(isf, define))

    def set_layout(self, layout: Layout) -> None:
        """Find the controls of the output."""
        for present in self._presents:
            present.bind("/output", {}, layout)
        names = ("freeze", "blend", "layout", "sharp")
        self._indices = {n: layout.index(f"/output/{n}") for n in names if f"/output/{n}" in layout}

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The host's copy of the last picture as it came, None before the first."""
        self._copy()
        return None if self._pixels is None else self._pixels[:, ::-1]

    def follow(self, door: "Door | None") -> None:
        """Take pictures through this door from now on, and close the former one."""
        self._copy()
        former, self._door = self._door, door
        if former is not None:
            former.close()

    def keep(self, image: NDArray[np.uint8], slot: int | None = None) -> None:
        """Take a new picture, (voices, height, width, 4); it is drawn by the next `draw` that is not frozen.

        slot : where the door has it too
        """
        if image.ndim != 4 or image.shape[3] != 4 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"a picture of {image.shape} {image.dtype}; expected (voices, height, width, 4) uint8")
        if self._pixels is None or self._pixels.shape != image.shape:
            self._pixels = np.empty(image.shape, np.uint8)
        self._image, self._fresh = image, True
        self._slot = -1 if slot is None or self._door is None or self._door.shape != image.shape else slot
        if self._slot < 0:
            self._copy()

    def _copy(self) -> None:
        """The newest picture onto the host. OpenGL counts rows from below: turned once, so that no shader need know."""
        if self._image is not None and self._pixels is not None:
            np.copyto(self._pixels, self._image[:, ::-1])
        self._image = None

    def crossfade(self, lasts_s: float) -> None:
        """The next picture comes from another generator: fade to it from what is shown; 0 cuts."""
        self._crossfade.ask(lasts_s)

    def draw(self, controls: Controls, dt_s: float) -> None:
        """Run the effects; frozen, everything stays as it is."""
        self._sharp = int(self._level(controls, "sharp") >= 0.5)
        self._presents[self._sharp].listen(controls)
        if self._pixels is None or (self._shown is not None and self._level(controls, "freeze") >= 0.5):
            return
        blend = min(max(self._level(controls, "blend"), 0.0), 1.0)
        if self._fresh:
            if self._crossfade.asked and self._shown is not None:
                self._keep_shown(controls)
            self._change_picture(blend)
        self._hold.step(dt_s)
        self._crossfade.step(dt_s)
        self._tick(dt_s)
        images = {"": self._zeros, **self._feed.textures(self.ctx)}
        voices, height, width = self._pixels.shape[:3]
        layers = voices > 1 and round(self._level(controls, "layout")) == LAYOUT_LAYERS
        size = (width if layers else width * voices, height)
        self._composed = voices > 1 or blend > 0.0 or self._hold.amount > 0.0 or self._hold.progress < 1.0
        source = self._compose(size, layers, images) if self._composed else self._pictures[0]
        self._shown = self.chain.draw(source, size, controls, self._moment, images)

    def _level(self, controls: Controls, name: str) -> float:
        index = self._indices.get(name)
        return 0.0 if index is None else float(controls.values[index])

    def _keep_shown(self, controls: Controls) -> None:
        """Begin a crossfade from what is shown, as bright as it was drawn: gain and blackout stay playable."""
        present = self._presents[self._sharp]
        present.inputs.set("gain", 1.0)
        present.inputs.set("blackout", 0.0)
        self._crossfade.begin(self._size, lambda frame: self._paint(frame, self._size, None))
        present.listen(controls)

    def _change_picture(self, blend: float) -> None:
        assert self._pixels is not None
        if self._hold.arrive(blend):
            if self._composed:
                self._canvases.reverse()
            else:
                self._hold.progress = 1.0
        voices, height, width = self._pixels.shape[:3]
        if len(self._pictures) != voices or self._pictures[0].size != (width, height):
            self._release_pictures()
            self._copy()
            self._pictures = [picture(self.ctx, pixels[::-1]) for pixels in self._pixels]
        else:
            self._upload()
        self._fresh = False

    def _upload(self) -> None:
        """The newest picture into its textures: through the door, else from the host's copy."""
        assert self._pixels is not None
        if self._door is not None and self._slot >= 0:
            try:
                for voice, texture in enumerate(self._pictures):
                    self._door.copy(self._slot, voice, texture)
                return
            except DeviceError as error:  # its process has died, or the driver: the host has the picture too
                self.news.append(f"pictures are copied from now on: {error}")
                self._door = None  # left open: CUDA may hang on what is broken
        self._copy()
        for texture, pixels in zip(self._pictures, self._pixels, strict=True):
            texture.write(pixels)

    def _tick(self, dt_s: float) -> None:
        moment = self._moment
        self._time_s += dt_s
        moment.time_s, moment.dt_s = self._time_s % TIME_PERIOD_S, dt_s
        moment.frame = (moment.frame + 1) & 0x7FFFFFFF
        if self._live:
            now = time.localtime()
            seconds = now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec
            moment.date = (float(now.tm_year), float(now.tm_mon), float(now.tm_mday), float(seconds))
        else:  # a rendered show must not depend on the day it is rendered
            moment.date = (2000.0, 1.0, 1.0, self._time_s % 86400.0)

    def _compose(self, size: tuple[int, int], layers: bool, images: dict[str, Any]) -> Any:
        if not self._canvases:
            self._canvases = [surface(self.ctx, size), surface(self.ctx, size)]
        if self._canvases[0].size != size:
            self._canvases[0].release()
            self._canvases[0] = surface(self.ctx, size)
        canvas, before = self._canvases
        hold, voices = self._hold_effect, len(self._pictures)
        hold.inputs.set("progress", self._hold.progress)
        hold.inputs.set("amount", self._hold.amount)
        hold.inputs.set("drift", self._hold.drift_s % _DRIFT_PERIOD_S)
        for voice, texture in enumerate(self._pictures):
            part = 1.0 if layers else 1.0 / voices
            hold.inputs.set("corner", 0.0 if layers else voice * part, part)
            # The first layer fades over what was there; the others join it as light (screen: never clips).
            hold.inputs.set("over", float(voice == 0 or not layers))
            if layers and voice == 1:
                self.ctx.enable(moderngl.BLEND)
                self.ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_COLOR
            left, right = (round(size[0] * (0.0 if layers else v * part)) for v in (voice, voice + 1))
            box = (0, 0, *size) if layers else (left, 0, right - left, size[1])
            both = {**images, "inputImage": texture, "startImage": before.texture}
            hold.draw(both, box[2:], self._moment, canvas.frame, box)
        self.ctx.disable(moderngl.BLEND)
        return canvas.texture

    def paint(self, frame: Any, size: tuple[int, int], box: tuple[int, int, int, int] | None = None) -> None:
        """Draw what is shown for an output of this size into a framebuffer: fitted, with gain and blackout.

        box : the part of the framebuffer to draw into, for a miniature of the whole output
        """
        if self._shown is None:
            frame.use()
            frame.clear(0.0, 0.0, 0.0, 1.0)
            return
        if box is None:
            self._size = size
        self._paint(frame, size, box)

    def _paint(self, frame: Any, size: tuple[int, int], box: tuple[int, int, int, int] | None) -> None:
        present = self._presents[self._sharp]
        present.draw({"": self._zeros, "inputImage": self._shown}, size, self._moment, frame, box)
        if self._crossfade.running:
            output = present.inputs.numbers()
            self._crossfade.draw(frame, size, box, output["gain"] * (1.0 - output["blackout"]))

    def mean_level(self, size: tuple[int, int]) -> float:
        """Mean brightness, 0..255, of 32 x 32 points of an output of this size."""
        self.paint(self._sample.frame, size, (0, 0, *self._sample.size))
        points = np.frombuffer(self._sample.frame.read(components=3, alignment=1), np.uint8).reshape(-1, 3)
        return float(points.mean(axis=0) @ _REC_709)

    def _release_pictures(self) -> None:
        for texture in self._pictures:
            texture.release()
        self._pictures = []

    def release(self) -> None:
        """Give everything back."""
        if self._door is not None:
            self._door.close()
            self._door = None
        self.chain.release()
        self._release_pictures()
        for one in [*self._presents, self._hold_effect, self._crossfade, self._zeros, self._sample, *self._canvases]:
            one.release()
        self._feed.forget()

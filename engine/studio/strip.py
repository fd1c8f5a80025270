"""Strips: a trajectory as a picture, one column a frame, the latent's components down.

After the figures of Akten, Fiebrink and Grierson, "Deep Meditations" (2018).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.errors import InputError
from engine.latent import geodesic, sphere
from engine.latent.space import seed_z
from engine.studio.oklab import srgb

Array = NDArray[np.float64]

PAPER, INK, FAINT = (250, 248, 243), (40, 40, 48), (222, 217, 208)
_SLERP, _SPRING = (196, 78, 42), (32, 92, 148)
# lightness, green-red, blue-yellow in OKLab: from deep blue over paper to burnt orange
_STOPS = np.array([
    [0.32, -0.02, -0.13], [0.55, -0.05, -0.12], [0.80, -0.03, -0.05], [0.975, 0.0, 0.008],
    [0.82, 0.05, 0.08], [0.62, 0.13, 0.11], [0.40, 0.12, 0.07],
])  # fmt: skip


def _palette(colours: int) -> NDArray[np.uint8]:
    """(colours, 3) sRGB bytes of the diverging scale; the middle one is paper."""
    at = np.linspace(0, len(_STOPS) - 1, colours)
    lab = np.stack([np.interp(at, np.arange(len(_STOPS)), _STOPS[:, i]) for i in range(3)], 1)
    return srgb(lab)


def strip_image(trajectory: Array, height_px: int = 512, width_px: int = 1200) -> Image.Image:
    """The picture of a trajectory (frames, dims): colour is a component's value, paper is zero.

    Columns are frames, or means of frames where there are more than pixels; rows are components, where there are more
    than pixels an even choice of them. The scale is symmetric and ends where 99.5 % of all values lie.
    """
    frames = np.asarray(trajectory, np.float64)
    if frames.ndim == 3:
        frames = frames.reshape(len(frames), -1)
    if frames.ndim != 2 or not frames.size:
        raise InputError(f"a trajectory of shape {frames.shape}; give frames x dims")
    if not np.isfinite(frames).all():
        raise InputError("a trajectory with numbers that are not finite; a strip needs finite ones")
    if frames.shape[1] > height_px:
        frames = frames[:, np.linspace(0, frames.shape[1] - 1, height_px).astype(int)]
    if len(frames) > width_px:
        edges = np.linspace(0, len(frames), width_px + 1).astype(int)[:-1]
        frames = np.add.reduceat(frames, edges, 0) / np.diff([*edges, len(frames)])[:, None]
    limit = float(np.quantile(np.abs(frames), 0.995)) or 1.0
    colours = 65
    index = np.rint(np.clip(frames.T / limit, -1, 1) * (colours // 2) + colours // 2).astype(np.uint8)
    index = np.repeat(index, max(1, height_px // index.shape[0]), 0)
    index = np.repeat(index, max(1, width_px // index.shape[1]), 1)
    image = Image.fromarray(index, "L")
    image.putpalette(_palette(colours).tobytes())
    return image


def strip(trajectory: Array, path: Path, height_px: int = 512, width_px: int = 1200) -> None:
    """Write the strip of a trajectory as a PNG; what is drawn `strip_image` says. InputError for no trajectory."""
    _save(strip_image(trajectory, height_px, width_px), path)


def by_slerp(places: Sequence[Array], leg_s: float, fps: float) -> Array:
    """Unit points (frames, dims) from place to place at constant speed, each leg in `leg_s`."""
    parts = (np.arange(round(leg_s * fps)) + 1.0) / round(leg_s * fps)
    return np.array([sphere.slerp(a, b, t) for a, b in zip(places, places[1:], strict=False) for t in parts])


def by_spring(places: Sequence[Array], leg_s: float, fps: float, frequency_hz: float, damping: float) -> Array:
    """The same journey on a spring: every `leg_s` the goal is the next place."""
    p, v, out = places[0], np.zeros_like(places[0]), []
    for goal in places[1:]:
        for _ in range(round(leg_s * fps)):
            p, v = geodesic.spring_step(p, v, goal, 2 * math.pi * frequency_hz, damping, 1.0 / fps)
            out.append(p)
    return np.array(out)


def speed_deg(trajectory: Array, fps: float) -> Array:
    """Degrees a second along unit points (frames, dims): (frames - 1,)."""
    return np.asarray(np.degrees(sphere.angle(trajectory[:-1], trajectory[1:])) * fps)


def turn_deg(trajectory: Array, fps: float) -> Array:
    """How much the velocity changes at each frame, degrees a second: (frames - 2,). A kink is a spike."""
    here = trajectory[1:-1]
    change = sphere.log(here, trajectory[2:]) + sphere.log(here, trajectory[:-2])
    return np.asarray(np.degrees(sphere.norm(change)[..., 0]) * fps)


def compare(
    path: Path, *, seed: int = 0, legs: int = 5, leg_s: float = 1.6, fps: float = 60.0, dims: int = 512,
    frequency_hz: float = 0.6, damping: float = 0.7,
) -> None:  # fmt: skip
    """Write a PNG that shows what the spring mends: strips of slerp and spring, their speeds, and their kinks.

    Slerp keeps its speed and breaks its direction in one frame at every place; a spring's velocity never breaks.
    """
    places = [sphere.normalise(seed_z(seed + i, dims)) for i in range(legs + 1)]
    straight = by_slerp(places, leg_s, fps)
    sprung = by_spring(places, leg_s, fps, frequency_hz, damping)
    shown = np.linspace(0, dims - 1, min(dims, 72)).astype(int)
    curves = [
        (label, [Curve("slerp", measure(straight, fps)), Curve("spring", measure(sprung, fps))])
        for label, measure in (
            ("speed, degrees a second", speed_deg),
            ("change of velocity from frame to frame, degrees a second", turn_deg),
        )
    ]
    strips = [
        (f"slerp: {legs} legs of {leg_s:g} s at constant speed", straight[:, shown]),
        (f"spring: the goal leaps every {leg_s:g} s; {frequency_hz:g} Hz, damping {damping:g}", sprung[:, shown]),
    ]
    draw_sheet(path, strips, curves)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values over the whole width of a plot."""

    name: str
    values: Array


def draw_sheet(
    path: Path, strips: Sequence[tuple[str, Array]], plots: Sequence[tuple[str, Sequence[Curve]]],
    width_px: int = 1120, height_px: int = 144,
) -> None:  # fmt: skip
    """Write a PNG of trajectories (frames, dims) below each other, and of plots with two curves at most below them."""
    margin, gap = 28, 46
    images = [strip_image(t, height_px, width_px).convert("RGB") for _, t in strips]
    images = [i.resize((width_px, height_px), Image.Resampling.NEAREST) for i in images]
    labels = [*(label for label, _ in strips), *(label for label, _ in plots)]
    sheet = Image.new("RGB", (width_px + 2 * margin, len(labels) * (height_px + gap) + margin), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    for i, label in enumerate(labels):
        draw.text((margin, gap + i * (height_px + gap) - 26), label, INK, font)
    for i, image in enumerate(images):
        sheet.paste(image, (margin, gap + i * (height_px + gap)))
    for i, (_, curves) in enumerate(plots, len(images)):
        top = gap + i * (height_px + gap)
        _plot(draw, (margin, top, margin + width_px, top + height_px), curves, font)
    _save(sheet.quantize(96, dither=Image.Dither.NONE), path)


def _plot(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], curves: Sequence[Curve],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:  # fmt: skip
    """Curves over one width, with a few lines to read values by."""
    left, top, right, bottom = box
    most = max((float(curve.values.max()) for curve in curves if curve.values.size), default=0.0) * 1.05 or 1.0
    tick = 10.0 ** math.floor(math.log10(most))
    tick = next(t for t in (tick / 2, tick, tick * 2, tick * 5) if most / t <= 4)
    for n in range(math.floor(most / tick) + 1):
        y = bottom - n * tick / most * (bottom - top)
        draw.line((left, y, right, y), FAINT)
        draw.text((left + 2, y - 20), f"{n * tick:g}", FAINT if n == 0 else (150, 146, 138), font)
    for i, (curve, colour) in enumerate(zip(curves, (_SLERP, _SPRING), strict=False)):
        xs = np.linspace(left, right, len(curve.values))
        ys = bottom - curve.values / most * (bottom - top)
        if len(xs) > 1:
            draw.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), colour, 3, "curve")
        draw.text((right - 150 + 80 * i, top - 26), curve.name, colour, font)


def _save(image: Image.Image, path: Path) -> None:
    """Write beside, then rename, so that no half picture is left."""
    temporary = path.with_name(path.name + ".part")
    image.save(temporary, "PNG", optimize=True)
    temporary.replace(path)

"""Silk in plain torch calls, for CUDA and MPS and as the oracle of the kernels: the same picture within rounding."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import DeviceError
from engine.generator.silk.arrays import THREAD, grid_line, grid_step, spline, trunk
from engine.generator.silk.dither import dither
from engine.generator.silk.garden import Style, split
from engine.generator.silk.generator import Silk

FIBRES = ((19.0, 0.40, 0.0), (31.7, 0.42, 1.3), (53.0, 0.42, 2.1), (89.0, 0.40, 4.0), (149.0, 0.36, 5.0))


class SilkTorch(Silk):
    """Silk drawn by torch on any device."""

    def __init__(self, garden: int = 0, device: str = "cuda") -> None:
        super().__init__(garden)
        self.device = _device(device)

    @property
    def backend(self) -> str:
        return f"torch {self.device.type}"

    def prepare(self, voices: int, width: int, height: int) -> None:
        self._lay_out(voices, width, height)
        step, unit_px = grid_step(width, height), (width * height) ** 0.5 / 2
        across, down = spline(width, step), spline(height, step)
        constants = (
            grid_line(width, step, unit_px),
            grid_line(height, step, unit_px),
            *across,
            *down,
            dither(width, height),
        )
        self._constants = [torch.from_numpy(a).to(self.device) for a in constants]
        self._pixel = 1 / unit_px
        self._flat = torch.zeros(Style().flat.shape, device=self.device)  # the one place a frame's numbers come in
        self.draw(np.zeros((voices, self.info.num_ws, self.info.w_dim), np.float32), {})

    @torch.inference_mode()
    def _paint(self, style: Style, image: NDArray[np.uint8]) -> None:
        self._flat.copy_(torch.from_numpy(style.flat))
        torch.from_numpy(image).copy_(picture(split(self._flat), self._constants, self._pixel))


def _device(name: str) -> torch.device:
    """The torch device of this name; DeviceError where this machine does not have it."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(name.partition(":")[0], False):
        have = ", ".join(n for n, ok in there.items() if ok)
        raise DeviceError(f"no device {name!r} here; there is: {have}. Choose one of them with --device")
    return torch.device(name)


def picture(style: Sequence[Tensor], constants: Sequence[Tensor], pixel: float) -> Tensor:
    """(height, width, 4) uint8 from a style's arrays and the constants of the size; no host synchronisation."""
    x, y, across, across_slope, down, down_slope, noise = constants
    fields = trunk(torch, style, x, y).reshape(8, y.shape[0], x.shape[0])
    vertical = down @ fields
    values = (vertical @ across.T).unbind(0)
    smooth = torch.stack([vertical[0], vertical[1], vertical[2], vertical[6]], 0)
    slopes_x = (smooth @ across_slope.T / pixel).unbind(0)
    lit = torch.stack([fields[0], fields[1], fields[2], fields[6]], 0)
    slopes_y = (down_slope @ lit @ across.T / pixel).unbind(0)
    rgb = head(values, slopes_x, slopes_y, style[-1].unbind(0)[22:], pixel)
    bytes_ = (rgb * 255 + noise[..., None]).clamp(0, 255).to(torch.uint8)
    return torch.nn.functional.pad(bytes_, (0, 1), value=255)


def head(f: tuple[Tensor, ...], fx: tuple[Tensor, ...], fy: tuple[Tensor, ...], p: Any, pixel: float) -> Tensor:
    """Cloth, light, stripes and threads in closed form at full size: (height, width, 3) in 0..1, sRGB.

    f : the eight fields; fx, fy : slopes of relief, threads, filaments and ring; p : the style's last 22 scalars.
    """
    h, u, q, c, m, e, ring, flower = f
    (hx, ux, qx, rx), (hy, uy, qy, ry) = fx, fy
    relief, light_x, light_y, half_x, half_y, half_z, stripe_k, striped, sharp, split = p[:10]
    fil, fil_bias, fil_count, fil_off, sheen, hue0, spread, hue_relief, light, chroma, contrast, iris = p[10:]
    # petals, sharp at any size
    petals = flower / (1 + (rx * rx + ry * ry) * (1.5 * pixel) ** 2)
    bend = ring + 0.6 * torch.sin(ring)
    ring_cos = torch.cos(ring)
    rim = petals * torch.sin(bend)
    slope = 0.55 * petals * torch.cos(bend) * (1 + 0.6 * ring_cos)
    h, hx, hy = h + 1.1 * rim, hx + slope * rx, hy + slope * ry
    m, c = m + rim, c + 0.8 * petals * ring_cos
    # fibres along the cloth
    gu = torch.sqrt(ux * ux + uy * uy + 0.01)
    fibre = torch.zeros_like(u)
    for frequency, amount, phase in FIBRES:
        fade = (1.6 - gu * (frequency * pixel)).clamp(0, 1)
        fibre = fibre + amount * fade * torch.sin(frequency * u + phase + 1.7 * c)
    # normal: folds, ripples and fibres
    ripple = (0.33 * torch.cos(5.5 * u + 1.1 * c) * _gate(e) + 0.25 * torch.cos(11.7 * u - 1.7 * h + 2) * _gate(-m)) / (
        1 + 0.01 * gu * gu
    )
    steep = 0.0004 * (gu * gu + hx * hx + hy * hy)
    clear = 1 / (1 + steep * steep)  # a fold too narrow for the grid lies flat instead of breaking into beads
    nx = -clear * (relief * (hx + ripple * ux) + 0.01 * fibre * ux)
    ny = -clear * (relief * (hy + ripple * uy) + 0.01 * fibre * uy)
    nz = 1 / torch.sqrt(1 + nx * nx + ny * ny)
    nx, ny = nx * nz, ny * nz
    # light
    facing = nx * light_x + ny * light_y + 0.75 * nz
    key = (0.62 * facing + 0.38).clamp(min=0) ** 2
    back = (0.45 * nz - 0.7 * (nx * light_x + ny * light_y)).clamp(min=0) ** 2
    glance = (nx * half_x + ny * half_y + nz * half_z).clamp(min=0)
    tx, ty = -uy / gu, ux / gu
    tz = -(nx * tx + ny * ty) / nz
    along = (tx * half_x + ty * half_y + tz * half_z) / torch.sqrt(tx * tx + ty * ty + tz * tz) + 0.1 * fibre
    gloss = _power8(1 - along * along)
    wide = _power8(1 - (along + 0.25) ** 2)
    glance4 = glance**4
    woven = gu * gu / (gu * gu + 0.4)  # where the threads have no direction, their sheen has none
    satin = woven * clear * (0.3 * gloss**2 + 0.7 * gloss**4) * glance4 * glance4
    veil = woven * wide * torch.sqrt(wide) * glance4
    # stripes
    stripe = torch.sin(stripe_k * (u + 0.12 * h) + 0.9 * torch.sin(2.3 * u + c) + 0.6 * c)
    stripe = _soft(stripe * sharp / (1 + (gu * stripe_k * pixel) ** 2))
    # colour of the cloth
    hue = hue0 + spread * c / torch.sqrt(1 + 0.2 * c * c) + hue_relief * _soft(0.55 * h) / 0.55 + split * stripe
    hue = hue + 0.12 * fibre
    body = _gate(0.6 * (0.9 * m / torch.sqrt(1 + 0.35 * m * m) + _soft(0.55 * h)) - 0.06)
    body = body * (1 - 0.2 * striped) + striped * (0.34 * stripe + 0.10)
    tone = (0.10 + 0.58 * body) * (0.25 + 0.95 * key) + 0.10 * back + 0.03 * fibre * (0.4 + key)
    tone = tone + light * (0.35 + 0.65 * tone)
    tone = ((tone - 0.36) * contrast + 0.36).clamp(min=0.03)
    tone = tone / torch.sqrt(torch.sqrt(1 + tone**4 * 0.75))
    off_green = hue - 2.15
    dark = (0.62 - tone).clamp(min=0)
    hue_safe = hue + (0.25 + 0.8 * dark) * torch.sin(off_green) * (0.5 + 0.5 * torch.cos(off_green))
    strength = chroma * (1 - 0.5 * striped * stripe.clamp(min=0)) * (0.54 + 2.3 * tone * (1.18 - tone))
    rgb = _oklch(tone, strength, hue_safe)
    # sheen, in a colour that turns with the angle
    tint = _oklch(0.80, (0.85 * chroma).clamp(max=0.17), hue + 1.1 + iris * (glance - 0.6) + 0.8 * e)
    rgb = rgb + tint * ((0.8 * satin + 0.36 * veil) * sheen * (0.25 + 0.9 * body))[..., None]
    # filaments
    line = (0.25 * q + 0.9 * u) * fil_count + fil_off
    cell = torch.floor(line + 0.5)
    fx_, fy_ = 0.25 * qx + 0.9 * ux, 0.25 * qy + 0.9 * uy
    gq = torch.sqrt(fx_ * fx_ + fy_ * fy_ + 0.05) * fil_count
    distance2 = ((line - cell) / gq) ** 2
    where = _gate(0.75 * (2 * e + 1.2 * torch.sin(2.1 * cell + 1.7 * q) + fil_bias))
    glow = where * where * (1.25 - 0.06 * gq).clamp(0, 1) * (0.15 + 0.5 * key + 1.8 * gloss**2 * glance4)
    core = 1 / (1 + distance2 * (float(THREAD) / pixel)) ** 2
    profile = core + 0.20 / (1 + distance2 * 8264) + 0.05 / (1 + distance2 * 400)
    thread = _oklch(0.86, 0.6 * chroma, hue + 0.7 + 0.5 * e)
    rgb = rgb + thread * (0.9 * fil * glow * profile)[..., None]
    return _display(rgb)


def _gate(x: Tensor) -> Tensor:
    """From 0 to 1, algebraic: about the logistic function of 3.2 x."""
    return 0.5 + 0.5 * _soft(x)


def _soft(x: Tensor) -> Tensor:
    """From -1 to 1, algebraic."""
    return x / torch.sqrt(1 + x * x)


def _power8(x: Tensor) -> Tensor:
    """x to the eighth, nothing below 0."""
    return x.clamp(min=0) ** 8


def _oklch(lightness: Tensor | float, chroma: Tensor, hue: Tensor) -> Tensor:
    """Linear sRGB of OKLCH (Ottosson 2020), nothing below 0."""
    a, b = chroma * torch.cos(hue), chroma * torch.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short
    return torch.stack([red, green, blue], -1).clamp(min=0)


def _display(rgb: Tensor) -> Tensor:
    """Tone mapping with a soft shoulder (Reinhard with a white of 2.45), then the sRGB curve by square roots."""
    light = 1.45 * rgb
    light = (1.06 * light * (1 + light / 6) / (1 + light)).clamp(0, 1)
    half = torch.sqrt(light)
    quarter = torch.sqrt(half)
    return (0.585122381 * half + 0.783140355 * quarter - 0.368262736 * torch.sqrt(quarter)).clamp(0, 1)

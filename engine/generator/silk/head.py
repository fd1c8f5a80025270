"""The closed-form head of silk for the processor: `silk_torch.head` written for one pixel, over one line of pixels.

Pixels whose places between two grid points are equal (one `phase`) stand side by side in the grid's lines: a line is
shaded phase by phase, so that each spline weight is one number and every load is contiguous.
"""

import numpy as np
from numba import float32

from engine.generator.silk.arrays import THREAD
from engine.generator.silk.math import ROW, cos, fast, gate, positive, sin, soft, sqrt, unit

f = float32


@fast
def _read(v, k, j, w):  # type: ignore[no-untyped-def]
    i = k * ROW + j
    return w[0] * v[i] + w[1] * v[i + 1] + w[2] * v[i + 2] + w[3] * v[i + 3]


@fast
def _fibre(u, shift, gu, pixel, frequency, amount):  # type: ignore[no-untyped-def]
    return amount * unit(f(1.6) - gu * (frequency * pixel)) * sin(frequency * u + shift)


@fast
def _power4(x):  # type: ignore[no-untyped-def]
    x *= x
    return x * x


@fast
def _cube(x):  # type: ignore[no-untyped-def]
    return x * x * x


@fast
def _oklch(lightness, chroma, hue):  # type: ignore[no-untyped-def]
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = _cube(lightness + f(0.3963377774) * a + f(0.2158037573) * b)
    mid = _cube(lightness - f(0.1055613458) * a - f(0.0638541728) * b)
    short = _cube(lightness - f(0.0894841775) * a - f(1.2914855480) * b)
    red = f(4.0767416621) * long - f(3.3077115913) * mid + f(0.2309699292) * short
    green = f(-1.2684380046) * long + f(2.6097574011) * mid - f(0.3413193965) * short
    blue = f(-0.0041960863) * long - f(0.7034186147) * mid + f(1.7076147010) * short
    return positive(red), positive(green), positive(blue)


@fast
def _display(x):  # type: ignore[no-untyped-def]
    x *= f(1.45)
    half = sqrt(unit(f(1.06) * x * (f(1) + x * f(1 / 6)) / (f(1) + x)))
    quarter = sqrt(half)
    return unit(f(0.585122381) * half + f(0.783140355) * quarter - f(0.368262736) * sqrt(quarter))


@fast
def shade(p, v, w, d, noise, pixel, out):  # type: ignore[no-untyped-def]
    """Shade the pixels of one phase of one line: out (n,) uint32 gets their RGBA."""
    relief, light_x, light_y, half_x, half_y, half_z = p[22], p[23], p[24], p[25], p[26], p[27]
    stripe_k, striped, sharp, split, fil, fil_bias = p[28], p[29], p[30], p[31], p[32], p[33]
    fil_count, fil_off, sheen, hue0, spread, hue_relief = p[34], p[35], p[36], p[37], p[38], p[39]
    light, chroma, contrast, iris = p[40], p[41], p[42], p[43]
    inverse = f(1) / pixel
    for j in range(noise.shape[0]):
        h, u, q, c = _read(v, 0, j, w), _read(v, 1, j, w), _read(v, 2, j, w), _read(v, 3, j, w)
        m, e, ring, flower = _read(v, 4, j, w), _read(v, 5, j, w), _read(v, 6, j, w), _read(v, 7, j, w)
        hx, hy = _read(v, 0, j, d) * inverse, _read(v, 8, j, w)
        ux, uy = _read(v, 1, j, d) * inverse, _read(v, 9, j, w)
        qx, qy = _read(v, 2, j, d) * inverse, _read(v, 10, j, w)
        rx, ry = _read(v, 6, j, d) * inverse, _read(v, 11, j, w)
        # petals, sharp at any size
        petals = flower / (f(1) + (rx * rx + ry * ry) * (f(2.25) * pixel * pixel))
        bend = ring + f(0.6) * sin(ring)
        ring_cos = cos(ring)
        rim = petals * sin(bend)
        slope = f(0.55) * petals * cos(bend) * (f(1) + f(0.6) * ring_cos)
        h, hx, hy = h + f(1.1) * rim, hx + slope * rx, hy + slope * ry
        m, c = m + rim, c + f(0.8) * petals * ring_cos
        # fibres along the cloth
        gu = sqrt(ux * ux + uy * uy + f(0.01))
        shift = f(1.7) * c
        fibre = _fibre(u, shift, gu, pixel, f(19), f(0.40))
        fibre += _fibre(u, shift + f(1.3), gu, pixel, f(31.7), f(0.42))
        fibre += _fibre(u, shift + f(2.1), gu, pixel, f(53), f(0.42))
        fibre += _fibre(u, shift + f(4), gu, pixel, f(89), f(0.40))
        fibre += _fibre(u, shift + f(5), gu, pixel, f(149), f(0.36))
        # normal: folds, ripples and fibres
        ripple = f(0.33) * cos(f(5.5) * u + f(1.1) * c) * gate(e)
        ripple += f(0.25) * cos(f(11.7) * u - f(1.7) * h + f(2)) * gate(-m)
        ripple /= f(1) + f(0.01) * gu * gu
        steep = f(0.0004) * (gu * gu + hx * hx + hy * hy)
        clear = f(1) / (f(1) + steep * steep)
        nx = -clear * (relief * (hx + ripple * ux) + f(0.01) * fibre * ux)
        ny = -clear * (relief * (hy + ripple * uy) + f(0.01) * fibre * uy)
        nz = f(1) / sqrt(f(1) + nx * nx + ny * ny)
        nx *= nz
        ny *= nz
        # light
        across = nx * light_x + ny * light_y
        key = positive(f(0.62) * (across + f(0.75) * nz) + f(0.38))
        key *= key
        back = positive(f(0.45) * nz - f(0.7) * across)
        back *= back
        glance = positive(nx * half_x + ny * half_y + nz * half_z)
        tx, ty = -uy / gu, ux / gu
        tz = -(nx * tx + ny * ty) / nz
        along = (tx * half_x + ty * half_y + tz * half_z) / sqrt(tx * tx + ty * ty + tz * tz) + f(0.1) * fibre
        gloss4 = _power4(positive(f(1) - along * along))
        gloss = gloss4 * gloss4
        gloss2 = gloss * gloss
        beside = along + f(0.25)
        wide4 = _power4(positive(f(1) - beside * beside))
        glance4 = _power4(glance)
        woven = gu * gu / (gu * gu + f(0.4))
        satin = woven * clear * (f(0.3) * gloss2 + f(0.7) * gloss2 * gloss2) * glance4 * glance4
        veil = woven * wide4 * wide4 * wide4 * glance4
        # stripes
        stripe = sin(stripe_k * (u + f(0.12) * h) + f(0.9) * sin(f(2.3) * u + c) + f(0.6) * c)
        blur = gu * stripe_k * pixel
        stripe = soft(stripe * sharp / (f(1) + blur * blur))
        # colour of the cloth
        rise = soft(f(0.55) * h)
        hue = hue0 + spread * c / sqrt(f(1) + f(0.2) * c * c) + hue_relief * rise * f(1 / 0.55) + split * stripe
        hue += f(0.12) * fibre
        body = gate(f(0.6) * (f(0.9) * m / sqrt(f(1) + f(0.35) * m * m) + rise) - f(0.06))
        body = body * (f(1) - f(0.2) * striped) + striped * (f(0.34) * stripe + f(0.10))
        tone = (f(0.10) + f(0.58) * body) * (f(0.25) + f(0.95) * key) + f(0.10) * back
        tone += f(0.03) * fibre * (f(0.4) + key)
        tone += light * (f(0.35) + f(0.65) * tone)
        tone = max((tone - f(0.36)) * contrast + f(0.36), f(0.03))
        tone /= sqrt(sqrt(f(1) + f(0.75) * _power4(tone)))
        off_green = hue - f(2.15)
        dark = positive(f(0.62) - tone)
        safe = hue + (f(0.25) + f(0.8) * dark) * sin(off_green) * (f(0.5) + f(0.5) * cos(off_green))
        strength = chroma * (f(1) - f(0.5) * striped * positive(stripe)) * (f(0.54) + f(2.3) * tone * (f(1.18) - tone))
        red, green, blue = _oklch(tone, strength, safe)
        # sheen, in a colour that turns with the angle
        turned = hue + f(1.1) + iris * (glance - f(0.6)) + f(0.8) * e
        r, g, b = _oklch(f(0.80), min(f(0.85) * chroma, f(0.17)), turned)
        a = (f(0.8) * satin + f(0.36) * veil) * sheen * (f(0.25) + f(0.9) * body)
        red, green, blue = red + a * r, green + a * g, blue + a * b
        # filaments
        line = (f(0.25) * q + f(0.9) * u) * fil_count + fil_off
        cell = np.floor(line + f(0.5))
        gx, gy = f(0.25) * qx + f(0.9) * ux, f(0.25) * qy + f(0.9) * uy
        gq = sqrt(gx * gx + gy * gy + f(0.05)) * fil_count
        distance = (line - cell) / gq
        distance *= distance
        where = gate(f(0.75) * (f(2) * e + f(1.2) * sin(f(2.1) * cell + f(1.7) * q) + fil_bias))
        glow = where * where * unit(f(1.25) - f(0.06) * gq) * (f(0.15) + f(0.5) * key + f(1.8) * gloss2 * glance4)
        core = f(1) + distance * (THREAD * inverse)
        profile = f(1) / (core * core) + f(0.20) / (f(1) + distance * f(8264)) + f(0.05) / (f(1) + distance * f(400))
        r, g, b = _oklch(f(0.86), f(0.6) * chroma, hue + f(0.7) + f(0.5) * e)
        a = f(0.9) * fil * glow * profile
        red, green, blue = _display(red + a * r), _display(green + a * g), _display(blue + a * b)
        n = noise[j]
        word = np.uint32(np.int32(min(red * f(255) + n, f(255))))
        word |= np.uint32(np.int32(min(green * f(255) + n, f(255)))) << np.uint32(8)
        word |= np.uint32(np.int32(min(blue * f(255) + n, f(255)))) << np.uint32(16)
        out[j] = word | np.uint32(0xFF000000)

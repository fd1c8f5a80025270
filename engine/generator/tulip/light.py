"""The tulip's colours for many pixels at once: a petal's albedo and the film curve, as the compiler vectorises them.

The twin of `petal.albedo` and `head.developed`. Every literal is a float32, since one float64 would halve the width of
the vectors; sines, powers and exponentials are polynomials, because libm's do not vectorise. Rows of the one scratch
array stand a constant ROW apart: so the compiler sees that they do not overlap. Call `engine.paths.use_numba_cache`
before importing this module.
"""

import math

import numpy as np
from numba import float32, int32

from engine.generator.silk.math import cos, fast, sin, unit
from engine.generator.tulip.maps import EXPOSURE, GAMMA
from engine.generator.tulip.tiles import MOST

f = float32
ROW = MOST + 16  # floats between two rows of the scratch: no multiple of a page, where stores and loads would collide
# Rows: where a pixel lies in its tile; its colour; the sum of what it is; of the two petals that it is most: how much,
# u, v, light and phase; maps between; a share for each layer that can be seen.
X, Y, RED, GREEN, BLUE, TOP, SUM, PETAL, FIRST, SECOND, SPARE, SHARE = 0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 18, 21
ROWS = SHARE + 11
# What a picture is drawn from, in one array: `parameters` lays it out.
BASE, FLAME, EDGE, BLOTCH, BROWN, MARKS, GLOSS, LIT, SOIL, SOIL_BASE, THINGS, SHARP = (
    0, 3, 6, 9, 12, 15, 23, 26, 28, 37, 40, 52,
)  # fmt: skip
PARAMETERS = SHARP + 1
_DIM = np.float32(-EXPOSURE / math.log(2))
_FULL = np.float32(1 / (1 - math.exp(-EXPOSURE)))
_BEND = np.float32(GAMMA - 1)


@fast
def power2(x):  # type: ignore[no-untyped-def]
    """2 to the power of x, within 3e-7 of it; 0 below -126."""
    x = min(max(x, f(-126.5)), f(126))
    whole = np.floor(x)
    part = x - whole
    high = f(0.0558765568) + part * (f(0.00894058216) + part * f(0.00189437938))
    value = f(0.999999762) + part * (f(0.693156779) + part * (f(0.240131691) + part * high))
    return value * np.int32((int32(whole) + int32(127)) << int32(23)).view(np.float32)


@fast
def log2(x):  # type: ignore[no-untyped-def]
    """The binary logarithm of a positive x within 2e-4: enough for a gamma near 1."""
    bits = np.float32(x).view(np.int32)
    part = np.int32((bits & int32(0x7FFFFF)) | int32(0x3F800000)).view(np.float32) - f(1)
    high = f(-0.669515193) + part * (f(0.312214255) - part * f(0.0791503638))
    value = f(0.000204158918) + part * (f(1.43609810) + part * high)
    return f((bits >> int32(23)) - int32(127)) + value


@fast
def rise(x):  # type: ignore[no-untyped-def]
    """Hermite step from 0 at 0 to 1 at 1."""
    t = unit(x)
    return t * t * (f(3) - f(2) * t)


@fast
def display(x, shade):  # type: ignore[no-untyped-def]
    """Linear to display in 0..1: film curve, vignette, gamma."""
    film = max(_FULL * (f(1) - power2(_DIM * max(x, f(0)))), f(1e-6))
    return unit(film * power2(_BEND * log2(film)) * shade)


@fast
def petal(t, q, n, p):  # type: ignore[no-untyped-def]
    """Add a petal to the colours; rows of q: how much of it there is, u, v, light, phase."""
    bias, gain, feather, blotch, steep, picotee, tip, wilt = (
        p[MARKS], p[MARKS + 1], p[MARKS + 2], p[MARKS + 3], p[MARKS + 4], p[MARKS + 5], p[MARKS + 6], p[MARKS + 7],
    )  # fmt: skip
    r0, g0, b0, r1, g1, b1 = p[BASE], p[BASE + 1], p[BASE + 2], p[FLAME], p[FLAME + 1], p[FLAME + 2]
    r2, g2, b2, r3, g3, b3 = p[EDGE], p[EDGE + 1], p[EDGE + 2], p[BLOTCH], p[BLOTCH + 1], p[BLOTCH + 2]
    r4, g4, b4 = p[BROWN], p[BROWN + 1], p[BROWN + 2]
    for i in range(n):
        u, v, phase = q[ROW + i], q[2 * ROW + i], q[4 * ROW + i]
        share = q[i] * q[3 * ROW + i]
        across = abs(v)
        shade = f(0.84) + f(0.22) * u
        band = cos(f(6.2831853) * (f(1.55) * v + f(0.10) * sin(f(5.5) * u + phase)) + f(0.8) * phase)
        band += feather * cos(f(19.5) * v - f(4) * u + f(2) * phase)
        a = gain * rise((band + bias - f(0.5) * u + f(0.35)) * f(1 / 0.7))
        r, g, b = shade * r0, shade * g0, shade * b0
        r, g, b = r + (r1 - r) * a, g + (g1 - g) * a, b + (b1 - b) * a
        inner = rise((u - f(0.1)) * f(1 / 0.4))
        a = picotee * rise((across * inner - f(0.68)) * f(1 / 0.32)) + tip * rise((u - f(0.86)) * f(1 / 0.14))
        a = min(a, f(1))
        r, g, b = r + (r2 - r) * a, g + (g2 - g) * a, b + (b2 - b) * a
        a = blotch * (f(1) - rise((u - f(0.05)) * steep))
        r, g, b = r + (r3 - r) * a, g + (g3 - g) * a, b + (b3 - b) * a
        a = wilt * rise((u + f(0.25) * across - f(0.45)) * f(1 / 0.65))
        r, g, b = r + (r4 - r) * a, g + (g4 - g) * a, b + (b4 - b) * a
        t[RED * ROW + i] += share * r
        t[GREEN * ROW + i] += share * g
        t[BLUE * ROW + i] += share * b


@fast
def develop(t, shade):  # type: ignore[no-untyped-def]
    """The colours from linear to display, 0..1, in their places."""
    for row in range(RED, BLUE + 1):
        colour = t[row * ROW : (row + 1) * ROW]
        for i in range(shade.shape[0]):
            colour[i] = display(colour[i], shade[i])


@fast
def to_words(t, noise, words):  # type: ignore[no-untyped-def]
    """Display colours as RGBA words, dithered."""
    for i in range(noise.shape[0]):
        red = int32(min(t[RED * ROW + i] * f(255) + noise[i], f(255)))
        green = int32(min(t[GREEN * ROW + i] * f(255) + noise[i], f(255)))
        blue = int32(min(t[BLUE * ROW + i] * f(255) + noise[i], f(255)))
        words[i] = np.uint32(red | green << int32(8) | blue << int32(16)) | np.uint32(0xFF000000)

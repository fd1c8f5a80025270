"""The ground behind the tulip, and its palette. Numba; call `engine.paths.use_numba_cache` before importing."""

import math

import numpy as np
from numba import njit

from engine.generator.tulip.factors import NAMES
from engine.generator.tulip.maps import PALETTE
from engine.generator.tulip.petal import step

HUE, SATURATION, VALUE, STRIPES, FLAME_HUE, FEATHER, BLOTCH, PICOTEE, WILT, GROUND_HUE, GROUND = (
    NAMES.index(name)
    for name in (
        "hue",
        "saturation",
        "value",
        "stripes",
        "stripe_hue",
        "feather",
        "blotch",
        "picotee",
        "wilt",
        "ground_hue",
        "ground",
    )
)
COLOURS = len(PALETTE)
YELLOW = 1.15  # of hue, in turns from red, the circle once round
CELL = 8  # the ground is evaluated at every eighth pixel


@njit(cache=True, fastmath=True)
def rgb(hue, saturation, value):  # type: ignore[no-untyped-def]
    """HSV to RGB (Smith 1978); hue in turns, any number of them."""
    h = (hue - math.floor(hue)) * 6.0
    r = min(max(abs(h - 3.0) - 1.0, 0.0), 1.0)
    g = min(max(2.0 - abs(h - 2.0), 0.0), 1.0)
    b = min(max(2.0 - abs(h - 4.0), 0.0), 1.0)
    pale = 1.0 - saturation
    return value * (pale + saturation * r), value * (pale + saturation * g), value * (pale + saturation * b)


@njit(cache=True, fastmath=True)
def palette(f):  # type: ignore[no-untyped-def]
    """The numbers of `maps.PALETTE` of these factors.

    Flames are paler than the petal and further round the circle of hues, as far as yellow; on yellow petals, where
    they would be mint, they turn back towards red instead, and are palest where the two meet.
    """
    found = np.zeros(COLOURS, np.float32)
    hue = 0.76 + 0.40 * f[HUE]
    found[0], found[1], found[2] = rgb(hue, 0.56 + 0.42 * f[SATURATION], 0.58 + 0.40 * f[VALUE])
    warm = step(0.98, 1.12, hue)
    colour = f[FLAME_HUE]
    onward, back = min(hue + 0.08 + 0.22 * colour, YELLOW), hue - 0.02 - 0.12 * colour
    apart = 0.3 + 0.7 * (1 - 2 * warm) ** 2
    deep = 0.06 + (0.55 + 0.30 * warm) * colour * colour * apart
    found[3], found[4], found[5] = rgb(onward + (back - onward) * warm, deep, 0.97)
    found[6], found[7], found[8], found[9], found[10] = f[STRIPES], f[BLOTCH], f[PICOTEE], f[WILT], f[FEATHER]
    return found


@njit(cache=True, fastmath=True)
def ground(f, sun, image):  # type: ignore[no-untyped-def]
    """A glow where the light comes from, over a fixed nebula, into image (n, n, 3): linear RGB."""
    side = image.shape[0]
    cells = side // CELL
    low = np.zeros((cells + 1, cells + 1, 3), np.float32)
    base, bright = 0.50 + 0.50 * f[GROUND_HUE], 0.05 + 0.42 * f[GROUND] * f[GROUND]
    for j in range(cells + 1):
        for i in range(cells + 1):
            x, y = (i / cells - 0.5) * 2, (0.5 - j / cells) * 2
            warped_x = x + 0.5 * math.sin(1.7 * y + 3.6) + 0.25 * math.sin(3.1 * y + 2.3 * x + 1.5)
            warped_y = y + 0.5 * math.sin(1.9 * x + 1.8) + 0.25 * math.sin(3.3 * x - 1.7 * y + 1.5)
            cloud = 0.5 + 0.25 * math.sin(2.1 * warped_x + 1.3 * warped_y + 4.2)
            cloud += 0.15 * math.sin(4.3 * warped_y - 2.2 * warped_x + 3.0)
            cloud += 0.10 * math.sin(7.1 * warped_x + 3.7 * warped_y + 3.3)
            glow = math.exp(-((x - 0.55 * sun[0]) ** 2 + (y - 0.35 * sun[1]) ** 2) * 0.9)
            value = bright * (0.35 + 0.9 * glow) * (0.5 + 1.33 * cloud * cloud)
            low[j, i, 0], low[j, i, 1], low[j, i, 2] = rgb(base + 0.10 * (cloud - 0.5), 0.66 - 0.25 * glow, value)
    for j in range(side):
        y = j / CELL
        y0, down = int(y), y - int(y)
        for i in range(side):
            x = i / CELL
            x0, across = int(x), x - int(x)
            for c in range(3):
                above = low[y0, x0, c] * (1 - across) + low[y0, x0 + 1, c] * across
                below = low[y0 + 1, x0, c] * (1 - across) + low[y0 + 1, x0 + 1, c] * across
                image[j, i, c] = above * (1 - down) + below * down

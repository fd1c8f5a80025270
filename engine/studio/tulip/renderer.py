"""The tulip's teacher: a deferred renderer that also says what each pixel is.

Two whorls of three petals, stamens, a stem and two leaves as parametric surfaces; a depth buffer, a soft shadow map,
and shading in closed form. Numba; call `engine.paths.use_numba_cache` before importing this module.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.generator.tulip.factors import COUNT, NAMES
from engine.generator.tulip.maps import ANTHER, EXPOSURE, FILAMENT, FIXED, GAMMA, LEAF, PHASES, STEM, vignette
from engine.generator.tulip.petal import albedo, step
from engine.studio.tulip import geometry
from engine.studio.tulip.geometry import camera, leaf, petal, stamen, stem, surface_normals
from engine.studio.tulip.ground import ground, palette
from engine.studio.tulip.raster import NEAR, draw

LIGHT = NAMES.index("light")
HEIGHT_OF_SUN = 0.62  # radians above the horizon
SHADOW_PX = 160
SHADOW_SCALE = 0.30 * SHADOW_PX
SHADOW_CENTRE = 0.4  # the middle of the flower, above its base
BIAS, OFFSET = 0.09, 0.05  # against a surface shading itself
PETAL_GRID, STAMEN_GRID, STEM_GRID, LEAF_GRID = (
    geometry.PETAL_GRID,
    geometry.STAMEN_GRID,
    geometry.STEM_GRID,
    geometry.LEAF_GRID,
)
STAMENS, PISTIL = geometry.STAMENS, geometry.PISTIL


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """What was drawn, (n, n, ...) each, row 0 on top.

    linear : (n, n, 3) float32, before the film curve
    ids : (n, n) uint8, the layers of `engine.generator.tulip.maps.LAYERS`
    u, v, light, gloss : (n, n) float32 of what is seen; 0 on the ground
    """

    linear: NDArray[np.float32]
    ids: NDArray[np.uint8]
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    light: NDArray[np.float32]
    gloss: NDArray[np.float32]


def render(factors: NDArray[np.float32], side: int) -> Rendering:
    """factors (19,) as `engine.generator.tulip.factors.factors_of` gives them -> a square raster of this many pixels.

    side : a multiple of 8. ValueError for factors outside 0..1 or of another number, and for another side
    """
    factors = np.asarray(factors, np.float32)
    if factors.shape != (COUNT,):
        raise ValueError(f"a tulip has {COUNT} factors; these are of shape {factors.shape}")
    for name, value in zip(NAMES, factors, strict=True):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"the tulip's {name} is {value:g}; allowed: 0 to 1")
    if side < 8 or side % 8:
        raise ValueError(f"a tulip of {side} pixels a side cannot be rendered; give a multiple of 8")
    linear, ids, seen, light, gloss = _render(factors, side)
    return Rendering(linear, ids, seen[..., 0], seen[..., 1], light, gloss)


def picture(factors: NDArray[np.float32], side: int, samples: int = 2) -> NDArray[np.float32]:
    """A finished picture (side, side, 3) in 0..1, each pixel of samples x samples rays."""
    return developed(render(factors, side * samples).linear, side)


def developed(linear: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """A linear raster -> a picture (side, side, 3) in 0..1: box filter, film curve, vignette, gamma."""
    k = linear.shape[0] // side
    mean = linear.reshape(side, k, side, k, 3).mean((1, 3))
    film = (1 - np.exp(-EXPOSURE * mean)) / (1 - math.exp(-EXPOSURE))
    lit = np.clip(film * vignette(side, side)[..., None], 0, 1) ** GAMMA
    return np.asarray(lit, np.float32)


@njit(cache=True, fastmath=True, nogil=True)
def _render(f, side):  # type: ignore[no-untyped-def]
    image = np.zeros((side, side, 3), np.float32)
    depth = np.full((side, side), np.float32(NEAR))
    ids = np.zeros((side, side), np.uint8)
    seen = np.zeros((side, side, 5), np.float32)
    azimuth = (f[LIGHT] - 0.5) * 2.4
    low = math.cos(HEIGHT_OF_SUN)
    sun = (math.sin(azimuth) * low, math.sin(HEIGHT_OF_SUN), math.cos(azimuth) * low)
    ground(f, (math.sin(azimuth), sun[1]), image)
    view = camera(f, side)
    shadow = np.full((SHADOW_PX, SHADOW_PX), np.float32(NEAR))
    basis = _sun_basis(sun)
    _flower(f, view, basis, depth, ids, seen, shadow)
    light, gloss = _shade(f, view, sun, basis, depth, ids, seen, shadow, image)
    return image, ids, seen, light, gloss


@njit(cache=True, fastmath=True)
def _sun_basis(sun):  # type: ignore[no-untyped-def]
    """The axes of the shadow map (right, up, towards the sun), as rows."""
    flat = math.sqrt(sun[0] * sun[0] + sun[2] * sun[2]) + 1e-6
    ux, uz = sun[2] / flat, -sun[0] / flat
    return np.array(
        [
            [ux, 0.0, uz],
            [sun[1] * uz, sun[2] * ux - sun[0] * uz, -sun[1] * ux],
            [sun[0], sun[1], sun[2]],
        ],
        np.float32,
    )


@njit(cache=True, fastmath=True)
def _in_sun(basis, x, y, z):  # type: ignore[no-untyped-def]
    y0 = y - SHADOW_CENTRE
    return (
        basis[0, 0] * x + basis[0, 2] * z,
        basis[1, 0] * x + basis[1, 1] * y0 + basis[1, 2] * z,
        basis[2, 0] * x + basis[2, 1] * y + basis[2, 2] * z,
    )


@njit(cache=True, fastmath=True)
def _flower(f, view, basis, depth, ids, seen, shadow):  # type: ignore[no-untyped-def]
    """Everything into the depth buffer; the petals into the shadow map as well."""
    scale, cx, cy = view[0], view[5], view[6]
    points, normals = np.zeros((*PETAL_GRID, 3), np.float32), np.zeros((*PETAL_GRID, 3), np.float32)
    sunny = np.zeros((*PETAL_GRID, 3), np.float32)
    for whorl in range(2):
        for index in range(3):
            petal(f, whorl, index, view, points)
            surface_normals(points, normals)
            draw(points, normals, 1 + 3 * whorl + index, scale, cx, cy, depth, ids, seen, False)
            for i in range(PETAL_GRID[0]):
                for j in range(PETAL_GRID[1]):
                    p = points[i, j]
                    sunny[i, j, 0], sunny[i, j, 1], sunny[i, j, 2] = _in_sun(basis, p[0], p[1], p[2])
            draw(sunny, normals, 0, SHADOW_SCALE, SHADOW_PX / 2, SHADOW_PX / 2, shadow, ids, seen, True)
    points, normals = np.zeros((*STAMEN_GRID, 3), np.float32), np.zeros((*STAMEN_GRID, 3), np.float32)
    for index in range(STAMENS + 1):
        stamen(index, False, f, view, points, normals)
        draw(points, normals, FILAMENT, scale, cx, cy, depth, ids, seen, False)
        if index != PISTIL:
            stamen(index, True, f, view, points, normals)
            draw(points, normals, ANTHER, scale, cx, cy, depth, ids, seen, False)
    points, normals = np.zeros((*STEM_GRID, 3), np.float32), np.zeros((*STEM_GRID, 3), np.float32)
    stem(view, points, normals)
    draw(points, normals, STEM, scale, cx, cy, depth, ids, seen, False)
    points, normals = np.zeros((*LEAF_GRID, 3), np.float32), np.zeros((*LEAF_GRID, 3), np.float32)
    for right in range(2):
        leaf(f, right == 1, view, points)
        surface_normals(points, normals)
        draw(points, normals, LEAF, scale, cx, cy, depth, ids, seen, False)


@njit(cache=True, fastmath=True)
def _lit(basis, shadow, x, y, z):  # type: ignore[no-untyped-def]
    """1 in the sun, 0.28 in full shade: the soft comparison of 7 x 7 texels around a point."""
    right, up, towards = _in_sun(basis, x, y, z)
    column, row = int(SHADOW_PX * 0.5 + right * SHADOW_SCALE), int(SHADOW_PX * 0.5 - up * SHADOW_SCALE)
    shaded, count = 0.0, 0.0
    for j in range(max(row - 3, 0), min(row + 4, SHADOW_PX)):
        for i in range(max(column - 3, 0), min(column + 4, SHADOW_PX)):
            count += 1
            shaded += min(max((shadow[j, i] - towards - BIAS) * 5.0, 0.0), 1.0)
    return 1 - 0.72 * shaded / max(count, 1.0)


@njit(cache=True, fastmath=True)
def _shade(f, view, sun, basis, depth, ids, seen, shadow, image):  # type: ignore[no-untyped-def]
    side = ids.shape[0]
    scale, cx, cy = view[0], view[5], view[6]
    light, gloss = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    colours = palette(f)
    for row in range(side):
        for column in range(side):
            layer = ids[row, column]
            if layer == 0:
                continue
            u, v = seen[row, column, 0], seen[row, column, 1]
            nx, ny, nz = seen[row, column, 2], seen[row, column, 3], seen[row, column, 4]
            unit = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
            if nz < 0:  # both sides of a petal are seen
                unit = -unit
            nx, ny, nz = nx * unit, ny * unit, nz * unit
            facing = nx * sun[0] + ny * sun[1] + nz * sun[2]
            shine = 0.0
            lit = 1.0
            if layer != STEM and layer != LEAF:
                off = OFFSET if facing > 0 else -OFFSET
                x, y = (column + 0.5 - cx) / scale + nx * off, (cy - row - 0.5) / scale + ny * off
                lit = _lit(basis, shadow, x, y, depth[row, column] + nz * off)
            if layer < STEM:
                bright = 0.32 + 0.80 * max(facing * 0.8 + 0.2, 0.0) * lit
                bright += 0.22 * max(-facing, 0.0) * (0.4 + 0.6 * lit)  # light through the petal
                bright *= 0.45 + 0.55 * step(0.0, 0.6, u)
                half = max(nx * sun[0] * 0.6 + ny * (sun[1] * 0.6 + 0.2) + nz * 0.75, 0.0)
                shine = half**16 * 0.15 * lit + 0.09 * (1 - nz) ** 3
                r, g, b = albedo(u, v, PHASES[layer - 1], colours)
            else:
                below = 2.8 * u
                if layer == STEM:
                    bright = 0.32 + 0.75 * max(facing, 0.0) + 0.12 * (1 - nz) ** 2
                    bright *= (1 - 0.35 * step(0.3, 2.2, below)) * (0.50 + 0.50 * step(0.0, 0.35, below))
                elif layer == LEAF:
                    groove = 0.10 * math.exp(-((7 * v) ** 2))
                    bright = (0.34 + 0.62 * max(facing, 0.0) - groove) * (0.50 + 0.5 * u)
                else:
                    bright = (0.50 + 0.55 * max(facing, 0.0)) * (0.4 + 0.6 * lit)
                k = layer - STEM
                r, g, b = FIXED[k, 0], FIXED[k, 1], FIXED[k, 2]
            light[row, column], gloss[row, column] = bright, shine
            image[row, column, 0] = r * bright + shine
            image[row, column, 1] = g * bright + shine
            image[row, column, 2] = b * bright + shine
    return light, gloss

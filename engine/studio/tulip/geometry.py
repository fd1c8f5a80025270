"""The shape of the tulip: grids of points in front of the camera (x right, y up, z towards it).

Factors are numbered as in `engine.generator.tulip.factors`. Numba; call `engine.paths.use_numba_cache` before
importing this module.
"""

import math

from numba import njit

from engine.generator.tulip.factors import NAMES
from engine.generator.tulip.petal import TAU, step

BLOOM, CURL, WILT, PITCH, ZOOM, SWAY, YAW, LEAVES = (
    NAMES.index(name) for name in ("bloom", "curl", "wilt", "pitch", "zoom", "sway", "yaw", "leaves")
)
PETAL_GRID = (44, 29)  # along, across
STAMEN_GRID = (8, 9)
STEM_GRID = (40, 13)
LEAF_GRID = (30, 11)
PETAL_LENGTH, PETAL_WIDTH = 1.10, 0.44
YAW_SPAN = 0.28  # radians from one end of the factor to the other
STAMENS, PISTIL = 6, 6  # six stamens; the pistil comes after them
BEND = 1.6  # how fast the stem turns straight down


@njit(cache=True, fastmath=True)
def camera(f, size):  # type: ignore[no-untyped-def]
    """(scale, cos and sin of pitch, cos and sin of roll, centre x, centre y), in pixels of a square raster."""
    scale = size * (0.38 + 0.13 * f[ZOOM]) * (1.24 - 0.30 * f[BLOOM])
    pitch, roll = 0.10 + 0.95 * f[PITCH], (f[SWAY] - 0.5) * 0.8
    x = size * (0.5 - 0.12 * math.sin(roll))
    y = size * (0.69 - 0.16 * f[PITCH] + 0.05 * f[ZOOM])
    return scale, math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll), x, y


@njit(cache=True, fastmath=True)
def _turn(view, x, y, z):  # type: ignore[no-untyped-def]
    """From the flower's own axes (y along its stem) to the camera's."""
    _, cos_pitch, sin_pitch, cos_roll, sin_roll, _, _ = view
    up = y * cos_pitch - z * sin_pitch
    return x * cos_roll + up * sin_roll, up * cos_roll - x * sin_roll, y * sin_pitch + z * cos_pitch


@njit(cache=True, fastmath=True)
def petal(f, whorl, index, view, points):  # type: ignore[no-untyped-def]
    """Petal `index` of the outer (0) or inner (1) whorl into points (44, 29, 3).

    A midrib bends from its base to its tip; across it, the petal wraps around the flower's axis, less as it opens.
    """
    along, across = points.shape[0], points.shape[1]
    j2 = math.sin(4.7 * index + 1.3 * whorl + 3.3)  # fixed differences: no two petals are alike
    j3 = math.sin(2.3 * index + 3.3 * whorl + 4.8)
    j4 = math.sin(5.9 * index + 0.7 * whorl + 1.2)
    azimuth = 1.70 + TAU / 3 * index + TAU / 6 * whorl + 0.05 * j2 + YAW_SPAN * (f[YAW] - 0.5)
    length = PETAL_LENGTH * (1 + 0.045 * j2) * (1 - 0.03 * whorl)
    opened = min(max(f[BLOOM] * (1.0 - 0.16 * whorl) + 0.05 * j3 * f[BLOOM], 0.0), 1.1)
    droop = f[WILT] * f[WILT] * 0.9 * f[BLOOM]
    base_angle = 0.80 + 0.58 * opened + 0.1 * droop
    tip_angle = -0.66 + (1.35 + 0.70 * f[CURL]) * opened + 1.3 * droop * (0.7 + 0.5 * j4)
    width = PETAL_WIDTH * (1.0 + 0.5 * (1 - min(opened, 1.0)))
    wrap = max((1 - opened) * 0.75, 0.0) + 0.22
    cos_azimuth, sin_azimuth = math.cos(azimuth), math.sin(azimuth)
    radius, height, du = 0.05 - 0.012 * whorl, 0.03 * whorl, 1.0 / (along - 1)
    for i in range(along):
        u = i * du
        bent = u * u * (3 - 2 * u) * 0.65 + 0.35 * u
        angle = base_angle * (1 - bent) + tip_angle * bent
        outline = (math.sin(0.5 * TAU * u**0.92) + 1e-6) ** (0.55 + 0.22 * u)
        half = width * outline * (0.55 + 0.75 * step(0.0, 0.5, u)) + 0.03 * (1 - u)
        inward, upward = -math.cos(angle), math.sin(angle)
        around = max(radius, 0.10) + 0.02
        for j in range(across):
            v = 2.0 * j / (across - 1) - 1
            turned = 1.15 * math.tanh(v * half / around / 1.15) * wrap
            side = math.sin(turned) / wrap * around if abs(turned) > 1e-4 else v * half
            depth = 0.9 * around * (1 - math.cos(turned)) / wrap
            depth += 0.010 * u * u * v * v * math.sin(8 * u + 5.0 * v + 6 * j2)  # a ruffle
            depth -= 0.090 * math.exp(-((6 * v) ** 2)) * u * (1 - u)  # the midrib's groove
            depth += (0.060 * whorl + 0.040 * v) * step(0.02, 0.28, u)  # whorls apart, overlapping as a spiral
            out = radius + inward * depth
            points[i, j, 0], points[i, j, 1], points[i, j, 2] = _turn(
                view,
                out * cos_azimuth - side * sin_azimuth,
                height + upward * depth * 0.8,
                out * sin_azimuth + side * cos_azimuth,
            )
        radius += math.sin(angle) * length * du
        height += math.cos(angle) * length * du


@njit(cache=True, fastmath=True)
def stamen(index, tip, f, view, points, normals):  # type: ignore[no-untyped-def]
    """A filament or, with `tip`, the anther on it, as a tube; the last index is the pistil, which has no tip."""
    along, around = points.shape[0], points.shape[1]
    pistil = index == PISTIL
    angle = TAU * index / STAMENS + 0.35 + YAW_SPAN * (f[YAW] - 0.5)
    spread, tall = (0.0, 0.36) if pistil else (0.13, 0.31)
    first, last = (0.60, 1.0) if tip else (0.0, 0.62)
    if pistil:
        last = 1.0
    for i in range(along):
        q = i / (along - 1)
        t = first + (last - first) * q
        thick = 0.016
        if pistil:
            thick = 0.045 * (1 + 0.5 * step(0.75, 0.9, q)) * (1.0 if i < along - 1 else 0.2)
        elif tip:
            thick = 0.046 * math.sqrt(max(1 - (2 * q - 1) ** 2, 0.03))
        out = spread * (0.3 + 0.9 * t)
        for j in range(around):
            turn = TAU * j / (around - 1)
            nx, nz = math.cos(turn), math.sin(turn)
            points[i, j, 0], points[i, j, 1], points[i, j, 2] = _turn(
                view, math.cos(angle) * out + nx * thick, 0.02 + t * tall, math.sin(angle) * out + nz * thick
            )
            normals[i, j, 0], normals[i, j, 1], normals[i, j, 2] = _turn(view, nx, 0.0, nz)


@njit(cache=True, fastmath=True)
def stem(view, points, normals):  # type: ignore[no-untyped-def]
    """The half of the stem that is seen: leaves the flower along its axis, then turns straight down."""
    along, across = points.shape[0], points.shape[1]
    _, cos_pitch, sin_pitch, cos_roll, sin_roll, _, _ = view
    for i in range(along):
        t = i / (along - 1)
        below = 2.8 * t
        kept = (1 - math.exp(-BEND * below)) / BEND
        thick = 0.056 + 0.012 * t + 0.03 * math.exp(-14 * below)
        for j in range(across):
            turn = 0.5 * TAU * (j / (across - 1) - 0.5)
            nx, nz = math.sin(turn), math.cos(turn)
            points[i, j, 0] = nx * thick - sin_roll * kept
            points[i, j, 1] = kept - below - cos_roll * cos_pitch * kept
            points[i, j, 2] = nz * thick - sin_pitch * kept - 0.02
            normals[i, j, 0], normals[i, j, 1], normals[i, j, 2] = nx, 0.0, nz


@njit(cache=True, fastmath=True)
def leaf(f, right, view, points):  # type: ignore[no-untyped-def]
    """One of the two leaves that rise beside the stem; with the factor they reach up and stand closer."""
    along, across = points.shape[0], points.shape[1]
    side, size = (1.0, 1.0) if right else (-1.0, 0.82)
    reach = f[LEAVES] - 0.5 if right else 0.8 * (f[LEAVES] - 0.5)
    foot = -view[4] / BEND
    for i in range(along):
        t = i / (along - 1)
        half = 0.17 * math.sin(0.5 * TAU * (0.10 + 0.90 * t) ** 0.8) ** 0.9 + 0.004
        out = side * (0.05 + 0.52 * t * size + (0.30 - 0.36 * reach) * t * t)
        up = -1.30 + ((1.50 + 0.50 * reach) * t - (0.50 - 0.36 * reach) * t * t * size) * size
        for j in range(across):
            v = 2 * j / (across - 1) - 1
            points[i, j, 0] = foot + out + v * half * 0.85
            points[i, j, 1] = up - v * side * half * 0.5
            points[i, j, 2] = -0.35 + 0.3 * t * side + 0.5 * v * v * half


@njit(cache=True, fastmath=True)
def surface_normals(points, normals):  # type: ignore[no-untyped-def]
    """Unit normals of a grid from its neighbours; at base and tip, where it has no width, of the rows beside."""
    along, across = points.shape[0], points.shape[1]
    for i in range(along):
        k = min(max(i, 1), along - 3)
        for j in range(across):
            left, right = max(j - 1, 0), min(j + 1, across - 1)
            ax = points[k + 1, j, 0] - points[k - 1, j, 0]
            ay = points[k + 1, j, 1] - points[k - 1, j, 1]
            az = points[k + 1, j, 2] - points[k - 1, j, 2]
            bx = points[k, right, 0] - points[k, left, 0]
            by = points[k, right, 1] - points[k, left, 1]
            bz = points[k, right, 2] - points[k, left, 2]
            x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
            unit = 1.0 / math.sqrt(x * x + y * y + z * z + 1e-20)
            normals[i, j, 0], normals[i, j, 1], normals[i, j, 2] = x * unit, y * unit, z * unit

"""Silk's coordinate network on whole arrays, for numpy and torch alike: the plain reading of `silk_kernels.trunk`.

It is evaluated on a coarse grid. All that it gives is smooth; what is sharp is drawn from it at full size by the head.
"""

import math
from typing import Any

import numpy as np

WARPS = ((1.55, 1.0), (2.79, 0.494), (4.03, 0.318), (5.27, 0.231))  # (spatial frequency, amplitude) of each fold
THREAD = np.float32(211.6)  # a filament is 1.1 pixels to its half at 512 x 512, and grows with the root of the size


def trunk(xp: Any, style: Any, x: Any, y: Any, raw: bool = False) -> Any:
    """The smooth fields at the grid of x (width,) and y (height,).

    xp : numpy or torch.
    style : the arrays of `silk_garden.Style`, in its order.
    Returns (8, height * width): relief, threads, filaments, colour, lightness, shimmer, ring, flower;
    with `raw` only the network's own first six, before the flower is laid in.
    """
    first, first_bias, weights, biases, out, out_bias, scalars = style
    ax, ay, ox, oy, twist, warp = (scalars[i] for i in range(6))
    flower, inverse, bloom, spiral = (scalars[i] for i in range(14, 18))
    x = xp.reshape(x[None, :] + 0 * y[:, None], (-1,))
    y = xp.reshape(y[:, None] + xp.zeros_like(x.reshape(len(y), -1)), (-1,))
    x, y = ax * x - ay * y + ox, ay * x + ax * y + oy
    r2 = x * x + y * y
    angle = twist / (1 + 0.6 * r2) ** 2
    cos, sin = xp.cos(angle), xp.sin(angle)
    x, y = cos * x - sin * y, sin * x + cos * y
    amount = warp * (1 - 0.8 * flower / (1 + r2 * inverse) ** 2)
    for k, (frequency, amplitude) in enumerate(WARPS):
        x = x + amplitude * amount * xp.sin(frequency * y + scalars[6 + k])
        y = y + amplitude * amount * xp.sin(frequency * 0.93 * x + scalars[10 + k])
    r2 = x * x + y * y
    log_r = 0.5 * xp.log(r2 + 0.003) - bloom
    petal_cos, petal_sin = _petals(xp, x, y, r2, spiral * log_r, scalars[18:22])
    area = r2 * inverse
    strength = flower / (1 + 0.35 * area * area)
    flip = xp.cos(2.7 * log_r)
    ring = 5.4 * log_r + 1.9 * petal_cos * flip
    plain = 1.25 - 0.75 * flower
    features = xp.stack(
        [
            plain * x,
            plain * y,
            flower * 1.6 * log_r,
            flower * 2 * area / (1 + area),
            flower * 1.1 * petal_cos,
            flower * 0.9 * petal_sin,
            flower * petal_cos * xp.sin(2.2 * log_r),
        ],
        0,
    )
    v = xp.sin(first @ features + first_bias[:, None])
    for layer in range(len(weights)):
        u = weights[layer] @ v + biases[layer][:, None]
        u = xp.sin(u) if layer % 2 == 0 else u / xp.sqrt(1 + u * u)
        v = 0.5 * v + 0.7 * u
    fields = out @ v + out_bias[:, None]
    if raw:
        return fields
    rest = 1 - 0.6 * strength
    return xp.stack(
        [
            fields[0] * rest + 0.5 * strength * petal_cos,
            (fields[1] + 0.9 * x) * (1 - 0.8 * strength) + strength * (1.2 * petal_sin * flip + 0.8 * log_r),
            fields[2],
            fields[3] * rest + strength * (log_r + 0.3 * petal_cos),
            fields[4] * rest + 0.5 * strength,
            fields[5],
            ring,
            strength,
        ],
        0,
    )


def _petals(xp: Any, x: Any, y: Any, r2: Any, swirl: Any, mix: Any) -> tuple[Any, Any]:
    """Cosine and sine of the angle times 5, 6, 7 and 9, mixed: powers of the unit vector, turned by `swirl`."""
    n = 1 / xp.sqrt(r2 + 0.003)
    cos, sin = xp.cos(swirl), xp.sin(swirl)
    c1, s1 = n * (x * cos - y * sin), n * (y * cos + x * sin)
    c2, s2 = c1 * c1 - s1 * s1, 2 * c1 * s1
    c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
    c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
    c6, s6 = c3 * c3 - s3 * s3, 2 * c3 * s3
    c7, s7 = c5 * c2 - s5 * s2, s5 * c2 + c5 * s2
    c9, s9 = c6 * c3 - s6 * s3, s6 * c3 + c6 * s3
    return (
        mix[0] * c5 + mix[1] * c6 + mix[2] * c7 + mix[3] * c9,
        mix[0] * s5 + mix[1] * s6 + mix[2] * s7 + mix[3] * s9,
    )


def spline(samples: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (samples, samples of the grid) that read a uniform cubic B-spline, and its slope per sample.

    Grid point j stands at pixel edge (j - 1) * step. The spline is twice differentiable, so that light on it is smooth.
    """
    weights, slopes = spline_weights(step)
    grid = grid_size(samples, step)
    value, slope = np.zeros((samples, grid), np.float32), np.zeros((samples, grid), np.float32)
    index = np.arange(samples)
    for k in range(4):
        value[index, index // step + k] = weights[index % step, k]
        slope[index, index // step + k] = slopes[index % step, k]
    return value, slope


def spline_weights(step: int) -> tuple[np.ndarray, np.ndarray]:
    """(step, 4) weights of the four nearest grid points for each place between two of them, and of the slope."""
    t = (np.arange(step) + 0.5) / step
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    slopes = np.stack([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2], 1) / (2 * step)
    return weights.astype(np.float32), slopes.astype(np.float32)


def grid_size(samples: int, step: int) -> int:
    """How many grid points cover this many pixels, with one before and two behind."""
    return -(-samples // step) + 3


def grid_step(width: int, height: int) -> int:
    """Pixels between grid points: about 171 x 171 points whatever the size."""
    return max(1, round(math.sqrt(width * height) / 171))


def grid_line(samples: int, step: int, unit_px: float) -> np.ndarray:
    """Where the grid points of one axis stand, 0 in the middle of the picture."""
    return (((np.arange(grid_size(samples, step)) - 1) * step - samples / 2) / unit_px).astype(np.float32)

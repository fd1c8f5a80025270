"""The colour of a petal, in closed form, for the processor: the renderer's and the head's alike.

`head.albedo` says the same for whole tensors. Call `engine.paths.use_numba_cache` before importing this module.
"""

import math

from numba import njit

TAU = 6.2831853


@njit(cache=True, fastmath=True)
def step(a, b, x):  # type: ignore[no-untyped-def]
    """Hermite step from 0 at a to 1 at b."""
    t = min(max((x - a) / (b - a), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True, fastmath=True)
def mix(a, b, t):  # type: ignore[no-untyped-def]
    """a at t = 0, b at t = 1, for triples."""
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


@njit(cache=True, fastmath=True)
def albedo(u, v, phase, palette):  # type: ignore[no-untyped-def]
    """Linear RGB at u (0 base to 1 tip) and v (-1 to 1 across) of a petal whose flames have this phase.

    palette : the numbers of `maps.PALETTE`
    """
    stripes, blotch, picotee, wilt, feather = palette[6], palette[7], palette[8], palette[9], palette[10]
    across = abs(v)
    shade = 0.84 + 0.22 * u
    colour = palette[0] * shade, palette[1] * shade, palette[2] * shade
    # Flames: three broad bands, bent along the petal, and a second harmonic that feathers them.
    band = math.cos(TAU * (1.55 * v + 0.10 * math.sin(5.5 * u + phase)) + 0.8 * phase)
    band += (0.12 + 0.50 * feather) * math.cos(19.5 * v - 4.0 * u + 2.0 * phase)
    flame = step(-0.35, 0.35, band - 1.15 + 2.1 * stripes - 0.5 * (u - 0.6)) * min(1.0, 4.0 * stripes)
    colour = mix(colour, (palette[3], palette[4], palette[5]), flame)
    edge = picotee * step(0.68, 1.0, across * step(0.1, 0.5, u)) + 0.7 * picotee * step(0.86, 1.0, u)
    colour = mix(colour, (0.99, 0.93, 0.80), min(1.0, edge))
    colour = mix(colour, (0.93, 0.78, 0.16), blotch * (1.0 - step(0.05, 0.16 + 0.28 * blotch, u)))
    return mix(colour, (0.42, 0.26, 0.12), wilt * wilt * step(0.45, 1.1, u + 0.25 * across) * 0.75)

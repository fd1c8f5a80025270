"""Low-pass filters of StyleGAN3: Kaiser windows on a sinc, or on a jinc where a layer must not know directions.

Karras et al. 2021, appendix C; window and width after Kaiser 1974. Numpy alone, so that a file can be checked and
completed without torch or scipy.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.generator.stylegan3_design import Layer

Taps = NDArray[np.float64]


def filters_of(layers: Iterable[Layer]) -> dict[str, NDArray[np.float32]]:
    """Every filter of these layers, by the canonical name of its tensor: for a file that keeps none."""
    found: dict[str, NDArray[np.float32]] = {}
    for layer in layers:
        rate = layer.tmp_sampling_rate
        up = lowpass(layer.up_taps, layer.in_cutoff, layer.in_half_width, rate)
        down = lowpass(layer.down_taps, layer.out_cutoff, layer.out_half_width, rate, radial=layer.down_radial)
        for name, taps in (("up_filter", up), ("down_filter", down)):
            if taps is not None:
                found[f"synthesis.{layer.name}.{name}"] = taps.astype(np.float32)
    return found


def lowpass(taps: int, cutoff: float, half_width: float, rate: float, *, radial: bool = False) -> Taps | None:
    """The filter of so many taps, summing to 1: (taps,), or (taps, taps) when radial; None is no filter at all.

    cutoff : where it passes half, in cycles per picture
    half_width : half of the band in which it falls, in cycles per picture
    rate : samples per picture on the grid it works on
    """
    if taps == 1:
        return None
    window = np.kaiser(taps, kaiser_beta(taps, half_width, rate))
    offsets = np.arange(taps) - (taps - 1) / 2
    if radial:
        kernel = jinc(np.hypot.outer(offsets, offsets) / rate, cutoff) * np.outer(window, window)
    else:
        kernel = np.sinc(2 * cutoff / rate * offsets) * window
    return np.asarray(kernel / kernel.sum())


def kaiser_beta(taps: int, half_width: float, rate: float) -> float:
    """The window's shape that gives this many taps this band of transition (Kaiser's empirical formulas)."""
    attenuation_db = 2.285 * (taps - 1) * math.pi * (2 * half_width / (rate / 2)) + 7.95
    if attenuation_db > 50:
        return 0.1102 * (attenuation_db - 8.7)
    if attenuation_db > 21:
        return 0.5842 * math.pow(attenuation_db - 21, 0.4) + 0.07886 * (attenuation_db - 21)
    return 0.0


def jinc(radius: Taps, cutoff: float) -> Taps:
    """The ideal low-pass of the plane, J1(2 pi cutoff r) / (pi r); its limit in the middle."""
    middle = radius == 0.0
    safe = np.where(middle, 1.0, radius)
    return np.where(middle, cutoff, bessel_j1(2 * math.pi * cutoff * safe) / (math.pi * safe))


def bessel_j1(x: Taps) -> Taps:
    """The Bessel function of the first kind of order one, by Bessel's integral.

    Its integrand is periodic, so the midpoint rule is exact to rounding once it has some more points than the argument.
    """
    points = 64 + 2 * int(math.ceil(float(np.max(np.abs(x), initial=0.0))))
    turn = (np.arange(points) + 0.5) * (math.pi / points)
    return np.asarray(np.cos(turn - np.multiply.outer(x, np.sin(turn))).mean(axis=-1))

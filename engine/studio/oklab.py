"""Colours in OKLab, where equal distances look about equal, as sRGB."""

import numpy as np
from numpy.typing import NDArray

from engine.studio import light

_TO_LMS = np.array(
    [[1, 1, 1], [0.3963377774, -0.1055613458, -0.0894841775], [0.2158037573, -0.0638541728, -1.2914855480]]
)
_TO_RGB = np.array([
    [4.0767416621, -1.2684380046, -0.0041960863], [-3.3077115913, 2.6097574011, -0.7034186147],
    [0.2309699292, -0.3413193965, 1.7076147010],
])  # fmt: skip


def srgb(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Bytes (..., 3) of colours (..., 3): lightness, green to red, blue to yellow. Ottosson 2020.

    What a screen cannot show is clipped.
    """
    return light.srgb((lab @ _TO_LMS) ** 3 @ _TO_RGB)

"""Supersampled buffers become one of the picture's size.

Numba; call `engine.paths.use_numba_cache` before importing this module.
"""

import numpy as np
from numba import njit

from engine.generator.tulip.maps import LAYERS

LAYER_COUNT = len(LAYERS)
LIGHT_SPAN, GLOSS_SPAN = 1.5, 0.5


@njit(cache=True)
def _byte(x):  # type: ignore[no-untyped-def]
    return np.uint8(min(max(x * 255.0, 0.0), 255.0) + 0.5)


@njit(cache=True, nogil=True)
def reduced(ids, u, v, light, gloss):  # type: ignore[no-untyped-def]
    """(2n, 2n) each -> (n, n, 5) uint8, coded as `data.Data` says.

    The layer that most of the four rays hit, of equals the one that comes first, and its mean u, v, light and gloss.
    """
    side = ids.shape[0] // 2
    found = np.zeros((side, side, 5), np.uint8)
    count = np.zeros(LAYER_COUNT, np.int32)
    for row in range(side):
        for column in range(side):
            count[:] = 0
            for k in range(4):
                count[ids[2 * row + k // 2, 2 * column + k % 2]] += 1
            layer = 0
            for candidate in range(1, LAYER_COUNT):
                if count[candidate] > count[layer]:
                    layer = candidate
            found[row, column, 0] = layer
            if layer == 0:
                continue
            sums = (0.0, 0.0, 0.0, 0.0)
            for k in range(4):
                j, i = 2 * row + k // 2, 2 * column + k % 2
                if ids[j, i] == layer:
                    sums = (sums[0] + u[j, i], sums[1] + v[j, i], sums[2] + light[j, i], sums[3] + gloss[j, i])
            n = count[layer]
            found[row, column, 1] = _byte(sums[0] / n)
            found[row, column, 2] = _byte((sums[1] / n + 1.0) / 2.0)
            found[row, column, 3] = _byte(sums[2] / n / LIGHT_SPAN)
            found[row, column, 4] = _byte(sums[3] / n / GLOSS_SPAN)
    return found

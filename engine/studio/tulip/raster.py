"""Triangles into a depth buffer, and what each pixel sees.

Numba; call `engine.paths.use_numba_cache` before importing this module.
"""

import math

from numba import njit

NEAR = -1e9  # of an empty depth buffer: z grows towards the camera


@njit(cache=True, fastmath=True)
def draw(points, normals, layer, scale, cx, cy, depth, ids, seen, shadow):  # type: ignore[no-untyped-def]
    """Rasterise a grid of points (along, across, 3) with barycentric coordinates.

    scale, cx, cy : pixels of a unit, and where the origin is
    depth (n, n), ids (n, n), seen (n, n, 5): of each pixel the depth, the layer, and u, v and normal of what is nearest
    shadow : only the depth is written
    """
    along, across, side = points.shape[0], points.shape[1], depth.shape[0]
    for i in range(along - 1):
        for j in range(across - 1):
            for half in range(2):
                i0, j0 = (i, j) if half == 0 else (i + 1, j)
                i1, j1 = (i + 1, j) if half == 0 else (i + 1, j + 1)
                i2, j2 = i, j + 1
                x0, y0 = cx + points[i0, j0, 0] * scale, cy - points[i0, j0, 1] * scale
                x1, y1 = cx + points[i1, j1, 0] * scale, cy - points[i1, j1, 1] * scale
                x2, y2 = cx + points[i2, j2, 0] * scale, cy - points[i2, j2, 1] * scale
                area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                if abs(area) < 1e-9:
                    continue
                left, right = max(int(math.floor(min(x0, x1, x2))), 0), min(int(math.ceil(max(x0, x1, x2))), side - 1)
                top, bottom = max(int(math.floor(min(y0, y1, y2))), 0), min(int(math.ceil(max(y0, y1, y2))), side - 1)
                for row in range(top, bottom + 1):
                    for column in range(left, right + 1):
                        x, y = column + 0.5, row + 0.5
                        b1 = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
                        b2 = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
                        b0 = 1 - b1 - b2
                        if b0 < -1e-6 or b1 < -1e-6 or b2 < -1e-6:
                            continue
                        z = b0 * points[i0, j0, 2] + b1 * points[i1, j1, 2] + b2 * points[i2, j2, 2]
                        if z <= depth[row, column]:
                            continue
                        depth[row, column] = z
                        if shadow:
                            continue
                        ids[row, column] = layer
                        seen[row, column, 0] = (b0 * i0 + b1 * i1 + b2 * i2) / (along - 1)
                        seen[row, column, 1] = 2 * (b0 * j0 + b1 * j1 + b2 * j2) / (across - 1) - 1
                        for c in range(3):
                            seen[row, column, 2 + c] = (
                                b0 * normals[i0, j0, c] + b1 * normals[i1, j1, c] + b2 * normals[i2, j2, c]
                            )

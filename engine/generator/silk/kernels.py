"""Silk's kernels for the processor: the network on a coarse grid, then cloth, light and threads at full size.

The twin of `silk_arrays.trunk` and `silk_torch.head`, which say the same on whole arrays. Every literal is a float32
(`f`), because one float64 would halve the width of the vectors; sines are polynomials, because libm's do not
vectorise. Rows of one scratch array stand a constant ROW apart: so the compiler sees that they do not overlap.
Call `engine.paths.use_numba_cache` before importing this module.
"""

import numpy as np
from numba import config, float32, get_num_threads, njit, prange, set_num_threads
from numpy.typing import NDArray

from engine.generator.silk.arrays import WARPS, grid_line, grid_size, grid_step, spline_weights
from engine.generator.silk.dither import dither
from engine.generator.silk.garden import DEPTH, OUTPUTS, WIDTH
from engine.generator.silk.head import shade
from engine.generator.silk.math import ROW, cos, fast, sin, soft, sqrt

f = float32
CHUNKS = 8  # rows are shared out in this many parts, whatever the number of threads
FIELDS = 8
SLOPED = (0, 1, 2, 6)  # the fields whose slopes the head needs
(F1, A1), (F2, A2), (F3, A3), (F4, A4) = [(np.float32(a), np.float32(b)) for a, b in WARPS]
G = np.float32(0.93)


class Canvas:
    """All that one size needs: grid, weights and scratch, made once; `draw` allocates nothing of size."""

    def __init__(self, width: int, height: int, threads: int) -> None:
        step = grid_step(width, height)
        unit_px = (width * height) ** 0.5 / 2
        self._x, self._y = grid_line(width, step, unit_px), grid_line(height, step, unit_px)
        self._weights, self._slopes = spline_weights(step)
        self._fields = np.zeros((len(self._y), FIELDS, len(self._x)), np.float32)
        self._scratch = np.zeros((CHUNKS, (2 * WIDTH + 16) * ROW), np.float32)
        across = grid_size(width, step) - 3
        noise = np.zeros((height, step * across), np.float32)
        noise[:, :width] = dither(width, height)
        self._noise = np.ascontiguousarray(noise.reshape(height, across, step).transpose(0, 2, 1))
        self._bytes = np.zeros((CHUNKS, step * ROW), np.uint32)
        self._pixel = np.float32(1 / unit_px)
        self._threads = min(threads, config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]

    def draw(self, style: tuple[NDArray[np.float32], ...], image: NDArray[np.uint8]) -> None:
        """Draw into image (height, width, 4) uint8 RGBA."""
        before = get_num_threads()
        set_num_threads(self._threads)
        try:
            trunk(*style, self._x, self._y, self._fields, self._scratch)  # type: ignore[call-arg]
            paint(
                style[-1],
                self._fields,
                self._weights,
                self._slopes,
                self._noise,
                self._pixel,
                self._scratch,
                self._bytes,
                image.view(np.uint32)[..., 0],
            )
        finally:
            set_num_threads(before)


@fast
def _dot7(w, v, j):  # type: ignore[no-untyped-def]
    a = w[0] * v[j] + w[1] * v[ROW + j] + w[2] * v[2 * ROW + j] + w[3] * v[3 * ROW + j]
    return a + w[4] * v[4 * ROW + j] + w[5] * v[5 * ROW + j] + w[6] * v[6 * ROW + j]


@fast
def _dot16(w, v, j):  # type: ignore[no-untyped-def]
    a = w[0] * v[j] + w[1] * v[ROW + j] + w[2] * v[2 * ROW + j] + w[3] * v[3 * ROW + j]
    b = w[4] * v[4 * ROW + j] + w[5] * v[5 * ROW + j] + w[6] * v[6 * ROW + j] + w[7] * v[7 * ROW + j]
    c = w[8] * v[8 * ROW + j] + w[9] * v[9 * ROW + j] + w[10] * v[10 * ROW + j] + w[11] * v[11 * ROW + j]
    d = w[12] * v[12 * ROW + j] + w[13] * v[13 * ROW + j] + w[14] * v[14 * ROW + j] + w[15] * v[15 * ROW + j]
    return (a + b) + (c + d)


@fast
def _place(p, x, y, t):  # type: ignore[no-untyped-def]
    """Move, turn, twist and warp one grid line: t rows 0 and 1 get x and y."""
    ax, ay, ox, oy, twist, warp = p[0], p[1], p[2], p[3], p[4], p[5]
    flower, inverse = p[14], p[15]
    for j in range(x.shape[0]):
        xx = ax * x[j] - ay * y + ox
        yy = ay * x[j] + ax * y + oy
        r2 = xx * xx + yy * yy
        d = f(1) / (f(1) + f(0.6) * r2)
        angle = twist * d * d
        c, s = cos(angle), sin(angle)
        xx, yy = c * xx - s * yy, s * xx + c * yy
        d = f(1) / (f(1) + r2 * inverse)
        a = warp * (f(1) - f(0.8) * flower * d * d)
        xx += A1 * a * sin(F1 * yy + p[6])
        yy += A1 * a * sin(F1 * G * xx + p[10])
        xx += A2 * a * sin(F2 * yy + p[7])
        yy += A2 * a * sin(F2 * G * xx + p[11])
        xx += A3 * a * sin(F3 * yy + p[8])
        yy += A3 * a * sin(F3 * G * xx + p[12])
        xx += A4 * a * sin(F4 * yy + p[9])
        yy += A4 * a * sin(F4 * G * xx + p[13])
        t[j] = xx
        t[ROW + j] = yy


@fast
def _flower(p, n, t, v):  # type: ignore[no-untyped-def]
    """The features of one grid line into v rows 0..6; log radius, petals, strength into t rows 2..5."""
    flower, inverse, bloom, spiral = p[14], p[15], p[16], p[17]
    m0, m1, m2, m3 = p[18], p[19], p[20], p[21]
    plain = f(1.25) - f(0.75) * flower
    for j in range(n):
        t[2 * ROW + j] = f(0.5) * np.log(t[j] * t[j] + t[ROW + j] * t[ROW + j] + f(0.003)) - bloom
    for j in range(n):
        x, y, log_r = t[j], t[ROW + j], t[2 * ROW + j]
        r2 = x * x + y * y
        near = f(1) / sqrt(r2 + f(0.003))
        c, s = cos(spiral * log_r), sin(spiral * log_r)
        c1, s1 = near * (x * c - y * s), near * (y * c + x * s)
        c2, s2 = c1 * c1 - s1 * s1, f(2) * c1 * s1
        c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
        c5, s5 = c3 * c2 - s3 * s2, s3 * c2 + c3 * s2
        c6, s6 = c3 * c3 - s3 * s3, f(2) * c3 * s3
        c7, s7 = c5 * c2 - s5 * s2, s5 * c2 + c5 * s2
        c9, s9 = c6 * c3 - s6 * s3, s6 * c3 + c6 * s3
        petal_cos = m0 * c5 + m1 * c6 + m2 * c7 + m3 * c9
        petal_sin = m0 * s5 + m1 * s6 + m2 * s7 + m3 * s9
        area = r2 * inverse
        t[3 * ROW + j] = petal_cos
        t[4 * ROW + j] = petal_sin
        t[5 * ROW + j] = flower / (f(1) + f(0.35) * area * area)
        v[j] = plain * x
        v[ROW + j] = plain * y
        v[2 * ROW + j] = flower * f(1.6) * log_r
        v[3 * ROW + j] = flower * f(2) * area / (f(1) + area)
        v[4 * ROW + j] = flower * f(1.1) * petal_cos
        v[5 * ROW + j] = flower * f(0.9) * petal_sin
        v[6 * ROW + j] = flower * petal_cos * sin(f(2.2) * log_r)


@fast
def _network(first, first_bias, weights, biases, n, v, u):  # type: ignore[no-untyped-def]
    """The features in u rows 0..6 go through the network; v rows 0..15 get the last layer."""
    for k in range(WIDTH):
        w, b, out = first[k], first_bias[k], v[k * ROW : k * ROW + n]
        for j in range(n):
            out[j] = sin(_dot7(w, u, j) + b)
    for layer in range(DEPTH):
        for k in range(WIDTH):
            w, b, old, out = weights[layer, k], biases[layer, k], v[k * ROW : k * ROW + n], u[k * ROW : k * ROW + n]
            if layer % 2 == 0:
                for j in range(n):
                    out[j] = f(0.5) * old[j] + f(0.7) * sin(_dot16(w, v, j) + b)
            else:
                for j in range(n):
                    out[j] = f(0.5) * old[j] + f(0.7) * soft(_dot16(w, v, j) + b)
        v, u = u, v
    return v


@fast
def _lay_flower(n, t, o):  # type: ignore[no-untyped-def]
    """Lay the flower into one line of fields, o (8, n)."""
    relief, threads, colour, light, ring, strength = o[0], o[1], o[3], o[4], o[6], o[7]
    for j in range(n):
        x, log_r, petal_cos, petal_sin, power = t[j], t[2 * ROW + j], t[3 * ROW + j], t[4 * ROW + j], t[5 * ROW + j]
        flip = cos(f(2.7) * log_r)
        rest = f(1) - f(0.6) * power
        relief[j] = relief[j] * rest + f(0.5) * power * petal_cos
        threads[j] = (threads[j] + f(0.9) * x) * (f(1) - f(0.8) * power)
        threads[j] += power * (f(1.2) * petal_sin * flip + f(0.8) * log_r)
        colour[j] = colour[j] * rest + power * (log_r + f(0.3) * petal_cos)
        light[j] = light[j] * rest + f(0.5) * power
        ring[j] = f(5.4) * log_r + f(1.9) * petal_cos * flip
        strength[j] = power


@njit(cache=True, fastmath=True, parallel=True)
def trunk(first, first_bias, weights, biases, out, out_bias, p, x, y, fields, scratch):  # type: ignore[no-untyped-def]
    """Fill fields (grid height, 8, grid width)."""
    rows, n = y.shape[0], x.shape[0]
    for chunk in prange(CHUNKS):
        t = scratch[chunk, : 16 * ROW]
        u = scratch[chunk, 16 * ROW : (16 + WIDTH) * ROW]
        v = scratch[chunk, (16 + WIDTH) * ROW :]
        for i in range(chunk * rows // CHUNKS, (chunk + 1) * rows // CHUNKS):
            _place(p, x, y[i], t)
            _flower(p, n, t, u)
            last = _network(first, first_bias, weights, biases, n, v, u)
            for k in range(OUTPUTS):
                w, b, line = out[k], out_bias[k], fields[i, k]
                for j in range(n):
                    line[j] = _dot16(w, last, j) + b
            _lay_flower(n, t, fields[i])


@njit(cache=True, fastmath=True, parallel=True)
def paint(p, fields, weights, slopes, noise, pixel, scratch, words, image):  # type: ignore[no-untyped-def]
    """Read the fields as splines and paint image (height, width) uint32, RGBA in memory order."""
    height, width = image.shape
    step, n = weights.shape[0], noise.shape[2]
    for chunk in prange(CHUNKS):
        lines, word = scratch[chunk], words[chunk]
        for i in range(chunk * height // CHUNKS, (chunk + 1) * height // CHUNKS):
            _blend(fields, i // step, weights[i % step], slopes[i % step], pixel, lines)
            for phase in range(step):
                shade(p, lines, weights[phase], slopes[phase], noise[i, phase], pixel, word[phase * ROW :])
            row = image[i]
            for j in range(n):
                for phase in range(min(step, width - j * step)):
                    row[j * step + phase] = word[phase * ROW + j]


@fast
def _blend(fields, top, w, d, pixel, lines):  # type: ignore[no-untyped-def]
    """Between four grid lines: rows 0..7 of `lines` get the fields, rows 8..11 the slopes down of SLOPED."""
    n = fields.shape[2]
    for k in range(FIELDS):
        a, b, c, e = fields[top, k], fields[top + 1, k], fields[top + 2, k], fields[top + 3, k]
        out = lines[k * ROW : k * ROW + n]
        for j in range(n):
            out[j] = w[0] * a[j] + w[1] * b[j] + w[2] * c[j] + w[3] * e[j]
    s0, s1, s2, s3 = d[0] / pixel, d[1] / pixel, d[2] / pixel, d[3] / pixel
    for i in range(4):
        k = SLOPED[i]
        a, b, c, e = fields[top, k], fields[top + 1, k], fields[top + 2, k], fields[top + 3, k]
        out = lines[(FIELDS + i) * ROW : (FIELDS + i) * ROW + n]
        for j in range(n):
            out[j] = s0 * a[j] + s1 * b[j] + s2 * c[j] + s3 * e[j]

"""The tulip's head for the processor: maps and palette become a picture of any size in one parallel pass.

The twin of `head.Head`. It goes tile by tile (see `tiles`): between four points of the maps a layer that is less than
NEGLIGIBLE of a pixel everywhere is left out, so that most pixels are of one layer and need no softmax. What a dress
does to the ground and to the light, and `sharp`, are done to the maps, where they cost nothing.
Call `engine.paths.use_numba_cache` before importing this module.
"""

import numpy as np
from numba import float32, int32, njit, prange

from engine.generator.silk.math import fast
from engine.generator.tulip.light import (
    BLUE,
    FIRST,
    GLOSS,
    GREEN,
    LIT,
    PETAL,
    RED,
    ROW,
    SECOND,
    SHARE,
    SHARP,
    SOIL,
    SOIL_BASE,
    SPARE,
    SUM,
    THINGS,
    TOP,
    X,
    Y,
    develop,
    petal,
    power2,
    to_words,
)
from engine.generator.tulip.maps import GLOSS as GLOSS_MAP
from engine.generator.tulip.maps import GROUND, LAYERS, LIGHT, MAPS, PETALS, PHASES, U, V
from engine.generator.tulip.tiles import LANES

f = float32
COUNT = len(LAYERS)
CHUNKS = 8  # rows of tiles are shared out in this many parts, whatever the number of threads
NEGLIGIBLE = np.float32(-9.0)  # of logits: a share below 1.3e-4
PETAL_BITS = 0b1111110
_E = np.float32(1 / np.log(2))
EPSILON = np.float32(1e-6)  # as `head.EPSILON`


@njit(cache=True, fastmath=True, parallel=True, nogil=True)
def paint(  # type: ignore[no-untyped-def]
    maps, p, columns, rows, begins, across, down, shade, noise, forms, masks, scratch, buffer, words, numbers,
    as_numbers,
):  # fmt: skip
    """Fill words (height, width), RGBA in memory order, or numbers (3, height, width)."""
    for chunk in prange(CHUNKS):
        form, mask, t, word = forms[chunk], masks[chunk], scratch[chunk], buffer[chunk]
        prepared = -1
        for j in range(rows.shape[0]):
            point, top, bottom = rows[j, 0], rows[j, 1], rows[j, 2]
            if point % CHUNKS != chunk:
                continue
            if point != prepared:
                prepare(maps, point, p, form, mask)
                prepared = point
            for i in range(columns.shape[0]):
                x, left, right = columns[i, 0], columns[i, 1], columns[i, 2]
                begin, n = begins[j, i], (bottom - top) * (right - left)
                end = begin + (n + LANES - 1) // LANES * LANES
                compose(form, x, mask[x], across[begin:end], down[begin:end], p, t)
                develop(t, shade[begin:end])
                wide = right - left
                if as_numbers:
                    for k in range(n):
                        y, across_px = top + k // wide, left + k % wide
                        for c in range(3):
                            numbers[c, y, across_px] = f(2) * t[(RED + c) * ROW + k] - f(1)
                else:
                    to_words(t, noise[begin:end], word)
                    for row in range(bottom - top):
                        line, first = words[top + row], row * wide - left
                        for column in range(left, right):
                            line[column] = word[first + column]


@fast
def prepare(maps, point, p, form, mask):  # type: ignore[no-untyped-def]
    """The bilinear forms between two lines of points, and which layers can be seen between each four (a bit each)."""
    last = maps.shape[2] - 1
    for k in range(COUNT):
        _form(maps[k, point], maps[k, point + 1], p[SHARP], f(0), form[k])
    least = form[MAPS, 0]
    for x in range(last):
        least[x], mask[x] = f(-3e38), 0
    for k in range(COUNT):
        a, b, c, d = form[k, 0], form[k, 1], form[k, 2], form[k, 3]
        for x in range(last):
            low = min(min(a[x], a[x] + b[x]), min(a[x] + c[x], a[x] + b[x] + c[x] + d[x]))
            least[x] = max(least[x], low)
    anywhere = 0
    for k in range(COUNT):
        a, b, c, d = form[k, 0], form[k, 1], form[k, 2], form[k, 3]
        bit = int32(1 << k)
        for x in range(last):
            high = max(max(a[x], a[x] + b[x]), max(a[x] + c[x], a[x] + b[x] + c[x] + d[x]))
            mask[x] |= bit if high - least[x] > NEGLIGIBLE else int32(0)
    for x in range(last):
        anywhere |= mask[x]
    for k in range(1, COUNT):
        if anywhere >> k & 1:
            own = LIGHT + k - 1
            _form(maps[own, point], maps[own, point + 1], p[LIT], p[LIT + 1], form[own])
            if k <= PETALS:
                for own in (U + k - 1, V + k - 1):
                    _form(maps[own, point], maps[own, point + 1], f(1), f(0), form[own])
    if anywhere & PETAL_BITS:
        _form(maps[GLOSS_MAP, point], maps[GLOSS_MAP, point + 1], f(1), f(0), form[GLOSS_MAP])
    for k in range(GROUND, GROUND + 3):
        _form(maps[k, point], maps[k, point + 1], f(1), f(0), form[k])
    for part in range(4):
        r, g, b = form[GROUND, part], form[GROUND + 1, part], form[GROUND + 2, part]
        base = f(1) if part == 0 else f(0)
        for x in range(last):
            red, green, blue = r[x], g[x], b[x]
            r[x] = p[SOIL] * red + p[SOIL + 1] * green + p[SOIL + 2] * blue + base * p[SOIL_BASE]
            g[x] = p[SOIL + 3] * red + p[SOIL + 4] * green + p[SOIL + 5] * blue + base * p[SOIL_BASE + 1]
            b[x] = p[SOIL + 6] * red + p[SOIL + 7] * green + p[SOIL + 8] * blue + base * p[SOIL_BASE + 2]


@fast
def _form(above, below, gain, base, form):  # type: ignore[no-untyped-def]
    """Rows of form: what a map is at a point, how it grows to the right, down, and both."""
    a, b, c, d = form[0], form[1], form[2], form[3]
    for x in range(above.shape[0] - 1):
        a[x] = gain * above[x] + base
        b[x] = gain * (above[x + 1] - above[x])
        c[x] = gain * (below[x] - above[x])
        d[x] = gain * ((below[x + 1] - below[x]) - (above[x + 1] - above[x]))


@fast
def _corners(form, k, x):  # type: ignore[no-untyped-def]
    return form[k, 0, x], form[k, 1, x], form[k, 2, x], form[k, 3, x]


@fast
def _between(q, x, y):  # type: ignore[no-untyped-def]
    return q[0] + q[1] * x + y * (q[2] + q[3] * x)


@fast
def compose(form, x, seen, across, down, p, t):  # type: ignore[no-untyped-def]
    """The colours of a tile, linear, into t; seen : the layers that can be seen, a bit each."""
    n = across.shape[0]
    for i in range(n):
        t[X * ROW + i], t[Y * ROW + i] = across[i], down[i]
        t[RED * ROW + i] = t[GREEN * ROW + i] = t[BLUE * ROW + i] = t[PETAL * ROW + i] = f(0)
        t[SHARE * ROW + i] = f(1)
    if seen & (seen - 1):
        _shares(form, x, seen, t, n)
    row, petals = SHARE, 0
    for k in range(COUNT):
        if not seen >> k & 1:
            continue
        share = t[row * ROW : (row + 1) * ROW]
        if k == 0:
            _ground(form, x, share, t, n)
        elif k <= PETALS:
            _take(form, k, x, share, petals, t, n)
            petals += 1
        else:
            _thing(form, k, x, share, p, t, n)
        row += 1
    if petals > 0:
        if petals > 2:
            for i in range(n):
                scale = t[PETAL * ROW + i] / (t[FIRST * ROW + i] + t[SECOND * ROW + i] + EPSILON)
                t[FIRST * ROW + i] *= scale
                t[SECOND * ROW + i] *= scale
        for at in range(min(petals, 2)):
            petal(t, t[(FIRST + at * (SECOND - FIRST)) * ROW :], n, p)
        _gloss(form, x, p, t, n)


@fast
def _shares(form, x, seen, t, n):  # type: ignore[no-untyped-def]
    """What share of each pixel each layer has that can be seen, into rows from SHARE on."""
    rows = 0
    for i in range(n):
        t[TOP * ROW + i], t[SUM * ROW + i] = f(-3e38), f(0)
    for k in range(COUNT):
        if seen >> k & 1:
            q, share = _corners(form, k, x), t[(SHARE + rows) * ROW : (SHARE + rows + 1) * ROW]
            for i in range(n):
                logit = _between(q, t[X * ROW + i], t[Y * ROW + i])
                share[i] = logit
                t[TOP * ROW + i] = max(t[TOP * ROW + i], logit)
            rows += 1
    for row in range(SHARE, SHARE + rows):
        share = t[row * ROW : (row + 1) * ROW]
        for i in range(n):
            value = power2(_E * (share[i] - t[TOP * ROW + i]))
            share[i] = value
            t[SUM * ROW + i] += value
    for i in range(n):
        t[SUM * ROW + i] = f(1) / t[SUM * ROW + i]
    for row in range(SHARE, SHARE + rows):
        share = t[row * ROW : (row + 1) * ROW]
        for i in range(n):
            share[i] *= t[SUM * ROW + i]


@fast
def _ground(form, x, share, t, n):  # type: ignore[no-untyped-def]
    a, b, c = _corners(form, GROUND, x), _corners(form, GROUND + 1, x), _corners(form, GROUND + 2, x)
    for i in range(n):
        across, down = t[X * ROW + i], t[Y * ROW + i]
        t[RED * ROW + i] += share[i] * _between(a, across, down)
        t[GREEN * ROW + i] += share[i] * _between(b, across, down)
        t[BLUE * ROW + i] += share[i] * _between(c, across, down)


@fast
def _thing(form, k, x, share, p, t, n):  # type: ignore[no-untyped-def]
    """Stem, leaf, anther or filament."""
    q = _corners(form, LIGHT + k - 1, x)
    r, g, b = p[THINGS + 3 * k - 21], p[THINGS + 3 * k - 20], p[THINGS + 3 * k - 19]
    for i in range(n):
        light = share[i] * _between(q, t[X * ROW + i], t[Y * ROW + i])
        t[RED * ROW + i] += light * r
        t[GREEN * ROW + i] += light * g
        t[BLUE * ROW + i] += light * b


@fast
def _take(form, k, x, share, petals, t, n):  # type: ignore[no-untyped-def]
    """Take in a petal after so many others: the two that a pixel is most stay in the rows from FIRST and SECOND on."""
    phase = PHASES[k - 1]
    a, b, c = _corners(form, U + k - 1, x), _corners(form, V + k - 1, x), _corners(form, LIGHT + k - 1, x)
    for i in range(n):
        t[PETAL * ROW + i] += share[i]
        across, down = t[X * ROW + i], t[Y * ROW + i]
        t[SPARE * ROW + i] = _between(a, across, down)
        t[(SPARE + 1) * ROW + i] = _between(b, across, down)
        t[(SPARE + 2) * ROW + i] = _between(c, across, down)
    if petals < 2:
        q = t[(FIRST + (SECOND - FIRST) * petals) * ROW :]
        for i in range(n):
            q[i], q[4 * ROW + i] = share[i], phase
        for row in range(3):
            to, known = q[(1 + row) * ROW : (2 + row) * ROW], t[(SPARE + row) * ROW : (SPARE + row + 1) * ROW]
            for i in range(n):
                to[i] = known[i]
        return
    for i in range(n):  # the lesser of the two known ones gives way
        e, e1, e2 = share[i], t[FIRST * ROW + i], t[SECOND * ROW + i]
        for_first, for_second = (e1 < e2) & (e > e1), (e1 >= e2) & (e > e2)
        u, v, light = t[SPARE * ROW + i], t[(SPARE + 1) * ROW + i], t[(SPARE + 2) * ROW + i]
        t[FIRST * ROW + i] = e if for_first else e1
        t[(FIRST + 1) * ROW + i] = u if for_first else t[(FIRST + 1) * ROW + i]
        t[(FIRST + 2) * ROW + i] = v if for_first else t[(FIRST + 2) * ROW + i]
        t[(FIRST + 3) * ROW + i] = light if for_first else t[(FIRST + 3) * ROW + i]
        t[(FIRST + 4) * ROW + i] = phase if for_first else t[(FIRST + 4) * ROW + i]
        t[SECOND * ROW + i] = e if for_second else e2
        t[(SECOND + 1) * ROW + i] = u if for_second else t[(SECOND + 1) * ROW + i]
        t[(SECOND + 2) * ROW + i] = v if for_second else t[(SECOND + 2) * ROW + i]
        t[(SECOND + 3) * ROW + i] = light if for_second else t[(SECOND + 3) * ROW + i]
        t[(SECOND + 4) * ROW + i] = phase if for_second else t[(SECOND + 4) * ROW + i]


@fast
def _gloss(form, x, p, t, n):  # type: ignore[no-untyped-def]
    q = _corners(form, GLOSS_MAP, x)
    r, g, b = p[GLOSS], p[GLOSS + 1], p[GLOSS + 2]
    for i in range(n):
        gloss = t[PETAL * ROW + i] * _between(q, t[X * ROW + i], t[Y * ROW + i])
        t[RED * ROW + i] += gloss * r
        t[GREEN * ROW + i] += gloss * g
        t[BLUE * ROW + i] += gloss * b

"""Single-precision functions that the compiler turns into vector instructions."""

import numpy as np
from numba import float32, njit

f = float32
ROW = 2000  # floats between rows of a scratch: more than the longest grid line, and no multiple of a cache way
fast = njit(cache=True, fastmath=True, error_model="numpy")
_TURN = np.float32(1 / (2 * np.pi))


@fast
def sqrt(x):  # type: ignore[no-untyped-def]
    return np.sqrt(x)


@fast
def _turns(t):  # type: ignore[no-untyped-def]
    """Sine of t turns: an odd minimax polynomial on -1/2..1/2, error below 6e-6."""
    t -= np.floor(t + f(0.5))
    z = t * t
    high = f(81.3668117) + z * (f(-74.4779842) + z * f(32.7813624))
    return t * (f(6.28305579) + z * (f(-41.3312141) + z * high))


@fast
def sin(x):  # type: ignore[no-untyped-def]
    return _turns(x * _TURN)


@fast
def cos(x):  # type: ignore[no-untyped-def]
    return _turns(x * _TURN + f(0.25))


@fast
def soft(x):  # type: ignore[no-untyped-def]
    """From -1 to 1, algebraic."""
    return x / np.sqrt(f(1) + x * x)


@fast
def gate(x):  # type: ignore[no-untyped-def]
    """From 0 to 1, algebraic."""
    return f(0.5) + f(0.5) * soft(x)


@fast
def positive(x):  # type: ignore[no-untyped-def]
    return max(x, f(0))


@fast
def unit(x):  # type: ignore[no-untyped-def]
    return min(max(x, f(0)), f(1))

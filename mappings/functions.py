"""What an expression can call: plain functions of floats that answer NaN instead of raising."""

import math
from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

Fn = Callable[..., float]
_MASK = (1 << 64) - 1


class Row(NamedTuple):
    """A function and how many values it takes."""

    fn: Fn
    least: int
    most: int


def _safe(fn: Fn) -> Fn:
    """The same function, NaN where it is undefined."""

    @wraps(fn)
    def answer(*values: float) -> float:
        try:
            return float(fn(*values))
        except (ArithmeticError, ValueError):
            return math.nan

    return answer


def _add(a: float, b: float) -> float:
    return a + b


def _subtract(a: float, b: float) -> float:
    return a - b


def _multiply(a: float, b: float) -> float:
    return a * b


def _divide(a: float, b: float) -> float:
    return a / b if b else math.nan


def _negate(a: float) -> float:
    return -a


def _modulo(a: float, b: float) -> float:
    """Floored, as in GLSL: the answer has the sign of `b`."""
    return a % b


def choose(condition: float, then: float, otherwise: float) -> float:
    """`then` where the condition is above 0 or below it, else `otherwise`."""
    return then if condition else otherwise


def _clamp(x: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(low, min(x, high))


def _lerp(a: float, b: float, amount: float) -> float:
    return a + (b - a) * amount


def _smoothstep(low: float, high: float, x: float) -> float:
    amount = _clamp((x - low) / (high - low))
    return amount * amount * (3 - 2 * amount)


def _step(edge: float, x: float) -> float:
    return 1.0 if x >= edge else 0.0


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else 0.0


def _fract(x: float) -> float:
    return x - math.floor(x)


def _lattice(n: int, seed: int) -> float:
    """A fixed number in -1..1 for each whole number (splitmix64's finaliser)."""
    h = (n * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & _MASK
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & _MASK
    return (h ^ (h >> 31)) / (1 << 63) - 1.0


def _noise(x: float, seed: float = 0.0) -> float:
    """Smooth value noise in -1..1, one new value a unit of `x`; always the same for the same `x` and seed."""
    n = math.floor(x)
    f = x - n
    blend = f * f * f * (f * (f * 6 - 15) + 10)
    a, b = _lattice(n, math.floor(seed)), _lattice(n + 1, math.floor(seed))
    return a + (b - a) * blend


OPERATORS: dict[str, Fn] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _safe(_modulo),
    "**": _safe(math.pow),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
}
NEGATE: Fn = _negate

FUNCTIONS: dict[str, Row] = {
    "abs": Row(abs, 1, 1),
    "clamp": Row(_clamp, 1, 3),
    "cos": Row(_safe(math.cos), 1, 1),
    "exp": Row(_safe(math.exp), 1, 1),
    "floor": Row(_safe(math.floor), 1, 1),
    "fract": Row(_safe(_fract), 1, 1),
    "if": Row(choose, 3, 3),
    "lerp": Row(_lerp, 3, 3),
    "log": Row(_safe(math.log), 1, 1),
    "max": Row(max, 2, 8),
    "min": Row(min, 2, 8),
    "mod": Row(_safe(_modulo), 2, 2),
    "noise": Row(_safe(_noise), 1, 2),
    "pow": Row(_safe(math.pow), 2, 2),
    "sign": Row(_sign, 1, 1),
    "sin": Row(_safe(math.sin), 1, 1),
    "smoothstep": Row(_safe(_smoothstep), 3, 3),
    "sqrt": Row(_safe(math.sqrt), 1, 1),
    "step": Row(_step, 2, 2),
    "tanh": Row(_safe(math.tanh), 1, 1),
}

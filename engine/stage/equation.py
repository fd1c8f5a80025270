"""Size equations of ISF passes, such as "floor($WIDTH / 4.0)": read into a small tree, never evaluated as code."""

import math
import re
from collections.abc import Callable, Mapping

from engine.errors import ShaderError

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(\$?[A-Za-z_]\w*)|(.))", re.ASCII)
_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "floor": (1, math.floor),
    "ceil": (1, math.ceil),
    "round": (1, round),
    "abs": (1, abs),
    "sqrt": (1, lambda x: math.sqrt(x) if x > 0 else 0.0),
    "min": (2, min),
    "max": (2, max),
}
_MAX_LENGTH, _MAX_DEPTH = 500, 40

Node = Callable[[Mapping[str, float]], float]


class Equation:
    """One equation over `$WIDTH`, `$HEIGHT` and `$input` names. Raises ShaderError when it cannot be read."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise ShaderError(f"a size equation has {len(text)} characters; {_MAX_LENGTH} are allowed")
        self.text = text
        self.names: set[str] = set()
        self._tokens: list[str] = [
            number or name or mark for number, name, mark in _TOKEN.findall(text) if number or name or mark
        ]
        self._at = 0
        self._node = self._sum(0)
        if self._at < len(self._tokens):
            raise self._fault(f'unexpected "{self._tokens[self._at]}"')

    def pixels(self, variables: Mapping[str, float], limit: int = 16384) -> int:
        """The size for these variables, rounded, at least 1; what is not finite counts as 1."""
        try:
            value = float(self._node(variables))
        except (ArithmeticError, ValueError):
            return 1
        return min(limit, max(1, round(value))) if math.isfinite(value) else 1

    def _fault(self, what: str) -> ShaderError:
        return ShaderError(
            f'{what} in the size equation "{self.text}"; '
            f"allowed are numbers, $WIDTH, $HEIGHT, $inputs, + - * / % ( ) and {', '.join(_FUNCTIONS)}"
        )

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise self._fault("an early end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _sum(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._fault("too many brackets")
        node = self._product(depth)
        while self._peek() in ("+", "-"):
            node = _join(self._take(), node, self._product(depth))
        return node

    def _product(self, depth: int) -> Node:
        node = self._atom(depth)
        while self._peek() in ("*", "/", "%"):
            node = _join(self._take(), node, self._atom(depth))
        return node

    def _atom(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._fault("too many brackets")
        token = self._take()
        if token == "-":
            inner = self._atom(depth + 1)
            return lambda v: -inner(v)
        if token == "(":
            inner = self._sum(depth + 1)
            self._close()
            return inner
        if token[0] == "$" and len(token) > 1:
            self.names.add(token[1:])
            return lambda v: v[token[1:]]
        if token in _FUNCTIONS:
            return self._call(token, depth)
        if token[0] in "0123456789.":
            try:
                number = float(token)
            except ValueError:
                raise self._fault(f'"{token}"') from None
            return lambda v: number
        raise self._fault(f'unexpected "{token}"')

    def _call(self, name: str, depth: int) -> Node:
        count, function = _FUNCTIONS[name]
        if self._take() != "(":
            raise self._fault(f'no "(" after {name}')
        inner = [self._sum(depth + 1)]
        while self._peek() == ",":
            self._take()
            inner.append(self._sum(depth + 1))
        self._close()
        if len(inner) != count:
            raise self._fault(f"{name} takes {count}, not {len(inner)}")
        return lambda v: function(*(part(v) for part in inner))

    def _close(self) -> None:
        if self._take() != ")":
            raise self._fault('no ")"')


def _join(sign: str, left: Node, right: Node) -> Node:
    if sign == "+":
        return lambda v: left(v) + right(v)
    if sign == "-":
        return lambda v: left(v) - right(v)
    if sign == "*":
        return lambda v: left(v) * right(v)
    if sign == "/":
        return lambda v: left(v) / right(v)
    return lambda v: left(v) % right(v)

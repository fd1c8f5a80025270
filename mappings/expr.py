"""A tiny arithmetic language for routes, with a parser of its own: nothing is ever evaluated as Python.

    lowest   c ? a : b     <  >  <=  >=  ==  !=     +  -     *  /  %     -x     **   highest

A `/` where a value is expected begins a signal's address (`/audio/low`); after a value it divides. An
address goes on over letters, digits and `_ . # @ ~ /`, so that a division by a name needs a space:
`/audio/low / 2`. Any other address goes in quotes: `'/osc/fader-2'`.
"""

import difflib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mappings.errors import RouteError
from mappings.functions import FUNCTIONS, NEGATE, OPERATORS, Fn, choose

CHARACTERS = 500
NODES = 100
DEPTH = 20
BOUND = 1e12  # no signal or shaped value goes beyond, so that no sum or square of them overflows

VALUES = ("x", "t", "beat", "bpm")  # what `Expression.evaluate` takes before the addresses
_CONSTANTS = {"pi": math.pi}
_NAMES = (*VALUES, *_CONSTANTS, *FUNCTIONS)

_TERNARY, _UNARY, _POWER = 1, 5, 6
_BINDING = {"?": _TERNARY, "+": 3, "-": 3, "*": 4, "/": 4, "%": 4, "**": _POWER} | dict.fromkeys(
    ("<", ">", "<=", ">=", "==", "!="), 2
)
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ADDRESS = re.compile(r"/[A-Za-z_][\w.#@~]*(?:/[\w.#@~]+)*", re.ASCII)
_QUOTED = re.compile(r"'(/[^'\s]+)'")
_OPERATOR = re.compile(r"\*\*|<=|>=|==|!=|[-+*/%<>?:(),]")
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class _Node:
    """One step of the postfix program: push a number, push a value, or call."""

    arity: int  # -2 a number, -1 a value, else how many values `fn` takes
    number: float = 0.0
    index: int = 0
    fn: Fn = choose


class Expression:
    """A parsed expression, flat and postfix.

    addresses : the signals it reads, in the order in which `evaluate` takes them
    """

    def __init__(self, text: str, addresses: tuple[str, ...], nodes: Sequence[_Node]) -> None:
        self.text = text
        self.addresses = addresses
        self._program = [(n.arity, n.number, n.index, n.fn) for n in nodes]

    def evaluate(self, values: Sequence[float]) -> float:
        """The value for `x, t, beat, bpm` and then each address; not finite where it is undefined."""
        stack: list[float] = []
        for arity, number, index, fn in self._program:
            if arity == -2:
                stack.append(number)
            elif arity == -1:
                stack.append(values[index])
            elif arity == 2:
                last = stack.pop()
                stack[-1] = fn(stack[-1], last)
            elif arity == 1:
                stack[-1] = fn(stack[-1])
            else:
                taken = stack[-arity:]
                del stack[-arity:]
                stack.append(fn(*taken))
        return stack[0]


class Formula:
    """An expression that always has a value: the last good one where it is undefined, counted as `expr_undefined`."""

    def __init__(self, expression: Expression, dropped: Counter[str]) -> None:
        self.expression = expression
        self.last = 0.0
        self._dropped = dropped

    def evaluate(self, values: Sequence[float]) -> float:
        """Finite, within +-BOUND."""
        value = self.expression.evaluate(values)
        if -BOUND <= value <= BOUND:
            self.last = value
        elif value != value or math.isinf(value):
            self._dropped["expr_undefined"] += 1
        else:
            self.last = math.copysign(BOUND, value)
        return self.last


def parse(text: str, *, own: bool = True) -> Expression:
    """Read an expression; RouteError says which column and what is allowed.

    own : whether there is a route's own value `x` to speak of
    """
    if len(text) > CHARACTERS:
        raise RouteError(f"an expression of {len(text)} characters; {CHARACTERS} are allowed, split it into two routes")
    return _Parser(text, own).parse()


class _Parser:
    """Precedence climbing that writes postfix as it goes; recursion is bounded by DEPTH."""

    def __init__(self, text: str, own: bool) -> None:
        self._text = text
        self._own = own
        self._at = 0
        self._nodes: list[_Node] = []
        self._addresses: list[str] = []

    def parse(self) -> Expression:
        self._expression(0, 0)
        self._skip()
        if self._at < len(self._text):
            raise self._error(f'"{self._text[self._at]}" after the end of the expression; an operator was expected')
        return Expression(self._text, tuple(self._addresses), self._nodes)

    def _expression(self, power: int, depth: int) -> None:
        if depth > DEPTH:
            raise self._error(f"nested more than {DEPTH} deep")
        self._operand(depth)
        while True:
            operator = self._peek()
            binding = _BINDING.get(operator, -1)
            if binding < max(power, 0):
                return
            self._at += len(operator)
            if operator == "?":
                self._expression(_TERNARY, depth + 1)
                self._expect(":")
                self._expression(_TERNARY, depth + 1)
                self._emit(_Node(3, fn=choose))
                continue
            self._expression(binding if operator == "**" else binding + 1, depth + 1)
            self._emit(_Node(2, fn=OPERATORS[operator]))

    def _operand(self, depth: int) -> None:
        self._skip()
        if found := _NUMBER.match(self._text, self._at):
            self._number(found)
        elif found := _NAME.match(self._text, self._at):
            self._name(found, depth)
        elif found := _QUOTED.match(self._text, self._at):
            self._address(found[1], found)
        elif found := _ADDRESS.match(self._text, self._at):
            self._address(found[0], found)
        elif self._peek() == "(":
            self._at += 1
            self._expression(0, depth + 1)
            self._expect(")")
        elif self._peek() in ("-", "+"):
            sign = self._peek()
            self._at += 1
            self._expression(_UNARY, depth + 1)
            if sign == "-":
                self._emit(_Node(1, fn=NEGATE))
        else:
            given = f'"{self._text[self._at]}"' if self._at < len(self._text) else "the end"
            raise self._error(f"{given} where a number, a name, an address or ( was expected")

    def _number(self, found: re.Match[str]) -> None:
        value = float(found[0])
        if not value <= BOUND:
            raise self._error(f"the number {found[0]} is beyond {BOUND:g}")
        self._at = found.end()
        self._emit(_Node(-2, number=value))

    def _name(self, found: re.Match[str], depth: int) -> None:
        name = found[0]
        if name in FUNCTIONS:
            self._call(name, found.end(), depth)
            return
        if name == "x" and not self._own:
            raise self._error('"x" is the value of a route, and there is none before its "from"; name a signal')
        if name in _CONSTANTS:
            self._emit(_Node(-2, number=_CONSTANTS[name]))
        elif name in VALUES:
            self._emit(_Node(-1, index=VALUES.index(name)))
        else:
            near = difflib.get_close_matches(name, _NAMES, 1)
            mend = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(_NAMES)}"
            raise self._error(f'no function or value "{name}"; {mend}')
        self._at = found.end()

    def _call(self, name: str, end: int, depth: int) -> None:
        row, column = FUNCTIONS[name], self._at
        self._at = end
        self._expect("(")
        count = 0
        while True:
            self._expression(0, depth + 1)
            count += 1
            if self._peek() != ",":
                break
            self._at += 1
        self._expect(")")
        if not row.least <= count <= row.most:
            allowed = f"{row.least}" if row.least == row.most else f"{row.least} to {row.most}"
            self._at = column
            raise self._error(f"{name} takes {allowed} values, {count} given")
        self._emit(_Node(count, fn=row.fn))

    def _address(self, address: str, found: re.Match[str]) -> None:
        if address not in self._addresses:
            self._addresses.append(address)
        self._at = found.end()
        self._emit(_Node(-1, index=len(VALUES) + self._addresses.index(address)))

    def _emit(self, node: _Node) -> None:
        self._nodes.append(node)
        if len(self._nodes) > NODES:
            raise self._error(f"more than {NODES} numbers, names and operations; split it into two routes")

    def _peek(self) -> str:
        self._skip()
        found = _OPERATOR.match(self._text, self._at)
        return found[0] if found else ""

    def _expect(self, wanted: str) -> None:
        if self._peek() != wanted:
            given = f'"{self._text[self._at]}"' if self._at < len(self._text) else "the end"
            raise self._error(f'{given} where "{wanted}" was expected')
        self._at += len(wanted)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self, what: str) -> RouteError:
        line = re.sub(r"\s", " ", self._text)
        return RouteError(f"expression, column {self._at + 1}: {what}\n    {line}\n    {' ' * self._at}^")

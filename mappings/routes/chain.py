"""A route's shapes become a chain of ops; the chains of all routes become batches, one kernel call each."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from mappings.bus import Bus
from mappings.errors import RouteError
from mappings.expr import Formula, parse
from mappings.routes.inputs import Inputs
from mappings.routes.route import Route
from mappings.shapes import Shape, parse_shape
from mappings.shapes import filters as f
from mappings.shapes import plain as p
from mappings.shapes import triggers as t
from mappings.shapes.kernel import F64, Kernel, Op, Rows, Tick

SHAPES = 16  # of one route

KERNELS: dict[str, Callable[[Sequence[Op]], Kernel]] = {
    "affine": p.Affine,
    "pow": p.Power,
    "exp": p.Exponential,
    "log": p.Logarithm,
    "table": p.Table,
    "quantise": p.Quantise,
    "scale": p.Scale,
    "expr": p.Expr,
    "smooth": f.Smooth,
    "attack": f.Attack,
    "one-euro": f.OneEuro,
    "agc": f.Agc,
    "zscore": f.ZScore,
    "delay": f.Delay,
    "accumulate wrap": f.Accumulate,
    "accumulate clip": f.AccumulateClipped,
    "gate": t.Gate,
    "hold": t.HoldTime,
    "hold while": t.HoldWhile,
    "hold until": t.HoldUntil,
    "hold until beat": t.HoldUntilBeat,
    "hold until bar": t.HoldUntilBar,
    "envelope": t.Envelope,
    "toggle": t.Toggle,
    "count": t.Count,
    "set": t.Set,
}
TRIGGERS = ("envelope", "toggle", "count", "set")
_STAYS_GATE = ("invert", "delay", "hold")  # what makes 0 and 1 out of 0 and 1
_NO_MEMORY = ("affine", "pow", "exp", "log", "table", "quantise", "scale")
_UNIT = p.affine(low=0.0, high=1.0)


class Chain:
    """One route's ops, and how its signal reaches it. RouteError where the shapes do not fit together."""

    def __init__(self, route: Route, *, to_event: bool, only_level: bool, inputs: Inputs, bus: Bus) -> None:
        """
        to_event : the control is an event
        only_level : the source is known to be a level, not an event
        """
        self.ops: list[Op] = []
        self.listens: list[tuple[int, str]] = []  # op index, event address
        self.reads: list[str] = []  # addresses of levels
        self.source = 0  # the input that the chain begins with
        self.wakes: tuple[int, ...] = ()  # inputs of which one must have come before the route counts
        self.sleeps = False  # until something has come
        self.flow = "signal"  # what comes out: the signal itself, a "gate" (0 or 1) or a "level"
        self._route, self._inputs, self._dropped = route, inputs, bus.dropped
        is_address = route.source.startswith("/") and len(route.source.split()) == 1
        self._only_level = only_level or not is_address
        shapes = [parse_shape(text) for text in route.shape]
        if len(shapes) > SHAPES:
            raise RouteError(f"{len(shapes)} shapes; {SHAPES} are allowed, split it into two routes")
        if not is_address:
            self._expr(route.source, own=False)
            self.wakes, self.flow = self.ops[0].inputs, "level"
        elif not (shapes and shapes[0].kind in TRIGGERS) and not (to_event and not shapes):
            self.reads.append(route.source)
            self.source = inputs.add(route.source)
            self.wakes = (self.source,)
        self.sleeps = bool(self.wakes)
        for shape in shapes:
            self._shape(shape)
        if to_event:
            self._check_fires()
        else:
            self._finish()

    def _check_fires(self) -> None:
        if self.flow == "level" or (self.flow == "signal" and self._only_level):
            raise RouteError(
                f'"{self._route.source}" is a level and "{self._route.to}" an event; '
                'end the shapes with "gate 0.6 0.4", so that it fires each time the level rises'
            )

    def _finish(self) -> None:
        """Add what every level ends with: its output range, and its wait."""
        if self._route.range is not None:
            low, high = self._route.range
            self._affine(_UNIT)
            self._affine(p.affine(high - low, low, min(low, high), max(low, high)))
        if self._route.wait:
            self.ops.append(Op(f"hold until {self._route.wait}"))

    def _shape(self, shape: Shape) -> None:
        if shape.kind in TRIGGERS:
            self._trigger(shape)
            return
        if shape.kind == "gate":
            self.flow = "gate"
        elif self.flow != "gate" or shape.kind not in _STAYS_GATE:
            self.flow = "level"
        match shape.kind:
            case "range":
                low, high = shape.numbers
                self._affine(p.affine(1 / (high - low), -low / (high - low)))
            case "clip":
                self._affine(p.affine(low=shape.numbers[0], high=shape.numbers[1]))
            case "invert":
                self._affine(p.affine(-1.0, 1.0))
            case "curve":
                if shape.word != "table":
                    self._affine(_UNIT)
                self.ops.append(Op(shape.word, shape.numbers))
            case "quantise":
                self._affine(_UNIT)
                self.ops.append(Op("quantise", shape.numbers))
            case "accumulate":
                self.ops.append(Op(f"accumulate {shape.word}"))
            case "expr":
                self._expr(shape.text, own=True)
            case "one-euro":
                timed = bool(self.reads) and all(op.kind in _NO_MEMORY for op in self.ops)
                self._inputs.timed |= timed
                self.ops.append(Op("one-euro", shape.numbers, inputs=(self.source,) if timed else ()))
            case "hold":
                self._hold(shape)
            case _:
                self.ops.append(Op(shape.kind, shape.numbers, shape.times))

    def _affine(self, op: Op) -> None:
        if self.ops and self.ops[-1].kind == "affine":
            self.ops[-1] = p.fold(self.ops[-1], op)
        else:
            self.ops.append(op)

    def _expr(self, text: str, *, own: bool) -> None:
        expression = parse(text, own=own)
        reads = tuple(self._inputs.add(address) for address in expression.addresses)
        self.reads += expression.addresses
        self.ops.append(Op("expr", inputs=reads, formula=Formula(expression, self._dropped)))

    def _hold(self, shape: Shape) -> None:
        if shape.word == "while":
            self.reads.append(shape.text)
            self.ops.append(Op("hold while", inputs=(self._inputs.add(shape.text),)))
        elif shape.word == "until" and shape.text in ("beat", "bar"):
            self.ops.append(Op(f"hold until {shape.text}"))
        elif shape.word == "until":
            self.listens.append((len(self.ops), shape.text))
            self.ops.append(Op("hold until"))
        else:
            self.ops.append(Op("hold", times=shape.times))

    def _trigger(self, shape: Shape) -> None:
        if self.flow == "level" or (self.flow == "signal" and self._only_level):
            raise RouteError(f'"{shape.kind}" is fired by an event or a gate; put "gate 0.6 0.4" before it')
        edges = self.flow == "gate"
        if shape.kind == "set" and edges:
            raise RouteError('"set" takes the value of an event; after a gate use toggle, count or envelope')
        if not edges:
            self.sleeps = shape.kind == "set"
            self.listens.append((len(self.ops), self._route.source))
        self.flow = "gate" if shape.kind == "toggle" else "level"
        self.ops.append(Op(shape.kind, shape.numbers, shape.times, edges=edges))


class Batch:
    """One kernel over the rows of the routes that stand at it."""

    def __init__(self, kind: str, rows: Sequence[int], ops: Sequence[Op]) -> None:
        self.kernel = KERNELS[kind](ops)
        self.rows: Rows = _array(rows)
        self._place = {route: i for i, route in enumerate(rows)}
        first, last = rows[0], rows[-1] + 1
        self._span = slice(first, last) if list(rows) == list(range(first, last)) else None

    def step(self, x: F64, tick: Tick) -> None:
        """Shape the batch's rows of `x` in place."""
        if self._span is not None:
            self.kernel.step(x[self._span], tick)
            return
        mine = x.take(self.rows)
        self.kernel.step(mine, tick)
        x[self.rows] = mine

    def firing(self, route: int) -> Callable[[float], None]:
        """What an event for this route calls."""
        return self.kernel.firing(self._place[route])

    def prime(self, woken: frozenset[int]) -> None:
        """The signals of these routes begin now."""
        mine = [place for route, place in self._place.items() if route in woken]
        if mine:
            self.kernel.prime(_array(mine))


def _array(rows: Sequence[int]) -> Rows:
    return np.array(rows, np.intp)


def schedule(chains: Sequence[Sequence[Op]]) -> list[tuple[str, list[tuple[int, int]]]]:
    """Group ops of one kind into few batches without changing the order within a chain.

    Each turn takes the kind of which the largest share can go now, so that a kind waits until all of it is
    ready wherever that is possible. Gives (kind, [(chain, op index), ...]) in the order of execution.
    """
    at = [0] * len(chains)
    left = Counter(op.kind for chain in chains for op in chain)
    batches = []
    while left.total():
        heads: dict[str, list[int]] = {}
        for i, chain in enumerate(chains):
            if at[i] < len(chain):
                heads.setdefault(chain[at[i]].kind, []).append(i)
        kind = max(heads, key=lambda kind: (len(heads[kind]) / left[kind], len(heads[kind])))
        batches.append((kind, [(i, at[i]) for i in heads[kind]]))
        left[kind] -= len(heads[kind])
        for i in heads[kind]:
            at[i] += 1
    return batches

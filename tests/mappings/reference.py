"""Routes played the plain way, one by one and number by number: what the plan must come to."""

import math
from collections.abc import Sequence

from mappings.routes import Route
from mappings.shapes import Shape, parse_shape
from tests.mappings.desk import Knob


def _between(x: float, low: float, high: float) -> float:
    return max(low, min(high, x))


def _curve(word: str, x: float, k: float) -> float:
    if word == "pow":
        return float(x**k)
    if word == "exp":
        return (math.exp(k * x) - 1) / (math.exp(k) - 1)
    return math.log(1 + k * x) / math.log(1 + k)


class PlainShape:
    """One shape of one route."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.state: dict[str, float] = {}

    def step(self, x: float, dt_s: float) -> float:
        numbers, state = self.shape.numbers, self.state
        times = [time.s for time in self.shape.times]
        match self.shape.kind:
            case "range":
                return (x - numbers[0]) / (numbers[1] - numbers[0])
            case "clip":
                return _between(x, *numbers)
            case "invert":
                return 1 - x
            case "curve":
                return _curve(self.shape.word, _between(x, 0, 1), numbers[0])
            case "quantise":
                return math.floor(_between(x, 0, 1) * (numbers[0] - 1) + 0.5) / (numbers[0] - 1)
            case "smooth":
                y = state.setdefault("y", x)
                state["y"] = x + (y - x) * math.exp(-dt_s / times[0])
                return state["y"]
            case "attack":
                y = state.setdefault("y", x)
                state["y"] = x + (y - x) * math.exp(-dt_s / (times[0] if x > y else times[1]))
                return state["y"]
            case "agc":
                state["peak"] = max(state.get("peak", 0.0) * 0.5 ** (dt_s / times[0]), abs(x))
                return x / max(state["peak"], numbers[0])
            case "gate":
                on = x >= numbers[0] or (state.get("on", 0.0) > 0 and x > numbers[1])
                state["on"] = float(on)
                return state["on"]
            case "accumulate":
                state["y"] = (state.get("y", 0.0) + x * dt_s) % 1
                return state["y"]
        raise AssertionError(self.shape.kind)


class PlainRoutes:
    """A route sleeps until its signal comes; what a hand holds, only `add` routes move."""

    def __init__(self, routes: Sequence[Route], knobs: Sequence[Knob]) -> None:
        self.routes = [(route, [PlainShape(parse_shape(text)) for text in route.shape]) for route in routes]
        self.knobs = knobs
        self.base = {knob.address: knob.default for knob in knobs}
        self.held: set[str] = set()

    def write(self, address: str, value: float) -> None:
        knob = next(knob for knob in self.knobs if knob.address == address)
        self.base[address] = _between(value, knob.low, knob.high)
        self.held.add(address)

    def step(self, levels: dict[str, float], dt_s: float) -> list[float]:
        sets: dict[str, list[float]] = {knob.address: [] for knob in self.knobs}
        adds: dict[str, list[float]] = {knob.address: [] for knob in self.knobs}
        for route, shapes in self.routes:
            if route.source not in levels:
                continue
            x = levels[route.source]
            for shape in shapes:
                x = shape.step(x, dt_s)
            if route.range is not None:
                x = route.range[0] + _between(x, 0, 1) * (route.range[1] - route.range[0])
            if route.mix == "add":
                adds[route.to].append(x)
            elif route.to not in self.held:
                sets[route.to].append(x)
        out = []
        for knob in self.knobs:
            total = sum(sets[knob.address]) if sets[knob.address] else self.base[knob.address]
            out.append(_between(total + sum(adds[knob.address]), knob.low, knob.high))
        return out

"""A bus, a clock and a plan to play routes on in tests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappings.bus import Bus
from mappings.expr import BOUND
from mappings.routes import Outcome, Plan, Route

STEP_S = 0.002


@dataclass(frozen=True)
class Knob:
    """A control as the engine has them."""

    address: str
    default: float = 0.0
    low: float = -BOUND
    high: float = BOUND
    unit: str = ""
    kind: str = "level"


class Desk:
    """Steps a plan by hand; levels are by address."""

    def __init__(self, routes: Sequence[Route], knobs: Sequence[Knob], known: Sequence[str] | None = None) -> None:
        self.bus = Bus()
        self.plan = Plan(routes, knobs, self.bus, known=known)
        self.now_s = 0.0
        self.fired: list[str] = []

    def level(self, address: str, value: float) -> None:
        self.bus.level(address, value, self.now_s)

    def event(self, address: str, value: float = 1.0) -> None:
        self.bus.post(address, value, self.now_s)

    def write(self, address: str, value: float = 1.0) -> None:
        self.bus.write(address, value, self.now_s, "test")

    def step(self, dt_s: float = STEP_S) -> Outcome:
        self.now_s += dt_s
        self.bus.tempo.step(self.bus, self.now_s)
        outcome = self.plan.step(self.now_s, dt_s)
        self.fired += [event.address for event in outcome.events]
        return outcome

    def value(self, address: str = "/c", dt_s: float = STEP_S) -> float:
        """Where a level stands after one more step."""
        return float(self.step(dt_s).values[self.plan.addresses.index(address)])

    def run(self, seconds: float, dt_s: float = STEP_S) -> None:
        for _ in range(round(seconds / dt_s)):
            self.step(dt_s)


def shaper(*shape: str, source: str = "/s/x") -> Desk:
    """A desk with one route from /s/x through the shapes to /c."""
    return Desk([Route(source, "/c", shape)], [Knob("/c")])


def shaped(shape: str | Sequence[str], values: Iterable[float], dt_s: float = STEP_S) -> list[float]:
    """What the shapes make of values that come one a step."""
    desk = shaper(*([shape] if isinstance(shape, str) else shape))
    out = []
    for value in values:
        desk.level("/s/x", value)
        out.append(desk.value(dt_s=dt_s))
    return out

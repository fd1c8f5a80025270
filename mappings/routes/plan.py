"""All routes of a show as one straight line of array operations."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mappings.bus import Bus
from mappings.errors import RouteError
from mappings.routes.chain import Batch, Chain, schedule
from mappings.routes.check import check_rings, check_route, check_signal, said_where
from mappings.routes.events import Events
from mappings.routes.hands import Hands
from mappings.routes.inputs import Inputs
from mappings.routes.route import Outcome, Route, Trace
from mappings.shapes.kernel import F64, Rows, Tick
from mappings.shapes.triggers import OPEN
from mappings.signal import Control, Event

if TYPE_CHECKING:
    from mappings.demonstrate import Demonstration


class Plan:
    """Routes checked once, applied at every step; names are looked up only when a signal is new.

    addresses : the level controls, in the order of `Outcome.values`
    """

    def __init__(
        self,
        routes: Sequence[Route],
        controls: Sequence[Control],
        bus: Bus,
        *,
        known: Sequence[str] | None = None,
        start_s: float | None = None,
        taught: "Demonstration | None" = None,
    ) -> None:
        """Check and plan; RouteError says where, what and how to mend it.

        known : what the sources can bring, a trailing `*` standing for any rest; None: anything may come
        start_s : when the show began, for `t` in expressions; the first step when not given
        taught : plays controls like a route, from all signals at once; while it does, their `set` routes rest
        """
        self._bus = bus
        levels = [control for control in controls if control.kind == "level"]
        self.addresses: tuple[str, ...] = tuple(control.address for control in levels)
        self.start_s = start_s
        self._index = {address: i for i, address in enumerate(self.addresses)}
        self._hands = Hands(controls, bus)
        self._inputs = Inputs(bus, self._index)
        self._events = Events(bus)
        self._taught = taught
        self._taught_free: Rows = np.zeros(0, np.intp)  # which of its controls it moves now, among its own ...
        self._taught_rows: Rows = np.zeros(0, np.intp)  # ... and among all
        self._echo: list[Event] = []
        self._tick = Tick()
        self._values: F64 = self._hands.bases.copy()
        self._first = True
        by_address = {control.address: control for control in controls}
        chains = [self._chain(route, by_address, known) for route in routes]
        reads = [[*chain.reads, *(address for _, address in chain.listens)] for chain in chains]
        check_rings(routes, reads, by_address)
        # Rows of one make lie side by side, so that most batches are a slice.
        order = sorted(range(len(chains)), key=lambda i: [op.kind for op in chains[i].ops])
        self._given = [order.index(i) for i in range(len(order))]
        self._routes = tuple(routes[i] for i in order)
        self._place([chains[i] for i in order])
        self._connect([chains[i] for i in order])

    @property
    def bases(self) -> F64:
        """Where each level control stands when no route moves it. Shape (levels,)."""
        return self._hands.bases

    @property
    def suspended(self) -> NDArray[np.bool_]:
        """Which level controls a hand holds. Shape (levels,)."""
        return self._hands.suspended

    @property
    def moved_by_hand(self) -> NDArray[np.bool_]:
        """Which level controls a hand wrote in the last step. Shape (levels,)."""
        return self._hands.moved

    def restore(self, bases: F64, suspended: NDArray[np.bool_]) -> None:
        """Take over who wins from an earlier plan of the same level controls; RouteError when they differ."""
        self._hands.restore(bases, suspended)
        self._weigh()

    def let_go(self, rows: Rows) -> None:
        """Give these level controls back from hands, all at once."""
        self._hands.release(rows)
        self._weigh()

    def standing(self, rows: Rows) -> F64:
        """Where these level controls stand after this step without what `add` routes lay on top. Shape (rows,)."""
        total = np.bincount(self._targets, self._x * self._sets, len(self._values) + 1)[:-1] + self._standing
        if self._taught is not None:
            total[self._taught_rows] += self._taught.values[self._taught_free]
        return self._hands.clamp(total[rows], rows)

    def step(self, now_s: float, dt_s: float) -> Outcome:
        """Read the bus, take the hands' writes, shape and mix. `dt_s` since the last step, 0 or more."""
        signals = self._bus.read()
        self._begin(now_s, max(dt_s, 0.0))
        out: list[Event] = []
        self._events.out = out
        changed = self._hands.take(out)
        for event in (*self._echo, *signals.events):
            self._events.deliver(event)
        came = self._inputs.read(signals, self._values, now_s)
        taught = self._taught
        if taught is not None and taught.step(signals, self._values, max(dt_s, 0.0)):
            if not self._first:
                self._hands.glide(taught.rows)
            changed = True
        if came or self._called:
            self._wake()
        elif changed:
            self._weigh()
        x = self._x
        self._inputs.values.take(self._sources, out=x, mode="clip")
        self._raw[:] = x
        tick = self._tick
        tick.values, tick.times_s = self._inputs.values, self._inputs.times_s
        for batch in self._batches:
            batch.step(x, tick)
        if self._edge_rows.size:
            self._fire_edges()
        self._events.let_through(tick)
        routed = np.bincount(self._targets, x * self._weights, len(self._values) + 1)
        mixed = np.asarray(routed[:-1] + self._standing, np.float64)
        if taught is not None:
            mixed[self._taught_rows] += taught.values[self._taught_free]
        self._values = self._hands.settle(mixed, self._values, tick.dt_s)
        self._echo = [event for event in out if self._events.hears(event.address)]
        self._first = False
        return Outcome(self._values, tuple(out))

    def trace(self) -> tuple[Trace, ...]:
        """Every route as it stands, in the order given."""
        held = np.append(self._hands.suspended, False)[self._targets]
        raw, x = self._raw.tolist(), self._x.tolist()
        return tuple(
            Trace(self._routes[i].source, self._routes[i].to, raw[i], x[i], bool(self._awake[i]), bool(held[i]))
            for i in self._given
        )

    def _chain(self, route: Route, controls: dict[str, Control], known: Sequence[str] | None) -> Chain:
        try:
            control = check_route(route, controls)
            chain = Chain(
                route,
                to_event=control.kind == "event",
                only_level=route.source in self._index,
                inputs=self._inputs,
                bus=self._bus,
            )
            if control.kind == "event" and chain.flow == "signal":
                chain.listens.append((len(chain.ops), route.source))
            for address in (*chain.reads, *(address for _, address in chain.listens)):
                if known is not None:
                    check_signal(address, controls, known)
        except RouteError as error:
            raise said_where(route, error) from None
        return chain

    def _place(self, chains: Sequence[Chain]) -> None:
        """Lay out the arrays, one row a route."""
        n = len(chains)
        self._sources: Rows = np.array([chain.source for chain in chains], np.intp)
        self._wakes = [(i, np.array(chain.wakes, np.intp)) for i, chain in enumerate(chains) if chain.wakes]
        came = self._inputs.awake  # controls always stand somewhere
        self._awake: NDArray[np.bool_] = np.array([not c.sleeps or any(came[list(c.wakes)]) for c in chains], np.bool_)
        self._called: set[int] = set()  # routes that their first event wakes
        # Routes to events lead to one place behind the last level, which is cut off.
        self._targets: Rows = np.array([self._index.get(r.to, len(self._index)) for r in self._routes], np.intp)
        self._adds: NDArray[np.bool_] = np.array([route.mix == "add" for route in self._routes], np.bool_)
        self._x, self._raw = np.zeros(n), np.zeros(n)
        edges = [i for i, chain in enumerate(chains) if self._routes[i].to not in self._index and chain.flow == "gate"]
        self._edge_rows: Rows = np.array(edges, np.intp)
        self._was_open: NDArray[np.bool_] = np.zeros(len(edges), np.bool_)
        self._weigh()

    def _connect(self, chains: Sequence[Chain]) -> None:
        """Make the batches, and bring events to those who wait for them."""
        self._batches: list[Batch] = []
        fires: dict[tuple[int, int], Batch] = {}
        for kind, places in schedule([chain.ops for chain in chains]):
            batch = Batch(kind, [i for i, _ in places], [chains[i].ops[k] for i, k in places])
            self._batches.append(batch)
            fires |= dict.fromkeys(places, batch)
        for i in self._given:
            chain = chains[i]
            for k, address in chain.listens:
                if k == len(chain.ops):
                    consumer = self._events.to_control(self._routes[i].to, self._routes[i].wait)
                else:
                    consumer = self._to_shape(i, fires[i, k])
                self._events.listen(address, consumer)

    def _to_shape(self, route: int, batch: Batch) -> Callable[[Event], None]:
        fire = batch.firing(route)

        def consume(event: Event) -> None:
            fire(event.value)
            if not self._awake[route]:
                self._called.add(route)

        return consume

    def _begin(self, now_s: float, dt_s: float) -> None:
        if self.start_s is None:
            self.start_s = now_s
        tick, tempo = self._tick, self._bus.tempo
        tick.advance(now_s, now_s - self.start_s, dt_s)
        tick.tempo(tempo.beat, max(tempo.bpm, 1.0), tempo.bar_beats)
        tick.crossed_beat, tick.crossed_bar = tempo.crossed("beat"), tempo.crossed("bar")

    def _wake(self) -> None:
        """Let the routes count whose signals came for the first time; their shapes begin at this value."""
        awake = self._inputs.awake
        woken = [i for i, inputs in self._wakes if not self._awake[i] and awake[inputs].any()]
        woken += sorted(self._called)
        self._called.clear()
        self._awake[woken] = True
        if not self._first:
            for batch in self._batches:
                batch.prime(frozenset(woken))
        self._was_open[np.isin(self._edge_rows, woken)] = False
        self._weigh()

    def _weigh(self) -> None:
        """Which routes count, and what stands where none does."""
        held = np.append(self._hands.suspended, True)[self._targets]
        owned = np.zeros(len(self._index) + 1, np.bool_)
        taught = self._taught
        if taught is not None:
            free = ~self._hands.suspended[taught.rows] & taught.plays
            self._taught_free = np.flatnonzero(free)
            self._taught_rows = taught.rows[self._taught_free]
            owned[self._taught_rows] = True
        sets = self._awake & ~self._adds & ~held & ~owned[self._targets]
        self._sets = sets.astype(np.float64)
        self._weights = (sets | (self._awake & self._adds)).astype(np.float64)
        routed = (np.bincount(self._targets, sets, len(self._index) + 1) > 0) | owned
        self._standing: F64 = np.where(routed[:-1], 0.0, self._hands.bases)

    def _fire_edges(self) -> None:
        """Gates that opened in this step fire their events; one that was open from the start does not."""
        is_open = (self._x[self._edge_rows] > OPEN) & self._awake[self._edge_rows]
        rose = is_open & ~self._was_open
        self._was_open = is_open
        if self._first or not rose.any():
            return
        for row in self._edge_rows[rose].tolist():
            route = self._routes[row]
            self._events.fire(route.to, route.wait, 1.0, self._tick.now_s)

"""Names, ranges and rings: what is wrong with a route, said before it plays."""

import difflib
from collections.abc import Mapping, Sequence

from mappings.errors import RouteError
from mappings.expr import BOUND
from mappings.routes.inputs import matcher
from mappings.routes.route import Route
from mappings.signal import Control

_SHOWN = 6


def said_where(route: Route, error: RouteError) -> RouteError:
    """The same error with the route's place in front."""
    return RouteError(f"{route.where}: {error}" if route.where else str(error))


def check_route(route: Route, controls: Mapping[str, Control]) -> Control:
    """The control a route leads to. RouteError for a name, range, mix or wait that is not allowed."""
    control = controls.get(route.to)
    if control is None:
        raise RouteError(f'no control "{route.to}"; {_nearest(route.to, tuple(controls))}')
    if route.mix not in ("set", "add"):
        raise RouteError(f'mix = "{route.mix}"; "set" or "add" is allowed')
    if route.wait not in ("", "beat", "bar"):
        raise RouteError(f'wait = "{route.wait}"; "beat" or "bar" is allowed')
    if route.range is not None and not (len(route.range) == 2 and all(abs(end) <= BOUND for end in route.range)):
        raise RouteError(f"range = {list(route.range)}; two numbers within {BOUND:g} are allowed")
    if control.kind == "event" and (route.range is not None or route.mix == "add"):
        raise RouteError(f'"{route.to}" is an event: it has no range and no mix; leave them out')
    return control


def check_signal(address: str, controls: Mapping[str, Control], known: Sequence[str]) -> None:
    """RouteError for an address that is no control and that no source can bring."""
    if address in controls or any(_can_bring(name, address) for name in known):
        return
    raise RouteError(f'no signal "{address}"; {_nearest(address, known)}')


def _can_bring(name: str, address: str) -> bool:
    """Whether a source that brings `name` (a trailing `*` stands for any rest) can bring `address`."""
    if not name.endswith("*"):
        return name == address or ("*" in address and matcher(address).match(name) is not None)
    start = name[:-1]
    if "*" not in address:
        return address.startswith(start)
    *whole, begun = start.split("/")
    parts = address.split("/")
    if len(parts) <= len(whole):
        return False
    here = parts[len(whole)]
    fits = all(matcher(part).match(name) for part, name in zip(parts, whole, strict=False))
    return fits and ("*" in here or here.startswith(begun))


def _nearest(name: str, names: Sequence[str]) -> str:
    plain = [known.rstrip("*").rstrip("/") if known.endswith("*") else known for known in names]
    near = difflib.get_close_matches(name, plain, 1)
    if near:
        return f'did you mean "{near[0]}"?'
    if not names:
        return "there are none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are: {', '.join(names[:_SHOWN])}{more}"


def check_rings(routes: Sequence[Route], reads: Sequence[Sequence[str]], controls: Mapping[str, Control]) -> None:
    """RouteError where controls follow each other in a ring.

    reads : every address that each route reads or listens to
    """
    leads: dict[str, list[tuple[str, Route]]] = {}
    for route, sources in zip(routes, reads, strict=True):
        for source in sources:
            if source in controls:
                leads.setdefault(source, []).append((route.to, route))
    done: set[str] = set()
    for start in leads:
        path: list[str] = [start]
        turns = [iter(leads[start])] if start not in done else []
        while turns:
            step = next(turns[-1], None)
            if step is None:
                turns.pop()
                done.add(path.pop())
                continue
            to, route = step
            if to in path:
                ring = " -> ".join([*path[path.index(to) :], to])
                raise said_where(route, RouteError(f"a ring of controls: {ring}; take one of these routes out"))
            if to in leads and to not in done:
                path.append(to)
                turns.append(iter(leads[to]))

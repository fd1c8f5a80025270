"""What a foreign file becomes: plain data that cannot run, cannot loop and cannot explode.

None, bool, int, float, str, bytes (`memoryview` when large), list, tuple, dict, set, frozenset, `numpy.ndarray`, numpy
scalars as Python numbers, and two kinds of nodes of our own: `Stub` and `Named`. Tensors are read-only numpy arrays
that look into the file itself; they may lie unaligned and permuted (copy before handing one to torch).
"""

from dataclasses import dataclass
from typing import Any

from engine.generator.foreign.refusal import RefusedError

MAX_DEPTH = 200
MAX_NODES = 2_000_000
MAX_INT_KEY = 2**60


@dataclass(frozen=True, slots=True)
class Named:
    """Something that the file names and that stays a name: `torch.float32`."""

    name: str


@dataclass(slots=True, eq=False)
class Stub:
    """An object of a known kind, taken apart instead of made: its class or function, its arguments, its state.

    `name`: "module.qualname", one of the allow-list. `args`: what it was called with. `state`: what was to be set on it
    afterwards, else None. An NVIDIA network is
    `Stub("torch_utils.persistence._reconstruct_persistent_obj", ({"type": ..., "class_name": ..., "state": {...}},))`.
    A TensorFlow one is `Stub("dnnlib.tflib.network.Network", (), {"version": ..., "variables": [...]})`.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None


class OrderedMap(dict[Any, Any]):
    """A `collections.OrderedDict`: the attributes that some carry (`_metadata`) are dropped."""

    __slots__ = ()


class Attributes(dict[Any, Any]):
    """A `dnnlib.util.EasyDict` or `argparse.Namespace`: its attributes by name."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Pending:
    """A node that is not complete when it is first seen: `value` once it is. None of these is left in a result."""

    what: str
    value: Any = None

    def settled(self) -> Any:
        """What it became."""
        if self.value is None:
            raise RefusedError(f"its {self.what} is never filled")
        return self.value


def check_key(key: Any) -> None:
    """Refuse what could make a dict or a set slow: keys are short and hash in no time."""
    if isinstance(key, str | bytes | float) or key is None:
        return
    if isinstance(key, int) and -MAX_INT_KEY < key < MAX_INT_KEY:
        return
    kind = "number too large" if isinstance(key, int) else type(key).__name__
    raise RefusedError(f"it uses a {kind} as a key")


def finish(root: Any) -> Any:
    """The result with every pending node in its place, walked once without recursion.

    Refuses cycles, nesting deeper than MAX_DEPTH, and shared parts that would count over MAX_NODES when each is
    counted wherever it is used: after this a plain recursive walk is safe.
    """
    done: dict[int, tuple[int, int, Any]] = {}  # id -> depth below, nodes below, finished value
    keep: list[Any] = []  # an id stays one object's while that object lives
    open_ids: set[int] = set()
    todo: list[tuple[Any, bool]] = [(root, False)]
    while todo:
        node, children_done = todo.pop()
        if id(node) in done:
            continue
        children = _children(node)
        if children_done:
            open_ids.discard(id(node))
            keep.append(node)
            done[id(node)] = _measured(node, children, done)
            continue
        if id(node) in open_ids:
            raise RefusedError("a part of it contains itself")
        open_ids.add(id(node))
        _check_depth(len(open_ids))
        todo.append((node, True))
        todo.extend((child, False) for child in children if id(child) not in done and not _is_leaf(child))
    return done[id(root)][2] if id(root) in done else root


def _is_leaf(node: Any) -> bool:
    if isinstance(node, list | tuple | dict):
        return not node
    return not isinstance(node, Stub | Pending)


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RefusedError(f"it is nested more than {MAX_DEPTH} deep")


def _children(node: Any) -> list[Any]:
    if isinstance(node, list | tuple):
        return list(node)
    if isinstance(node, dict):
        return list(node.values())
    if isinstance(node, Stub):
        return [node.args, node.state]
    return [node.settled()] if isinstance(node, Pending) else []


def _measured(node: Any, children: list[Any], done: dict[int, tuple[int, int, Any]]) -> tuple[int, int, Any]:
    measures = [done.get(id(child), (0, 1, child)) for child in children]
    depth = 1 + max((measure[0] for measure in measures), default=0)
    nodes = 1 + sum(measure[1] for measure in measures)
    _check_depth(depth)
    if nodes > MAX_NODES:
        raise RefusedError(f"it unfolds to more than {MAX_NODES} parts")
    return depth, nodes, _put(node, children, [measure[2] for measure in measures])


def _put(node: Any, old: list[Any], new: list[Any]) -> Any:
    """The node with its children finished: changed in place where that can be, else made anew."""
    if isinstance(node, Pending):
        return new[0]
    if all(before is after for before, after in zip(old, new, strict=True)):
        return node
    if isinstance(node, tuple):
        return tuple(new)
    if isinstance(node, list):
        node[:] = new
    elif isinstance(node, dict):
        node.update(zip(list(node), new, strict=True))
    else:
        node.args, node.state = new
    return node

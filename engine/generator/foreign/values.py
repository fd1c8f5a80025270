"""What a foreign file becomes: plain data that cannot run, cannot loop and cannot explode.

None, bool, int, float, str, bytes (`memoryview` when large), list, tuple, dict, set, frozenset, `numpy.ndarray`, numpy
scalars as Python numbers, and two kinds of nodes of our own: `Stub` and `Named`. Tensors are read-only numpy arrays
that look into the file itself; they may lie unaligned and permuted (copy before handing one to torch).
"""

from dataclasses import dataclass
from typing import Any


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

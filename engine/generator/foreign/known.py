"""The exact names a checkpoint may ask for, and the plain data each becomes. Everything else is refused.

None of these functions is what the name means in Python: they are our own answers, and they only ever build data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.generator.foreign import tensors
from engine.generator.foreign.budget import Budget
from engine.generator.foreign.refusal import RefusedError, shown
from engine.generator.foreign.values import Attributes, Named, OrderedMap, Pending, Stub, check_key


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer may need: the budget of the whole file, and the reader of a torch file inside a pickle."""

    budget: Budget
    load_storage: Callable[[memoryview], tensors.Storage]


Answer = Callable[[tuple[Any, ...], Reading], Any]


def look_up(module: str, name: str) -> Named:
    """The name as we know it, or the refusal that says what the file asked for."""
    known = _NAMES.get((module, name))
    if known is None:
        asked = f"{shown(module)}.{shown(name)}"
        raise RefusedError(f"it asks for {asked} (a pickle can run programs; latenz never does)", remedy="")
    return known


def call(target: Any, args: Any, reading: Reading) -> Any:
    """What a call of `target` with `args` becomes."""
    if not isinstance(target, Named) or not isinstance(args, tuple):
        raise RefusedError(f"it calls a {type(target).__name__}")
    answer = _CALLS.get(target.name)
    if answer is None:
        raise RefusedError(f"it calls {target.name}, which is no function")
    return answer(args, reading)


def make(target: Any, args: Any) -> Any:
    """What a new, empty object of class `target` becomes."""
    if not isinstance(target, Named) or not isinstance(args, tuple):
        raise RefusedError(f"it makes an object of a {type(target).__name__}")
    if target.name in _MAPPINGS and not args:
        return _MAPPINGS[target.name]()
    if target.name in _STUB_CLASSES:
        return Stub(target.name, args)
    raise RefusedError(f"it makes an object of {target.name}")


def set_state(target: Any, state: Any, reading: Reading) -> None:
    """What setting an object's state becomes; refused on everything that is no object of a known kind."""
    if isinstance(target, tensors.Dtype):
        target.set_state(state)
    elif isinstance(target, Pending) and target.what == "array":
        _set_array(target, state, reading)
    elif not isinstance(state, dict):
        raise RefusedError(f"it sets the state of a {type(target).__name__} to a {type(state).__name__}")
    elif isinstance(target, Attributes):
        reading.budget.spend(len(state))
        target.update(state)
    elif isinstance(target, Stub) and target.state is None and target.name in _STUB_CLASSES:
        target.state = state
    elif not isinstance(target, OrderedMap):  # an OrderedDict's own attributes are of no use to us
        what = target.name if isinstance(target, Named | Stub) else type(target).__name__
        raise RefusedError(f"it sets attributes of {what}")


def _set_array(target: Pending, state: Any, reading: Reading) -> None:
    if target.value is not None or not isinstance(state, tuple) or len(state) != 5:
        raise RefusedError("a numpy array has a strange state")
    _version, shape, dtype, fortran, data = state
    if not isinstance(fortran, int):
        raise RefusedError("a numpy array has a strange order")
    target.value = tensors.array_from(data, dtype, shape, bool(fortran), reading.budget)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, Named) and value.name == name


def _arity(args: tuple[Any, ...], least: int, most: int, name: str) -> None:
    if not least <= len(args) <= most:
        raise RefusedError(f"it calls {name} with {len(args)} arguments")


def _stub(name: str) -> Answer:
    return lambda args, reading: Stub(name, args)


def _ordered(args: tuple[Any, ...], reading: Reading) -> OrderedMap:
    _arity(args, 0, 1, "OrderedDict")
    pairs = args[0] if args else []
    if not isinstance(pairs, list | tuple):
        raise RefusedError("an OrderedDict is made of something that is no list")
    reading.budget.spend(len(pairs))
    result = OrderedMap()
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise RefusedError("an OrderedDict is made of something that is no pair")
        check_key(pair[0])
        result[pair[0]] = pair[1]
    return result


def _with_default(args: tuple[Any, ...], reading: Reading) -> dict[Any, Any]:
    """A `defaultdict`, which tells what makes its values: that is not looked at."""
    _arity(args, 0, 1, "collections.defaultdict")
    return {}


def _attributes(args: tuple[Any, ...], reading: Reading) -> Attributes:
    if args:
        raise RefusedError("a dict of attributes is made with arguments")
    return Attributes()


def _set(args: tuple[Any, ...], reading: Reading) -> set[Any]:
    _arity(args, 0, 1, "set")
    items = args[0] if args else []
    if not isinstance(items, list | tuple):
        raise RefusedError("a set is made of something that is no list")
    reading.budget.spend(len(items))
    for item in items:
        check_key(item)
    return set(items)


def _encode(args: tuple[Any, ...], reading: Reading) -> bytes:
    """Protocols before 3 wrote bytes as text, to be encoded as latin1 and nothing else."""
    if len(args) == 2 and all(isinstance(arg, str) for arg in args) and args[1] in _LATIN1:
        reading.budget.copy(len(args[0]))
        try:
            return str(args[0]).encode("latin1")
        except UnicodeEncodeError:
            pass
    raise RefusedError("it calls _codecs.encode with something that is no text in latin1")


def _no_bytes(args: tuple[Any, ...], reading: Reading) -> bytes:
    """Protocols before 3 wrote b"" as a call."""
    _arity(args, 0, 0, "bytes")
    return b""


def _reconstructor(args: tuple[Any, ...], reading: Reading) -> Any:
    """Protocols 0 and 1 made objects so: class, base class, the base's own content."""
    _arity(args, 3, 3, "copyreg._reconstructor")
    target, base, content = args
    made = make(target, ())
    if isinstance(made, dict) and _is(base, "builtins.dict") and isinstance(content, dict):
        reading.budget.spend(len(content))
        made.update(content)
    elif not _is(base, "builtins.object") or content is not None:
        raise RefusedError("it rebuilds an object on a strange base")
    return made


def _storage(args: tuple[Any, ...], reading: Reading) -> tensors.Storage:
    if len(args) != 1 or not isinstance(args[0], bytes | memoryview):
        raise RefusedError("a storage is not made of bytes")
    return reading.load_storage(memoryview(args[0]))


def _tensor(args: tuple[Any, ...], reading: Reading) -> np.ndarray:
    _arity(args, 4, 7, "_rebuild_tensor")
    storage, offset, size, stride = args[:4]
    return tensors.tensor(storage, offset, size, stride, reading.budget)


def _typed_tensor(args: tuple[Any, ...], reading: Reading) -> np.ndarray:
    _arity(args, 7, 8, "_rebuild_tensor_v3")
    storage, offset, size, stride, dtype = *args[:4], args[6]
    if not isinstance(storage, tensors.Storage) or not isinstance(dtype, Named):
        raise RefusedError("a tensor has no storage or no dtype")
    if dtype.name not in tensors.DTYPE_NAMES:
        raise RefusedError(f"a tensor is of dtype {dtype.name}")
    seen = storage.seen_as(tensors.DTYPE_NAMES[dtype.name])
    return tensors.tensor(seen, offset, size, stride, reading.budget)


def _parameter(args: tuple[Any, ...], reading: Reading) -> np.ndarray:
    _arity(args, 2, 4, "_rebuild_parameter")
    if not isinstance(args[0], np.ndarray):
        raise RefusedError("a parameter is made of something that is no tensor")
    return args[0]


def _size(args: tuple[Any, ...], reading: Reading) -> tuple[int, ...]:
    _arity(args, 1, 1, "torch.Size")
    short = isinstance(args[0], list) and len(args[0]) <= tensors.MAX_DIMS
    return tensors.lengths(tuple(args[0]) if short else args[0], "size")


def _array(args: tuple[Any, ...], reading: Reading) -> Pending:
    if len(args) != 3 or not _is(args[0], "numpy.ndarray"):
        raise RefusedError("a numpy array is made of a strange class")
    return Pending("array")


def _array_from_buffer(args: tuple[Any, ...], reading: Reading) -> np.ndarray:
    if len(args) != 4 or not isinstance(args[3], str) or args[3] not in ("C", "F"):
        raise RefusedError("a numpy array has a strange order")
    return tensors.array_from(args[0], args[1], args[2], args[3] == "F", reading.budget)


def _scalar(args: tuple[Any, ...], reading: Reading) -> bool | int | float:
    _arity(args, 2, 2, "numpy scalar")
    return tensors.scalar_from(args[0], args[1], reading.budget)


def _dtype(args: tuple[Any, ...], reading: Reading) -> tensors.Dtype:
    _arity(args, 1, 3, "numpy.dtype")
    return tensors.Dtype(args[0])


_MAPPINGS: dict[str, Callable[[], dict[Any, Any]]] = {
    "collections.OrderedDict": OrderedMap,
    "dnnlib.util.EasyDict": Attributes,
    "argparse.Namespace": Attributes,
}
_STUB_CLASSES = frozenset({"dnnlib.tflib.network.Network", "tfutil.Network"})
_LATIN1 = ("latin1", "latin-1", "iso-8859-1")
_PATHS = ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
_CALLS: dict[str, Answer] = {
    "torch_utils.persistence._reconstruct_persistent_obj": _stub("torch_utils.persistence._reconstruct_persistent_obj"),
    "collections.OrderedDict": _ordered,
    "dnnlib.util.EasyDict": _attributes,
    "argparse.Namespace": _attributes,
    "types.SimpleNamespace": _attributes,
    "collections.defaultdict": _with_default,
    "builtins.set": _set,
    "builtins.frozenset": lambda args, reading: frozenset(_set(args, reading)),
    "builtins.bytes": _no_bytes,
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "torch.storage._load_from_bytes": _storage,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.Size": _size,
    "torch.device": _stub("torch.device"),
    "numpy.core.multiarray._reconstruct": _array,
    "numpy.core.numeric._frombuffer": _array_from_buffer,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.dtype": _dtype,
    **{f"pathlib.{name}": _stub(f"pathlib.{name}") for name in _PATHS},
}
_ONLY_NAMED = (
    *_STUB_CLASSES,
    *tensors.STORAGE_NAMES,
    *tensors.DTYPE_NAMES,
    "torch.storage.UntypedStorage",
    "numpy.ndarray",
    "builtins.object",
    "builtins.dict",
    "builtins.list",
    "builtins.int",
    "builtins.float",
)
_ALIASES = {
    ("__builtin__", "set"): "builtins.set",
    ("__builtin__", "frozenset"): "builtins.frozenset",
    ("__builtin__", "bytes"): "builtins.bytes",
    ("__builtin__", "object"): "builtins.object",
    **{("__builtin__", name): f"builtins.{name}" for name in ("dict", "list", "int", "float")},
    ("copy_reg", "_reconstructor"): "copyreg._reconstructor",
    ("dnnlib", "EasyDict"): "dnnlib.util.EasyDict",
    ("numpy._core.multiarray", "_reconstruct"): "numpy.core.multiarray._reconstruct",
    ("numpy._core.multiarray", "scalar"): "numpy.core.multiarray.scalar",
    ("numpy._core.numeric", "_frombuffer"): "numpy.core.numeric._frombuffer",
    **{("pathlib._local", name): f"pathlib.{name}" for name in _PATHS},
}


def _names() -> dict[tuple[str, str], Named]:
    exact = {(name.rpartition(".")[0], name.rpartition(".")[2]): Named(name) for name in (*_CALLS, *_ONLY_NAMED)}
    return exact | {alias: Named(name) for alias, name in _ALIASES.items()}


_NAMES = _names()

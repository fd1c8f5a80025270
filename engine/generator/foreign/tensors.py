"""Tensors and arrays of foreign files as numpy views of the file's own bytes."""

import math
import re
from typing import Any

import numpy as np

from engine.generator.foreign.budget import Budget
from engine.generator.foreign.refusal import RefusedError, shown
from engine.generator.foreign.values import Named, Pending

MAX_DIMS = 16
MAX_LENGTH = 2**40
TINY_ELEMENTS = 1024
"""A tensor whose elements share memory (`expand`) is taken up to this size."""

_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "bool",
}
STORAGE_NAMES = {f"torch.{name}": kind for name, kind in _STORAGES.items()}
DTYPE_NAMES = {
    f"torch.{name}": kind
    for names, kind in (
        (("float64", "double"), "<f8"),
        (("float32", "float"), "<f4"),
        (("float16", "half"), "<f2"),
        (("bfloat16",), "bfloat16"),
        (("int64", "long"), "<i8"),
        (("int32", "int"), "<i4"),
        (("int16", "short"), "<i2"),
        (("int8",), "|i1"),
        (("uint8",), "|u1"),
        (("uint16",), "<u2"),
        (("uint32",), "<u4"),
        (("uint64",), "<u8"),
        (("bool",), "bool"),
    )
    for name in names
}
_RAW = {"bfloat16": "<u2", "bool": "|u1"}
_NUMPY_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")


def item_bytes(kind: str) -> int:
    """Bytes of one element of a torch dtype."""
    return np.dtype(_RAW.get(kind, kind)).itemsize


class Storage(Pending):
    """One torch storage: `kind` of its elements, how many, and their bytes (None while the file is only surveyed)."""

    __slots__ = ("_array", "_budget", "data", "kind", "length")

    def __init__(self, kind: str, length: int, data: memoryview | None, budget: Budget) -> None:
        super().__init__("storage")
        self.kind = kind
        self.length = length
        self.data = data
        self._budget = budget
        self._array: np.ndarray | None = None
        if data is not None and len(data) != length * item_bytes(kind):
            raise RefusedError(f"a storage of {length} elements holds {len(data)} bytes")

    def settled(self) -> np.ndarray:
        """All elements in a row; bfloat16 becomes float32."""
        if self.data is None:
            return np.zeros(0, "<f4")
        if self._array is None:
            raw: np.ndarray = np.frombuffer(self.data, _RAW.get(self.kind, self.kind))
            array = raw if self.kind not in _RAW else self._converted(raw)
            array.flags.writeable = False
            self._array = array
        return self._array

    def _converted(self, raw: np.ndarray) -> np.ndarray:
        self._budget.copy(raw.nbytes * (2 if self.kind == "bfloat16" else 1))
        if self.kind == "bool":
            return np.asarray(raw != 0)
        wide = raw.astype("<u4")
        wide <<= 16
        return wide.view("<f4")

    def seen_as(self, kind: str) -> "Storage":
        """The same bytes as elements of another dtype."""
        if self.data is None:
            return Storage(kind, 0, None, self._budget)
        if len(self.data) % item_bytes(kind):
            raise RefusedError(f"a storage of {len(self.data)} bytes holds no whole number of elements")
        return Storage(kind, len(self.data) // item_bytes(kind), self.data, self._budget)


def lengths(value: Any, what: str) -> tuple[int, ...]:
    """A tuple of sizes or strides: few, none negative or absurd."""
    if not isinstance(value, tuple) or len(value) > MAX_DIMS:
        raise RefusedError(f"a tensor's {what} is no tuple of up to {MAX_DIMS} numbers")
    for length in value:
        if type(length) is not int or not 0 <= length < MAX_LENGTH:
            raise RefusedError(f"a tensor's {what} holds {_brief(length)}")
    return value


def shape_of(value: Any) -> tuple[int, ...]:
    """A tuple of sizes that could be a tensor's, also when one of them is 0."""
    shape = lengths(value, "size")
    if math.prod(length or 1 for length in shape) >= MAX_LENGTH:
        raise RefusedError("a tensor's size is absurd")
    return shape


def tensor(storage: Any, offset: Any, size: Any, stride: Any, budget: Budget) -> np.ndarray:
    """A tensor as a view of its storage; refuses everything that reaches outside it or shows elements twice."""
    if not isinstance(storage, Storage):
        raise RefusedError("a tensor has no storage")
    shape, strides = shape_of(size), lengths(stride, "stride")
    (start,) = lengths((offset,), "offset")
    if len(shape) != len(strides):
        raise RefusedError(f"a tensor has {len(shape)} sizes and {len(strides)} strides")
    if storage.data is None:
        return storage.settled()
    count = math.prod(shape)
    if count == 0:
        return np.zeros(shape, storage.settled().dtype)
    last = start + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
    if last >= storage.length:
        raise RefusedError(f"a tensor reaches element {last} of a storage of {storage.length}")
    if not _apart(shape, strides) and count > TINY_ELEMENTS:
        raise RefusedError(f"a tensor of {count} elements shows the same ones several times")
    array = storage.settled()
    budget.show(count * array.itemsize)
    return np.ndarray(shape, array.dtype, array, start * array.itemsize, [step * array.itemsize for step in strides])


def _apart(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether no two elements share a place: each step leaps over all that smaller steps reach (torch's own test)."""
    reach = 1
    for step, length in sorted((step, length) for step, length in zip(strides, shape, strict=True) if length > 1):
        if step < reach:
            return False
        reach = step * length
    return True


class Dtype(Pending):
    """A `numpy.dtype` in the making: its byte order follows in its state."""

    def __init__(self, text: Any) -> None:
        super().__init__("dtype")
        if not isinstance(text, str) or not _NUMPY_DTYPE.fullmatch(text):
            raise RefusedError(f"it holds numpy data of dtype {_brief(text)}; numbers are read, nothing else")
        self.dtype = np.dtype(text)

    def set_state(self, state: Any) -> None:
        """`(version, byte order, subdtype, names, fields, size, alignment, flags)`, of which the order counts."""
        if not isinstance(state, tuple) or not 5 <= len(state) <= 9 or not isinstance(state[1], str):
            raise RefusedError("a numpy dtype has a strange state")
        if state[1] not in ("<", ">", "=", "|"):
            raise RefusedError("a numpy dtype has a strange state")
        if any(part is not None for part in state[2:5]):
            raise RefusedError("it holds numpy data of a structured dtype; numbers are read, nothing else")
        self.dtype = np.dtype(f"{state[1]}{self.dtype.str[1:]}")

    def settled(self) -> Named:
        """A dtype that stands for itself is a name."""
        return Named(f"numpy.{self.dtype.name}")


def array_from(data: Any, dtype: Any, shape: Any, fortran: Any, budget: Budget) -> np.ndarray:
    """A numpy array of numbers from its bytes, which must be exactly as many as its shape says."""
    if not isinstance(dtype, Dtype):
        raise RefusedError("a numpy array has no dtype")
    sizes = shape_of(shape)
    raw = _bytes_of(data, budget)
    expected = math.prod(sizes) * dtype.dtype.itemsize
    if len(raw) != expected:
        raise RefusedError(f"a numpy array of {expected} bytes holds {len(raw)}")
    budget.show(expected)
    array = np.frombuffer(raw, dtype.dtype)
    if dtype.dtype.kind == "b":
        array = np.frombuffer(raw, np.uint8) != 0
    if not dtype.dtype.isnative:
        budget.copy(expected)
        array = array.astype(dtype.dtype.newbyteorder("="))
    array.flags.writeable = False
    return array.reshape(sizes, order="F" if fortran else "C")


def scalar_from(dtype: Any, data: Any, budget: Budget) -> bool | int | float:
    """A numpy scalar as a Python number."""
    number: bool | int | float = array_from(data, dtype, (), False, budget).item()
    return number


def _bytes_of(data: Any, budget: Budget) -> bytes | memoryview:
    if isinstance(data, bytes | memoryview):
        return data
    if isinstance(data, str):  # Python 2 wrote bytes as text of 8 bits
        budget.copy(len(data))
        try:
            return data.encode("latin1")
        except UnicodeEncodeError:
            pass
    raise RefusedError(f"numpy data comes as a {type(data).__name__}, not as bytes")


def _brief(value: Any) -> str:
    if isinstance(value, str):
        return f'"{shown(value)}"'
    if type(value) is int and abs(value) < 2**64:
        return str(value)
    return f"a {type(value).__name__}"

"""A GPU that computes no numbers: CUDA code is pushed through it where no GPU is, on a torch without CUDA.

Fake tensors have shapes, types and devices alone (`torch._subclasses.fake_tensor`). On top of what torch itself
refuses with them (mixed devices, wrong types, `.item()`), `Strict` refuses whatever a CUDA graph cannot hold: a tensor
on the host, a copy from or to the host, random numbers. Streams and graphs cannot be faked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten: Any = torch.ops.aten
Module = TypeVar("Module", bound=nn.Module)
# Of one type only; the fake lets some of them pass.
PRODUCTS = {aten.mm, aten.bmm, aten.addmm, aten.baddbmm, aten.mv, aten.dot, aten.matmul, aten.linear, aten.convolution}


class OffDeviceError(AssertionError):
    """Something that a captured frame must not do."""


class Operators(TorchFunctionMode):
    """The few calls that ask for a linked CUDA, by operators that do not."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is Tensor.__getitem__:
            return _index(*args)
        if func is Tensor.contiguous:
            return aten.clone(args[0], memory_format=kwargs.get("memory_format", torch.contiguous_format))
        if func is Tensor.copy_:
            made = aten.copy(args[0], args[1])
            assert made.shape == args[0].shape and made.dtype == args[0].dtype
            return args[0]
        return func(*args, **kwargs)


class Strict(TorchDispatchMode):
    """Looks at every operator of a frame."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = _tensors((args, kwargs))
        _check(func, given)
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise OffDeviceError(f"{func}: random numbers")
        if func.overloadpacket in PRODUCTS and len({tensor.dtype for tensor in given}) > 1:
            raise OffDeviceError(f"{func}: a product of {', '.join(str(tensor.dtype) for tensor in given)}")
        if func.overloadpacket is aten.upsample_nearest2d:  # torch's own rule asks for a linked CUDA
            result = _doubled(*args)
        else:
            result = func(*args, **(kwargs or {}))
        _check(func, _tensors(result))
        return result


@contextmanager
def fake_cuda() -> Iterator[None]:
    """Everything made inside is fake; `torch.empty(..., device="cuda")` works."""
    with FakeTensorMode(), Operators():
        yield


def moved(module: Module) -> Module:
    """The module with its parameters and buffers on the fake device, as `.to("cuda")` would leave it."""
    for part in module.modules():
        for tensors in (part._parameters, part._buffers):
            for name, tensor in tensors.items():
                if tensor is not None:
                    tensors[name] = on_device(tensor)  # type: ignore[assignment]
    return module


def on_device(tensor: Tensor) -> Tensor:
    """A fake tensor of the same shape, strides and type."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cuda")


def run_strictly(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function as a graph would record it."""
    with Strict():
        return function(*args)


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _check(func: Any, tensors: list[Tensor]) -> None:
    for tensor in tensors:
        if tensor.device.type != "cuda":
            raise OffDeviceError(f"{func}: a tensor {tuple(tensor.shape)} on the {tensor.device}")


def _doubled(x: Tensor, size: Any, scales: Any = None, *_: Any) -> Tensor:
    height, width = size or (round(side * float(s)) for side, s in zip(x.shape[2:], scales, strict=True))
    return torch.empty((*x.shape[:2], height, width), dtype=x.dtype, device=x.device)


def _index(tensor: Tensor, index: Any) -> Tensor:
    index = index if isinstance(index, tuple) else (index,)
    if any(i is Ellipsis for i in index):
        at = next(n for n, i in enumerate(index) if i is Ellipsis)
        missing = tensor.dim() - sum(i is not None and i is not Ellipsis for i in index)
        index = index[:at] + (slice(None),) * missing + index[at + 1 :]
    dim = 0
    gathered: list[Tensor | None] = []
    for i in index:
        if isinstance(i, int):
            tensor = aten.select(tensor, dim, i)
            continue
        if i is None:
            tensor = aten.unsqueeze(tensor, dim)
        elif isinstance(i, slice):
            tensor = aten.slice(tensor, dim, i.start, i.stop, i.step or 1)
        elif isinstance(i, Tensor):
            gathered.extend([None] * (dim - len(gathered)))
            gathered.append(i)
        else:
            raise NotImplementedError(f"indexing with {i!r} is not faked")
        dim += 1
    return aten.index(tensor, gathered) if gathered else tensor
